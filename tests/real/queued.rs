//! What waits in line of a session of the real codex, by its handle.

use serde_json::json;

use super::Stage;
use crate::common::Host;

/// Three in line of the real codex: each has its own answer by its handle, but the one that is taken out by it; also after
/// a restart.
#[test]
fn each_in_line_has_a_handle_of_its_own() {
    let stage = Stage::new();
    let mut host = stage.host().start();
    let hang = host.structured("codex", json!({ "prompt": "HANG", "wait": 0 }));
    let thread = &hang["threadId"];
    let queue = |n: usize, host: &mut Host| {
        let call =
            json!({ "threadId": thread, "prompt": format!("SAY {n}"), "when-busy": "queue", "wait": 0 });
        let told = host.structured("codex-reply", call);
        assert_eq!((&told["status"], &told["ahead"]), (&json!("queued"), &json!(n)), "{told}");
        told["turnId"].clone()
    };
    let handles: Vec<_> = (0..4).map(|n| queue(n, &mut host)).collect();
    for turn in [&handles[2], &hang["turnId"]] {
        let told = host.structured("codex-cancel", json!({ "threadId": thread, "turnId": turn }));
        assert_eq!((&told["status"], &told["turnId"]), (&json!("interrupted"), turn), "{told}");
    }
    let own = |host: &mut Host, n: usize| {
        let call = json!({ "threadId": thread, "turnId": handles[n], "wait": 60 });
        let done = host.structured("codex-wait", call);
        assert_eq!(
            (&done["status"], &done["content"]),
            (&json!("completed"), &json!(n.to_string())),
            "{done}"
        );
        done["turnId"].clone()
    };
    let turns = [3, 0, 1].map(|n| (n, own(&mut host, n)));
    let lost = host.call("codex-wait", json!({ "threadId": thread, "turnId": handles[2] }));
    assert_eq!(lost["structuredContent"]["error"]["code"], "turn_unknown", "{lost}");
    drop(host);
    let mut host = stage.host().start();
    for (n, turn) in turns {
        assert_eq!(own(&mut host, n), turn);
    }
}

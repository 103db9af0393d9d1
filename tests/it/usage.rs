//! What is left of the account, and what an interrupt could not end: with the fake, since codex tells of neither
//! without an account, or a command that it cannot kill.

use serde_json::{Value, json};

use crate::common::{Place, Setup};

#[test]
fn limits_are_told_with_the_usage_and_near_their_end_in_the_result() {
    let place = Place::new();
    let mut host = Setup::fake(&place).start();
    let low = host.structured("codex", json!({ "prompt": "limits 5\nsay a" }));
    assert_eq!(low.get("limits"), None, "{low}");
    let five = json!([{ "usedPercent": 5, "windowMinutes": 300, "resetsAt": "1970-01-01T01:06:40.000Z" }]);
    let usage = |events: &[Value]| events.iter().rfind(|e| e["type"] == "usage").unwrap().clone();
    let told = usage(&host.events(&low["threadId"]));
    assert_eq!((&told["limits"], &told["contextUsed"]), (&five, &json!(120)), "{told}");

    // Another session of the same codex knows it too, though codex says it once.
    let other = host.structured("codex", json!({ "prompt": "say b" }));
    assert_eq!(usage(&host.events(&other["threadId"]))["limits"], five);

    let high = host.structured("codex", json!({ "prompt": "limits 91\nsay c" }));
    assert_eq!(high["limits"][0]["usedPercent"], 91, "{high}");
}

#[test]
fn a_turn_that_fails_for_want_of_usage_says_when_there_is_some() {
    let place = Place::new();
    let mut host = Setup::fake(&place).start();
    let failed = host.call("codex", json!({ "prompt": "limits 100\nout-of-usage" }));
    let error = &failed["structuredContent"]["error"];
    assert_eq!(error["code"], "usage_limit_exceeded", "{failed}");
    // Of the two windows that are used up the longer one.
    assert!(error["remedy"].as_str().unwrap().contains("1970-01-01T02:13:20.000Z"), "{failed}");
}

#[test]
fn a_command_that_codex_cannot_end_is_named() {
    let place = Place::new();
    let mut host = Setup::fake(&place).start();
    let running = host.structured("codex", json!({ "prompt": "immortal-command\nsay a\nstall", "wait": 0 }));
    let thread = running["threadId"].clone();
    let seen = json!({ "threadId": thread, "types": ["assistant_message"], "wait": 30 });
    host.structured("codex-events", seen);
    let ended = host.structured("codex-cancel", json!({ "threadId": thread }));
    assert_eq!(ended["status"], "interrupted", "{ended}");
    assert_eq!(ended["background"], json!([{ "command": "rm -rf slowly", "processId": "77" }]), "{ended}");
    let waited = host.structured("codex-wait", json!({ "threadId": thread }));
    assert_eq!(waited["background"], ended["background"], "{waited}");
}

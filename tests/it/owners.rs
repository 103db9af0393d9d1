//! Two embedded bridges on one state folder: each owns its sessions, both read all.

use serde_json::json;

use crate::common::{Place, Setup};

#[test]
fn two_bridges_started_at_once_on_an_empty_folder() {
    let place = Place::new();
    let (one, two) = (Setup::fake(&place).alone().spawn(), Setup::fake(&place).alone().spawn());
    let mut hosts = [one, two];
    for host in &mut hosts {
        let hello = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "mcp", "version": "1" } });
        host.request("initialize", hello);
        host.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
    }
    let [one, two] = &mut hosts;
    let mine = one.structured("codex", json!({ "prompt": "ask-command true\nsay one" }));
    let theirs = two.structured("codex", json!({ "prompt": "say two" }));
    assert_eq!(theirs["content"], "two");

    assert_eq!(one.events(&theirs["threadId"]), two.events(&theirs["threadId"]));
    let seen = two.structured("codex-wait", json!({ "threadId": mine["threadId"], "wait": 0 }));
    assert_eq!(seen["status"], "needs_decision", "{seen}");

    let reply = two.call("codex-reply", json!({ "prompt": "x", "threadId": mine["threadId"] }));
    assert_eq!(reply["isError"], true, "{reply}");
    let text = reply["content"][0]["text"].as_str().unwrap();
    assert!(text.contains(&one.child.id().to_string()), "{text}");

    // A decision goes to the bridge that has the session, whose settings count.
    let approve = json!({ "approvalId": mine["decisions"][0]["approvalId"], "decision": "approve" });
    #[cfg(unix)]
    {
        let always = json!({ "approvalId": approve["approvalId"], "decision": "approve-always" });
        let refused = two.call("codex-approve", always);
        assert_eq!(refused["structuredContent"]["error"]["code"], "decision_not_allowed", "{refused}");
        let done = two.structured("codex-approve", approve.clone());
        assert_eq!((&done["status"], &done["content"]), (&json!("completed"), &json!("one")), "{done}");
        let again = one.call("codex-approve", approve);
        let text = again["content"][0]["text"].as_str().unwrap();
        assert!(text.contains("already decided: approve by the agent"), "{text}");
    }
    #[cfg(not(unix))]
    assert_eq!(one.structured("codex-approve", approve)["status"], "completed");
}

#[test]
#[cfg(unix)]
fn a_cancel_goes_to_the_bridge_that_runs_the_turn() {
    let place = Place::new();
    let (mut one, mut two) = (Setup::fake(&place).alone().start(), Setup::fake(&place).alone().start());
    let running = one.structured("codex", json!({ "prompt": "stall", "wait": 0 }));
    let thread = &running["threadId"];
    assert_eq!(two.structured("codex-cancel", json!({ "threadId": thread }))["status"], "interrupted");
    assert_eq!(one.structured("codex-wait", json!({ "threadId": thread }))["status"], "interrupted");
}

#[test]
fn a_killed_bridge_leaves_an_ended_turn_that_the_next_one_continues() {
    let place = Place::new();
    let mut one = Setup::fake(&place).alone().start();
    let open = one.structured("codex", json!({ "prompt": "ask-command true" }));
    let before = one.events(&open["threadId"]);
    one.child.kill().unwrap();
    one.ended();

    let mut two = Setup::fake(&place).alone().start();
    let seen = two.structured("codex-wait", json!({ "threadId": open["threadId"] }));
    assert_eq!(
        (&seen["status"], &seen["error"]["code"]),
        (&json!("interrupted"), &json!("host_gone")),
        "{seen}"
    );
    let after = two.events(&open["threadId"]);
    assert_eq!(after[..before.len()], before[..], "nothing that a host has been told is lost");
    let gone = json!({ "approvalId": open["decisions"][0]["approvalId"], "decision": "approve" });
    let refused = two.call("codex-approve", gone);
    assert!(refused["content"][0]["text"].as_str().unwrap().contains("already decided"), "{refused}");
    let next = two.structured("codex-reply", json!({ "prompt": "say on", "threadId": open["threadId"] }));
    assert_eq!(next["content"], "on", "{next}");
}

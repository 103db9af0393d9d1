//! Calls that meet something in the middle: a cancel, a start that hangs, an end.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::common::{Place, Setup};

fn cancel(host: &mut crate::common::Host, id: u64) {
    host.send(
        &json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": id } }),
    );
}

/// A codex that takes its time before it says anything.
fn slow_to_start(place: &Place) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let path = place.root.join("slow-codex");
    let script = format!("#!/bin/sh\nsleep 2\nexec {} \"$@\"\n", env!("CARGO_BIN_EXE_fake-app-server"));
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[test]
fn a_call_that_is_cancelled_with_its_dialog_open_ends_its_turn() {
    let place = Place::new();
    let mut host = Setup::fake(&place).elicits().start();
    let arguments = json!({ "prompt": "ask-command true\nsay on" });
    let id = host.post("tools/call", json!({ "name": "codex", "arguments": arguments }));
    let dialog = host.asked("elicitation/create");
    let thread = dialog["params"]["_meta"]["threadId"].clone();
    cancel(&mut host, id);
    let page = json!({ "threadId": thread, "wait": 20, "types": ["turn_finished"] });
    let page = host.structured("codex-events", page);
    assert_eq!(page["events"][0]["status"], "interrupted", "{page}");
    let events = host.events(&thread);
    let asked = events.iter().filter(|e| e["type"] == "permission_request").count();
    let decided = events.iter().find(|e| e["type"] == "permission_decision").unwrap();
    assert_eq!((asked, &decided["way"]), (1, &json!("cancelled call")));
}

#[test]
fn who_only_waits_does_not_end_the_turn_of_another() {
    let place = Place::new();
    let mut host = Setup::fake(&place).start();
    let running = host.structured("codex", json!({ "prompt": "stall", "wait": 0 }));
    let thread = running["threadId"].clone();
    let wait = json!({ "name": "codex-wait", "arguments": { "threadId": thread } });
    let id = host.post("tools/call", wait);
    cancel(&mut host, id);
    let page = json!({ "threadId": thread, "wait": 1, "types": ["turn_finished"] });
    assert_eq!(host.structured("codex-events", page)["events"], json!([]));
    assert_eq!(host.structured("codex-cancel", json!({ "threadId": thread }))["status"], "interrupted");
}

#[test]
fn a_codex_that_never_says_hello_costs_a_call_no_more_than_its_host_allows() {
    let place = Place::new();
    let mut setup = Setup::fake(&place).env("CODEX_FAKE_NO_INITIALIZE", "1");
    setup.name = "openai-agents";
    let mut host = setup.start();
    let begun = Instant::now();
    let call = json!({ "name": "codex", "arguments": { "prompt": "say x", "wait": 1 } });
    let ids = [host.post("tools/call", call.clone()), host.post("tools/call", call)];
    for id in ids {
        let result = host.answer(id)["result"].clone();
        assert_eq!(result["structuredContent"]["error"]["code"], "codex_slow", "{result}");
    }
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
}

#[test]
#[cfg(target_os = "linux")]
fn an_end_while_codex_starts_leaves_nothing() {
    let (place, mark) = (Place::new(), "mark-start-7741");
    let setup = Setup::fake(&place).alone().env("CODEX_TEST_MARK", mark);
    let mut host = setup.env("CODEX_FAKE_NO_INITIALIZE", "1").env("CODEX_FAKE_STDIN_IGNORE", "1").start();
    host.post("tools/call", json!({ "name": "codex", "arguments": { "prompt": "say x" } }));
    let until = Instant::now() + Duration::from_secs(20);
    while crate::common::marked(mark).len() < 2 {
        assert!(Instant::now() < until, "codex was not started");
        std::thread::yield_now();
    }
    host.close_stdin();
    assert_eq!(host.ended(), 0, "{:?}", host.stderr());
    crate::common::none_left(mark, Duration::from_secs(2));
}

#[test]
fn a_turn_that_has_not_begun_is_running_and_can_be_cancelled() {
    let place = Place::new();
    let mut host = Setup::with(&place, slow_to_start(&place)).start();
    let thread = host.structured("codex", json!({ "prompt": "die" }))["threadId"].clone();
    let reply = json!({ "name": "codex-reply", "arguments": { "prompt": "stall", "threadId": thread } });
    let id = host.post("tools/call", reply);
    let wait = json!({ "threadId": thread, "wait": 0 });
    let mut seen: Value = host.structured("codex-wait", wait.clone());
    while seen["status"] != "running" {
        seen = host.structured("codex-wait", wait.clone());
    }
    assert_eq!((&seen["content"], seen.get("turnId")), (&json!(""), None), "{seen}");
    let cancelled = host.call("codex-cancel", json!({ "threadId": thread }));
    assert!(!cancelled.to_string().contains("nothing was cancelled"), "{cancelled}");
    assert_eq!(host.answer(id)["result"]["structuredContent"]["status"], "interrupted");
}

#[test]
fn the_commands_of_a_codex_that_died_run_no_more() {
    let place = Place::new();
    let mut host = Setup::fake(&place).start();
    let died = host.structured("codex", json!({ "prompt": "sleep-command\ndie" }));
    let reply = json!({ "prompt": "say two", "threadId": died["threadId"] });
    let next = host.structured("codex-reply", reply);
    assert!(next.get("background").is_none(), "{died} {next}");
}

#[test]
fn a_host_that_opens_only_addresses_is_shown_no_form() {
    let place = Place::new();
    let mut setup = Setup::fake(&place);
    setup.capabilities = json!({ "elicitation": { "url": {} } });
    setup.version = "2025-11-25";
    let mut host = setup.start();
    let open = host.structured("codex", json!({ "prompt": "ask-command true" }));
    assert_eq!(open["status"], "needs_decision", "{open}");
}

/// Two answers at the same moment by two ways, a thousand times over: one wins, the other is told who
/// did, nothing is lost and nothing doubled.
#[test]
fn two_answers_at_once_a_thousand_times() {
    const TIMES: usize = 1000;
    let place = Place::new();
    let mut host = Setup::fake(&place).elicits().start();
    let prompt = "ask-command true\n".repeat(TIMES);
    let id = host.post("tools/call", json!({ "name": "codex", "arguments": { "prompt": prompt } }));
    let (mut agent, mut person) = (0, 0);
    let mut thread = Value::Null;
    for n in 0..TIMES {
        let dialog = host.asked("elicitation/create");
        thread = dialog["params"]["_meta"]["threadId"].clone();
        let approval = dialog["params"]["_meta"]["approvalId"].clone();
        let approve = json!({ "approvalId": approval, "decision": "decline", "reason": "agent", "wait": 0 });
        let accept = json!({ "action": "accept", "content": { "decision": "approve" } });
        let accept = json!({ "jsonrpc": "2.0", "id": dialog["id"], "result": accept });
        let by_tool = if n % 2 == 0 {
            host.send(&accept);
            host.post("tools/call", json!({ "name": "codex-approve", "arguments": approve }))
        } else {
            let id = host.post("tools/call", json!({ "name": "codex-approve", "arguments": approve }));
            host.send(&accept);
            id
        };
        let told = host.answer(by_tool)["result"].clone();
        if told["isError"] == true {
            let text = told["content"][0]["text"].as_str().unwrap();
            assert!(text.contains("already decided: approve by a person"), "{text}");
            person += 1;
        } else {
            agent += 1;
        }
    }
    let done = host.answer(id)["result"]["structuredContent"].clone();
    assert_eq!(done["status"], "completed", "{done}");
    let events = host.events(&thread);
    let of = |kind: &str| events.iter().filter(|e| e["type"] == kind).cloned().collect::<Vec<_>>();
    let decided = of("permission_decision");
    let ids: std::collections::BTreeSet<_> = decided.iter().map(|d| d["approvalId"].to_string()).collect();
    assert_eq!((of("permission_request").len(), decided.len(), ids.len()), (TIMES, TIMES, TIMES));
    let by = |who: &str| decided.iter().filter(|d| d["by"] == who).count();
    assert_eq!((by("agent"), by("person")), (agent, person));
    // What codex did is what was recorded.
    let ran = of("tool_result").iter().filter(|r| r["status"] == "completed").count();
    assert_eq!(ran, person, "{agent} declined");
    assert!(agent > 0 && person > 0, "no race: {agent} to {person}");
}

//! What a broken codex does to a host: nothing that it would have to wait for.

use serde_json::json;

use crate::common::{Place, Setup};

#[test]
fn codex_dies_in_a_turn_and_the_next_call_has_a_fresh_one() {
    let place = Place::new();
    let mut host = Setup::fake(&place).start();
    for prompt in ["die", "die-mid-line"] {
        let died = host.structured("codex", json!({ "prompt": prompt }));
        assert_eq!(died["status"], "interrupted", "{prompt}: {died}");
        assert_eq!(died["error"]["code"], "codex_lost", "{prompt}: {died}");
        let next =
            host.structured("codex-reply", json!({ "prompt": "say back", "threadId": died["threadId"] }));
        assert_eq!(next["content"], "back", "{next}");
    }
}

/// codex's last words may be those of a server, with what it was given.
#[cfg(unix)]
#[test]
fn the_last_words_of_codex_have_no_secret_of_a_server() {
    let place = Place::new();
    let program = place.root.join("talkative");
    let fake = env!("CARGO_BIN_EXE_fake-app-server");
    std::fs::write(&program, format!("#!/bin/sh\necho 'refused: planted-token' >&2\nexec '{fake}' \"$@\"\n"))
        .unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut host = Setup::with(&place, program).start();
    let add = json!({ "one": { "command": "docs", "env": { "T": "planted-token" } } });
    let died = host.structured("codex", json!({ "prompt": "die", "mcp": { "add": add } }));
    let events = json!(host.events(&died["threadId"])).to_string();
    for told in [died.to_string(), events] {
        assert!(told.contains("refused: …") && !told.contains("planted"), "{told}");
    }
}

#[test]
fn garbage_and_repetitions_do_no_harm() {
    let place = Place::new();
    let mut host = Setup::fake(&place).start();
    for prompt in ["garbage\nsay fine", "duplicate-completed\nsay fine", "flood 5000\nsay fine"] {
        let done = host.structured("codex", json!({ "prompt": prompt }));
        assert_eq!(
            (&done["status"], &done["content"]),
            (&json!("completed"), &json!("fine")),
            "{prompt}: {done}"
        );
    }
}

#[test]
fn a_failed_turn_is_an_error_with_its_reason() {
    let place = Place::new();
    let mut host = Setup::fake(&place).start();
    let failed = host.call("codex", json!({ "prompt": "fail the model is gone" }));
    assert_eq!(failed["isError"], true);
    assert!(failed["content"][0]["text"].as_str().unwrap().contains("the model is gone"), "{failed}");
    assert_eq!(failed["structuredContent"]["status"], "failed");
}

#[test]
fn codex_withdraws_its_question() {
    let place = Place::new();
    let mut host = Setup::fake(&place).start();
    let done = host.structured("codex", json!({ "prompt": "resolve-itself", "wait": 30 }));
    let thread = done["threadId"].clone();
    let done = host.structured("codex-wait", json!({ "threadId": thread, "wait": 30 }));
    let events = host.events(&thread);
    let decided = events.iter().find(|e| e["type"] == "permission_decision").unwrap();
    assert_eq!(decided["by"], "codex", "{done} {decided}");
}

#[test]
fn an_unanswered_question_is_declined_at_its_deadline() {
    let place = Place::new();
    let mut host = Setup::fake(&place).env("CODEX_BRIDGE_APPROVALS_DEADLINE", "1").start();
    let asked = host.structured("codex", json!({ "prompt": "ask-command true\nsay on" }));
    let page = json!({ "threadId": asked["threadId"], "after": asked["next"], "wait": 30, "types": ["turn_finished"] });
    host.structured("codex-events", page);
    let events = host.events(&asked["threadId"]);
    let decided = events.iter().find(|e| e["type"] == "permission_decision").unwrap();
    assert_eq!((&decided["by"], &decided["decision"]), (&json!("deadline"), &json!("decline")));
}

#[test]
fn a_codex_that_cannot_start_says_why() {
    let place = Place::new();
    let mut host = Setup::fake(&place).env("CODEX_FAKE_DIE_AT_START", "1").start();
    let result = host.call("codex", json!({ "prompt": "x" }));
    assert_eq!(result["isError"], true);
    assert_eq!(result["structuredContent"]["error"]["code"], "codex_start_failed", "{result}");
}

/// As without a network: codex itself never ends such a turn.
#[test]
fn a_turn_that_only_tries_again_is_ended() {
    let place = Place::new();
    let mut host = Setup::fake(&place).env("CODEX_BRIDGE_CODEX_STALL", "200ms").start();
    let arguments = json!({ "prompt": "retry-for-ever Reconnecting... 2/5", "wait": 30 });
    let result = host.call("codex", arguments)["structuredContent"].clone();
    assert_eq!((&result["status"], &result["error"]["code"]), (&json!("failed"), &json!("codex_stalled")));
    let message = result["error"]["message"].as_str().unwrap();
    assert!(message.contains("200ms") && message.contains("2/5"), "{message}");
    // The session goes on.
    let next = json!({ "threadId": result["threadId"], "prompt": "say on", "wait": 30 });
    assert_eq!(host.structured("codex-reply", next)["content"], "on");
}

/// One that is stopped, as by a debugger, answers nothing; the machine's own way to end it is left.
#[test]
#[cfg(target_os = "linux")]
fn a_codex_that_hangs_is_ended() {
    let place = Place::new();
    let mut host = Setup::fake(&place).alone().env("CODEX_BRIDGE_CODEX_HEALTH", "200ms").start();
    let call =
        host.post("tools/call", json!({ "name": "codex", "arguments": { "prompt": "stall", "wait": 60 } }));
    let thread = loop {
        let listed = host.structured("codex-sessions", json!({}));
        if let Some(one) = listed["sessions"].get(0).filter(|one| one["status"] == "running") {
            break one["threadId"].clone();
        }
    };
    let [codex] = crate::common::children(host.child.id())[..] else { panic!() };
    let codex = rustix::process::Pid::from_raw(codex.cast_signed()).unwrap();
    // One that answers is left alone, however quiet its turn is.
    let waiting = host.structured("codex-wait", json!({ "threadId": thread, "wait": 2 }));
    assert_eq!(waiting["status"], "running");
    rustix::process::kill_process(codex, rustix::process::Signal::STOP).unwrap();
    let result = host.answer(call)["result"]["structuredContent"].clone();
    assert_eq!(
        (&result["status"], &result["error"]["code"]),
        (&json!("interrupted"), &json!("codex_lost")),
        "{result}"
    );
    assert!(result["error"]["message"].as_str().unwrap().contains("had said nothing for"), "{result}");
    assert!(rustix::process::test_kill_process(codex).is_err(), "it is gone");
    let next = json!({ "threadId": result["threadId"], "prompt": "say on", "wait": 60 });
    assert_eq!(host.structured("codex-reply", next)["content"], "on");
}

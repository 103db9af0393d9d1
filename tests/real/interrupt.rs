//! An interrupt ends a turn and its commands, and says what it could not end.

use serde_json::{Value, json};

use super::Stage;
use crate::common::{Host, PATIENCE, marked, none_left};

/// Begins a turn that runs a command, and waits until the command is there.
fn running(host: &mut Host, sandbox: &str, command: &str, mark: &str) -> Value {
    let arguments = json!({
        "prompt": format!("RUN {command}\nSAY x"), "sandbox": sandbox, "approval-policy": "never", "wait": 0,
        "config": { "shell_environment_policy": { "set": { "TEST_MARK": mark } } },
    });
    let thread = host.structured("codex", arguments)["threadId"].clone();
    let until = std::time::Instant::now() + PATIENCE;
    while marked(mark).iter().filter(|(_, words)| words.starts_with("sleep ")).count() < 2 {
        assert!(std::time::Instant::now() < until, "{:?}; {:?}", marked(mark), host.events(&thread));
        std::thread::yield_now();
    }
    thread
}

fn mark(name: &str) -> String {
    format!("{name}-{}", std::process::id())
}

#[test]
fn commands_end_with_the_turn_also_those_that_would_not() {
    let stage = Stage::new();
    let mut host = stage.host().start();
    for (sandbox, command) in [
        ("danger-full-access", "trap '' TERM INT HUP; sleep 3021 & sleep 3022"),
        // In its sandbox a command has a space of processes of its own, which nothing leaves.
        ("workspace-write", "(setsid sleep 3021 &) ; sleep 3022"),
    ] {
        let mark = mark(sandbox);
        let thread = running(&mut host, sandbox, command, &mark);
        let ended = host.structured("codex-cancel", json!({ "threadId": thread }));
        assert_eq!(ended["status"], "interrupted", "{ended}");
        assert_eq!(ended.get("background"), None, "{ended}");
        none_left(&mark, std::time::Duration::ZERO);
        let events = host.events(&thread);
        assert!(!events.iter().any(|e| e["type"] == "warning" && e.get("processes").is_some()), "{events:?}");
    }
}

#[test]
fn a_process_that_escaped_codex_is_named_without_its_arguments() {
    let stage = Stage::new();
    let mut host = stage.host().start();
    let mark = mark("escaped");
    let thread = running(&mut host, "danger-full-access", "(setsid sleep 3023 &) ; sleep 3024", &mark);
    let ended = host.call("codex-cancel", json!({ "threadId": thread }));
    let left = marked(&mark);
    assert_eq!(left.len(), 1, "{left:?}");
    let expected = json!([{ "command": "sleep", "processId": left[0].0.to_string() }]);
    assert_eq!(ended["structuredContent"]["background"], expected, "{ended}");
    assert!(
        ended["content"][0]["text"].as_str().unwrap().contains("Not all of its processes ended"),
        "{ended}"
    );
    let events = host.events(&thread);
    let warning = events.iter().find(|e| e["type"] == "warning" && e.get("processes").is_some());
    let warning = warning.unwrap_or_else(|| panic!("{events:?}"));
    assert_eq!(warning["processes"], expected);
    assert!(!warning.to_string().contains("3023"), "{warning}");
    // The next turn's result is of that turn.
    let on = host.structured("codex-reply", json!({ "threadId": thread, "prompt": "SAY on" }));
    assert_eq!((&on["content"], on.get("background")), (&json!("on"), None), "{on}");
    // Nor of one that is cancelled later: it is there already.
    let arguments = json!({ "threadId": thread, "prompt": "RUN sleep 3025\nSAY x", "wait": 0 });
    host.structured("codex-reply", arguments);
    let until = std::time::Instant::now() + PATIENCE;
    while !marked(&mark).iter().any(|(_, words)| words.starts_with("sleep 3025")) {
        assert!(std::time::Instant::now() < until, "{:?}", marked(&mark));
        std::thread::yield_now();
    }
    let ended = host.structured("codex-cancel", json!({ "threadId": thread }));
    assert_eq!((&ended["status"], ended.get("background")), (&json!("interrupted"), None), "{ended}");
    assert_eq!(marked(&mark), left);
    let killed = std::process::Command::new("kill").arg("-9").arg(left[0].0.to_string()).status().unwrap();
    assert!(killed.success());
    none_left(&mark, PATIENCE);
}

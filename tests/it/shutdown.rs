//! The end: nothing of ours or of codex's is left, and the exit is clean and quick.

#![cfg(target_os = "linux")]

use std::time::{Duration, Instant};

use serde_json::json;

use crate::common::{Host, Place, Setup, none_left};

fn busy(place: &Place, mark: &str) -> Host {
    let mut host = Setup::fake(place).alone().env("CODEX_TEST_MARK", mark).start();
    let result = host.structured("codex", json!({ "prompt": "sleep-command\nask-command true" }));
    assert_eq!(result["status"], "needs_decision", "{result}");
    host.post("tools/call", json!({ "name": "codex-events", "arguments": { "threadId": result["threadId"], "after": 10000, "wait": 600 } }));
    host
}

fn signal(host: &Host, name: &str) {
    let status =
        std::process::Command::new("kill").args([name, &host.child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

#[test]
fn end_of_input() {
    let (place, mark) = (Place::new(), "mark-eof-7731");
    let mut host = busy(&place, mark);
    let start = Instant::now();
    host.close_stdin();
    assert_eq!(host.ended(), 0, "{:?}", host.stderr());
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    none_left(mark, Duration::from_secs(2));
}

#[test]
fn signals() {
    for name in ["-INT", "-TERM"] {
        let (place, mark) = (Place::new(), format!("mark-signal{name}-7732"));
        let mut host = busy(&place, &mark);
        signal(&host, name);
        assert_eq!(host.ended(), 0, "{:?}", host.stderr());
        none_left(&mark, Duration::from_secs(2));
    }
}

#[test]
fn kill() {
    let (place, mark) = (Place::new(), "mark-kill-7733");
    let mut host = busy(&place, mark);
    host.child.kill().unwrap();
    assert_eq!(host.ended(), -9);
    none_left(mark, Duration::from_secs(2));
}

#[test]
fn a_codex_that_ignores_the_end_of_its_input_is_ended() {
    let (place, mark) = (Place::new(), "mark-deaf-7734");
    let mut host =
        Setup::fake(&place).alone().env("CODEX_TEST_MARK", mark).env("CODEX_FAKE_STDIN_IGNORE", "1").start();
    host.structured("codex", json!({ "prompt": "say hi" }));
    host.close_stdin();
    assert_eq!(host.ended(), 0);
    none_left(mark, Duration::from_secs(2));
}

#[test]
fn a_host_that_leaves_before_a_word() {
    let place = Place::new();
    let mut host = Setup::fake(&place).alone().spawn();
    host.close_stdin();
    assert_eq!(host.ended(), 0, "{:?}", host.stderr());
}

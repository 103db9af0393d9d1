//! How events look: each type in words, cut to a width, with nothing in them that a terminal acts on.

use serde_json::{Value, json};

use super::fit::{one_line, width, wrapped};
use super::screen::{Screen, clock};
use crate::event::{Event, Timestamp};

const TIME: &str = "2026-11-25T06:30:37.123Z";

fn event(body: &Value) -> Event {
    let mut event = body.clone();
    (event["seq"], event["time"], event["threadId"]) = (json!(1), json!(TIME), json!("t"));
    serde_json::from_value(event).unwrap()
}

/// The lines of an event, without colours and with no time.
fn shown(body: &Value, width: usize) -> String {
    let text = anstream::adapter::strip_str(&Screen::of_width(width).event(&event(body))).to_string();
    text.replacen(&clock(event(body).time), "--:--:--", 1)
}

#[test]
fn each_type_in_words() {
    let tokens = json!({ "input": 1, "cached": 2, "output": 3, "reasoning": 4 });
    let changes = json!([{ "path": "a", "kind": "add" }, { "path": "b", "kind": "update", "movedTo": "c" }]);
    let error =
        json!({ "code": "host_gone", "message": "the host went", "remedy": "go on", "retryable": true });
    let diff = "--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n-old\n+new\n+newer\n";
    let bodies = json!([
        { "type": "session_started", "cwd": "/w" },
        {
            "type": "session_started", "cwd": "/w", "model": "m", "sandbox": "read-only",
            "approvalPolicy": "never", "codexVersion": "1.2", "resumed": true,
        },
        { "type": "turn_started" },
        { "type": "turn_started", "origin": "codex" },
        { "type": "user_message", "itemId": "i", "text": "one\r\ntwo\tthree" },
        { "type": "user_message", "itemId": "i", "text": "see", "images": ["a.png", "b.png"] },
        { "type": "assistant_delta", "itemId": "i", "text": " a piece" },
        { "type": "assistant_message", "itemId": "i", "text": "one\n\n    two, which is longer than the line has room\n" },
        { "type": "reasoning", "itemId": "i", "text": "why" },
        { "type": "plan", "steps": [
            { "step": "a", "status": "completed" }, { "step": "b", "status": "in_progress" },
            { "step": "c", "status": "pending" },
        ] },
        { "type": "tool_call", "itemId": "i", "tool": "command", "command": "cargo test" },
        { "type": "tool_call", "itemId": "i", "tool": "file_change", "changes": changes },
        { "type": "tool_call", "itemId": "i", "tool": "mcp", "server": "s", "name": "n", "arguments": { "a": 1 } },
        { "type": "tool_call", "itemId": "i", "tool": "web_search", "name": "webSearch" },
        { "type": "tool_output", "itemId": "i", "text": "some output\n" },
        { "type": "tool_result", "itemId": "i", "tool": "command", "status": "completed", "exitCode": 0,
          "output": "", "durationMs": 12 },
        { "type": "tool_result", "itemId": "i", "tool": "command", "status": "failed", "exitCode": 1,
          "output": "it broke", "durationMs": 61_500 },
        { "type": "tool_result", "itemId": "i", "tool": "command", "status": "declined" },
        { "type": "tool_result", "itemId": "i", "tool": "file_change", "status": "completed", "changes": changes },
        { "type": "tool_result", "itemId": "i", "tool": "mcp", "status": "failed", "error": "no such tool" },
        { "type": "tool_result", "itemId": "i", "tool": "mcp", "status": "completed", "result": { "x": 1 } },
        { "type": "diff", "diff": diff },
        { "type": "permission_request", "approvalId": "apr_0123456789abcdef", "kind": "command",
          "summary": "Allow it?", "options": ["approve"], "expiresAt": TIME },
        { "type": "permission_decision", "approvalId": "a", "decision": "decline", "by": "person",
          "way": "terminal", "reason": "not now" },
        { "type": "permission_decision", "approvalId": "a", "decision": "approve", "by": "rule", "way": "approvals.rules",
          "rule": "edits" },
        { "type": "usage", "turn": tokens, "thread": tokens },
        { "type": "mcp_server", "name": "n", "status": "failed", "error": "it fails" },
        { "type": "warning", "message": "careful" },
        { "type": "error", "code": "host_gone", "message": "the host went", "remedy": "go on", "retryable": true },
        { "type": "turn_finished", "status": "completed", "durationMs": 1234 },
        { "type": "turn_finished", "status": "interrupted", "error": error },
        { "type": "session_finished", "reason": "closed" },
        { "type": "raw", "method": "some/new", "params": { "a": 1 } },
    ]);
    let all: String = bodies.as_array().unwrap().iter().map(|body| shown(body, 60)).collect();
    insta::assert_snapshot!(all);
}

#[test]
fn lines_are_as_wide_as_the_terminal_at_most() {
    let texts = [
        "x".repeat(5000),
        "字 ".repeat(300),
        "é\u{301}\u{1b}[2J".repeat(50),
        "\u{202e}".repeat(400),
        "\u{301}".repeat(9000),
    ];
    for text in texts {
        for kind in ["reasoning", "assistant_message", "user_message"] {
            for columns in [40, 41, 80, 133] {
                let seen = shown(&json!({ "type": kind, "itemId": "i", "text": text }), columns);
                assert!(seen.lines().all(|line| width(line) <= columns), "{columns}: {seen}");
                assert!(!seen.contains(['\u{1b}', '\u{202e}']), "{seen}");
                assert!(kind == "assistant_message" || seen.lines().count() == 1, "{seen}");
            }
        }
    }
}

#[test]
fn a_text_is_cut_only_where_it_is_longer() {
    for (text, room, wanted) in [
        ("", 5, ""),
        ("12345", 5, "12345"),
        ("123456", 5, "1234…"),
        ("12 456", 4, "12…"),
        ("字字", 4, "字字"),
        ("字字字", 5, "字字…"),
        (" a\nb ", 9, "a ⏎ b"),
        ("long", 1, "…"),
    ] {
        assert_eq!(one_line(text, room), wanted, "{text:?} in {room}");
    }
    assert_eq!(wrapped("one two three\n\n  x = 1\n", 7), ["one two", "three", "", "  x = 1"]);
    assert_eq!(wrapped("abcdefghij k", 4), ["abcd", "efgh", "ij k"]);
    assert_eq!(wrapped("abcd efgh", 4), ["abcd", "efgh"]);
    assert!(wrapped("\n", 4).is_empty());
}

#[test]
fn labels_are_coloured() {
    let line = Screen::of_width(80).event(&event(&json!({ "type": "warning", "message": "careful" })));
    assert!(line.contains("\u{1b}[33mwarning"), "{line:?}");
    assert_ne!(clock(Timestamp(u64::MAX)).len(), 0, "a time that is none does no harm");
}

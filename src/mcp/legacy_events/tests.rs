//! What an old reader looks at, held against the recorded session of the removed server.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};

use super::*;
use crate::event::Timestamp;

/// The members of each type in the recorded session.
fn recorded() -> BTreeMap<String, BTreeSet<String>> {
    let file = "tests/fixtures/captures/legacy-codex-mcp-server-0.153.4.jsonl";
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    let mut out = BTreeMap::<String, BTreeSet<String>>::new();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        if line["msg"]["method"] == "codex/event" {
            let msg = line["msg"]["params"]["msg"].as_object().unwrap();
            let members = msg.keys().cloned();
            out.entry(msg["type"].as_str().unwrap().to_owned()).or_default().extend(members);
        }
    }
    out
}

fn event(body: Value) -> Event {
    let body = serde_json::from_value(body).unwrap();
    let (seq, time) = (Seq(1), Timestamp(1_795_429_939_000));
    Event { seq, time, thread_id: "t".into(), turn_id: Some("u".into()), origin: None, body }
}

#[test]
fn what_is_said_has_the_members_that_were_recorded() {
    let change = json!({ "path": "/a", "kind": "add", "diff": "x" });
    let bodies = [
        json!({ "type": "session_started", "cwd": "/w", "model": "m", "approvalPolicy": "never" }),
        json!({ "type": "turn_started" }),
        json!({ "type": "user_message", "itemId": "i", "text": "hi" }),
        json!({ "type": "assistant_delta", "itemId": "i", "text": "he" }),
        json!({ "type": "assistant_message", "itemId": "i", "text": "hello" }),
        json!({ "type": "tool_call", "itemId": "c", "tool": "command", "command": "ls -l", "cwd": "/w" }),
        json!({ "type": "tool_call", "itemId": "c", "tool": "file_change", "changes": [change] }),
        json!({ "type": "tool_result", "itemId": "c", "tool": "file_change", "status": "completed", "changes": [change] }),
        json!({ "type": "diff", "diff": "d" }),
        json!({ "type": "usage", "turn": { "input": 1, "cached": 2, "output": 3, "reasoning": 4 },
                "thread": { "input": 1, "cached": 2, "output": 3, "reasoning": 4 } }),
        json!({ "type": "permission_request", "approvalId": "a", "kind": "command", "summary": "?", "options": [],
                "expiresAt": "2026-01-01T00:00:00.000Z", "command": "ls", "cwd": "/w" }),
        json!({ "type": "turn_finished", "status": "completed", "durationMs": 5 }),
    ];
    let recorded = recorded();
    for body in bodies {
        let told = message(&event(body.clone()), "hello").unwrap();
        let kind = told["type"].as_str().unwrap();
        let known = recorded.get(kind).unwrap_or_else(|| panic!("{kind} was never said"));
        let ours: BTreeSet<String> = told.as_object().unwrap().keys().cloned().collect();
        assert!(ours.is_subset(known), "{kind}: {:?}", ours.difference(known));
    }
    let ended = message(&event(json!({ "type": "turn_finished", "status": "completed" })), "hello").unwrap();
    assert_eq!(ended["last_agent_message"], "hello");
}

//! The recorded wire of the real codex, translated: what it says becomes what a session hears.

use std::path::Path;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::asks;
use super::inbound::{Notice, notice};
use super::items::unwrap_shell;
use crate::event::{Body, Decision, RequestKind};
use crate::session::{AgentAnswer, AgentEvent};

fn capture(name: &str) -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/captures");
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["from"] == "codex").map(|line| line["msg"].clone()).collect()
}

fn raw(value: &Value) -> Box<RawValue> {
    RawValue::from_string(value.to_string()).unwrap()
}

/// What a session hears of a capture, as words.
fn heard(name: &str) -> Vec<String> {
    let mut out = Vec::new();
    for message in capture(name) {
        let Some(method) = message["method"].as_str() else { continue };
        if message.get("id").is_some() {
            out.push(format!("asked {:?}", asks::kind(method, &message["params"])));
            continue;
        }
        match notice(method, &raw(&message["params"])) {
            Notice::Session(_, event) => out.push(match *event {
                AgentEvent::Said { body, .. } => body.kind().to_owned(),
                AgentEvent::TurnStarted(_) => "turn_started".into(),
                AgentEvent::TurnEnded { status, .. } => format!("turn_finished {status:?}"),
                AgentEvent::Used { .. } => "usage".into(),
                other => format!("{other:?}"),
            }),
            Notice::Resolved(_, id) => out.push(format!("resolved {id}")),
            Notice::Nothing => {}
        }
    }
    out.dedup();
    out
}

#[test]
fn a_command_that_was_approved() {
    assert_eq!(
        heard("command-accept.jsonl"),
        [
            "turn_started",
            "user_message",
            "tool_call",
            "asked Command",
            "resolved 0",
            "tool_result",
            "usage",
            "assistant_delta",
            "assistant_message",
            "usage",
            "turn_finished Completed",
        ]
    );
}

#[test]
fn nothing_in_the_captures_is_unknown_or_unreadable() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/captures");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.starts_with("legacy") {
            continue;
        }
        for message in capture(&name) {
            let Some(method) = message["method"].as_str() else { continue };
            if message.get("id").is_some() {
                assert!(asks::question(method, &message["params"]).is_some(), "{name}: {method}");
            } else if let Notice::Session(_, event) = notice(method, &raw(&message["params"]))
                && let AgentEvent::Said { body: Body::Raw { method, .. }, .. } = *event
            {
                let item = method.strip_prefix("item/completed:");
                assert!(matches!(item, Some("enteredReviewMode" | "exitedReviewMode")), "{name}: {method}");
            }
        }
    }
}

#[test]
fn answers_have_the_shape_that_codex_wants() {
    let cases = [
        (RequestKind::Command, Decision::Approve, json!({ "decision": "accept" })),
        (RequestKind::Command, Decision::ApproveForSession, json!({ "decision": "acceptForSession" })),
        (RequestKind::FileChange, Decision::Decline, json!({ "decision": "decline" })),
        (RequestKind::FileChange, Decision::Cancel, json!({ "decision": "cancel" })),
        (RequestKind::Permissions, Decision::Decline, json!({ "permissions": {}, "scope": "turn" })),
        (
            RequestKind::McpTool,
            Decision::Decline,
            json!({ "action": "decline", "content": null, "_meta": null }),
        ),
        (RequestKind::UserInput, Decision::Decline, json!({ "answers": {} })),
    ];
    for (kind, decision, wanted) in cases {
        assert_eq!(asks::answer(kind, AgentAnswer { decision }), wanted, "{kind:?} {decision:?}");
    }
}

#[test]
fn only_a_whole_shell_wrapper_is_taken_off() {
    let cases = [
        ("/bin/bash -lc 'touch foo.txt'", "touch foo.txt"),
        ("/usr/bin/bash -c 'a && b'", "a && b"),
        ("bash -c 'a && b'", "bash -c 'a && b'"),
        ("/work/repo/bash -lc 'git status'", "/work/repo/bash -lc 'git status'"),
        ("/bin/bash -lc 'echo '\"'\"'x'\"'\"", "echo 'x'"),
        ("/bin/bash -lc 'a' b", "/bin/bash -lc 'a' b"),
        ("/bin/bash -lc 'unfinished", "/bin/bash -lc 'unfinished"),
        ("git status", "git status"),
        ("/tmp/evil -lc 'x'", "/tmp/evil -lc 'x'"),
    ];
    for (line, inner) in cases {
        assert_eq!(unwrap_shell(line), inner, "{line}");
    }
}

/// The lists that are compared with the installed codex are those that the code uses.
#[test]
fn the_lists_of_names_are_complete() {
    use super::protocol::{NOTIFICATIONS, REQUESTS, SERVER_REQUESTS};
    let code = [include_str!("calls.rs"), include_str!("connection.rs")].concat();
    for method in REQUESTS {
        assert!(code.contains(&format!("\"{method}\"")), "{method} is not called");
    }
    let called = code.matches("call(peer, \"").count() + code.matches("Value>(peer, \"").count();
    let greeted = code.matches(".call(\"initialize\"").count();
    assert_eq!(called + greeted, REQUESTS.len());
    for method in SERVER_REQUESTS {
        assert_ne!(asks::kind(method, &json!({})), RequestKind::Other, "{method}");
    }
    let inbound = include_str!("inbound.rs");
    let arms = &inbound[inbound.find("fn known(").unwrap()..inbound.find("_ if PASSED_OVER").unwrap()];
    let named: std::collections::BTreeSet<&str> = arms
        .split('"')
        .skip(1)
        .step_by(2)
        .filter(|name| name.chars().all(|c| c.is_ascii_alphabetic() || c == '/'))
        .collect();
    assert_eq!(named, NOTIFICATIONS.iter().copied().collect());
}

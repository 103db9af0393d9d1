//! Addresses, and the look of a transcript.

mod journal;
mod notices;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::event::{Event, Timestamp};

#[test]
fn an_address_is_read_as_it_is_written() {
    let all = [
        "codex://sessions",
        "codex://sessions/t-1",
        "codex://sessions/t-1/events",
        "codex://sessions/t-1/events?after=7&limit=3",
        "codex://sessions/t-1/diff",
        "codex://sessions/t-1/transcript",
        "codex://decisions",
        "codex://schemas/event",
        "codex://mcp",
    ];
    for text in all {
        assert_eq!(Uri::parse(text).unwrap().to_string(), text);
    }
    let wrong = [
        "",
        "codex://",
        "codex://sessions/",
        "codex://sessions//events",
        "codex://sessions?x=1",
        "codex://sessions/t/events?limit=0",
        "codex://sessions/t/events?limit=1001",
        "codex://sessions/t/events?after=x",
        "codex://sessions/t/events?before=1",
        "codex://sessions/t/diff/more",
        "file:///etc/passwd",
    ];
    for text in wrong {
        assert_eq!(Uri::parse(text), Err(NoSuchResource(text.into())), "{text}");
    }
}

fn transcript(bodies: serde_json::Value) -> String {
    let mut out = Transcript::default();
    for (n, body) in bodies.as_array().unwrap().iter().enumerate() {
        let body = serde_json::from_value(body.clone()).unwrap();
        let seq = Seq(n as u64 + 1);
        out.push(&Event {
            seq,
            time: Timestamp(0),
            thread_id: "t".into(),
            turn_id: None,
            origin: None,
            body,
        });
    }
    out.as_str().to_owned()
}

#[test]
fn a_transcript_reads_well() {
    let change = json!({ "path": "/w/a.txt", "kind": "update", "diff": "@@ -1 +1 @@\n-old\n+new" });
    let text = transcript(json!([
        { "type": "session_started", "cwd": "/w", "model": "gpt-5.5" },
        { "type": "user_message", "itemId": "1", "text": "Mend the tests." },
        { "type": "plan", "steps": [{ "step": "look", "status": "completed" }, { "step": "mend", "status": "in_progress" }] },
        { "type": "reasoning", "itemId": "2", "text": "First I look." },
        { "type": "tool_call", "itemId": "3", "tool": "command", "command": "cargo test", "cwd": "/w" },
        { "type": "tool_result", "itemId": "3", "tool": "command", "status": "completed", "exitCode": 101, "output": "one failed\n```\nodd\n```" },
        { "type": "tool_call", "itemId": "4", "tool": "file_change", "changes": [change] },
        { "type": "permission_request", "approvalId": "a", "kind": "file_change", "summary": "Allow codex to change files: update `/w/a.txt`?",
          "options": [], "expiresAt": "2026-01-01T00:00:00.000Z" },
        { "type": "permission_decision", "approvalId": "a", "decision": "approve", "by": "person" },
        { "type": "tool_call", "itemId": "5", "tool": "mcp", "server": "docs", "name": "search", "arguments": { "q": "x" } },
        { "type": "assistant_message", "itemId": "6", "text": "The tests pass." },
        { "type": "turn_finished", "status": "completed", "durationMs": 61500 },
    ]));
    insta::assert_snapshot!(text);
}

/// The paragraphs, headings and all that are no part of another block, as a viewer of Markdown has them.
fn paragraphs(text: &str) -> Vec<String> {
    use pulldown_cmark::{Event as Part, Parser};
    let (mut depth, mut all) = (0, Vec::new());
    for part in Parser::new(text) {
        match part {
            Part::Start(_) => {
                if depth == 0 {
                    all.push(String::new());
                }
                depth += 1;
            }
            Part::End(_) => depth -= 1,
            Part::Text(text) | Part::Code(text) if depth <= 2 => all.last_mut().unwrap().push_str(&text),
            _ => {}
        }
    }
    all
}

/// Whether what comes after a message is seen as what it is.
fn stands_alone(message: &str) -> bool {
    let text = transcript(json!([
        { "type": "assistant_message", "itemId": "6", "text": message },
        { "type": "permission_decision", "approvalId": "a", "decision": "approve", "by": "person" },
        { "type": "user_message", "itemId": "7", "text": "Thanks." },
    ]));
    let seen = paragraphs(&text);
    seen.ends_with(&["Decided: approve by person".into(), "User".into(), "Thanks.".into()])
}

#[test]
fn no_message_takes_in_what_follows() {
    for message in [
        "```rust\nfn main() {",
        "~~~\nx\n```",
        "```\nx\n    ```",
        "````\nx\n```",
        "- ```\n  x\n  ```\n\n```",
        "- a\n  ```\n  x\ntext\n  ```\n",
        "1. ```\nx\n```\n",
        "<!-- a comment",
        "<PRE>\nx",
        "a\n\n<?php\n\nx",
    ] {
        assert!(stands_alone(message), "{message}");
    }
    let whole = "Look:\n\n```rust\nfn main() {}\n```\n\n- a\n  ~~~\n  x\n  ~~~\n\n<!-- no -->\n\nDone.";
    assert!(stands_alone(whole));
    let text = transcript(json!([{ "type": "assistant_message", "itemId": "6", "text": whole }]));
    assert!(text.ends_with(whole), "what is whole stays as it is: {text}");
}

proptest! {
    /// Whatever a message begins, it ends with the message.
    #[test]
    fn no_message_leaves_a_block_open(message in "([`~]{1,4}|[-*>a1.! \n]|\n  |<!--|-->|<pre>|</pre>){0,20}") {
        prop_assert!(stands_alone(&message));
    }

    /// Whatever is in an output, its block ends where it ends.
    #[test]
    fn no_output_leaves_its_block(output in "[`a\n]{0,40}") {
        let text = transcript(json!([
            { "type": "tool_result", "itemId": "3", "tool": "command", "status": "completed", "output": output },
        ]));
        let fence: String = text.chars().take_while(|c| *c == '`').collect();
        if !text.is_empty() {
            prop_assert_eq!(text.lines().filter(|line| line.trim_end() == fence).count(), 2, "{}", text);
        }
    }
}

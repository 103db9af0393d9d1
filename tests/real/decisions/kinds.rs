//! The kinds of questions: how the real codex is brought to ask, and how it shows what came of it.

use serde_json::{Value, json};

use super::Outcome;
use crate::real::Stage;

/// A kind of question.
#[derive(Debug)]
pub struct Kind {
    pub name: &'static str,
    /// What the scripted model does; `FILE` stands for a name of its own.
    script: &'static str,
    /// The decision that is a yes.
    pub yes: &'static str,
    /// The same where it comes by a form, which is filled in and not agreed to.
    pub yes_by_form: &'static str,
    /// What the yes needs.
    answers: &'static str,
    /// What a form is filled in with.
    content: &'static str,
    /// Whether codex did what it had asked for.
    pub done: fn(&Stage, &str, &[Value]) -> bool,
}

pub const KINDS: &[Kind] = &[
    Kind {
        name: "command",
        script: "RUN touch FILE\nSAY on",
        yes: "approve",
        yes_by_form: "approve",
        answers: "",
        content: r#"{"decision": "approve"}"#,
        done: ran_and_wrote,
    },
    Kind {
        name: "file_change",
        script: "WRITE FILE text\nSAY on",
        yes: "approve",
        yes_by_form: "approve",
        answers: "",
        content: r#"{"decision": "approve"}"#,
        done: ran_and_wrote,
    },
    Kind {
        name: "permissions",
        script: "PERMIT /codex-bridge-test\nECHO",
        yes: "approve",
        yes_by_form: "approve",
        answers: "",
        content: r#"{"decision": "approve"}"#,
        done: |_, _, events| said(events, "/codex-bridge-test"),
    },
    Kind {
        name: "mcp_tool",
        script: "MCP asks echo {\"x\":\"1\"}\nSAY on",
        yes: "approve",
        yes_by_form: "approve",
        answers: "",
        content: r#"{"decision": "approve"}"#,
        done: |_, _, events| result(events, "answered {\\\"x\\\":\\\"1\\\"}"),
    },
    Kind {
        name: "mcp_form",
        script: "MCP free ask_form {}\nSAY on",
        yes: "answer",
        yes_by_form: "answer",
        answers: r#"{"c": "blue"}"#,
        content: r#"{"c": "blue"}"#,
        done: |_, _, events| result(events, "blue"),
    },
    Kind {
        name: "mcp_url",
        script: "MCP free ask_url {}\nSAY on",
        yes: "approve",
        yes_by_form: "approve",
        answers: "",
        content: "",
        done: |_, _, events| result(events, "accept"),
    },
    Kind {
        name: "user_input",
        script: "ASK which\nECHO",
        yes: "answer",
        yes_by_form: "answer",
        answers: r#"{"q1": "B"}"#,
        content: r#"{"q1": "B"}"#,
        done: |_, _, events| said(events, "\"B\""),
    },
];

impl Kind {
    /// The file of one cell.
    pub fn file(&self, outcome: Outcome) -> String {
        format!("{}-{outcome:?}", self.name)
    }

    /// The arguments of a run that asks.
    pub fn arguments(&self, outcome: Outcome) -> Value {
        let server = env!("CARGO_BIN_EXE_fake-mcp-server");
        json!({
            "prompt": self.script.replace("FILE", &self.file(outcome)),
            "sandbox": "workspace-write", "approval-policy": "untrusted",
            "config": {
                "features": { "default_mode_request_user_input": true, "request_permissions_tool": true },
                "mcp_servers": {
                    "asks": { "command": server },
                    "free": { "command": server, "default_tools_approval_mode": "approve" },
                },
            },
        })
    }

    pub fn answers(&self) -> Option<Value> {
        (!self.answers.is_empty()).then(|| serde_json::from_str(self.answers).unwrap())
    }

    /// An accepted dialog.
    pub fn accept(&self) -> Value {
        let mut accept = json!({ "action": "accept" });
        if !self.content.is_empty() {
            accept["content"] = serde_json::from_str(self.content).unwrap();
        }
        accept
    }

    /// Whether a decision is about a question of this kind.
    pub fn is_about(&self, decision: &Value, events: &[Value]) -> bool {
        let of = |e: &&Value| e["type"] == "permission_request" && e["approvalId"] == decision["approvalId"];
        events.iter().find(of).is_some_and(|request| request["kind"] == self.name)
    }
}

/// codex's item has ended well, and the file is there; or neither. Of a file change that ends its turn
/// codex says no end at all.
fn ran_and_wrote(stage: &Stage, file: &str, events: &[Value]) -> bool {
    let ended: Vec<_> = events.iter().filter(|e| e["type"] == "tool_result").collect();
    let ran = ended.iter().any(|e| e["status"] == "completed");
    let declined = ended.iter().any(|e| e["status"] == "declined");
    let cut_short = events.iter().any(|e| e["type"] == "turn_finished" && e["status"] == "interrupted");
    assert!(ran != declined || cut_short, "{file}: {ended:#?}");
    assert_eq!(stage.place.work().join(file).exists(), ran, "{file}: {ended:#?}");
    ran
}

/// codex's last message, which is what the model was given back for its call.
fn said(events: &[Value], words: &str) -> bool {
    let last = events.iter().rfind(|e| e["type"] == "assistant_message");
    last.is_some_and(|e| e["text"].as_str().unwrap().replace(' ', "").contains(words))
}

/// What the MCP server answered to codex's call.
fn result(events: &[Value], words: &str) -> bool {
    let result = events.iter().rfind(|e| e["type"] == "tool_result");
    result.is_some_and(|e| e["result"].to_string().contains(words))
}

//! Answers in the shapes that codex wants. Pure.

use serde_json::{Map, Value, json};

use crate::event::Decision;
use crate::session::AgentAnswer;

/// The shape of an answer: one a method that asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `item/commandExecution/requestApproval`.
    Command,
    /// `item/fileChange/requestApproval`.
    FileChange,
    /// `item/permissions/requestApproval`.
    Permissions,
    /// `item/tool/requestUserInput`.
    UserInput,
    /// `mcpServer/elicitation/request`.
    Elicitation,
}

impl Shape {
    /// The shape for a method; `None` for one that this bridge does not know.
    #[must_use]
    pub fn of(method: &str) -> Option<Self> {
        Some(match method {
            "item/commandExecution/requestApproval" => Self::Command,
            "item/fileChange/requestApproval" => Self::FileChange,
            "item/permissions/requestApproval" => Self::Permissions,
            "item/tool/requestUserInput" => Self::UserInput,
            "mcpServer/elicitation/request" => Self::Elicitation,
            _ => return None,
        })
    }

    /// The answer that allows nothing.
    #[must_use]
    pub fn safe(self) -> Value {
        match self {
            Self::Command | Self::FileChange => json!({ "decision": "decline" }),
            Self::Permissions => json!({ "permissions": {}, "scope": "turn" }),
            Self::UserInput => json!({ "answers": {} }),
            Self::Elicitation => json!({ "action": "decline", "content": null, "_meta": null }),
        }
    }

    /// The answer for a decision. `always`: what codex itself proposed for a permanent yes.
    #[must_use]
    pub fn answer(self, answer: AgentAnswer, always: Option<Value>) -> Value {
        let answers = answer.answers.map(|answers| answers.0);
        match self {
            Self::Command | Self::FileChange => match (answer.decision, always) {
                (Decision::Approve, _) => json!({ "decision": "accept" }),
                (Decision::ApproveForSession, _) => json!({ "decision": "acceptForSession" }),
                (Decision::ApproveAlways, Some(always)) => json!({ "decision": always }),
                (Decision::Cancel, _) => json!({ "decision": "cancel" }),
                _ => self.safe(),
            },
            Self::Permissions => {
                let granted = answers.unwrap_or_else(|| json!({}));
                match answer.decision {
                    Decision::Approve => json!({ "permissions": granted, "scope": "turn" }),
                    Decision::ApproveForSession => json!({ "permissions": granted, "scope": "session" }),
                    _ => self.safe(),
                }
            }
            Self::UserInput => match (answer.decision, answers) {
                (Decision::Approve | Decision::Answer, Some(Value::Object(answers))) => {
                    let of = |(id, texts)| (id, json!({ "answers": texts }));
                    json!({ "answers": answers.into_iter().map(of).collect::<Map<_, _>>() })
                }
                _ => self.safe(),
            },
            Self::Elicitation => match answer.decision {
                Decision::Approve | Decision::Answer => accept(answers, Value::Null),
                Decision::ApproveForSession => accept(answers, json!({ "persist": "session" })),
                Decision::ApproveAlways => accept(answers, json!({ "persist": "always" })),
                Decision::Cancel => json!({ "action": "cancel", "content": null, "_meta": null }),
                Decision::Decline => self.safe(),
            },
        }
    }
}

fn accept(content: Option<Value>, meta: Value) -> Value {
    json!({ "action": "accept", "content": content.unwrap_or_else(|| json!({})), "_meta": meta })
}

//! codex's questions: in our terms when they come, in codex's shape when they are answered. Pure.
//!
//! Every question must get exactly one answer: one without stalls the turn for ever, and an error
//! makes every MCP tool of codex fail. So each kind has a safe answer, sent where none is given.

use serde::Deserialize;
use serde_json::{Value, json};

use super::items::unwrap_shell;
use crate::event::{Decision, RequestKind};
use crate::ids::{ThreadId, TurnId};
use crate::session::{AgentAnswer, Ask};

/// A question that concerns a session.
#[derive(Debug, PartialEq)]
pub struct Question {
    /// The session.
    pub thread: ThreadId,
    /// The turn.
    pub turn: Option<TurnId>,
    /// What is asked.
    pub ask: Ask,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Params {
    thread_id: Option<String>,
    turn_id: Option<String>,
    item_id: Option<String>,
    command: Option<String>,
    cwd: Option<String>,
    reason: Option<String>,
    message: Option<String>,
    mode: Option<String>,
    #[serde(rename = "_meta")]
    meta: Option<Meta>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Meta {
    codex_approval_kind: Option<String>,
}

/// The kind of a question.
#[must_use]
pub fn kind(method: &str, params: &Value) -> RequestKind {
    match method {
        "item/commandExecution/requestApproval" => RequestKind::Command,
        "item/fileChange/requestApproval" => RequestKind::FileChange,
        "item/permissions/requestApproval" => RequestKind::Permissions,
        "item/tool/requestUserInput" => RequestKind::UserInput,
        "mcpServer/elicitation/request" => {
            let params = Params::deserialize(params).unwrap_or_default();
            let tool = params.meta.and_then(|m| m.codex_approval_kind).as_deref() == Some("mcp_tool_call");
            match params.mode.as_deref() {
                _ if tool => RequestKind::McpTool,
                Some("url") => RequestKind::McpUrl,
                _ => RequestKind::McpForm,
            }
        }
        _ => RequestKind::Other,
    }
}

/// The question, if it names a session and is one that a session can decide.
#[must_use]
pub fn question(method: &str, raw: &Value) -> Option<Question> {
    let kind = kind(method, raw);
    let params = Params::deserialize(raw).ok()?;
    if kind == RequestKind::Other {
        return None;
    }
    let remembers = matches!(kind, RequestKind::Command | RequestKind::FileChange);
    let inner = params.command.as_deref().map(unwrap_shell);
    let mut options = vec![Decision::Approve];
    options.extend(remembers.then_some(Decision::ApproveForSession));
    Some(Question {
        thread: ThreadId::from(params.thread_id?),
        turn: params.turn_id.map(TurnId::from),
        ask: Ask {
            kind,
            options,
            item_id: params.item_id,
            command: inner.clone(),
            command_line: params.command.filter(|line| inner.as_ref() != Some(line)),
            cwd: params.cwd,
            reason: params.reason.or(params.message),
            changes: Vec::new(),
            detail: detail(kind, raw),
        },
    })
}

/// What a person may want to know besides: for a command the network that it wants.
fn detail(kind: RequestKind, raw: &Value) -> Option<Value> {
    match kind {
        RequestKind::Command => {
            let context = raw.get("networkApprovalContext").filter(|v| !v.is_null())?;
            Some(json!({ "network": context }))
        }
        RequestKind::Permissions => Some(json!({ "permissions": raw.get("permissions")? })),
        RequestKind::McpTool => Some(json!({ "server": raw.get("serverName")? })),
        _ => None,
    }
}

/// The answer in the shape that codex wants for this kind.
#[must_use]
pub fn answer(kind: RequestKind, answer: AgentAnswer) -> Value {
    match kind {
        RequestKind::Command | RequestKind::FileChange => {
            json!({ "decision": match answer.decision {
                Decision::Approve => "accept",
                Decision::ApproveForSession => "acceptForSession",
                Decision::Cancel => "cancel",
                Decision::ApproveAlways | Decision::Decline | Decision::Answer => "decline",
            }})
        }
        kind => safe(kind),
    }
}

/// The answer that allows nothing.
#[must_use]
pub fn safe(kind: RequestKind) -> Value {
    match kind {
        RequestKind::Command | RequestKind::FileChange => json!({ "decision": "decline" }),
        RequestKind::Permissions => json!({ "permissions": {}, "scope": "turn" }),
        RequestKind::McpTool | RequestKind::McpForm | RequestKind::McpUrl => {
            json!({ "action": "decline", "content": null, "_meta": null })
        }
        RequestKind::UserInput => json!({ "answers": {} }),
        RequestKind::Other => Value::Null,
    }
}

//! A question of codex as a dialog of the host: what is shown, and what an answer means. Pure.
//!
//! The same dialog goes three ways: as a request of ours to a legacy host, as an input request of a
//! result that a modern host retries, and as one of a task.

mod form;
mod message;
#[cfg(test)]
mod tests;

use rmcp::model::{ElicitRequest, ElicitRequestParams, RequestMetaObject};
use serde_json::{Map, Value, json};

use crate::event::{Answers, Decision, PermissionRequest, RequestKind};
use crate::session::View;

/// Which dialogs a host can show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forms {
    /// Forms.
    pub form: bool,
    /// An address to open.
    pub url: bool,
    /// Choices with titles in a form (2025-11-25 on).
    pub titled: bool,
}

/// What a person's answer to a dialog is.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// A decision, and what belongs to it.
    Decided(Decision, Option<Answers>),
    /// The dialog was closed without one.
    Dismissed,
    /// Something that answers another dialog, or none.
    Unreadable,
}

/// The dialog for a request of a session, where the host can show it. `call`: the id of what it belongs
/// to, a tool call or a task.
#[must_use]
pub fn params(
    request: &PermissionRequest,
    view: &View,
    call: &str,
    forms: Forms,
) -> Option<ElicitRequestParams> {
    let meta = serde_json::from_value::<RequestMetaObject>(Value::Object(meta(request, view, call))).ok();
    let message = message::of(request)?;
    match (&request.subject.url, request.kind) {
        (Some(url), RequestKind::McpUrl) if forms.url => Some(ElicitRequestParams::UrlElicitationParams {
            meta,
            message,
            url: url.clone(),
            elicitation_id: request.approval_id.to_string(),
        }),
        _ if forms.form => {
            let requested_schema = serde_json::from_value(form::schema(request, forms.titled)?).ok()?;
            Some(ElicitRequestParams::FormElicitationParams { meta, message, requested_schema })
        }
        _ => None,
    }
}

/// The same as the request that carries it.
#[must_use]
pub fn request(request: &PermissionRequest, view: &View, call: &str, forms: Forms) -> Option<ElicitRequest> {
    params(request, view, call, forms).map(ElicitRequest::new)
}

/// The members that the removed `codex mcp-server` put beside the message, for those who read them.
fn meta(request: &PermissionRequest, view: &View, call: &str) -> Map<String, Value> {
    let subject = &request.subject;
    let kind = match request.kind {
        RequestKind::Command => "exec-approval",
        RequestKind::FileChange => "patch-approval",
        _ => "approval",
    };
    let mut out = Map::new();
    out.insert("threadId".into(), json!(view.thread));
    out.insert("approvalId".into(), json!(request.approval_id));
    out.insert("codex_elicitation".into(), json!(kind));
    out.insert("codex_mcp_tool_call_id".into(), json!(call));
    if let Some(turn) = &view.turn {
        out.insert("codex_event_id".into(), json!(turn));
    }
    if let Some(item) = &request.item_id {
        out.insert("codex_call_id".into(), json!(item));
    }
    if let Some(command) = &subject.command {
        // The words that really run, with the shell.
        let line = subject.command_line.as_ref().unwrap_or(command);
        let words = shlex::split(line).unwrap_or_else(|| vec![line.clone()]);
        out.insert("codex_command".into(), json!(words));
        out.insert("codex_parsed_cmd".into(), json!([{ "type": "unknown", "cmd": command }]));
    }
    if let Some(cwd) = &subject.cwd {
        out.insert("codex_cwd".into(), json!(cwd));
    }
    out
}

/// What the host answered. A bare accept, and the old `{decision: "approved"}`, approve once.
#[must_use]
pub fn answer(result: &Value, request: &PermissionRequest) -> Answer {
    match result.get("action").and_then(Value::as_str) {
        Some("accept") => accepted(result.get("content"), request),
        Some("decline") => Answer::Decided(Decision::Decline, None),
        Some("cancel") => Answer::Dismissed,
        // What the old server wanted, without what MCP asks for.
        None if result.get("decision").is_some_and(Value::is_string) => word(Some(result), &request.options),
        _ => Answer::Unreadable,
    }
}

fn accepted(content: Option<&Value>, request: &PermissionRequest) -> Answer {
    match request.kind {
        RequestKind::McpForm => {
            let content = content.cloned().unwrap_or_else(|| json!({}));
            Answer::Decided(Decision::Answer, Some(Answers(content)))
        }
        RequestKind::McpUrl => Answer::Decided(Decision::Approve, None),
        RequestKind::UserInput => {
            let content = content.unwrap_or(&Value::Null);
            let answers = form::answers(&request.subject.questions, content);
            Answer::Decided(Decision::Answer, Some(Answers(answers)))
        }
        _ => word(content, &request.options),
    }
}

fn word(content: Option<&Value>, options: &[Decision]) -> Answer {
    // Accept means accept where nothing else is said, and never where something is said wrongly.
    let said = match content {
        None | Some(Value::Null) => None,
        Some(Value::Object(members)) => members.get("decision"),
        Some(_) => return Answer::Unreadable,
    };
    let word = match said {
        None => return Answer::Decided(Decision::Approve, None),
        Some(Value::String(word)) => word,
        Some(_) => return Answer::Unreadable,
    };
    let decision = match word.as_str() {
        "approved" => Decision::Approve,
        "approved_for_session" => Decision::ApproveForSession,
        "denied" => Decision::Decline,
        "abort" => Decision::Cancel,
        word => match serde_json::from_value(json!(word)) {
            Ok(decision) => decision,
            Err(_) => return Answer::Unreadable,
        },
    };
    if options.contains(&decision) { Answer::Decided(decision, None) } else { Answer::Unreadable }
}

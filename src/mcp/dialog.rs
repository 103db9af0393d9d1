//! A question of codex as a dialog of the host: what is shown, and what an answer means. Pure.

use rmcp::model::{
    ClientResult, ElicitRequestParams, ElicitationAction, ElicitationSchema, RequestMetaObject,
};
use serde_json::{Map, Value, json};

use super::result::cut_plain;
use crate::event::{Decision, PermissionRequest, RequestKind};
use crate::session::View;

/// The longest message of a dialog, in bytes.
const MESSAGE: usize = 2000;

/// What a person's answer to a dialog is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A decision.
    Decided(Decision),
    /// The dialog was closed without one, or answered with something else.
    Dismissed,
}

/// The dialog for a request of a session. `call`: the id of the tool call that it belongs to; `titled`:
/// the host knows titled choices (2025-11-25 on).
#[must_use]
pub fn params(
    request: &PermissionRequest,
    view: &View,
    call: &str,
    titled: bool,
) -> Option<ElicitRequestParams> {
    Some(ElicitRequestParams::FormElicitationParams {
        meta: serde_json::from_value::<RequestMetaObject>(Value::Object(meta(request, view, call))).ok(),
        message: message(request),
        requested_schema: schema(&request.options, titled)?,
    })
}

/// The members that the removed `codex mcp-server` put beside the message, for those who read them.
fn meta(request: &PermissionRequest, view: &View, call: &str) -> Map<String, Value> {
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
    if let Some(command) = &request.subject.command {
        // The words that really run, with the shell.
        let line = request.subject.command_line.as_ref().unwrap_or(command);
        let words = shlex::split(line).unwrap_or_else(|| vec![line.clone()]);
        out.insert("codex_command".into(), json!(words));
        out.insert("codex_parsed_cmd".into(), json!([{ "type": "unknown", "cmd": command }]));
    }
    if let Some(cwd) = &request.subject.cwd {
        out.insert("codex_cwd".into(), json!(cwd));
    }
    out
}

fn message(request: &PermissionRequest) -> String {
    let mut lines = vec![cut_plain(&request.summary, MESSAGE / 2)];
    if let Some(reason) = &request.subject.reason {
        lines.push(format!("Why: {}", cut_plain(reason, MESSAGE / 8)));
    }
    for change in super::decision::short_changes(&request.subject.changes, MESSAGE / 4) {
        if let Some(diff) = change.diff {
            lines.push(format!("{} ({}):\n{diff}", change.path, change.kind));
        }
    }
    lines.join("\n")
}

/// Accept alone means approve; where there is more to choose, one property says what.
fn schema(options: &[Decision], titled: bool) -> Option<ElicitationSchema> {
    let choices: Vec<Decision> = options.iter().copied().filter(|o| *o != Decision::Decline).collect();
    let more = choices.iter().any(|o| !matches!(o, Decision::Approve | Decision::Cancel));
    let schema = if !more {
        json!({ "type": "object", "properties": {} })
    } else {
        let mut property = json!({ "type": "string", "title": "Decision", "default": "approve" });
        if titled {
            property["oneOf"] =
                choices.iter().map(|c| json!({ "const": c.name(), "title": title(*c) })).collect();
        } else {
            property["enum"] = choices.iter().map(|c| json!(c.name())).collect();
            property["enumNames"] = choices.iter().map(|c| json!(title(*c))).collect();
        }
        json!({ "type": "object", "properties": { "decision": property }, "required": ["decision"] })
    };
    serde_json::from_value(schema).ok()
}

fn title(decision: Decision) -> &'static str {
    match decision {
        Decision::Approve => "Yes, this once",
        Decision::ApproveForSession => "Yes, and the like for this session",
        Decision::ApproveAlways => "Yes, always",
        Decision::Decline => "No, go on without it",
        Decision::Cancel => "No, and end the turn",
        Decision::Answer => "Answer",
    }
}

/// What the host answered. A bare accept, and the old `{decision: "approved"}`, approve once.
#[must_use]
pub fn answer(result: &ClientResult, options: &[Decision]) -> Answer {
    match result {
        ClientResult::ElicitResult(result) => match result.action {
            ElicitationAction::Accept => word(result.content.as_ref(), options),
            ElicitationAction::Decline => Answer::Decided(Decision::Decline),
            _ => Answer::Dismissed,
        },
        ClientResult::CustomResult(custom) if custom.0.get("decision").is_some() => {
            word(Some(&custom.0), options)
        }
        _ => Answer::Dismissed,
    }
}

fn word(content: Option<&Value>, options: &[Decision]) -> Answer {
    let Some(word) = content.and_then(|c| c.get("decision")).and_then(Value::as_str) else {
        return Answer::Decided(Decision::Approve);
    };
    let decision = match word {
        "approved" => Decision::Approve,
        "approved_for_session" => Decision::ApproveForSession,
        "denied" => Decision::Decline,
        "abort" => Decision::Cancel,
        word => match serde_json::from_value(json!(word)) {
            Ok(decision) => decision,
            Err(_) => return Answer::Dismissed,
        },
    };
    if options.contains(&decision) { Answer::Decided(decision) } else { Answer::Dismissed }
}

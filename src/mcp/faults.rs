//! Faults as results that an agent can act on.

use rmcp::model::CallToolResult;
use serde_json::{Value, json};

use super::args::BadArguments;
use super::call::Late;
use super::images::BadImage;
use super::result;
use crate::event::ErrorInfo;
use crate::ids::ThreadId;
use crate::journal::JournalError;
use crate::limits::LimitError;
use crate::session::{CallError, OpenError};

pub(super) fn too_slow(late: Late) -> CallToolResult {
    result::of_error(&late_error(late))
}

pub(super) fn late_error(late: Late) -> ErrorInfo {
    let (code, message) = match late {
        Late::TooLong => ("codex_slow", "codex has not begun in the time that this call may take"),
        Late::Cancelled => ("cancelled", "the host cancelled the call before codex began"),
    };
    ErrorInfo {
        code: code.into(),
        message: message.into(),
        remedy: Some("call again; `codex app-server` in a terminal shows whether codex starts at all".into()),
        retryable: true,
    }
}

/// A session was not there in time. codex goes on with it, and has answered other calls: it is not codex's start.
pub(super) fn not_taken_up(late: Late, thread: &ThreadId) -> CallToolResult {
    let error = match late {
        Late::Cancelled => late_error(late),
        Late::TooLong => ErrorInfo {
            code: "session_slow".into(),
            message: format!(
                "session `{thread}` was not taken up in the time that this call may take, and its prompt has not been run"
            ),
            remedy: Some(
                "call again, with a longer `wait`: it is being taken up meanwhile, which takes longer where its                  thread is long, its MCP servers are slow, or codex has just been started"
                    .into(),
            ),
            retryable: true,
        },
    };
    let mut result = result::of_error(&error);
    if let Some(members) = result.structured_content.as_mut().and_then(Value::as_object_mut) {
        members.insert("threadId".into(), json!(thread));
    }
    result
}

pub(super) fn bad_image(error: &BadImage) -> CallToolResult {
    let code = if matches!(error, BadImage::Limit(_)) { "limit" } else { "bad_arguments" };
    result::refused(code, error.to_string())
}

pub(super) fn above(error: &LimitError) -> CallToolResult {
    result::refused("limit", error.to_string())
}

pub(super) fn bad(error: &BadArguments) -> CallToolResult {
    result::refused("bad_arguments", error.to_string())
}

pub(super) fn open_error(error: &OpenError) -> CallToolResult {
    let code = match error {
        OpenError::Agent(error) => return result::of_error(&error.0),
        OpenError::Unknown(_) => "thread_unknown",
        OpenError::NoTurn(..) => "turn_unknown",
        OpenError::Journal(JournalError::Owned { .. }) => {
            let remedy = "; or go on in a copy: `codex-reply` with `fork`: `latest`";
            return result::refused("thread_held", format!("{error}{remedy}"));
        }
        OpenError::Journal(_) => "journal",
        OpenError::Full(_) => "sessions_full",
        OpenError::Limit { .. } => "limit",
        OpenError::Closed => "closed",
    };
    result::refused(code, error.to_string())
}

pub(super) fn call_error(error: &CallError, thread: &ThreadId) -> CallToolResult {
    if let CallError::Agent(error) = error {
        let mut result = result::of_error(&error.0);
        if let Some(members) = result.structured_content.as_mut().and_then(Value::as_object_mut) {
            members.insert("threadId".into(), json!(thread));
        }
        return result;
    }
    result::refused(error.code(), error.to_string())
}

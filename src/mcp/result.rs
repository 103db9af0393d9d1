//! The one result of all tools that run a turn: `structuredContent`, and the same as text. Empty
//! members are left out, and nothing is above the budget: what is cut says so, and where the rest is.

use rmcp::model::{CallToolResult, ContentBlock};
use serde_json::{Map, Value, json};

use crate::event::{ErrorInfo, FileChange, PermissionRequest, TurnStatus};
use crate::session::{Status, View};

/// The part of the budget that is for everything but the last message.
const OVERHEAD: usize = 2048;

/// Changed files that a result names.
const CHANGES: usize = 50;

/// What a caller is told besides the session's state.
#[derive(Clone, Debug, Default)]
pub struct Note {
    /// A sentence for the agent, before everything else.
    pub text: Option<String>,
}

/// The result for a view, within `budget` bytes.
#[must_use]
pub fn of_view(view: &View, note: &Note, budget: usize) -> CallToolResult {
    let room = budget.saturating_sub(OVERHEAD) / 2;
    let content = cut(&view.content, room, view);
    let mut decisions: Vec<Value> = Vec::new();
    let each = (room / view.decisions.len().max(1)).min(8192);
    for request in &view.decisions {
        decisions.push(decision(request, view, each));
    }
    let structured = members(view, &content, &decisions);
    let text = text(view, &content, note);
    let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
    result.structured_content = Some(Value::Object(structured));
    result.is_error = (view.status == Status::Ended(TurnStatus::Failed)).then_some(true);
    result
}

/// A fault as a result, so that the agent can mend it.
#[must_use]
pub fn of_error(error: &ErrorInfo) -> CallToolResult {
    let mut result = CallToolResult::error(vec![ContentBlock::text(sentence(error))]);
    result.structured_content =
        Some(json!({ "threadId": "", "content": "", "status": "failed", "error": error }));
    result
}

/// A refusal in words alone.
#[must_use]
pub fn refused(code: &str, message: impl Into<String>) -> CallToolResult {
    let (code, message) = (code.to_owned(), message.into());
    of_error(&ErrorInfo { code, message, remedy: None, retryable: false })
}

fn members(view: &View, content: &str, decisions: &[Value]) -> Map<String, Value> {
    let mut out = Map::new();
    out.insert("threadId".into(), json!(view.thread));
    out.insert("content".into(), json!(content));
    out.insert("status".into(), json!(status(view)));
    if let Some(turn) = &view.turn {
        out.insert("turnId".into(), json!(turn));
    }
    if !decisions.is_empty() {
        out.insert("decisions".into(), json!(decisions));
    }
    if !view.changes.is_empty() {
        let changes = view.changes.iter().take(CHANGES);
        let changes: Vec<Value> = changes.map(|(path, kind)| json!({ "path": path, "kind": kind })).collect();
        out.insert("changes".into(), json!(changes));
    }
    if !view.usage.is_zero() {
        out.insert("usage".into(), json!(view.usage));
    }
    if !view.busy() && !view.commands.is_empty() {
        let running: Vec<Value> = view
            .commands
            .iter()
            .take(CHANGES)
            .map(|(item, command)| json!({ "command": cut_plain(command, 200), "processId": item }))
            .collect();
        out.insert("background".into(), json!(running));
    }
    if let Some(error) = &view.error {
        out.insert("error".into(), json!(error));
    }
    out.insert("next".into(), json!(view.next));
    out
}

/// The status word of the contract.
#[must_use]
pub fn status(view: &View) -> &'static str {
    match view.status {
        Status::New | Status::Ended(TurnStatus::Completed) => "completed",
        Status::Running => "running",
        Status::NeedsDecision => "needs_decision",
        Status::Ended(TurnStatus::Interrupted) => "interrupted",
        Status::Ended(TurnStatus::Failed) => "failed",
    }
}

/// An open request, with what a decision needs, within `room` bytes.
fn decision(request: &PermissionRequest, view: &View, room: usize) -> Value {
    let mut request = request.clone();
    request.summary = cut_plain(&request.summary, room / 4);
    request.command = request.command.map(|c| cut_plain(&c, room / 4));
    request.reason = request.reason.map(|r| cut_plain(&r, room / 8));
    request.changes = short_changes(&request.changes, room / 2);
    let mut value = serde_json::to_value(&request).unwrap_or_default();
    if let Some(members) = value.as_object_mut() {
        members.remove("itemId");
        members.insert("threadId".into(), json!(view.thread));
        if let Some(turn) = &view.turn {
            members.insert("turnId".into(), json!(turn));
        }
    }
    value
}

/// The changes with their diffs cut so that all together fit.
#[must_use]
pub fn short_changes(changes: &[FileChange], room: usize) -> Vec<FileChange> {
    let each = room / changes.len().clamp(1, CHANGES);
    let short = |change: &FileChange| FileChange {
        diff: change.diff.as_deref().map(|diff| cut_plain(diff, each)),
        ..change.clone()
    };
    changes.iter().take(CHANGES).map(short).collect()
}

fn text(view: &View, content: &str, note: &Note) -> String {
    let thread = &view.thread;
    let mut lines: Vec<String> = note.text.iter().cloned().collect();
    match view.status {
        Status::Ended(TurnStatus::Completed) => {
            if lines.is_empty() {
                return content.to_owned();
            }
            lines.push(content.to_owned());
        }
        Status::New => lines.push(format!("Session {thread} has had no turn yet.")),
        Status::Running => {
            lines.push(format!(
                "codex is still working. Call `codex-wait` with threadId `{thread}` for the result."
            ));
            lines.extend(view.error.as_ref().map(sentence));
        }
        Status::NeedsDecision => {
            for request in &view.decisions {
                let options: Vec<_> = request.options.iter().map(|o| o.name()).collect();
                lines.push(format!(
                    "{}\napprovalId: {}\ndecision: one of {}",
                    cut_plain(&request.summary, 1000),
                    request.approval_id,
                    options.join(", ")
                ));
            }
            lines.push(format!("Answer with `codex-approve`. Session {thread}."));
        }
        Status::Ended(TurnStatus::Interrupted) => {
            lines.push(format!("The turn was interrupted. Session {thread} can go on with `codex-reply`."));
            lines.extend(view.error.as_ref().map(sentence));
        }
        Status::Ended(TurnStatus::Failed) => {
            lines.push(format!("The turn failed. Session {thread} can go on with `codex-reply`."));
            lines.extend(view.error.as_ref().map(sentence));
        }
    }
    if view.busy() && !content.is_empty() {
        lines.push(content.to_owned());
    }
    lines.join("\n")
}

fn sentence(error: &ErrorInfo) -> String {
    match &error.remedy {
        Some(remedy) => format!("{}. To mend it: {remedy}.", error.message.trim_end_matches('.')),
        None => error.message.clone(),
    }
}

/// The last message, cut with a pointer to the whole of it.
fn cut(text: &str, room: usize, view: &View) -> String {
    if escaped(text) <= room {
        return text.to_owned();
    }
    let tail = format!(
        "\n[cut: {} bytes in all; the whole is an `assistant_message` in codex-events of {}]",
        text.len(),
        view.thread
    );
    format!("{}{tail}", head(text, room.saturating_sub(tail.len())))
}

/// A text of at most `room` bytes once in JSON, with a mark where it was cut.
#[must_use]
pub fn cut_plain(text: &str, room: usize) -> String {
    if escaped(text) <= room {
        return text.to_owned();
    }
    let tail = format!("… [cut: {} bytes in all]", text.len());
    format!("{}{tail}", head(text, room.saturating_sub(tail.len())))
}

fn head(text: &str, room: usize) -> &str {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += width(c);
        if used > room {
            return &text[..at];
        }
    }
    text
}

/// How long a text is in JSON.
fn escaped(text: &str) -> usize {
    text.chars().map(width).sum()
}

fn width(c: char) -> usize {
    match c {
        '"' | '\\' | '\n' | '\r' | '\t' => 2,
        c if c < ' ' => 6,
        c => c.len_utf8(),
    }
}

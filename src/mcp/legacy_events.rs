//! `codex/event`, the notifications of the removed `codex mcp-server`, for those who read them
//! (`--legacy-events`): made of our events, in the shapes of codex 0.153.4, as far as there is something
//! to fill them with.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use rmcp::RoleServer;
use rmcp::model::{CustomNotification, ServerNotification};
use rmcp::service::RequestContext;
use serde_json::{Map, Value, json};

use crate::event::{
    Body, Event, FileChange, PermissionRequest, RequestKind, Tokens, ToolCall, ToolKind, TurnStatus,
};
use crate::ids::Seq;
use crate::journal::Journal;
use crate::session::Handle;

/// Events read from the journal at a time, and the same in bytes.
const PAGE: (usize, usize) = (256, 256 << 10);

/// The notifications of one call.
#[derive(Debug)]
pub(super) struct LegacyEvents<'a> {
    context: &'a RequestContext<RoleServer>,
    journal: Arc<dyn Journal>,
    after: Seq,
    /// The last message, which the end of a turn repeats.
    said: String,
}

impl<'a> LegacyEvents<'a> {
    /// Of a call whose turn begins behind this event.
    pub fn new(context: &'a RequestContext<RoleServer>, journal: Arc<dyn Journal>, after: Seq) -> Self {
        Self { context, journal, after, said: String::new() }
    }

    /// Sends what has happened since.
    pub async fn tell(&mut self, handle: &Handle) {
        loop {
            let events = self.journal.read(handle.thread().clone(), self.after, PAGE.0, PAGE.1).await;
            let Ok(events) = events else { return };
            let Some(last) = events.last() else { return };
            self.after = last.seq;
            // What other programs did is none of the call's.
            for event in events.iter().filter(|event| event.origin.is_none()) {
                if let Body::AssistantMessage { text, .. } = &event.body {
                    self.said.clone_from(text);
                }
                let Some(msg) = message(event, &self.said) else { continue };
                let id = event.turn_id.as_ref().map(ToString::to_string).unwrap_or_default();
                let meta = json!({ "requestId": self.context.id, "threadId": event.thread_id });
                let params = json!({ "_meta": meta, "id": id, "msg": msg });
                let notice = CustomNotification::new("codex/event", Some(params));
                let sent =
                    self.context.peer.send_notification(ServerNotification::CustomNotification(notice));
                if sent.await.is_err() {
                    return;
                }
            }
        }
    }
}

/// An event in the words of the old server; `None` for one that it had no words for.
fn message(event: &Event, said: &str) -> Option<Value> {
    let turn = &event.turn_id;
    Some(match &event.body {
        Body::SessionStarted(info) => json!({
            "type": "session_configured", "session_id": event.thread_id, "thread_id": event.thread_id,
            "model": info.model, "approval_policy": info.approval_policy, "cwd": info.cwd,
        }),
        Body::TurnStarted { .. } => {
            json!({ "type": "task_started", "turn_id": turn, "started_at": event.time.0 / 1000 })
        }
        Body::UserMessage { text, images, .. } => {
            json!({ "type": "user_message", "message": text, "images": images })
        }
        Body::AssistantDelta { item_id, text } => json!({
            "type": "agent_message_content_delta", "thread_id": event.thread_id, "turn_id": turn,
            "item_id": item_id, "delta": text,
        }),
        Body::AssistantMessage { text, .. } => json!({ "type": "agent_message", "message": text }),
        Body::Reasoning { text, .. } => json!({ "type": "agent_reasoning", "text": text }),
        Body::Plan { steps, explanation } => {
            json!({ "type": "plan_update", "explanation": explanation, "plan": steps })
        }
        Body::ToolCall(call) => begun(call, turn)?,
        Body::ToolOutput { item_id, text } => json!({
            "type": "exec_command_output_delta", "call_id": item_id, "stream": "stdout", "chunk": text,
        }),
        Body::ToolResult(result) => match result.tool {
            ToolKind::Command => json!({
                "type": "exec_command_end", "call_id": result.item_id, "turn_id": turn,
                "exit_code": result.exit_code, "aggregated_output": result.output, "status": result.status,
            }),
            ToolKind::FileChange => json!({
                "type": "patch_apply_end", "call_id": result.item_id, "turn_id": turn,
                "success": result.status == crate::event::ItemStatus::Completed,
                "changes": changes(&result.changes), "status": result.status,
            }),
            ToolKind::Mcp => json!({
                "type": "mcp_tool_call_end", "call_id": result.item_id, "result": result.result,
                "error": result.error,
            }),
            _ => return None,
        },
        Body::Diff { diff } => json!({ "type": "turn_diff", "unified_diff": diff }),
        Body::PermissionRequest(request) => asked(request, turn)?,
        Body::Usage { turn, thread, context_window, .. } => json!({
            "type": "token_count", "info": {
                "total_token_usage": tokens(*thread), "last_token_usage": tokens(*turn),
                "model_context_window": context_window,
            },
        }),
        Body::Warning { message, .. } => json!({ "type": "warning", "message": message }),
        Body::Error(error) if error.retryable => json!({ "type": "stream_error", "message": error.message }),
        Body::Error(error) => json!({ "type": "error", "message": error.message }),
        Body::TurnFinished { status: TurnStatus::Interrupted, .. } => {
            json!({ "type": "turn_aborted", "turn_id": turn, "reason": "interrupted" })
        }
        Body::TurnFinished { duration_ms, .. } => json!({
            "type": "task_complete", "turn_id": turn, "last_agent_message": said, "duration_ms": duration_ms,
            "completed_at": event.time.0 / 1000,
        }),
        Body::PermissionDecision(_)
        | Body::McpServer { .. }
        | Body::SessionFinished { .. }
        | Body::Raw { .. } => return None,
    })
}

fn begun(call: &ToolCall, turn: &Option<crate::ids::TurnId>) -> Option<Value> {
    Some(match call.tool {
        ToolKind::Command => json!({
            "type": "exec_command_begin", "call_id": call.item_id, "turn_id": turn, "cwd": call.cwd,
            "command": words(call.command.as_deref().unwrap_or_default()),
            "parsed_cmd": [{ "type": "unknown", "cmd": call.command }],
        }),
        ToolKind::FileChange => json!({
            "type": "patch_apply_begin", "call_id": call.item_id, "turn_id": turn,
            "changes": changes(&call.changes),
        }),
        ToolKind::Mcp => json!({
            "type": "mcp_tool_call_begin", "call_id": call.item_id,
            "invocation": { "server": call.server, "tool": call.name, "arguments": call.arguments },
        }),
        _ => return None,
    })
}

fn asked(request: &PermissionRequest, turn: &Option<crate::ids::TurnId>) -> Option<Value> {
    let subject = &request.subject;
    Some(match request.kind {
        RequestKind::Command => json!({
            "type": "exec_approval_request", "call_id": request.item_id, "turn_id": turn, "cwd": subject.cwd,
            "command": words(subject.command_line.as_ref().or(subject.command.as_ref())?),
            "reason": subject.reason, "parsed_cmd": [{ "type": "unknown", "cmd": subject.command }],
        }),
        RequestKind::FileChange => json!({
            "type": "apply_patch_approval_request", "call_id": request.item_id, "turn_id": turn,
            "changes": changes(&subject.changes), "reason": subject.reason,
        }),
        _ => return None,
    })
}

fn words(line: &str) -> Vec<String> {
    shlex::split(line).unwrap_or_else(|| vec![line.to_owned()])
}

fn changes(changes: &[FileChange]) -> Value {
    let each = changes.iter().map(|change| {
        let value = match change.kind.as_str() {
            "update" => {
                json!({ "type": "update", "unified_diff": change.diff, "move_path": change.moved_to })
            }
            kind => json!({ "type": kind, "content": change.diff }),
        };
        (change.path.clone(), value)
    });
    Value::Object(each.collect::<Map<_, _>>())
}

/// Nested, as the old server had them: cached tokens are a part of the input's.
fn tokens(tokens: Tokens) -> Value {
    json!({
        "input_tokens": tokens.input + tokens.cached, "cached_input_tokens": tokens.cached,
        "output_tokens": tokens.output + tokens.reasoning, "reasoning_output_tokens": tokens.reasoning,
        "total_tokens": tokens.input + tokens.cached + tokens.output + tokens.reasoning,
    })
}

//! What `tools/list` says: eight tools with plain schemas, written by hand.
//!
//! Plain, since hosts refuse or misread type unions, `$ref` and integer formats; short, since every
//! agent of every host carries this text in its context all the time. [`super::args`] checks what comes.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use rmcp::model::{JsonObject, MetaObject, Tool, ToolAnnotations};
use serde_json::{Value, json};

use super::args::{
    ApproveArgs, Args, CancelArgs, CodexArgs, EventsArgs, MAX_LIMIT, MAX_LISTED, MAX_WAIT, ReplyArgs,
    SessionsArgs, WaitArgs,
};
use super::review;

/// Characters up to which Claude Code shows a result: well above our own budget.
const MAX_RESULT_CHARS: u64 = 200_000;

/// The tools, in the order in which a host lists them.
#[must_use]
pub fn tools() -> Vec<Tool> {
    vec![codex(), reply(), review::tool(), wait(), events(), approve(), cancel(), sessions()]
}

fn codex() -> Tool {
    let properties = json!({
        "prompt": {"type": "string", "description": "The task, with all that codex must know"},
        "cwd": {"type": "string", "description": "Working folder; default: the host's"},
        "model": {"type": "string"},
        "effort": {"type": "string", "description": "Reasoning effort, e.g. low, medium, high"},
        "sandbox": {"type": "string", "enum": ["read-only", "workspace-write", "danger-full-access"]},
        "approval-policy": {
            "type": "string",
            "enum": ["untrusted", "on-request", "never"],
            "description": "When codex asks before it acts"
        },
        "config": {"type": "object", "description": "Keys of codex's config.toml"},
        "base-instructions": {"type": "string", "description": "Replaces codex's own instructions"},
        "developer-instructions": {"type": "string", "description": "Added to codex's own instructions"},
        "compact-prompt": {"type": "string", "description": "How to compact a long thread"},
        "mcp": {
            "type": "object",
            "description": "codex's MCP servers: {\"inherit\": true, false or [names of its own], \"add\": {NAME: as in mcp.json}}"
        },
        "images": texts("Paths, or data: URLs"),
        "output-schema": {"type": "object", "description": "JSON Schema of the last message; parsed as `output`"},
        "name": {"type": "string", "description": "For the lists"},
        "key": {"type": "string", "description": "Your name for this run: the same call again returns it"},
        "wait": seconds("Seconds to block before a running task is handed back; 0: at once")
    });
    tool::<CodexArgs>(
        "Run codex",
        "Give OpenAI's codex, a coding agent, a task in a new thread. Returns its last message; or, with \
         `status` running or needs_decision, a `threadId` for codex-wait or decisions for codex-approve.",
        input(&["prompt"], properties),
    )
    .with_raw_output_schema(whole_result())
    .with_annotations(acting().destructive(true).open_world(true))
    // What Claude Code finds the tools by where it lists them only on demand.
    .with_meta(meta("anthropic/searchHint", json!("delegate coding, review or questions to OpenAI's codex")))
}

fn reply() -> Tool {
    let properties = json!({
        "prompt": {"type": "string"},
        "threadId": {"type": "string"},
        "conversationId": {"type": "string", "description": "Deprecated: use threadId"},
        "model": {"type": "string"},
        "effort": {"type": "string"},
        "images": texts(""),
        "output-schema": {"type": "object"},
        "when-busy": {
            "type": "string",
            "enum": ["reject", "steer", "queue"],
            "description": "While a turn runs: add to it, or wait for a turn of its own"
        },
        "fork": {"type": "string", "description": "Go on in a copy that ends with this turnId, or `latest`"},
        "compact": {"type": "boolean", "description": "Compact the thread first"},
        "name": {"type": "string"},
        "key": {"type": "string"},
        "wait": seconds("")
    });
    tool::<ReplyArgs>(
        "Reply to codex",
        "Go on in a codex thread; also one of an earlier run, the codex CLI or an IDE.",
        input(&["prompt"], properties),
    )
    .with_raw_output_schema(drop_in())
    .with_annotations(acting().destructive(true).open_world(true))
}

fn wait() -> Tool {
    let properties = json!({
        "threadId": {"type": "string"},
        "turnId": {"type": "string", "description": "Default: the latest"},
        "wait": seconds("")
    });
    tool::<WaitArgs>(
        "Wait for codex",
        "Wait for a running turn and get its result; of an idle thread the last one.",
        input(&["threadId"], properties),
    )
    .with_annotations(reading())
}

fn events() -> Tool {
    let properties = json!({
        "threadId": {"type": "string"},
        "after": {"type": "integer", "minimum": 0, "description": "`next` of the last answer"},
        "limit": {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "description": "Default 100"},
        "wait": seconds("Seconds to wait for a first event"),
        "types": {"type": "array", "items": {"type": "string"}, "description": "e.g. assistant_message, tool_call"},
        "detail": {"type": "string", "enum": ["brief", "full"], "description": "full: with deltas"},
        "from": {"type": "integer", "minimum": 0, "description": "For one with `cut`: the byte to read on at"}
    });
    tool::<EventsArgs>(
        "Read codex's events",
        "What happened in a thread: messages, commands, changes, decisions. Not needed for the result.",
        input(&["threadId"], properties),
    )
    .with_annotations(reading())
    // Claude Code puts what is longer into a file. The other results stay far below by themselves.
    .with_meta(meta("anthropic/maxResultSizeChars", json!(MAX_RESULT_CHARS)))
}

fn approve() -> Tool {
    let properties = json!({
        "approvalId": {"type": "string"},
        "decision": {
            "type": "string",
            "enum": ["approve", "approve-for-session", "approve-always", "decline", "cancel", "answer"],
            "description": "One of its `options`. decline: codex goes on without; cancel: ends the turn"
        },
        "reason": {"type": "string", "description": "codex is told why you decline"},
        "answers": {
            "type": "object",
            "description": "For answer: the form's members, or {questionId: text}. To grant a part of `permissions`: that part"
        },
        "wait": seconds("")
    });
    tool::<ApproveArgs>(
        "Decide for codex",
        "Answer an open decision of codex, then follow the turn.",
        input(&["approvalId", "decision"], properties),
    )
    .with_annotations(acting().destructive(true).open_world(false))
}

fn cancel() -> Tool {
    tool::<CancelArgs>(
        "Stop codex",
        "Stop a thread's running turn and its commands. The thread stays, for codex-reply.",
        input(
            &["threadId"],
            json!({
                "threadId": {"type": "string"},
                "turnId": {"type": "string"},
                "archive": {"type": "boolean", "description": "Take the thread out of the lists too"}
            }),
        ),
    )
    // Not destructive: to stop must never itself need an approval.
    .with_annotations(acting().destructive(false).idempotent(true).open_world(false))
}

fn sessions() -> Tool {
    let properties = json!({
        "threadId": {"type": "string", "description": "Show this one and its turns"},
        "cwd": {"type": "string"},
        "status": {"type": "string", "enum": ["running", "needs_decision", "idle", "archived"]},
        "limit": {"type": "integer", "minimum": 1, "maximum": MAX_LISTED},
        "cursor": {"type": "string"}
    });
    tool::<SessionsArgs>(
        "List codex threads",
        "Threads of this bridge, the codex CLI and IDEs; those at work first, with their open decisions.",
        input(&[], properties),
    )
    .with_annotations(reading())
}

/// What programs that were written for the drop-in rely on.
fn drop_in() -> Arc<JsonObject> {
    object(json!({
        "type": "object",
        "properties": {"threadId": {"type": "string"}, "content": {"type": "string"}},
        "required": ["threadId", "content"]
    }))
}

/// All that a result can hold, the same for every tool that follows a turn: told once, since five times would
/// be a fifth of the list. The others have no output schema for the same reason.
fn whole_result() -> Arc<JsonObject> {
    let statuses = ["completed", "running", "needs_decision", "queued", "interrupted", "failed"];
    object(json!({
        "type": "object",
        "properties": {
            "threadId": {"type": "string"},
            "content": {"type": "string"},
            "status": {"type": "string", "enum": statuses},
            "turnId": {"type": "string"},
            "decisions": {"type": "array", "items": {"type": "object"}},
            "changes": {"type": "array", "items": {"type": "object"}},
            "usage": {"type": "object"},
            "error": {"type": "object"},
            "next": {"type": "integer"}
        },
        "required": ["threadId", "content"]
    }))
}

pub(super) fn tool<T: Args>(title: &str, description: &'static str, input: Value) -> Tool {
    Tool::new(T::TOOL, description, object(input)).with_title(title)
}

pub(super) fn input(required: &[&str], properties: Value) -> Value {
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false
    })
}

fn texts(description: &str) -> Value {
    described(json!({"type": "array", "items": {"type": "string"}}), description)
}

pub(super) fn seconds(description: &str) -> Value {
    described(json!({"type": "number", "minimum": 0, "maximum": MAX_WAIT}), description)
}

/// Where it says nothing, it is as for `codex`.
fn described(mut schema: Value, description: &str) -> Value {
    if !description.is_empty() {
        schema["description"] = json!(description);
    }
    schema
}

/// Annotations of a tool that does something. What is left out would be taken for the worst.
fn acting() -> ToolAnnotations {
    ToolAnnotations::new().read_only(false)
}

/// Annotations of a tool that only looks. Hosts let it through unasked.
pub(super) fn reading() -> ToolAnnotations {
    ToolAnnotations::new().read_only(true).open_world(false)
}

/// One key of `_meta`.
fn meta(key: &str, value: Value) -> MetaObject {
    MetaObject(JsonObject::from_iter([(key.to_owned(), value)]))
}

fn object(value: Value) -> Arc<JsonObject> {
    match value {
        Value::Object(map) => Arc::new(map),
        // `json!({…})` is an object.
        _ => Arc::default(),
    }
}

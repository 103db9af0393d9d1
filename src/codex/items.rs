//! codex's items (`item/started`, `item/completed`) as events of ours. Pure.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::servers::known_as;
use crate::event::{Body, FileChange, ItemStatus, ToolCall, ToolKind, ToolResult};

/// The most of a command's output that is kept, in bytes: codex's own bound.
const OUTPUT: usize = 1 << 20;

/// The members of items that the bridge reads, whatever the type.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Item {
    id: String,
    r#type: String,
    status: Value,
    // userMessage
    content: Vec<Value>,
    // agentMessage, plan
    text: String,
    // reasoning
    summary: Vec<String>,
    // commandExecution
    command: Option<String>,
    cwd: Option<String>,
    process_id: Option<String>,
    aggregated_output: Option<String>,
    exit_code: Option<i64>,
    // fileChange
    changes: Vec<Change>,
    // mcpToolCall, dynamicToolCall
    server: Option<String>,
    tool: Option<String>,
    arguments: Value,
    result: Value,
    error: Value,
    duration_ms: Option<u64>,
    // webSearch
    query: Option<String>,
    // exitedReviewMode
    review: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Change {
    path: String,
    kind: Value,
    diff: Option<String>,
}

/// The event that an item's beginning is, if it is one.
#[must_use]
pub fn started(raw: &RawValue) -> Option<Body> {
    let item: Item = serde_json::from_str(raw.get()).ok()?;
    let tool = kind(&item.r#type)?;
    Some(Body::ToolCall(ToolCall {
        item_id: item.id,
        tool,
        command: item.command.as_deref().map(unwrap_shell),
        cwd: item.cwd,
        process_id: item.process_id,
        changes: changes(item.changes),
        server: item.server.map(|name| known_as(&name).to_owned()),
        name: item.tool.or_else(|| (tool == ToolKind::Other).then_some(item.r#type)),
        arguments: match item.query {
            Some(query) => Some(serde_json::json!({ "query": query })),
            None => some(item.arguments),
        },
    }))
}

/// The event that an item's end is. A type without a kind of its own stays as it came.
#[must_use]
pub fn completed(raw: &RawValue) -> Option<Body> {
    let item: Item = serde_json::from_str(raw.get()).ok()?;
    match item.r#type.as_str() {
        "userMessage" => {
            let (text, images) = said(&item.content);
            Some(Body::UserMessage { item_id: item.id, text, images })
        }
        "plan" => Some(Body::Plan { steps: Vec::new(), explanation: Some(item.text) }),
        "agentMessage" => Some(Body::AssistantMessage { item_id: item.id, text: item.text }),
        "reasoning" => {
            let text = item.summary.join("\n\n");
            (!text.is_empty()).then_some(Body::Reasoning { item_id: item.id, text })
        }
        other => match kind(other) {
            Some(tool) => Some(Body::ToolResult(ToolResult {
                item_id: item.id,
                tool,
                status: status(&item.status),
                exit_code: item.exit_code,
                output: item.aggregated_output.map(bounded),
                changes: changes(item.changes),
                result: some(item.result).or(item.review.map(Value::String)),
                error: fault(&item.error),
                duration_ms: item.duration_ms,
            })),
            None => {
                let params = serde_json::from_str(raw.get()).unwrap_or_default();
                Some(Body::Raw { method: format!("item/completed:{other}"), params })
            }
        },
    }
}

/// The output as codex itself bounds it, should it ever not: its begin and its end.
fn bounded(output: String) -> String {
    if output.len() <= OUTPUT {
        return output;
    }
    let (begin, end) =
        (output.floor_char_boundary(OUTPUT / 2), output.ceil_char_boundary(output.len() - OUTPUT / 2));
    let between =
        format!("\n[cut: {} bytes in all; codex's own record of the thread has them]\n", output.len());
    [&output[..begin], &between, &output[end..]].concat()
}

fn kind(r#type: &str) -> Option<ToolKind> {
    Some(match r#type {
        "commandExecution" => ToolKind::Command,
        "fileChange" => ToolKind::FileChange,
        "mcpToolCall" => ToolKind::Mcp,
        "webSearch" => ToolKind::WebSearch,
        "imageView" | "imageGeneration" => ToolKind::Image,
        "collabAgentToolCall" => ToolKind::Agent,
        // Each is named by its type.
        "dynamicToolCall" | "enteredReviewMode" | "exitedReviewMode" | "contextCompaction" => ToolKind::Other,
        _ => return None,
    })
}

fn status(value: &Value) -> ItemStatus {
    match value.as_str().unwrap_or_default() {
        "completed" | "" => ItemStatus::Completed,
        "failed" => ItemStatus::Failed,
        "declined" => ItemStatus::Declined,
        _ => ItemStatus::Other,
    }
}

fn changes(changes: Vec<Change>) -> Vec<FileChange> {
    let kind = |kind: &Value| {
        let word = kind.as_str().or_else(|| kind.get("type").and_then(Value::as_str));
        word.unwrap_or("update").to_owned()
    };
    let moved = |kind: &Value| kind.get("move_path").and_then(Value::as_str).map(str::to_owned);
    let change =
        |c: Change| FileChange { moved_to: moved(&c.kind), kind: kind(&c.kind), path: c.path, diff: c.diff };
    changes.into_iter().map(change).collect()
}

fn said(content: &[Value]) -> (String, Vec<String>) {
    let member = |part: &Value, name: &str| part.get(name).and_then(Value::as_str).map(str::to_owned);
    let text = content.iter().filter_map(|part| member(part, "text")).collect::<Vec<_>>().join("\n");
    let image = |part: &Value| member(part, "path").or_else(|| member(part, "url"));
    (text, content.iter().filter_map(image).collect())
}

fn fault(error: &Value) -> Option<String> {
    match error {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(
            other.get("message").and_then(Value::as_str).map_or_else(|| other.to_string(), str::to_owned),
        ),
    }
}

fn some(value: Value) -> Option<Value> {
    (!value.is_null()).then_some(value)
}

/// A shell of the system, by its full path: a program of the same name in a workspace is another.
fn is_shell(path: &str) -> bool {
    let folders = ["/bin/", "/usr/bin/", "/usr/local/bin/", "/opt/homebrew/bin/"];
    let name = folders.iter().find_map(|folder| path.strip_prefix(folder));
    matches!(name, Some("bash" | "sh" | "zsh" | "dash"))
}

/// Takes codex's wrapper (`/bin/bash -lc '…'`) off, where the line is exactly that; what is left
/// is what runs, nothing hidden. Any other line stays as it is.
#[must_use]
pub fn unwrap_shell(line: &str) -> String {
    let Some(words) = shlex::split(line) else { return line.to_owned() };
    let [shell, flag, script] = words.as_slice() else { return line.to_owned() };
    let wrapped = is_shell(shell) && matches!(flag.as_str(), "-lc" | "-c");
    if wrapped { script.clone() } else { line.to_owned() }
}

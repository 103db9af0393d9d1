//! codex's items (`item/started`, `item/completed`) as events of ours. Pure.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::depth;
use super::review::findings;
use super::servers::known_as;
use super::text::text;
use crate::event::{Body, FileChange, ItemStatus, ToolCall, ToolKind, ToolResult};
use crate::rpc::{Cut, Shorten};

/// Of a command's output this much is kept, as JSON: twice the 1 MiB that codex bounds it to, since a line
/// feed takes two bytes there. So codex's own output stays whole, and what is longer takes no memory. Of an
/// image that is its own address, an event has only what kind it is and how long.
pub const SHORTEN: Shorten = Shorten(&[
    Cut { member: "aggregatedOutput", begin: "", keep: 2 << 20 },
    Cut { member: "url", begin: "data:", keep: 4 << 10 },
    // The last message stands in the end of its turn once more: in a line that is too long both would be lost.
    Cut { member: "text", begin: "", keep: 8 << 20 },
]);

/// The members of items that the bridge reads, whatever the type. Texts that can be long stay as they came
/// until it is known that they are wanted.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Item<'a> {
    id: String,
    r#type: String,
    status: Value,
    // userMessage
    content: Vec<Value>,
    // agentMessage, plan
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    // reasoning
    summary: Vec<String>,
    // commandExecution
    command: Option<String>,
    cwd: Option<String>,
    process_id: Option<String>,
    #[serde(borrow)]
    aggregated_output: Option<&'a RawValue>,
    exit_code: Option<i64>,
    // fileChange
    #[serde(borrow)]
    changes: Vec<Change<'a>>,
    // mcpToolCall, dynamicToolCall
    server: Option<String>,
    tool: Option<String>,
    arguments: Value,
    result: Value,
    error: Value,
    duration_ms: Option<u64>,
    // exitedReviewMode
    review: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Change<'a> {
    path: String,
    kind: Value,
    #[serde(borrow)]
    diff: Option<&'a RawValue>,
}

/// The event that an item's beginning is, if it is one.
#[must_use]
pub fn started(raw: &RawValue) -> Option<Body> {
    let item: Item<'_> = serde_json::from_str(raw.get()).ok()?;
    let tool = kind(&item.r#type)?;
    Some(Body::ToolCall(ToolCall {
        item_id: item.id,
        tool,
        command: item.command.as_deref().map(unwrap_shell),
        cwd: item.cwd,
        process_id: item.process_id,
        changes: changes(item.changes)?,
        server: item.server.map(|name| known_as(&name).to_owned()),
        name: item.tool.or_else(|| (tool == ToolKind::Other).then_some(item.r#type)),
        arguments: some(item.arguments).or_else(|| rest(tool, raw)).map(depth::shallow),
    }))
}

/// The event that an item's end is. A type without a kind of its own stays as it came.
#[must_use]
pub fn completed(raw: &RawValue) -> Option<Body> {
    let item: Item<'_> = serde_json::from_str(raw.get()).ok()?;
    let review =
        item.review.as_deref().filter(|_| item.r#type == "exitedReviewMode").and_then(findings).map(Box::new);
    let said_text = || item.text.map_or_else(|| Some(String::new()), text);
    match item.r#type.as_str() {
        "userMessage" => {
            let (text, images) = said(&item.content);
            Some(Body::UserMessage { item_id: item.id, text, images })
        }
        "plan" => Some(Body::Plan { steps: Vec::new(), explanation: Some(said_text()?) }),
        "agentMessage" => {
            let text = said_text()?;
            Some(Body::AssistantMessage { item_id: item.id, text })
        }
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
                output: match item.aggregated_output {
                    Some(output) => Some(text(output)?),
                    None => None,
                },
                changes: changes(item.changes)?,
                result: some(item.result)
                    .or(item.review.filter(|_| review.is_none()).map(Value::String))
                    .or_else(|| rest(tool, raw))
                    .map(depth::shallow),
                review,
                error: fault(&item.error),
                duration_ms: item.duration_ms,
            })),
            None => {
                Some(Body::Raw { method: format!("item/completed:{other}"), params: depth::parse(raw.get()) })
            }
        },
    }
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

/// An address; of an image that is its own address, only what kind it is and how long.
fn named(url: String) -> String {
    match url.strip_prefix("data:").and_then(|rest| rest.split_once([';', ','])) {
        Some((kind, _)) => format!("data:{kind} ({} bytes)", Cut::length_of(&url).unwrap_or(url.len())),
        None => url,
    }
}

/// What an item says of a tool that has no members of its own here: all that is not read elsewhere.
fn rest(tool: ToolKind, raw: &RawValue) -> Option<Value> {
    const READ: [&str; 10] =
        ["id", "type", "status", "durationMs", "error", "tool", "server", "arguments", "result", "review"];
    if !matches!(tool, ToolKind::WebSearch | ToolKind::Image | ToolKind::Agent | ToolKind::Other) {
        return None;
    }
    let mut members: Map<String, Value> = serde_json::from_str(raw.get()).ok()?;
    // A search begins without its words, and an image without its file: what says nothing is left out.
    let says = |value: &Value| match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        _ => true,
    };
    members.retain(|name, value| !READ.contains(&name.as_str()) && says(value));
    (!members.is_empty()).then_some(Value::Object(members))
}

fn status(value: &Value) -> ItemStatus {
    match value.as_str().unwrap_or_default() {
        "completed" | "" => ItemStatus::Completed,
        "failed" => ItemStatus::Failed,
        "declined" => ItemStatus::Declined,
        _ => ItemStatus::Other,
    }
}

fn changes(changes: Vec<Change<'_>>) -> Option<Vec<FileChange>> {
    let kind = |kind: &Value| {
        let word = kind.as_str().or_else(|| kind.get("type").and_then(Value::as_str));
        word.unwrap_or("update").to_owned()
    };
    let moved = |kind: &Value| kind.get("move_path").and_then(Value::as_str).map(str::to_owned);
    let change = |c: Change<'_>| {
        let diff = match c.diff {
            Some(diff) => Some(text(diff)?),
            None => None,
        };
        Some(FileChange { moved_to: moved(&c.kind), kind: kind(&c.kind), path: c.path, diff })
    };
    changes.into_iter().map(change).collect()
}

fn said(content: &[Value]) -> (String, Vec<String>) {
    let member = |part: &Value, name: &str| part.get(name).and_then(Value::as_str).map(str::to_owned);
    let text = content.iter().filter_map(|part| member(part, "text")).collect::<Vec<_>>().join("\n");
    let image = |part: &Value| member(part, "path").or_else(|| member(part, "url").map(named));
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

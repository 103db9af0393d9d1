//! Keys of codex's configuration: their paths, and which of them change nothing that codex may do.

use serde_json::{Map, Value};

/// Keys that change how the model works, and nothing that it may do. `model` is checked by its value too.
pub const SAFE: [&str; 10] = [
    "model",
    "model_reasoning_effort",
    "model_reasoning_summary",
    "model_verbosity",
    "personality",
    "service_tier",
    "hide_agent_reasoning",
    "tool_output_token_limit",
    "model_context_window",
    "model_auto_compact_token_limit",
];

/// Each value of a configuration with its dotted path, however it was nested: `a.b = 1` and `a = {b = 1}`
/// are the same to codex.
pub(super) fn paths(config: &Map<String, Value>) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    for (key, value) in config {
        walk(key.clone(), value, &mut found);
    }
    found
}

fn walk<'v>(path: String, value: &'v Value, found: &mut Vec<(String, &'v Value)>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, member) in members {
                walk(format!("{path}.{name}"), member, found);
            }
        }
        _ => found.push((path, value)),
    }
}

/// Whether a path is a key, or lies inside it.
pub(super) fn is_within(path: &str, key: &str) -> bool {
    path.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

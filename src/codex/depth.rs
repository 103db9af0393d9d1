//! How deep JSON of codex may be nested. Whoever reads an event, the journal first, parses it inside of other JSON, and
//! parsers take 128 levels: so what is near that stays text.

use serde_json::Value;

/// Leaves some levels to all that may lie around it.
const DEEPEST: usize = 100;

/// Whether a value is nested too deep to be handed on as one.
pub(super) fn is_deep(value: &Value) -> bool {
    goes_below(value, DEEPEST)
}

/// JSON as a value; as its text, where it is nested too deep.
pub(super) fn parse(json: &str) -> Value {
    let parsed = serde_json::from_str(json).ok().filter(|value| !is_deep(value));
    parsed.unwrap_or_else(|| Value::String(json.to_owned()))
}

/// The value; its text, where it is nested too deep.
pub(super) fn shallow(value: Value) -> Value {
    if is_deep(&value) { Value::String(value.to_string()) } else { value }
}

fn goes_below(value: &Value, left: usize) -> bool {
    match value {
        Value::Array(values) => left == 0 || values.iter().any(|value| goes_below(value, left - 1)),
        Value::Object(members) => left == 0 || members.values().any(|value| goes_below(value, left - 1)),
        _ => false,
    }
}

#[cfg(test)]
mod tests;

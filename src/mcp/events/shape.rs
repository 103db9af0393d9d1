//! An event as it stands on a page: whole where it fits, else with its longest parts cut; and what
//! fits of one that is read on. Pure.

use serde_json::{Value, json};

use crate::event::Event;
use crate::mcp::cut;
use crate::mcp::result::{cut_plain, escaped};

/// Members that may hold anything, so that they may also hold the beginning of their text.
const FREE: [&str; 6] = ["arguments", "result", "params", "schema", "permissions", "answers"];

/// How much a value takes as text within JSON text, where its quotes are escaped: the longer of its
/// two forms in a result.
pub(in crate::mcp) fn in_text(value: &Value) -> usize {
    escaped(&value.to_string()) + 1
}

/// An event in at most `room`, as far as it can be; `cut` says that it is not whole, and how many
/// bytes the whole has. What is cut still fits the schema of events. What is not shown is not copied.
pub(in crate::mcp) fn short(event: &Event, room: usize) -> Value {
    if let Ok(json) = cut::whole(event, room)
        && escaped(&json) < room
    {
        return parsed(&json);
    }
    let bytes = cut::length(event);
    let marked = |json: String| {
        let mut value = parsed(&json);
        value["cut"] = json!(bytes);
        value
    };
    // Quotes and line feeds take more within JSON text than here, so one text alone gets less than all.
    let tries = std::iter::successors(Some(room / 4 * 3), |each| Some(each / 2));
    for each in tries.take_while(|each| *each >= cut::LEAST) {
        let json = cut::json(event, each).unwrap_or_default();
        if escaped(&json) + CUT < room {
            return marked(json);
        }
    }
    // It has too many parts.
    let mut value = marked(cut::json(event, cut::LEAST).unwrap_or_default());
    cut_free(&mut value, room / 8);
    while in_text(&value) > room && halve_lists(&mut value) {}
    value
}

/// What `cut` itself takes.
const CUT: usize = 40;

/// What was just written as JSON.
fn parsed(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or_default()
}

fn cut_free(value: &mut Value, each: usize) {
    let Some(members) = value.as_object_mut() else { return };
    for name in FREE {
        if let Some(member) = members.get_mut(name).filter(|member| member.is_object() || member.is_array()) {
            *member = Value::String(cut_plain(&member.to_string(), each));
        }
    }
}

/// Leaves the first half of each list; false where there is nothing left to take.
fn halve_lists(value: &mut Value) -> bool {
    match value {
        Value::Array(items) => {
            let shorter = items.len() > 1;
            items.truncate(items.len().div_ceil(2));
            items.iter_mut().fold(shorter, |any, item| halve_lists(item) | any)
        }
        Value::Object(members) => members.values_mut().fold(false, |any, member| halve_lists(member) | any),
        _ => false,
    }
}

/// As much of the begin of a JSON text as fits in `room` where it is a text within a text; one character at
/// least.
pub(in crate::mcp) fn fitting(text: &str, room: usize) -> &str {
    let mut used = 0;
    let end = text.char_indices().find_map(|(at, c)| {
        used += if matches!(c, '"' | '\\') { 4 } else { c.len_utf8() };
        (used > room && at > 0).then_some(at)
    });
    &text[..end.unwrap_or(text.len())]
}

#[cfg(test)]
mod tests;

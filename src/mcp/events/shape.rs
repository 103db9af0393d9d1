//! An event as it stands on a page: whole where it fits, else with its longest parts cut; and a piece
//! of one that is read on. Pure.

use serde_json::{Value, json};

use crate::event::Event;
use crate::mcp::result::{cut_plain, escaped};

/// Members that may hold anything, so that they may also hold the beginning of their text.
const FREE: [&str; 6] = ["arguments", "result", "params", "schema", "permissions", "answers"];

/// The shortest text that is still cut: ids and names are below it, and stay whole.
const LEAST: usize = 64;

/// How much a value takes as text within JSON text, where its quotes are escaped: the longer of its
/// two forms in a result.
pub(in crate::mcp) fn in_text(value: &Value) -> usize {
    escaped(&value.to_string()) + 1
}

/// An event in at most `room`, as far as it can be; `cut` says that it is not whole, and how many
/// bytes the whole has. What is cut still fits the schema of events.
pub(in crate::mcp) fn short(event: &Event, room: usize) -> Value {
    let mut value = serde_json::to_value(event).unwrap_or_default();
    if in_text(&value) <= room {
        return value;
    }
    value["cut"] = json!(value.to_string().len());
    let mut each = room / 2;
    while in_text(&value) > room && each >= LEAST {
        cut_texts(&mut value, each);
        each /= 2;
    }
    if in_text(&value) > room {
        cut_free(&mut value, room / 8);
    }
    while in_text(&value) > room && halve_lists(&mut value) {}
    value
}

fn cut_texts(value: &mut Value, each: usize) {
    match value {
        Value::String(text) if text.len() > each => *text = cut_plain(text, each),
        Value::Array(items) => items.iter_mut().for_each(|item| cut_texts(item, each)),
        Value::Object(members) => members.values_mut().for_each(|member| cut_texts(member, each)),
        _ => {}
    }
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

/// A part of an event's JSON text.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::mcp) struct Piece<'a> {
    /// Where it begins, in bytes.
    pub from: usize,
    pub text: &'a str,
    /// Where the next one begins; `None` behind the last.
    pub next: Option<usize>,
}

/// As much of a text behind `from` as `fits` in `room`, where each character takes what `width` says.
pub(in crate::mcp) fn piece(whole: &str, from: usize, room: usize, width: fn(char) -> usize) -> Piece<'_> {
    let from = whole.floor_char_boundary(from.min(whole.len()));
    let rest = &whole[from..];
    let mut used = 0;
    let end = rest.char_indices().find_map(|(at, c)| {
        used += width(c);
        (used > room && at > 0).then_some(at)
    });
    Piece { from, text: &rest[..end.unwrap_or(rest.len())], next: end.map(|end| from + end) }
}

/// What a character of JSON text takes in a result, where it is a text within a text.
pub(in crate::mcp) fn twice_escaped(c: char) -> usize {
    match c {
        '"' | '\\' => 4,
        c => c.len_utf8(),
    }
}

#[cfg(test)]
mod tests;

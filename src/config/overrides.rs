//! codex's configuration from flags: `-c key=value`, `--enable`, `--disable`, and a profile's file.
//!
//! A value is read as codex reads it: as TOML, and as plain text where it is none. Dotted keys stay
//! dotted, since codex takes them so.

use serde_json::{Map, Value};

use super::ConfigError;

/// One `-c key=value`, taken apart.
pub(super) fn parse(given: &str) -> Result<(String, Value), ConfigError> {
    let bad = |cause| ConfigError::BadOverride { given: given.to_owned(), cause };
    let (key, value) = given.split_once('=').ok_or_else(|| bad("there is no ="))?;
    let key = key.trim();
    if key.is_empty() {
        return Err(bad("there is no key before the ="));
    }
    Ok((key.to_owned(), parse_value(value.trim())))
}

fn parse_value(text: &str) -> Value {
    match text.parse::<toml::Value>() {
        Ok(value) => to_json(value),
        Err(_) => Value::String(text.trim_matches(['"', '\'']).to_owned()),
    }
}

/// TOML as JSON. A date becomes its text; so does a number that JSON lacks.
pub(super) fn to_json(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => Value::from(number),
        toml::Value::Float(number) => serde_json::Number::from_f64(number)
            .map_or_else(|| Value::String(number.to_string()), Value::Number),
        toml::Value::Boolean(truth) => Value::Bool(truth),
        toml::Value::Datetime(time) => Value::String(time.to_string()),
        toml::Value::Array(values) => values.into_iter().map(to_json).collect(),
        toml::Value::Table(table) => Value::Object(table_to_json(table)),
    }
}

/// A TOML table as a JSON object.
pub(super) fn table_to_json(table: toml::Table) -> Map<String, Value> {
    table.into_iter().map(|(key, value)| (key, to_json(value))).collect()
}

/// Puts `value` at `key` (dotted or not) so that it wins over what `map` has.
///
/// codex applies the keys of a map in no certain order. So the map must never hold two keys of which
/// one lies inside the other: what `key` covers goes out, and what covers `key` takes it in.
pub fn overlay(map: &mut Map<String, Value>, key: &str, value: Value) {
    let inside = format!("{key}.");
    map.retain(|held, _| !held.starts_with(&inside));

    // The shortest such key: there is one at most.
    let covering = key.match_indices('.').map(|(at, _)| at).find(|at| map.contains_key(&key[..*at]));
    match covering {
        Some(at) => set_below(map, &key[..at], &key[at + 1..], value),
        None => {
            map.insert(key.to_owned(), value);
        }
    }
}

// Below the first level codex knows no dotted keys: each part is a table of its own. A plain value
// there gives way, as it does in codex for `-c a=1 -c a.b=1`.
fn set_below(map: &mut Map<String, Value>, head: &str, rest: &str, value: Value) {
    let inner = map.entry(head).or_insert(Value::Null);
    if !inner.is_object() {
        *inner = Value::Object(Map::new());
    }
    let Value::Object(inner) = inner else { return };
    match rest.split_once('.') {
        Some((head, rest)) => set_below(inner, head, rest, value),
        None => {
            inner.insert(rest.to_owned(), value);
        }
    }
}

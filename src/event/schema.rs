//! The JSON Schema of an event: as a command prints it, as `docs/event.schema.json` has it.

use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use serde_json::{Value, json};

use super::Event;

/// The schema (2020-12) of an event as a reader gets it.
#[must_use]
pub fn schema() -> Value {
    let mut schema =
        SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<Event>();
    RecursiveTransform(plain_numbers).transform(&mut schema);
    RecursiveTransform(never_null).transform(&mut schema);
    let mut schema = schema.to_value();
    // Only a page has it: the journal has every event whole.
    if let Some(members) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        members.insert("cut".into(), json!({ "description": CUT, "type": "integer", "minimum": 0 }));
    }
    schema
}

/// What a reader of the schema is told of the one member that no event has by itself.
const CUT: &str = "Where a page shows a part of it: how many bytes the whole event has.";

/// Takes away `format: uint64` and the like: only Rust knows these, and strict validators refuse them.
fn plain_numbers(schema: &mut Schema) {
    let of_rust = |format: &str| format.starts_with("uint") || format.starts_with("int");
    if schema.get("format").and_then(Value::as_str).is_some_and(of_rust) {
        schema.remove("format");
    }
}

/// Takes away `null`: a member that has nothing to say is left out.
fn never_null(schema: &mut Schema) {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".into(), only);
        }
    }
    if let Some(Value::Array(any)) = schema.get_mut("anyOf") {
        any.retain(|one| one.get("type").is_none_or(|name| name != "null"));
        if let [Value::Object(only)] = any.as_slice() {
            let only = only.clone();
            schema.remove("anyOf");
            only.into_iter().for_each(|(name, value)| drop(schema.insert(name, value)));
        }
    }
}

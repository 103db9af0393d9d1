//! The JSON Schema of an event: as a command prints it, as `docs/event.schema.json` has it.

use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use serde_json::Value;

use super::Event;

/// The schema (2020-12) of an event as a reader gets it.
#[must_use]
pub fn schema() -> Value {
    let mut schema =
        SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<Event>();
    RecursiveTransform(plain_numbers).transform(&mut schema);
    schema.to_value()
}

/// Takes away `format: uint64` and the like: only Rust knows these, and strict validators refuse them.
fn plain_numbers(schema: &mut schemars::Schema) {
    let of_rust = |format: &str| format.starts_with("uint") || format.starts_with("int");
    if schema.get("format").and_then(Value::as_str).is_some_and(of_rust) {
        schema.remove("format");
    }
}

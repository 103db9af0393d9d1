//! The last message as the value that its caller asked for. Pure.

use serde_json::{Value, json};

use super::result::cut_plain;
use crate::event::{ErrorInfo, TurnStatus};
use crate::schemas::Schema;
use crate::session::{Status, View};

/// The most bytes of a value or of a schema that an error shows.
const SHOWN: usize = 1500;

/// The most faults that it names.
const FAULTS: usize = 5;

/// The value, of a turn that has ended well and was given a schema, or is a review that codex gave findings
/// of; or why there is none. codex asks the model
/// for it and does not look itself.
pub(super) fn output(view: &View) -> Option<Result<Value, ErrorInfo>> {
    if view.status != Status::Ended(TurnStatus::Completed) || view.starting {
        return None;
    }
    if let Some(review) = &view.review {
        return Some(Ok(json!(review)));
    }
    let schema = view.output_schema.as_ref()?;
    Some(fitting(&view.content, schema))
}

fn fitting(content: &str, schema: &Value) -> Result<Value, ErrorInfo> {
    let unfit = |why: String| ErrorInfo {
        code: "output_unfit".into(),
        message: format!(
            "the last message does not fit `output-schema`: {why}. The message: {}. The schema: {}",
            cut_plain(content, SHOWN),
            cut_plain(&schema.to_string(), SHOWN)
        ),
        remedy: Some("ask for it again with `codex-reply` and the same `output-schema`".into()),
        retryable: true,
    };
    let value: Value =
        serde_json::from_str(content.trim()).map_err(|error| unfit(format!("it is no JSON ({error})")))?;
    // Looked at again: one that an older bridge kept may be none that can be used.
    let schema = usable(schema).map_err(unfit)?;
    let faults = schema.faults(&value, FAULTS).map_err(|error| unfit(error.to_string()))?;
    if faults.is_empty() { Ok(value) } else { Err(unfit(faults.join("; "))) }
}

/// A schema that can be used; the error says why one cannot.
pub(super) fn usable(schema: &Value) -> Result<Schema, String> {
    Schema::new(schema).map_err(|error| format!("the schema cannot be used: {error}"))
}

#[cfg(test)]
mod tests;

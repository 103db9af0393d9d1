//! A schema that was found fit to be used, and what it says of a value.

use jsonschema::{PatternOptions, Validator};
use serde_json::Value;
use thiserror::Error;

use super::graph::Graph;
use super::weigh::{Bounds, Heavy, weigh};

/// The longest schema, in bytes of JSON: compiled it takes some hundred times as much memory.
const BYTES: usize = 256 << 10;

/// How deep a schema may be nested: the libraries go down it by calling themselves.
const NESTED: usize = 100;

/// What one value may be held against, with all references followed: more than hand or generator writes.
const EXPANDED: Bounds = Bounds { steps: 10_000, depth: 200 };

/// The same with all that is inside of a value: a fraction of a second, and half of a thread's stack.
const VALUE: Bounds = Bounds { steps: 200_000, depth: 1500 };

/// Up to here it is said where a value does not fit: each fault is kept until the last is found.
const TOLD: u64 = 20_000;

/// How often a pattern may go back in a text.
const BACK: usize = 10_000;

/// How much memory a pattern may take, in bytes.
const PATTERN: usize = 1 << 20;

/// Why a schema cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unusable {
    /// It is too long.
    #[error("it has {0} bytes, and {BYTES} are the most")]
    Long(usize),
    /// It is nested too deep.
    #[error("it is nested deeper than {NESTED} levels")]
    Nested,
    /// A reference leads back to itself and gets nowhere.
    #[error(
        "a `$ref` in it leads back to itself without going into a member or an item, so no check by it would end; \
         let it recur below `properties` or `items`"
    )]
    Ring,
    /// It says the same too often.
    #[error(
        "with each `$ref` put in it has more than {} parts for one value (or more than {} inside one another), which \
         would take too much time and memory; let its parts refer to one another less often", EXPANDED.steps, EXPANDED.depth
    )]
    Large,
    /// It is no schema.
    #[error("{0}")]
    Invalid(String),
}

/// A value that it would take too much to check.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the check of this value by this schema takes more than {} steps, or goes deeper than {}", VALUE.steps, VALUE.depth)]
pub struct TooMuch;

/// A schema that can be used.
#[derive(Debug)]
pub struct Schema {
    validator: Validator,
    graph: Graph,
}

impl Schema {
    /// Looks at a schema before anything is done with it.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub fn new(schema: &Value) -> Result<Self, Unusable> {
        if !nested(schema, NESTED) {
            return Err(Unusable::Nested);
        }
        let bytes = schema.to_string().len();
        if bytes > BYTES {
            return Err(Unusable::Long(bytes));
        }
        let graph = Graph::of(schema).map_err(|error| Unusable::Invalid(error.to_string()))?;
        weigh(&graph, graph.ids().map(|id| (id, None)), EXPANDED).map_err(|heavy| match heavy {
            Heavy::Ring => Unusable::Ring,
            Heavy::Steps | Heavy::Depth => Unusable::Large,
        })?;
        let patterns = PatternOptions::fancy_regex().backtrack_limit(BACK).size_limit(PATTERN);
        let built = jsonschema::options().with_pattern_options(patterns).build(schema);
        let validator = built.map_err(|error| Unusable::Invalid(error.to_string()))?;
        Ok(Self { validator, graph })
    }

    /// What of a value does not fit: `most` sentences with their places at the most, none where it fits.
    ///
    /// # Errors
    /// When it takes too much to find out.
    pub fn faults(&self, value: &Value, most: usize) -> Result<Vec<String>, TooMuch> {
        let steps = weigh(&self.graph, [(0, Some(value))], VALUE).map_err(|_| TooMuch)?;
        if steps > TOLD {
            let told = "somewhere (it is too large to say where)".to_owned();
            return Ok(if self.validator.is_valid(value) { Vec::new() } else { vec![told] });
        }
        let faults = self.validator.iter_errors(value).take(most);
        Ok(faults.map(|fault| format!("{fault} at `{}`", fault.instance_path())).collect())
    }
}

fn nested(value: &Value, left: usize) -> bool {
    match value {
        _ if left == 0 => false,
        Value::Array(values) => values.iter().all(|value| nested(value, left - 1)),
        Value::Object(members) => members.values().all(|value| nested(value, left - 1)),
        _ => true,
    }
}

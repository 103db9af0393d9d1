//! The names that we use, against the schema that codex makes of itself.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::codex::protocol::{NOTIFICATIONS, REQUESTS, SERVER_REQUESTS};

/// What we use, by the file of the schema that must have it.
pub(super) const USED: [(&str, &[&str]); 3] =
    [("ClientRequest", REQUESTS), ("ServerNotification", NOTIFICATIONS), ("ServerRequest", SERVER_REQUESTS)];

/// A name that we use and codex does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Of what kind, as the schema calls it.
    pub kind: &'static str,
    /// The name.
    pub method: &'static str,
}

/// The methods of one file of the schema.
#[must_use]
pub fn methods(schema: &Value) -> BTreeSet<&str> {
    let all = schema["oneOf"].as_array().into_iter().flatten();
    all.filter_map(|one| one["properties"]["method"]["enum"][0].as_str()).collect()
}

/// Those of `ours` that the schema of this kind does not have.
pub fn missing(
    kind: &'static str,
    schema: &Value,
    ours: &'static [&'static str],
) -> impl Iterator<Item = Missing> {
    let theirs = methods(schema);
    let missing: Vec<_> = ours.iter().filter(|method| !theirs.contains(**method)).collect();
    missing.into_iter().map(move |method| Missing { kind, method })
}

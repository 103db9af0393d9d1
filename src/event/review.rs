//! What a review found, as codex gives it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The findings of a review.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Review {
    /// In codex's order.
    pub findings: Vec<Finding>,
    /// What codex says of the whole; empty where it says nothing.
    pub explanation: String,
}

/// One finding.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// In a line, with codex's mark of the priority (`[P1]`) where it gave one.
    pub title: String,
    /// Why it matters, as Markdown.
    pub body: String,
    /// 0 (stop everything) to 3 (nice to have).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<u8>,
    /// The file, as codex names it: mostly absolute.
    pub file: String,
    /// Its lines.
    pub lines: Lines,
}

/// Lines of a file, from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Lines {
    /// The first.
    pub start: u64,
    /// The last.
    pub end: u64,
}

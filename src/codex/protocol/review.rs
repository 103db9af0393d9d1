//! codex's reviews.

use serde::{Deserialize, Serialize};

/// `review/start`, answered as `turn/start` is. The turn that runs is another one inside it
/// ([`super::Turn::root_turn_id`]), of which nothing but its beginning is told.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReviewStartParams {
    /// In which thread.
    pub thread_id: String,
    /// Of what.
    pub target: ReviewTarget,
}

/// What is reviewed.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum ReviewTarget {
    /// What is staged, not staged, or not tracked.
    UncommittedChanges,
    /// The changes since a branch.
    BaseBranch {
        /// Its name.
        branch: String,
    },
    /// Those of a commit.
    Commit {
        /// Its name.
        sha: String,
    },
    /// What a text says.
    Custom {
        /// The text.
        instructions: String,
    },
}

/// What the model is to answer. codex gives it on as it came where it could not read it.
#[derive(Debug, Deserialize)]
pub struct ReviewOutput {
    /// What it found.
    pub findings: Vec<ReviewFinding>,
    /// Of the whole.
    #[serde(default)]
    pub overall_explanation: String,
}

/// What it found.
#[derive(Debug, Deserialize)]
pub struct ReviewFinding {
    /// In a line.
    pub title: String,
    /// Why.
    pub body: String,
    /// 0 to 3. codex reads no review in which one is missing.
    #[serde(default)]
    pub priority: Option<u8>,
    /// Where.
    pub code_location: CodeLocation,
}

/// Where it is.
#[derive(Debug, Deserialize)]
pub struct CodeLocation {
    /// The file.
    pub absolute_file_path: String,
    /// Its lines.
    pub line_range: LineRange,
}

/// Lines.
#[derive(Debug, Deserialize)]
pub struct LineRange {
    /// The first.
    pub start: u64,
    /// The last.
    pub end: u64,
}

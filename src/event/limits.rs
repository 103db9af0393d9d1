//! What an account may still use, as codex gives it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Timestamp;

/// How much of a limit of the account is used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RateLimit {
    /// Of which limit, where it is not that of codex as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// In percent of what its window allows.
    pub used_percent: u32,
    /// How long its window is, in minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_minutes: Option<u64>,
    /// When the window begins anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resets_at: Option<Timestamp>,
}

/// A process that goes on after what started it was ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Survivor {
    /// The command as codex lists it; of a process that escaped codex only the program, since its arguments
    /// may be secret.
    pub command: String,
    /// codex's id of the command, or the system's of the process.
    pub process_id: String,
}

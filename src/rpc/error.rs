//! What can go wrong between us and app-server.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

/// The `error` member of an answer.
#[derive(Clone, Debug, PartialEq, Deserialize, Error)]
#[error("{message} ({code})")]
pub struct RpcError {
    /// JSON-RPC's code.
    #[serde(default)]
    pub code: i64,
    /// For a person.
    #[serde(default)]
    pub message: String,
    /// What else.
    #[serde(default)]
    pub data: Option<Value>,
}

/// Why a call has no result.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum CallError {
    /// codex refused it.
    #[error("codex refused it: {0}")]
    Rejected(RpcError),
    /// No answer in time; under overload codex drops requests without one.
    #[error("codex did not answer `{method}` within {} s", after.as_secs())]
    TimedOut {
        /// What was called.
        method: &'static str,
        /// How long was waited.
        after: Duration,
    },
    /// The stream ended first.
    #[error("codex ended before it answered `{method}`")]
    Closed {
        /// What was called.
        method: &'static str,
    },
    /// The parameters are no JSON.
    #[error("the parameters of `{method}` cannot be written as JSON: {reason}")]
    Encode {
        /// What was called.
        method: &'static str,
        /// Why not.
        reason: String,
    },
}

/// Why a stream ended.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CloseReason {
    /// codex closed its output.
    #[error("codex closed its output")]
    EndOfStream,
    /// Its output cannot be read.
    #[error("codex's output cannot be read: {0}")]
    Read(String),
}

//! A line as a message. Parameters and results stay as they came until someone needs them.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::error::RpcError;

/// The id of a request; each side has its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RequestId {
    /// A number.
    Number(i64),
    /// A text.
    Text(String),
}

impl fmt::Display for RequestId {
    /// As JSON text, so that `7` and `"7"` differ.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => fmt::Debug::fmt(text, f),
        }
    }
}

/// What a line can be.
#[derive(Debug)]
pub enum Message {
    /// codex asks.
    Request {
        /// To answer it by.
        id: RequestId,
        /// What it asks.
        method: String,
        /// As it came; `null` where there were none.
        params: Box<RawValue>,
    },
    /// codex tells.
    Notification {
        /// What.
        method: String,
        /// As it came; `null` where there were none.
        params: Box<RawValue>,
    },
    /// codex answers.
    Response {
        /// The request of ours.
        id: RequestId,
        /// Its result, or its error.
        result: Result<Box<RawValue>, RpcError>,
    },
    /// JSON, but none of these.
    Unknown,
}

#[derive(Deserialize)]
struct Wire {
    #[serde(default)]
    id: Option<RequestId>,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    params: Option<Box<RawValue>>,
    #[serde(default)]
    result: Option<Box<RawValue>>,
    #[serde(default)]
    error: Option<RpcError>,
}

impl Message {
    /// Reads a line.
    ///
    /// # Errors
    /// When it is no JSON object of the known members' types.
    pub fn read(line: &[u8]) -> serde_json::Result<Self> {
        let wire: Wire = serde_json::from_slice(line)?;
        let null = || RawValue::NULL.to_owned();
        Ok(match wire {
            Wire { id: Some(id), method: Some(method), params, .. } => {
                Self::Request { id, method, params: params.unwrap_or_else(null) }
            }
            Wire { id: None, method: Some(method), params, .. } => {
                Self::Notification { method, params: params.unwrap_or_else(null) }
            }
            Wire { id: Some(id), error: Some(error), .. } => Self::Response { id, result: Err(error) },
            Wire { id: Some(id), result, .. } => {
                Self::Response { id, result: Ok(result.unwrap_or_else(null)) }
            }
            Wire { .. } => Self::Unknown,
        })
    }
}

//! What can go wrong on a connection: with one call, with one line, with all of it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use super::message::RequestId;

/// The error code for "something went wrong on our side".
pub(super) const INTERNAL_ERROR: i64 = -32603;
/// The error code for "this is no request that we take".
pub(super) const INVALID_REQUEST: i64 = -32600;
/// The error code of an app-server that has too much to do. The request was not taken: ask again.
pub(super) const OVERLOADED: i64 = -32001;

/// An error as the other side words it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Error)]
#[error("{message} (code {code})")]
pub struct RpcError {
    /// What kind of error, by JSON-RPC's numbers.
    pub code: i64,
    /// What went wrong, in words.
    #[serde(default)]
    pub message: String,
    /// More about it, where there is more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

/// Why a call has no result.
#[derive(Debug, Error)]
pub enum CallError {
    /// The other side answered with an error.
    #[error("the app-server refused: {0}")]
    Rejected(#[from] RpcError),
    /// No answer came in time. Whether the request was carried out is not known.
    #[error(
        "`{method}` had no answer from the app-server after {after:?}; it may still be carried out: look before \
         asking again"
    )]
    TimedOut {
        /// What was called.
        method: &'static str,
        /// How long it was waited for.
        after: Duration,
    },
    /// The answer came, and is longer than [`Limits::max_line`](super::Limits::max_line).
    #[error(
        "the app-server's answer to `{method}` is too long: {bytes} bytes, above the limit of {limit}; ask for less"
    )]
    TooLong {
        /// What was called.
        method: &'static str,
        /// How long the answer was, its long texts cut.
        bytes: u64,
        /// The limit.
        limit: usize,
    },
    /// The connection has ended, or ended before the answer came.
    #[error("`{method}` cannot be answered: the connection to the app-server has ended; start it again")]
    Closed {
        /// What was called.
        method: &'static str,
    },
    /// The parameters cannot be written as JSON. Nothing was sent.
    #[error("the parameters of `{method}` cannot be written as JSON: {source}")]
    Encode {
        /// What was to be called.
        method: &'static str,
        /// Why they cannot.
        source: serde_json::Error,
    },
}

/// Why an answer is none, on its way to its call.
#[derive(Clone, Debug)]
pub(super) enum Unusable {
    /// The other side refused.
    Refused(RpcError),
    /// It was too long.
    TooLong { bytes: u64, limit: usize },
}

/// A line, or what was in it, that could not be used. The connection goes on.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadLine {
    /// Longer than [`Limits::max_line`](super::Limits::max_line); skipped.
    #[error("a line of {bytes} bytes is longer than the limit and was skipped")]
    TooLong {
        /// Its length without the line's end.
        bytes: u64,
    },
    /// Not UTF-8.
    #[error("a line of {bytes} bytes is not UTF-8")]
    NotUtf8 {
        /// Its length without the line's end.
        bytes: usize,
    },
    /// Not JSON.
    #[error("a line is not JSON: {why}; it begins with {start:?}")]
    NotJson {
        /// What the parser says.
        why: String,
        /// Its first characters.
        start: String,
    },
    /// JSON, but neither a request nor a notification nor an answer.
    #[error("a line is no message of the protocol; it begins with {start:?}")]
    NotAMessage {
        /// Its first characters.
        start: String,
    },
    /// The input ended in the middle of a line.
    #[error("the input ended in the middle of a line, after {bytes} bytes of it")]
    Cut {
        /// How much of it had come.
        bytes: usize,
    },
    /// An answer to nothing that waits: to a call that is out of time or was dropped, or a second one.
    #[error("an answer came for {id}, which nobody waits for (any more)")]
    UnknownAnswer {
        /// What it answers.
        id: RequestId,
    },
}

/// Why a connection ended.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CloseReason {
    /// The other side closed its output.
    #[error("the app-server closed its output")]
    EndOfStream,
    /// Reading failed.
    #[error("reading from the app-server failed: {0}")]
    ReadFailed(String),
    /// Writing failed: what was sent last has not arrived.
    #[error("writing to the app-server failed: {0}")]
    WriteFailed(String),
}

//! What a line is: a request, a notification, an answer, or none of them.
//!
//! Tolerant: unknown members are passed over, and what a method means by its `params` is not looked at.

use std::fmt;

use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use thiserror::Error;

use super::error::{INTERNAL_ERROR, RpcError};
use super::raw::Raw;

/// The id of a request, as its sender chose it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RequestId {
    /// A whole number. Ours are always of this kind.
    Number(i64),
    /// A text.
    Text(String),
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => write!(f, "{text:?}"),
        }
    }
}

/// One message of the other side.
#[derive(Debug)]
pub enum Message {
    /// It asks, and must get exactly one answer.
    Request {
        /// Goes back with the answer.
        id: RequestId,
        /// What it asks.
        method: String,
        /// With what; `null` where there is nothing.
        params: Raw,
    },
    /// It tells.
    Notification {
        /// What it tells.
        method: String,
        /// With what; `null` where there is nothing.
        params: Raw,
    },
    /// It answers one of our requests.
    Response {
        /// Which.
        id: RequestId,
        /// With what.
        result: Result<Raw, RpcError>,
    },
    /// JSON, and none of these.
    Unknown,
}

/// The line is not JSON.
#[derive(Debug, Error)]
#[error(transparent)]
pub struct NotJson(#[from] serde_json::Error);

/// The members that decide what a message is. Each is raw, so that a strange one spoils only itself.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    method: Option<&'a RawValue>,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
    // A result may well be `null`, and is one then.
    #[serde(borrow, default, deserialize_with = "present")]
    result: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(from).map(Some)
}

impl Message {
    /// Reads one line. What it carries stays in the line's memory.
    ///
    /// # Errors
    /// [`NotJson`] where it is not one JSON value.
    pub fn decode(line: &Bytes) -> Result<Self, NotJson> {
        match serde_json::from_slice::<Envelope<'_>>(line) {
            Ok(envelope) => Ok(envelope.message(line).unwrap_or(Self::Unknown)),
            // A list, a number, a member twice: JSON all the same?
            Err(_) => {
                serde_json::from_slice::<serde::de::IgnoredAny>(line)?;
                Ok(Self::Unknown)
            }
        }
    }
}

impl Envelope<'_> {
    fn message(&self, line: &Bytes) -> Option<Message> {
        // An id that is there and cannot be given back makes a message that cannot be dealt with.
        let id = self.id.map(|raw| serde_json::from_str(raw.get())).transpose().ok()?;
        if let Some(method) = self.method {
            let method = serde_json::from_str(method.get()).ok()?;
            let params = self.params.map_or_else(Raw::null, |params| Raw::part_of(line, params));
            return Some(match id {
                Some(id) => Message::Request { id, method, params },
                None => Message::Notification { method, params },
            });
        }
        let result = match (self.error, self.result) {
            (Some(error), _) => Err(rpc_error(error)),
            (None, Some(result)) => Ok(Raw::part_of(line, result)),
            (None, None) => return None,
        };
        Some(Message::Response { id: id?, result })
    }
}

/// An error in a form of its own is still an error, and the caller must hear of it.
fn rpc_error(raw: &RawValue) -> RpcError {
    serde_json::from_str(raw.get()).unwrap_or_else(|_| RpcError {
        code: INTERNAL_ERROR,
        message: "an error in a form that is not JSON-RPC's".to_owned(),
        data: serde_json::from_str(raw.get()).ok(),
    })
}

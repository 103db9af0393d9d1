//! What is said at the door: a line each way, as JSON.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Which form these lines have. A bridge of another one is not spoken to.
pub const PROTOCOL: u32 = 1;

/// What a visitor wants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Hello {
    /// To be served as a host's own bridge would serve it.
    Serve(Box<Visit>),
    /// To hear how the bridge with this journal is.
    Status {
        /// The journal's file.
        journal: PathBuf,
    },
    /// That the bridge with this journal ends.
    Stop {
        /// The journal's file.
        journal: PathBuf,
    },
}

/// A host that comes in.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Visit {
    /// The form of these lines.
    pub protocol: u32,
    /// The host's process.
    pub pid: u32,
    /// Its folder.
    pub cwd: PathBuf,
    /// The flags of its command line.
    pub flags: Value,
    /// Its variables.
    pub env: Vec<(Text, Text)>,
    /// Whether it was started as `codex mcp-server` was.
    pub drop_in: bool,
}

// Its variables may be secrets.
impl std::fmt::Debug for Visit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Visit").field("pid", &self.pid).finish_non_exhaustive()
    }
}

/// A text of the system: most are UTF-8, and none may be lost.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Text {
    /// As it is.
    Plain(String),
    /// Its bytes.
    Bytes(Vec<u8>),
}

impl From<&OsStr> for Text {
    fn from(text: &OsStr) -> Self {
        text.to_str()
            .map_or_else(|| Self::Bytes(text.as_bytes().to_vec()), |text| Self::Plain(text.to_owned()))
    }
}

impl From<Text> for OsString {
    fn from(text: Text) -> Self {
        match text {
            Text::Plain(text) => text.into(),
            Text::Bytes(bytes) => Self::from_vec(bytes),
        }
    }
}

/// What the bridge says to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Welcome {
    /// What follows is MCP.
    Serving,
    /// It ends now, since the program has changed: start another.
    Replaced,
    /// It has another journal than the visitor asks for.
    Other,
    /// It cannot serve this visitor.
    Refused {
        /// Why.
        message: String,
    },
    /// How it is.
    State(Box<State>),
    /// It ends now.
    Stopping(Box<State>),
}

/// How a bridge in the background is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    /// Its process.
    pub pid: u32,
    /// Since when it runs, in RFC 3339.
    pub since: String,
    /// Hosts that it serves.
    pub hosts: usize,
    /// Sessions that are at work: a turn runs or waits in them, or a command goes on.
    pub at_work: usize,
}

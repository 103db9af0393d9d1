//! The vocabulary of events that every reader sees, whatever codex calls them today.
//!
//! A closed enum, and [`Body::Raw`] for what codex said that we do not know. codex's own names are
//! absent here: `codex::inbound` translates. The contract is `docs/events.md`.

mod answers;
mod body;
mod limits;
mod request;
mod review;
mod schema;
mod texts;
mod time;
mod tokens;
mod visible;

pub use answers::Answers;
pub use body::{
    Body, ErrorInfo, FileChange, ItemStatus, Origin, PlanStep, ServerSource, SessionInfo, ToolCall, ToolKind,
    ToolResult, TurnStatus,
};
pub use limits::{RateLimit, Survivor};
pub use request::{
    Choice, DecidedBy, Decision, PermissionDecision, PermissionRequest, Question, RequestKind, Subject,
};
pub use review::{Finding, Lines, Review};
pub use schema::schema;
pub use texts::block;
pub use time::Timestamp;
pub use tokens::Tokens;
pub use visible::visible;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{Seq, ThreadId, TurnId};

/// One event of a session, as it stands in the journal and as every reader gets it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Its number in the session: from 1, and never given twice; after a power cut some may be missing.
    pub seq: Seq,
    /// When the bridge recorded it: RFC 3339, UTC, in milliseconds.
    pub time: Timestamp,
    /// The session.
    pub thread_id: ThreadId,
    /// The turn, where it belongs to one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turn_id: Option<TurnId>,
    /// Who made the turn, where it was not the bridge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// What happened; its `type` and members stand beside the ones above.
    #[serde(flatten)]
    pub body: Body,
}

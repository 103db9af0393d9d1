//! What is said over the socket: one request, one answer. Both are JSON in one line.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use crate::event::{Answers, DecidedBy, Decision, PermissionDecision};
use crate::ids::{ApprovalId, ThreadId, TurnId};

/// What another process wants of a bridge.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Request {
    /// To answer a question of codex.
    Decide {
        /// Which.
        approval_id: ApprovalId,
        /// What is decided.
        decision: Decision,
        /// Who decides.
        by: By,
        /// By which way: `terminal`, `codex-approve`, …
        way: String,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// What is answered or granted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        answers: Option<Answers>,
    },
    /// To end the turn that a session runs, and what waits in it.
    Cancel {
        /// Which session.
        thread: ThreadId,
        /// This turn, or the run of this name, alone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        turn: Option<String>,
        /// Who ends it.
        by: By,
        /// By which way.
        way: String,
    },
}

/// Who is at the other end. No more than these can be claimed: the bridge itself knows of rules,
/// deadlines and its own end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// A person.
    Person,
    /// An agent that calls the tools of another bridge.
    Agent,
}

impl From<By> for DecidedBy {
    fn from(by: By) -> Self {
        match by {
            By::Person => Self::Person,
            By::Agent => Self::Agent,
        }
    }
}

/// What the bridge says to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Answer {
    /// The decision counts, and is in the journal.
    Decided(PermissionDecision),
    /// The turn is being ended.
    Cancelled {
        /// Which; none when none ran.
        turn: Option<TurnId>,
    },
    /// Nothing was done.
    Refused {
        /// A short name that stays, as in the results of tools.
        code: String,
        /// Why, and what to do.
        message: String,
    },
}

impl Answer {
    /// A refusal.
    pub fn refused(code: &str, message: impl Into<String>) -> Self {
        Self::Refused { code: code.to_owned(), message: message.into() }
    }
}

/// A request that came in.
#[derive(Debug)]
pub struct Incoming {
    /// What is wanted.
    pub request: Request,
    /// Where its answer goes; dropped, it says that the bridge is ending.
    pub reply: oneshot::Sender<Answer>,
}

/// Where a socket may lie: beside the journal, and elsewhere when its path is too long there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// The journal's file.
    pub journal: PathBuf,
    /// The folder for this login of this user, where the system has one.
    pub runtime: Option<PathBuf>,
    /// The folder for everybody's temporary files.
    pub temp: PathBuf,
}

//! What a session and the agent that works for it (codex) say to each other: plain data.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use super::host::Around;
use super::missed::Missed;
use super::query::{Answer, Query};
use super::sign_in::SignIn;
use crate::event::{
    Answers, Body, Decision, ErrorInfo, RateLimit, RequestKind, SessionInfo, Subject, Survivor, Tokens,
    TurnStatus,
};
use crate::ids::{Generation, Principal, ThreadId, TraceContext, TurnId};
use crate::servers::Wanted;

/// Where the agent puts what it says to one session. Bounded: a session that cannot keep up holds
/// the agent's output back, and with it codex, instead of filling memory.
pub type Inbox = mpsc::Sender<Heard>;

/// Something that the agent says, on its way to the session.
#[derive(Debug)]
pub struct Heard {
    /// What.
    pub event: AgentEvent,
    /// The room that it takes on its way, let go once it is in the journal: by that the agent is held back
    /// by bytes, and not only by the number of events.
    pub room: Option<OwnedSemaphorePermit>,
}

impl From<AgentEvent> for Heard {
    /// What takes no room: the agent's own words, which follow from a command.
    fn from(event: AgentEvent) -> Self {
        Self { event, room: None }
    }
}

/// How a thread is started or taken up again. Kept in the journal, since codex forgets parts of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ThreadParams {
    /// The working folder, absolute.
    pub cwd: String,
    /// The model; codex's configuration decides where absent. So for the others.
    pub model: Option<String>,
    /// `read-only`, `workspace-write`, `danger-full-access`.
    pub sandbox: Option<String>,
    /// `untrusted`, `on-request`, `never`.
    pub approval_policy: Option<String>,
    /// Any key of codex's config.toml, nested or dotted. Kept apart from the rest: it may hold secrets.
    #[serde(skip_serializing)]
    pub config: Map<String, Value>,
    /// What of `config` its caller gave itself, and may hear again; the rest is a profile's, or the flags', or was
    /// given by another call.
    #[serde(skip)]
    pub said: Map<String, Value>,
    /// Instead of codex's own instructions.
    pub base_instructions: Option<String>,
    /// Beside codex's own instructions.
    pub developer_instructions: Option<String>,
    /// What was wanted of codex's MCP servers. Kept apart from the rest: it may hold secrets.
    #[serde(skip)]
    pub servers: Wanted,
    /// What lies around it.
    #[serde(skip)]
    pub around: Arc<Around>,
}

/// Names a caller that waits for an answer of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// One turn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TurnParams {
    /// What to do.
    pub prompt: String,
    /// Another model from this turn on.
    pub model: Option<String>,
    /// Another reasoning effort from this turn on.
    pub effort: Option<String>,
    /// Images besides.
    pub images: Vec<Image>,
    /// The JSON Schema of the last message.
    pub output_schema: Option<Value>,
    /// By which its caller finds it again.
    pub key: Option<String>,
    /// The same of the turn that it goes before, of whose call it is.
    pub before: Option<String>,
    /// Instead of working on a prompt: put what was said so far into fewer tokens.
    pub compact: bool,
    /// What [`Opened::sandbox_policy`] says; the session fills it in.
    pub sandbox_policy: Option<Value>,
    /// A review of this, instead of a prompt.
    pub review: Option<Box<ReviewTarget>>,
    /// The trace that its call is part of.
    pub trace: Option<TraceContext>,
    /// Whose share of the turns that run at once it spends: that of who asks for it.
    pub principal: Option<Principal>,
}

/// What is to be reviewed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReviewTarget {
    /// What is not committed, files that git does not know yet too.
    Uncommitted,
    /// The difference to a branch.
    Base(String),
    /// One commit.
    Commit(String),
    /// What a text says.
    Custom(String),
}

/// An image that comes with a prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Image {
    /// A file, absolute.
    File(String),
    /// An address, or the image itself as one (`data:`).
    Address(String),
}

/// Names one request of one codex process.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestKey {
    /// The process.
    pub generation: Generation,
    /// Its id of the request.
    pub id: String,
}

/// A thread that codex has loaded.
#[derive(Clone, Debug, PartialEq)]
pub struct Opened {
    /// The thread.
    pub thread: ThreadId,
    /// The effective settings.
    pub info: SessionInfo,
    /// The codex process that has it.
    pub generation: Generation,
    /// What each turn of it is given, as the agent wants it; opaque here.
    pub sandbox_policy: Option<Value>,
    /// What other programs did in it since the turn that was known.
    pub missed: Missed,
}

/// Where a thread is branched off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fork {
    /// The thread.
    pub thread: ThreadId,
    /// Its last turn that the branch has; the latest where none is named.
    pub turn: Option<TurnId>,
}

/// Why the agent could not do what it was told.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}", .0.message)]
pub struct AgentError(pub ErrorInfo);

/// Why nothing was added to a turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SteerError {
    /// It had ended, or was not the one that runs.
    Over,
    /// Anything else.
    Other(AgentError),
}

/// What the agent is told.
#[derive(Debug)]
pub enum AgentCommand {
    /// Start a thread.
    Start {
        /// How.
        params: Box<ThreadParams>,
        /// As a branch of another.
        fork: Option<Fork>,
        /// Where its events go.
        inbox: Inbox,
        /// The thread, or why not.
        reply: oneshot::Sender<Result<Opened, AgentError>>,
    },
    /// Take up a thread again.
    Resume {
        /// Which.
        thread: ThreadId,
        /// What codex forgets of it.
        params: Box<ThreadParams>,
        /// Its latest turn that is known here.
        known: Option<TurnId>,
        /// Where its events go.
        inbox: Inbox,
        /// The thread, or why not.
        reply: oneshot::Sender<Result<Opened, AgentError>>,
    },
    /// Begin a turn, after taking up the thread where this codex has not loaded it. Answered once, by
    /// [`AgentEvent::TurnAccepted`], [`AgentEvent::TurnTaken`] or [`AgentEvent::TurnRefused`] with the same `start`.
    Run {
        /// Names this start, so that a late answer to an older one is known as such.
        start: CallId,
        /// Of which thread.
        thread: ThreadId,
        /// What to do.
        turn: TurnParams,
        /// What codex forgets of the thread.
        params: Box<ThreadParams>,
        /// Its latest turn that is known here.
        known: Option<TurnId>,
        /// Where its events go.
        inbox: Inbox,
    },
    /// A question that concerns no live session.
    Query {
        /// What.
        query: Query,
        /// The answer, or why there is none.
        reply: oneshot::Sender<Result<Answer, AgentError>>,
    },
    /// Add to a turn that runs. Answered once, by [`AgentEvent::Steered`] with the same `call`.
    Steer {
        /// Names the caller.
        call: CallId,
        /// Of which thread.
        thread: ThreadId,
        /// Which.
        turn: TurnId,
        /// What to add.
        more: TurnParams,
        /// Where the answer goes.
        inbox: Inbox,
    },
    /// Let a thread go: another program may take it. A later command for it takes it up again.
    Release {
        /// Which.
        thread: ThreadId,
    },
    /// End a turn, and the commands that it left running.
    Interrupt {
        /// Of which thread.
        thread: ThreadId,
        /// Which.
        turn: TurnId,
    },
    /// Begin to sign somebody in, or join in where that is under way.
    SignIn {
        /// Whose turn failed for want of it.
        thread: ThreadId,
        /// What a person is to do, or why there is nothing.
        reply: oneshot::Sender<Result<SignIn, AgentError>>,
    },
    /// Answer a question.
    Answer {
        /// Which.
        key: RequestKey,
        /// How.
        answer: AgentAnswer,
    },
}

/// The answer to a question, without the shape that codex wants for its kind.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentAnswer {
    /// What was decided.
    pub decision: Decision,
    /// What was answered, or is granted.
    pub answers: Option<Answers>,
    /// What the model is told of it besides: why not.
    pub note: Option<String>,
}

/// A question of codex, in our terms.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// About what.
    pub kind: RequestKind,
    /// What it takes besides `decline` and `cancel`.
    pub options: Vec<Decision>,
    /// The item that waits.
    pub item_id: Option<String>,
    /// What would happen. Without the changes of a file change, which only their item has.
    pub subject: Subject,
}

/// Tokens, counted by codex.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    /// In which turn.
    pub turn: Option<TurnId>,
    /// Of the thread so far.
    pub total: Tokens,
    /// Of the last request.
    pub last: Tokens,
    /// What the thread takes of the model's context, as of that request or a compaction; 0 if unknown.
    pub context: u64,
    /// The model's context window.
    pub window: Option<u64>,
}

/// What the agent says to a session.
#[derive(Clone, Debug, PartialEq)]
pub enum AgentEvent {
    /// Another codex process has the thread now.
    Loaded(Opened),
    /// The turn that was asked for has begun.
    TurnAccepted {
        /// By which start.
        start: CallId,
        /// In which codex process.
        generation: Generation,
        /// Its name.
        turn: TurnId,
    },
    /// It will begin, and be named then.
    TurnTaken {
        /// By which start.
        start: CallId,
        /// By which codex process.
        generation: Generation,
    },
    /// It has not.
    TurnRefused {
        /// By which start.
        start: CallId,
        /// Why not.
        error: AgentError,
    },
    /// What was to be added to a turn has been, or not.
    Steered {
        /// For which caller.
        call: CallId,
        /// To which turn.
        turn: TurnId,
        /// Why not.
        result: Result<(), SteerError>,
    },
    /// A turn has begun.
    TurnStarted(TurnId),
    /// A turn has ended.
    TurnEnded {
        /// Which.
        turn: TurnId,
        /// How.
        status: TurnStatus,
        /// Why, where it failed.
        error: Option<ErrorInfo>,
        /// In milliseconds.
        duration_ms: Option<u64>,
    },
    /// Something happened that needs no decision of ours.
    Said {
        /// In which turn.
        turn: Option<TurnId>,
        /// What.
        body: Body,
    },
    /// Tokens, counted by codex.
    Used(Used),
    /// What the account may still use: of all its limits that codex has told, whenever one changes.
    Limits(Vec<RateLimit>),
    /// A turn was interrupted and its commands ended, but for these.
    Stopped {
        /// Which.
        turn: TurnId,
        /// What goes on.
        left: Vec<Survivor>,
    },
    /// codex asks.
    Asked {
        /// To answer it by.
        key: RequestKey,
        /// In which turn.
        turn: Option<TurnId>,
        /// What.
        ask: Box<Ask>,
    },
    /// codex holds a question for answered.
    Resolved(RequestKey),
    /// The codex process is gone.
    Lost {
        /// Which one.
        generation: Generation,
        /// How it ended.
        error: ErrorInfo,
    },
}

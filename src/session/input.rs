//! What goes into the state machine of a session, and what follows from it.

use super::agent::{AgentAnswer, AgentError, AgentEvent, CallId, RequestKey, TurnParams};
use super::line::{How, WhenBusy};
use crate::approval::{DecideError, Verdict};
use crate::event::{Event, PermissionDecision};
use crate::ids::{ApprovalId, TurnId};
use crate::journal::JournalError;

/// All that can happen to a session.
#[derive(Debug)]
pub enum Input {
    /// The agent says something.
    Agent(AgentEvent),
    /// A caller wants a turn.
    Run(CallId, TurnParams, WhenBusy),
    /// A caller answers a question.
    Decide(CallId, ApprovalId, Verdict),
    /// A person closed the dialog for a question without a decision.
    Dismiss(CallId, ApprovalId),
    /// A caller ends a turn.
    Cancel(CallId, Meant, Verdict),
    /// Nobody has wanted anything for long, or another session needs the room.
    Release(CallId),
    /// What happens from now on is not kept; why.
    Unkept(String),
    /// Time passed.
    Tick,
    /// The bridge ends.
    Shutdown,
}

/// The turn that a caller wants to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meant {
    /// Whichever runs, or is to begin.
    Any,
    /// The one of this name.
    Turn(TurnId),
    /// The one that this call asked for, whether or not it has begun.
    Start(CallId),
    /// The one of the run of this name, likewise.
    Run(String),
}

/// What the agent is to do; the task adds the channels.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Begin a turn.
    Run(CallId, TurnParams),
    /// Add to a turn that runs.
    Steer(CallId, TurnId, TurnParams),
    /// End a turn.
    Interrupt(TurnId),
    /// Answer a question.
    Answer(RequestKey, AgentAnswer),
    /// Let the thread go.
    Release,
}

/// The answer to a caller.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// The turn that a prompt began, or was added to.
    Begun(TurnId, How),
    /// The turn that is being ended; `None` when there was none to end.
    Turn(Option<TurnId>),
    /// Another turn is under way.
    Busy(Option<TurnId>),
    /// A turn of this name has begun here, or is to begin.
    Named,
    /// So many wait already that no more may.
    Full(usize),
    /// codex did not begin it.
    Refused(AgentError),
    /// The answer counts.
    Decided(PermissionDecision),
    /// The session has ended here.
    Released,
    /// It is noted that a dialog was closed.
    Dismissed,
    /// The answer does not count.
    Undecided(DecideError),
    /// The journal took no more events: nothing was done.
    Unrecorded(JournalError),
}

/// What follows from an input, in the order in which it must be done.
#[derive(Debug, Default, PartialEq)]
pub struct Effects {
    /// First: into the journal.
    pub events: Vec<Event>,
    /// Then: to codex.
    pub acts: Vec<Act>,
    /// Last: to callers.
    pub replies: Vec<(CallId, Reply)>,
}

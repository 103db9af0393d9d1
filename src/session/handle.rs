//! The handle to a session's task: what callers hold. Cheap to clone.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use thiserror::Error;
use tokio::sync::{mpsc, oneshot, watch};

use super::agent::{AgentError, CallId, TurnParams};
use super::input::{Input, Meant, Reply};
use super::line::{How, WhenBusy};
use super::view::View;
use crate::approval::{DecideError, Verdict};
use crate::event::PermissionDecision;
use crate::ids::{ApprovalId, ThreadId, TurnId};
use crate::journal::JournalError;

/// A call on its way to the task.
pub(super) struct Call {
    pub id: CallId,
    pub input: Input,
    pub reply: oneshot::Sender<Reply>,
}

/// Why a session did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum CallError {
    /// A turn is under way.
    #[error("session `{thread}` is busy with turn `{}`; wait for it with `codex-wait`, end it with `codex-cancel`, or give `when-busy`: `queue` for a turn of its own after it, `steer` to add to it", turn.as_ref().map_or("(starting)", TurnId::as_str))]
    Busy {
        /// The session.
        thread: ThreadId,
        /// Its turn.
        turn: Option<TurnId>,
    },
    /// A turn of this `key` has begun, or is to begin.
    #[error("session `{0}` has the run of this `key` already; call again")]
    Named(ThreadId),
    /// Too many turns wait for it.
    #[error(
        "{waiting} turns wait in session `{thread}`, and no more may; call again once one has ended, or start another session with `codex`"
    )]
    Full {
        /// The session.
        thread: ThreadId,
        /// How many wait.
        waiting: usize,
    },
    /// codex did not begin the turn.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// The answer does not count.
    #[error(transparent)]
    Decide(#[from] DecideError),
    /// The journal takes no more events.
    #[error("session `{thread}` cannot go on: {error}")]
    Journal {
        /// The session.
        thread: ThreadId,
        /// Why not.
        error: JournalError,
    },
    /// The session's task has ended.
    #[error("session `{0}` is closed; continue it with `codex-reply`")]
    Closed(ThreadId),
}

impl CallError {
    /// Its short name, in results of tools and over the socket alike.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Agent(_) => "codex",
            Self::Busy { .. } => "busy",
            Self::Full { .. } => "queue_full",
            Self::Named(_) => "key_taken",
            Self::Decide(DecideError::NotOffered { .. }) => "decision_not_offered",
            Self::Decide(DecideError::NotAllowed { .. }) => "decision_not_allowed",
            Self::Decide(DecideError::BadAnswers { .. }) => "bad_answers",
            Self::Decide(DecideError::Unknown(_) | DecideError::Gone(_)) => "approval_gone",
            Self::Journal { .. } => "journal",
            Self::Closed(_) => "closed",
        }
    }
}

/// A live session of this bridge.
#[derive(Clone, Debug)]
pub struct Handle {
    pub(super) thread: ThreadId,
    pub(super) calls: mpsc::Sender<Call>,
    /// The number of the last call, of all handles to the session.
    pub(super) numbers: Arc<AtomicU64>,
    pub(super) view: watch::Receiver<Arc<View>>,
    /// Why the task ended, where the journal was the reason. Set before the task ends.
    pub(super) broken: Arc<OnceLock<JournalError>>,
}

impl Handle {
    /// The session.
    #[must_use]
    pub fn thread(&self) -> &ThreadId {
        &self.thread
    }

    /// What is in the journal of it now; a change wakes whoever holds the receiver.
    #[must_use]
    pub fn view(&self) -> watch::Receiver<Arc<View>> {
        self.view.clone()
    }

    /// Waits until what it was opened with, and what other programs did in it, is to be seen.
    pub(super) async fn ready(&self) {
        // One that has ended says so to the next call.
        let _ = self.view.clone().wait_for(|view| view.live).await;
    }

    /// A number for a call of [`Self::run`], by which its turn can be given up before it has a name.
    #[must_use]
    pub fn number(&self) -> CallId {
        CallId(self.numbers.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Begins a turn, or does with it what `when` says where one is under way; returns the name of the turn
    /// once codex has it.
    ///
    /// # Errors
    /// When a turn is under way and `when` is [`WhenBusy::Reject`], too many wait, or codex refuses.
    pub async fn run(
        &self,
        start: CallId,
        turn: TurnParams,
        when: WhenBusy,
    ) -> Result<(TurnId, How), CallError> {
        match self.call(start, Input::Run(start, turn, when)).await? {
            Reply::Begun(turn, how) => Ok((turn, how)),
            other => Err(self.unexpected(other)),
        }
    }

    /// Answers a question of codex.
    ///
    /// # Errors
    /// When the answer does not count: the question is gone, or does not take it.
    pub async fn decide(&self, id: ApprovalId, verdict: Verdict) -> Result<PermissionDecision, CallError> {
        let call = self.number();
        match self.call(call, Input::Decide(call, id, verdict)).await? {
            Reply::Decided(decision) => Ok(decision),
            other => Err(self.unexpected(other)),
        }
    }

    /// Notes that a person closed the dialog for a question without a decision; it stays open.
    pub async fn dismiss(&self, id: ApprovalId) {
        let call = self.number();
        // A session that has ended has no open question.
        let _ = self.call(call, Input::Dismiss(call, id)).await;
    }

    /// Ends the turn that is named, or whichever runs; returns at once with its name. `verdict` is
    /// what becomes of its open questions, and says who ended it.
    ///
    /// # Errors
    /// When the session is closed.
    pub async fn cancel(&self, turn: Option<TurnId>, verdict: Verdict) -> Result<Option<TurnId>, CallError> {
        self.end(turn.map_or(Meant::Any, Meant::Turn), verdict).await
    }

    /// Ends the turn that a call of [`Self::run`] asked for, whether or not it has begun, and no other.
    ///
    /// # Errors
    /// When the session is closed.
    pub async fn give_up(&self, start: CallId, verdict: Verdict) -> Result<Option<TurnId>, CallError> {
        self.end(Meant::Start(start), verdict).await
    }

    /// Ends the turn of a run that has a name, whether or not it has begun, and no other.
    ///
    /// # Errors
    /// When the session is closed.
    pub async fn cancel_run(&self, name: &str, verdict: Verdict) -> Result<Option<TurnId>, CallError> {
        self.end(Meant::Run(name.to_owned()), verdict).await
    }

    async fn end(&self, meant: Meant, verdict: Verdict) -> Result<Option<TurnId>, CallError> {
        let call = self.number();
        match self.call(call, Input::Cancel(call, meant, verdict)).await? {
            Reply::Turn(turn) => Ok(turn),
            other => Err(self.unexpected(other)),
        }
    }

    /// Lets the session go, if it is at rest; who calls it then takes it up again. Whether it has gone.
    pub(super) async fn release(self) -> bool {
        let call = self.number();
        match self.call(call, Input::Release(call)).await {
            Ok(reply) => reply == Reply::Released,
            Err(_) => true,
        }
    }

    async fn call(&self, id: CallId, input: Input) -> Result<Reply, CallError> {
        let (reply, answer) = oneshot::channel();
        self.calls.send(Call { id, input, reply }).await.map_err(|_| self.closed())?;
        answer.await.map_err(|_| self.closed())
    }

    fn closed(&self) -> CallError {
        let thread = self.thread.clone();
        match self.broken.get() {
            Some(error) => CallError::Journal { thread, error: error.clone() },
            None => CallError::Closed(thread),
        }
    }

    fn unexpected(&self, reply: Reply) -> CallError {
        match reply {
            Reply::Busy(turn) => CallError::Busy { thread: self.thread.clone(), turn },
            Reply::Named => CallError::Named(self.thread.clone()),
            Reply::Full(waiting) => CallError::Full { thread: self.thread.clone(), waiting },
            Reply::Refused(error) => error.into(),
            Reply::Undecided(error) => error.into(),
            Reply::Unrecorded(error) => CallError::Journal { thread: self.thread.clone(), error },
            Reply::Begun(..) | Reply::Turn(_) | Reply::Decided(_) | Reply::Released | Reply::Dismissed => {
                self.closed()
            }
        }
    }
}

//! The handle to a session's task: what callers hold. Cheap to clone.

use std::sync::{Arc, OnceLock};

use thiserror::Error;
use tokio::sync::{mpsc, oneshot, watch};

use super::agent::{AgentError, CallId, TurnParams};
use super::state::{Input, Reply};
use super::view::View;
use crate::approval::{DecideError, Verdict};
use crate::event::PermissionDecision;
use crate::ids::{ApprovalId, ThreadId, TurnId};
use crate::journal::JournalError;

/// Makes the input of a call, once the task has given it a number.
pub(super) type MakeInput = Box<dyn FnOnce(CallId) -> Input + Send>;

/// A call on its way to the task.
pub(super) struct Call {
    pub make: MakeInput,
    pub reply: oneshot::Sender<Reply>,
}

/// Why a session did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum CallError {
    /// A turn is under way.
    #[error("session `{thread}` is busy with turn `{}`; wait for it with `codex-wait`, or end it with `codex-cancel`", turn.as_ref().map_or("(starting)", TurnId::as_str))]
    Busy {
        /// The session.
        thread: ThreadId,
        /// Its turn.
        turn: Option<TurnId>,
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

/// A live session of this bridge.
#[derive(Clone, Debug)]
pub struct Handle {
    pub(super) thread: ThreadId,
    pub(super) calls: mpsc::Sender<Call>,
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

    /// Begins a turn; returns its name once codex has begun it.
    ///
    /// # Errors
    /// When a turn is under way, or codex refuses.
    pub async fn run(&self, turn: TurnParams) -> Result<Option<TurnId>, CallError> {
        let reply = self.call(Box::new(|call| Input::Run(call, turn))).await?;
        match reply {
            Reply::Turn(turn) => Ok(turn),
            other => Err(self.unexpected(other)),
        }
    }

    /// Answers a question of codex.
    ///
    /// # Errors
    /// When the answer does not count: the question is gone, or does not take it.
    pub async fn decide(&self, id: ApprovalId, verdict: Verdict) -> Result<PermissionDecision, CallError> {
        let reply = self.call(Box::new(|call| Input::Decide(call, id, verdict))).await?;
        match reply {
            Reply::Decided(decision) => Ok(decision),
            other => Err(self.unexpected(other)),
        }
    }

    /// Notes that a person closed the dialog for a question without a decision; it stays open.
    pub async fn dismiss(&self, id: ApprovalId) {
        // A session that has ended has no open question.
        let _ = self.call(Box::new(|call| Input::Dismiss(call, id))).await;
    }

    /// Ends the turn that is named, or whichever runs; returns at once with its name. `verdict` is
    /// what becomes of its open questions, and says who ended it.
    ///
    /// # Errors
    /// When the session is closed.
    pub async fn cancel(&self, turn: Option<TurnId>, verdict: Verdict) -> Result<Option<TurnId>, CallError> {
        match self.call(Box::new(|call| Input::Cancel(call, turn, verdict))).await? {
            Reply::Turn(turn) => Ok(turn),
            other => Err(self.unexpected(other)),
        }
    }

    /// Lets the session go, if it is at rest; who calls it then takes it up again.
    pub(super) fn release(&self) {
        let (reply, _) = oneshot::channel();
        // With calls on their way it is not at rest.
        let _ = self.calls.try_send(Call { make: Box::new(|_| Input::Release), reply });
    }

    async fn call(&self, make: MakeInput) -> Result<Reply, CallError> {
        let (reply, answer) = oneshot::channel();
        self.calls.send(Call { make, reply }).await.map_err(|_| self.closed())?;
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
            Reply::Refused(error) => error.into(),
            Reply::Undecided(error) => error.into(),
            Reply::Unrecorded(error) => CallError::Journal { thread: self.thread.clone(), error },
            Reply::Turn(_) | Reply::Decided(_) | Reply::Dismissed => self.closed(),
        }
    }
}

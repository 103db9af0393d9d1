//! Sessions of other processes: what the journal says of them, and what their owners answer.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::error::ErrandError;
use crate::control::{self, Answer, By, ControlError, Request};
use crate::event::{Answers, Decision, PermissionDecision, PermissionRequest};
use crate::ids::{ApprovalId, ThreadId, TurnId};
use crate::journal::{Journal, JournalError, SessionRecord, SqliteJournal};
use crate::session::{self, Elsewhere};

/// How long a person waits for the other process: longer than it takes to answer that it is slow.
const DEADLINE: Duration = Duration::from_secs(35);

/// What is recorded as the way of a decision.
const WAY: &str = "terminal";

/// The journal as this process sees it; none where no bridge has made one yet.
pub(super) struct Remote(Option<SqliteJournal>);

impl Remote {
    /// Opens the journal. What bridges that were killed left open stays so: that is for one that runs.
    pub fn open(path: &Path) -> Result<Self, ErrandError> {
        // Looking at nothing makes no file.
        Ok(Self(if path.exists() { Some(SqliteJournal::open(path)?) } else { None }))
    }

    /// Leaves the journal as it was.
    pub async fn close(self) {
        if let Some(journal) = self.0
            && let Err(error) = journal.close().await
        {
            tracing::debug!(%error, "the next bridge finds this process's lock free");
        }
    }

    /// The open questions of all sessions.
    pub async fn open_decisions(&self) -> Result<Vec<(SessionRecord, PermissionRequest)>, JournalError> {
        match &self.0 {
            Some(journal) => session::open_decisions(journal).await,
            None => Ok(Vec::new()),
        }
    }

    /// Why a request is not among the open ones.
    pub async fn why_not_open(&self, id: ApprovalId) -> Result<ErrandError, JournalError> {
        let (journal, thread) = match self.thread(&id).await? {
            Ok(found) => found,
            Err(unknown) => return Ok(unknown),
        };
        Ok(match session::decision(journal, &thread, &id).await? {
            Some(decision) => ErrandError::Decided(Box::new(decision)),
            None => ErrandError::OwnerGone { id, thread },
        })
    }

    /// Answers a request, and waits for its owner to say that it counts.
    pub async fn decide(
        &self,
        id: ApprovalId,
        decision: Decision,
        reason: Option<String>,
        answers: Option<Value>,
    ) -> Result<PermissionDecision, ErrandError> {
        let (journal, thread) = self.thread(&id).await??;
        let request = Request::Decide {
            approval_id: id.clone(),
            decision,
            by: By::Person,
            way: WAY.to_owned(),
            reason,
            answers: answers.map(Answers),
        };
        let answer = match session::elsewhere(journal, &thread).await? {
            Elsewhere::Nowhere => return Err(self.why_not_open(id).await?),
            Elsewhere::Process { pid, socket: None } => return Err(ErrandError::NoSocket { thread, pid }),
            Elsewhere::Process { socket: Some(socket), .. } => {
                control::send(&socket, &request, DEADLINE).await
            }
        };
        match answer {
            Ok(Answer::Decided(decision)) => Ok(decision),
            Ok(Answer::Refused { code, message }) => {
                // The session may have forgotten what the journal has not.
                Err(match session::decision(journal, &thread, &id).await? {
                    Some(decision) => ErrandError::Decided(Box::new(decision)),
                    None => ErrandError::Refused { code, message },
                })
            }
            Ok(Answer::Cancelled { .. }) => Err(ErrandError::Confused),
            Err(error) => Err(self.after(error, journal, id, &thread).await?),
        }
    }

    /// What a broken connection means: an owner that ended just now is no fault of the connection.
    async fn after(
        &self,
        error: ControlError,
        journal: &SqliteJournal,
        id: ApprovalId,
        thread: &ThreadId,
    ) -> Result<ErrandError, JournalError> {
        let ended = session::elsewhere(journal, thread).await? == Elsewhere::Nowhere;
        let decided = session::decision(journal, thread, &id).await?.is_some();
        if ended || decided { self.why_not_open(id).await } else { Ok(error.into()) }
    }

    /// Ends the turn of a session; `None` where none ran.
    pub async fn cancel(&self, thread: &ThreadId) -> Result<Option<TurnId>, ErrandError> {
        let unknown = || ErrandError::UnknownSession(thread.clone());
        let journal = self.0.as_ref().ok_or_else(unknown)?;
        journal.session(thread.clone()).await?.ok_or_else(unknown)?;
        let socket = match session::elsewhere(journal, thread).await? {
            Elsewhere::Nowhere => return Ok(None),
            Elsewhere::Process { pid, socket } => {
                socket.ok_or_else(|| ErrandError::NoSocket { thread: thread.clone(), pid })?
            }
        };
        let request =
            Request::Cancel { thread: thread.clone(), turn: None, by: By::Person, way: WAY.to_owned() };
        match control::send(&socket, &request, DEADLINE).await? {
            Answer::Cancelled { turn } => Ok(turn),
            Answer::Refused { code, message } => Err(ErrandError::Refused { code, message }),
            Answer::Decided(_) => Err(ErrandError::Confused),
        }
    }

    /// The session that ever had a request, and the journal that says so.
    async fn thread(
        &self,
        id: &ApprovalId,
    ) -> Result<Result<(&SqliteJournal, ThreadId), ErrandError>, JournalError> {
        let thread = match &self.0 {
            Some(journal) => journal.approval(id.clone()).await?.map(|thread| (journal, thread)),
            None => None,
        };
        Ok(thread.ok_or_else(|| ErrandError::UnknownRequest(id.clone())))
    }
}

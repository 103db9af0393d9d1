//! Decisions and cancels for a session that another bridge runs: they go to that bridge, which applies
//! its own settings; what comes of them is in the journal.

use std::time::Duration;

use rmcp::model::CallToolResult;

use super::call::Call;
use super::cancel::CANCEL;
use super::faults::{open_error, too_slow};
use super::progress::Progress;
use super::result::{self, Note};
use super::server::Server;
use super::tools::{DAY, ELSEWHERE, cut_note};
use crate::control::{self, Answer, By, ControlError, Request};
use crate::event::{Answers, Decision};
use crate::ids::{ApprovalId, ThreadId};
use crate::session::{Elsewhere, Sessions};

/// How long another bridge may take to answer: it has the same time for its journal.
const ANSWER: Duration = Duration::from_secs(10);

/// What an open question is answered with.
#[derive(Clone, Debug)]
pub struct Decided {
    /// Yes, no, and the like.
    pub decision: Decision,
    /// Why.
    pub reason: Option<String>,
    /// What is answered or granted.
    pub answers: Option<Answers>,
}

impl Server {
    /// Decides a request of a session that does not live here, and follows its turn.
    pub(super) async fn approve_elsewhere(
        &self,
        thread: &ThreadId,
        id: ApprovalId,
        decided: Decided,
        call: &Call<'_>,
    ) -> Result<CallToolResult, CallToolResult> {
        let Decided { decision, reason, answers } = decided;
        let way = "codex-approve".to_owned();
        let request =
            Request::Decide { approval_id: id.clone(), decision, by: By::Agent, way, reason, answers };
        match self.send(thread, &request).await {
            Some(answer) => answer?,
            None => {
                let why = self.sessions.why_not_here(thread, &id).await;
                return Err(result::refused("approval_gone", why));
            }
        }
        let wait = call.wait.unwrap_or(DAY);
        let ending = call.race(self.sessions.stored(thread, None, wait), None);
        let view = Progress::of(call.context).during(ELSEWHERE, ending).await;
        let view = view.map_err(too_slow)?.map_err(|error| open_error(&error))?;
        Ok(result::of_view(&view, &cut_note(call, &view), self.options.budget))
    }

    /// Ends the turn of a session that does not live here, and what waits in it.
    pub(super) async fn cancel_elsewhere(&self, thread: &ThreadId) -> Result<CallToolResult, CallToolResult> {
        self.send_cancel(thread, None).await?;
        let view = self.sessions.stored(thread, None, CANCEL).await.map_err(|error| open_error(&error))?;
        Ok(result::of_view(&view, &Note::default(), self.options.budget))
    }

    /// Has the bridge that has a session cancel in it: all, or one turn or run.
    pub(super) async fn send_cancel(
        &self,
        thread: &ThreadId,
        turn: Option<String>,
    ) -> Result<(), CallToolResult> {
        let (by, way) = (By::Agent, "codex-cancel".to_owned());
        let request = Request::Cancel { thread: thread.clone(), turn, by, way };
        match self.send(thread, &request).await {
            Some(answer) => answer,
            None => {
                let why = self.sessions.owner_elsewhere(thread).await;
                Err(result::refused("session_elsewhere", why))
            }
        }
    }

    /// Speaks to the bridge that has a session; `None` where there is none that listens.
    async fn send(&self, thread: &ThreadId, request: &Request) -> Option<Result<(), CallToolResult>> {
        Some(match send(&self.sessions, thread, request).await? {
            Ok(Answer::Decided(_) | Answer::Cancelled { .. }) => Ok(()),
            Ok(Answer::Refused { code, message }) => Err(result::refused(&code, message)),
            Err(error) => Err(result::refused("session_elsewhere", error.to_string())),
        })
    }
}

/// Speaks to the bridge that has a session; `None` where there is none that listens.
pub(super) async fn send(
    sessions: &Sessions,
    thread: &ThreadId,
    request: &Request,
) -> Option<Result<Answer, ControlError>> {
    let Elsewhere::Process { socket: Some(socket), .. } = sessions.elsewhere(thread).await else {
        return None;
    };
    Some(control::send(&socket, request, ANSWER).await)
}

//! `codex-cancel`: ends what a session does, or one turn of it alone.

use std::time::Duration;

use rmcp::model::{CallToolResult, JsonObject};

use super::args::{self, CancelArgs};
use super::faults::{bad, call_error, open_error};
use super::result::{self, Note};
use super::server::Server;
use crate::approval::Verdict;
use crate::event::{DecidedBy, Decision, TurnStatus};
use crate::ids::{ThreadId, TurnId};
use crate::session::{Handle, Named, Status, View};

/// How long `codex-cancel` waits for the turn's end: codex takes 10 ms.
pub(super) const CANCEL: Duration = Duration::from_secs(10);

/// What a caller is told whose cancel codex has not carried out.
const NOT_ENDED: &str = "codex has not ended the turn yet: a warning among the session's events has its answer, if it \
                         gave one. `codex-wait` waits for the end, and `codex-cancel` tries again.";

/// What a caller is told who meant one turn, and it does not run.
const NOT_RUNNING: &str = "That turn was not running; nothing was cancelled.";

/// What a caller is told whose prompt had not begun.
const TAKEN_OUT: &str = "It was taken out of the line before it began; what else runs or waits goes on.";

/// What a caller is told who takes out again what is out.
const NOT_IN_LINE: &str = "It never began and waits no more; nothing was cancelled.";

impl Server {
    pub(super) async fn cancel(&self, arguments: Option<JsonObject>) -> CallToolResult {
        self.try_cancel(arguments).await.unwrap_or_else(|refused| refused)
    }

    async fn try_cancel(&self, arguments: Option<JsonObject>) -> Result<CallToolResult, CallToolResult> {
        let args: CancelArgs = args::parse(arguments).map_err(|e| bad(&e))?;
        let thread = args.thread_id;
        self.within(&thread).await?;
        match args.turn_id {
            Some(turn) => self.stop_one(&thread, turn).await,
            None if args.archive => self.archive(&thread).await,
            None => self.stop_turn(&thread).await,
        }
    }

    /// Ends the turn of a session, and what waits in it.
    pub(super) async fn stop_turn(&self, thread: &ThreadId) -> Result<CallToolResult, CallToolResult> {
        let Some(handle) = self.sessions.live(thread).await else {
            let view = self.sessions.stored(thread, None, Duration::ZERO).await;
            let view = view.map_err(|e| open_error(&e))?;
            if view.busy() {
                return self.cancel_elsewhere(thread).await;
            }
            return Ok(result::of_view(&view, &idle(), self.options.budget));
        };
        let was_busy = handle.view().borrow().busy();
        handle.cancel(None, by_agent()).await.map_err(|error| call_error(&error, thread))?;
        let mut views = handle.view();
        let ended = tokio::time::timeout(CANCEL, views.wait_for(|view| !view.busy() && !view.stopping)).await;
        let note = match (was_busy, ended.is_ok()) {
            (false, _) => idle(),
            (true, true) => Note::default(),
            (true, false) => Note::of(Some(NOT_ENDED.into())),
        };
        let view = handle.view().borrow().clone();
        Ok(result::of_view(&view, &note, self.options.budget))
    }

    /// Ends one turn where it runs, or takes one run out of the line; what else there is goes on.
    async fn stop_one(&self, thread: &ThreadId, turn: TurnId) -> Result<CallToolResult, CallToolResult> {
        let named = self.sessions.named(thread, turn.as_str()).await.map_err(|e| open_error(&e))?;
        let meant = match &named {
            Named::Over(_) => return Ok(self.taken_out(thread, &turn, NOT_IN_LINE).await),
            Named::Waits(_) => None,
            Named::Turn(turn) => Some(turn),
            Named::Unknown => Some(&turn),
        };
        if let Some(meant) = meant {
            // Its end, where it has ended; where its bridge was killed, this ends it.
            let view = self.sessions.stored(thread, Some(meant), Duration::ZERO).await;
            let view = view.map_err(|e| open_error(&e))?;
            if !view.open() {
                let note = Note::of(Some(NOT_RUNNING.into()));
                return Ok(result::of_view(&view, &note, self.options.budget));
            }
        }
        match self.sessions.live(thread).await {
            Some(handle) => {
                let cancelled = self.sessions.cancel_one(&handle, turn.as_str(), by_agent()).await;
                let cancelled = cancelled.map_err(|e| open_error(&e))?;
                cancelled.map_err(|error| call_error(&error, thread))?;
            }
            None => self.send_cancel(thread, Some(turn.as_str().to_owned())).await?,
        }
        let meant = match meant.cloned() {
            Some(turn) => turn,
            // It may have been about to begin: then it does, and is ended.
            None => match tokio::time::timeout(CANCEL, self.sessions.begins(thread, turn.as_str())).await {
                Ok(Ok(Named::Turn(turn))) => turn,
                Ok(Ok(_)) => return Ok(self.taken_out(thread, &turn, TAKEN_OUT).await),
                Ok(Err(error)) => return Err(open_error(&error)),
                Err(_) => {
                    let note = Note { run: Some(turn.to_string()), ..Note::of(Some(NOT_ENDED.into())) };
                    return Ok(result::not_begun(
                        &View::new(thread.clone()),
                        None,
                        &note,
                        self.options.budget,
                    ));
                }
            },
        };
        let ended = match self.sessions.live(thread).await {
            Some(handle) => ended(&handle, &meant).await,
            None => true,
        };
        let view = self.sessions.stored(thread, Some(&meant), CANCEL).await.map_err(|e| open_error(&e))?;
        let note = Note::of((!ended || view.open()).then(|| NOT_ENDED.into()));
        Ok(result::of_view(&view, &note, self.options.budget))
    }

    /// The result for a run that has no turn and gets none.
    async fn taken_out(&self, thread: &ThreadId, run: &TurnId, words: &str) -> CallToolResult {
        let row = self.sessions.journal().session(thread.clone()).await.ok().flatten();
        let view = View {
            status: Status::Ended(TurnStatus::Interrupted),
            turn: Some(run.clone()),
            next: row.map(|row| row.last_seq).unwrap_or_default(),
            ..View::new(thread.clone())
        };
        result::of_view(&view, &Note::of(Some(words.into())), self.options.budget)
    }
}

/// Waits until a turn and its commands have ended, or [`CANCEL`] is over; whether they have.
async fn ended(handle: &Handle, turn: &TurnId) -> bool {
    let mut views = handle.view();
    let over = |view: &std::sync::Arc<View>| {
        let runs = view.turn.as_ref() == Some(turn) && view.open();
        !runs && !view.stopping
    };
    tokio::time::timeout(CANCEL, views.wait_for(over)).await.is_ok()
}

fn by_agent() -> Verdict {
    Verdict {
        reason: Some("the turn was cancelled".into()),
        ..Verdict::of(Decision::Cancel, DecidedBy::Agent, "codex-cancel")
    }
}

fn idle() -> Note {
    Note::of(Some("No turn was running; nothing was cancelled.".into()))
}

//! How a call begins its turn, and goes on from there.

use super::call::{Call, Late};
use super::doing::doing;
use super::faults::late_error;
use super::follow::by_host;
use super::legacy_events::LegacyEvents;
use super::progress::Progress;
use super::result::{self, Note};
use super::runs::Run;
use super::server::Server;
use super::tools::cut_note;
use crate::ids::{Seq, TurnId};
use crate::session::{AgentError, CallError, CallId, Handle, How, TurnParams, WhenBusy};
use rmcp::model::CallToolResponse;
use tokio::time::Instant;

impl Server {
    /// Begins a turn; without a name where that takes longer than the caller waits.
    pub(super) async fn start(
        &self,
        handle: &Handle,
        turn: TurnParams,
        when: WhenBusy,
        call: &Call<'_>,
        progress: &mut Progress<'_>,
    ) -> Result<Begun, CallError> {
        let turn = TurnParams { trace: call.trace(), principal: self.principal().cloned(), ..turn };
        let (start, run) = (handle.number(), turn.key.clone());
        // Before it begins: its host may go in the middle of that.
        self.tell(handle, start).await;
        let begun = |turn, how| Begun { start, run, turn, how, notes: Vec::new() };
        match progress.during("starting", begin(handle, start, turn, when, call)).await {
            Ok(done) => done.map(|(turn, how)| begun(Some(turn), how)),
            // It goes on to begin; whoever waits for it finds it.
            Err(Late::TooLong) => Ok(begun(None, How::Begun)),
            Err(Late::Cancelled) => {
                // What another call began goes on. A session that has ended has ended this one too.
                let _ = handle.give_up(start, by_host()).await;
                Err(AgentError(late_error(Late::Cancelled)).into())
            }
        }
    }

    /// Follows a turn that has begun, or hands its task out; of a named run also before that.
    pub(super) async fn run<'a>(
        &self,
        handle: &Handle,
        begun: Begun,
        call: &Call<'a>,
        progress: Progress<'a>,
        before: Seq,
    ) -> CallToolResponse {
        let view = handle.view().borrow().clone();
        let place = view.line.iter().position(|one| one.call == begun.start);
        let steered = begun.how == How::Steered;
        let turn = begun.turn.clone().or_else(|| begun.run.clone().map(TurnId::from));
        if let Some(turn) = turn.filter(|_| call.wants_task() && !steered) {
            let message = match begun.turn {
                Some(_) => "starting".to_owned(),
                None => doing(&view.to_begin(place)),
            };
            match self.tasks.create(handle.thread().clone(), turn, message).await {
                Ok(task) => return task.into(),
                // The turn runs, or will: better a call that blocks than one that is lost.
                Err(error) => tracing::warn!(%error, "the journal took no task; the call is answered itself"),
            }
        }
        if place.is_some() || (begun.turn.is_none() && view.starting) {
            // It has been waited for as long as was asked.
            let lines: Vec<_> = begun.notes.into_iter().chain(cut_note(call, &view).text).collect();
            let note = Note { run: begun.run, ..Note::of((!lines.is_empty()).then(|| lines.join("\n"))) };
            return result::not_begun(&view, place, &note, self.options.budget).into();
        }
        let old = self.options.legacy_events && call.host.legacy;
        let events = old.then(|| LegacyEvents::new(call.context, self.sessions.journal().clone(), before));
        // What was added to the turn of another does not end it.
        let run = Run::new(handle, begun.turn, call, progress, !steered);
        self.follow(Run { events, start: Some(begun.start), sent: begun.how, notes: begun.notes, ..run })
            .await
    }
}

/// A turn that this call asked for.
pub(super) struct Begun {
    pub start: CallId,
    /// The name of its run.
    pub run: Option<String>,
    /// `None`: it has not begun yet.
    pub turn: Option<TurnId>,
    /// What became of its prompt.
    pub how: How,
    /// What its caller is told besides.
    pub notes: Vec<String>,
}

/// Begins a turn, as long as the caller waits; where it must wait for others, no longer than was asked.
async fn begin(
    handle: &Handle,
    start: CallId,
    turn: TurnParams,
    when: WhenBusy,
    call: &Call<'_>,
) -> Result<Result<(TurnId, How), CallError>, Late> {
    // A task of a named run is handed out while that waits.
    let named = turn.key.is_some() || turn.before.is_some();
    let until = if named && call.wants_task() { Some(Instant::now()) } else { call.waits_until() };
    let mut views = handle.view();
    let in_line = async {
        call.over(until).await;
        views
            .wait_for(|view| view.queued.is_some() || view.line.iter().any(|one| one.call == start))
            .await
            .map(|_| ())
    };
    tokio::select! {
        biased;
        begun = call.before(handle.run(start, turn, when)) => begun,
        Ok(()) = in_line => Err(Late::TooLong),
    }
}

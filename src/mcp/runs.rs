//! How a call that follows a turn ends: with the turn's state, with what a modern host is to ask its
//! person, or, where the host knows tasks, with a task.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use rmcp::ErrorData;
use rmcp::model::{CallToolResponse, InputResponses};
use serde::{Deserialize, Serialize};

use super::call::Call;
use super::dialog::{self, Answer};
use super::follow::{Follow, Stop, decided};
use super::legacy_events::LegacyEvents;
use super::progress::Progress;
use super::result::{self, Note};
use super::rounds::RoundError;
use super::server::{Context, Server};
use super::sign_in::Offer;
use super::tools::cut_note;
use crate::approval::Verdict;
use crate::event::{DecidedBy, PermissionRequest, Timestamp};
use crate::ids::{ApprovalId, ThreadId, TurnId};
use crate::session::{CallId, Handle, How, View};

/// In the last round the open requests go out with the result: clients stop at ten.
const LAST_ROUND: u8 = 8;

/// How long a state says where its call stands: a person may come back to it the next day.
const STATE: Duration = Duration::from_hours(24);

/// What one round of a call hands to the next, through the host.
#[derive(Debug, Serialize, Deserialize)]
struct Round {
    number: u8,
    thread: ThreadId,
    turn: Option<TurnId>,
    owns: bool,
    /// How long the call may go on to block, in milliseconds.
    left: Option<u64>,
    /// When the last of what was asked is decided without an answer. The state says where its call
    /// stands for longer than that; it brings no answers then.
    expires: Timestamp,
    /// What was asked.
    asked: BTreeSet<ApprovalId>,
    /// What was asked before, and closed without a decision.
    dismissed: BTreeSet<ApprovalId>,
    /// What the caller is to be told at the end.
    notes: Vec<String>,
    /// Whether the person was asked to sign in, and nothing else.
    sign_in: bool,
    /// What became of its prompt.
    sent: How,
}

/// A turn that a call follows from here on.
pub(super) struct Run<'a> {
    pub handle: &'a Handle,
    pub turn: Option<TurnId>,
    pub call: &'a Call<'a>,
    pub progress: Progress<'a>,
    /// By which it was asked for, where that was this call.
    pub start: Option<CallId>,
    /// Whether the call began it.
    pub owns: bool,
    pub round: u8,
    pub dismissed: BTreeSet<ApprovalId>,
    /// What became of its prompt.
    pub sent: How,
    /// What the caller is told first.
    pub notes: Vec<String>,
    /// What an old host hears besides.
    pub events: Option<LegacyEvents<'a>>,
}

impl<'a> Run<'a> {
    /// Of a call that comes for the first time.
    pub fn new(
        handle: &'a Handle,
        turn: Option<TurnId>,
        call: &'a Call<'a>,
        progress: Progress<'a>,
        owns: bool,
    ) -> Self {
        let (round, dismissed, notes) = (1, BTreeSet::new(), Vec::new());
        let (start, sent, events) = (None, How::Begun, None);
        Self { handle, turn, start, call, progress, owns, round, dismissed, sent, notes, events }
    }
}

impl Server {
    /// Follows a turn, and ends the call.
    pub(super) async fn follow(&self, run: Run<'_>) -> CallToolResponse {
        let Run { handle, turn, start, call, progress, owns, round, dismissed, sent, notes, events } = run;
        let mut stop =
            Follow { handle, turn: turn.clone(), start, call, progress, owns, dismissed, notes, events }
                .run()
                .await;
        stop.note.sent = sent;
        if !stop.asks.is_empty() && round < LAST_ROUND {
            match self.ask(handle, turn.clone(), call, owns, round, &stop) {
                Ok(response) => return response,
                Err(error) => tracing::warn!(%error, "the host's person is not asked"),
            }
        }
        let mut view = stop.view;
        if turn.is_some() && view.turn != turn {
            // A later turn has begun meanwhile: the result of this one is in the journal.
            if let Ok(own) = self.sessions.stored(handle.thread(), turn.as_ref(), Duration::ZERO).await {
                view = own;
            }
        }
        if turn.is_some() && view.turn == turn {
            view = Arc::new(view.of_latest());
        }
        let mut note = stop.note;
        note.text = note.text.or(cut_note(call, &view).text);
        // Who merely looks on is not asked: it would be each time.
        let offer = if owns { self.offer_sign_in(call, &view).await } else { Offer::None };
        match offer {
            Offer::None => {}
            Offer::Told(words) => {
                note.text =
                    Some([note.text, Some(words)].into_iter().flatten().collect::<Vec<_>>().join("\n"));
            }
            Offer::Ask(requests) => {
                let state = Round {
                    number: round + 1,
                    thread: view.thread.clone(),
                    turn: view.turn.clone(),
                    owns,
                    left: None,
                    expires: Timestamp::now(),
                    asked: BTreeSet::new(),
                    dismissed: BTreeSet::new(),
                    notes: note.text.clone().into_iter().collect(),
                    sign_in: true,
                    sent,
                };
                match self.rounds.ask(call.binding, requests, state, STATE) {
                    Ok(asked) => return CallToolResponse::InputRequired(asked),
                    Err(error) => tracing::warn!(%error, "the host's person is not asked to sign in"),
                }
            }
        }
        result::of_view(&view, &note, self.options.budget).into()
    }

    fn ask(
        &self,
        handle: &Handle,
        turn: Option<TurnId>,
        call: &Call<'_>,
        owns: bool,
        round: u8,
        stop: &Stop,
    ) -> Result<CallToolResponse, RoundError> {
        let state = Round {
            number: round + 1,
            thread: handle.thread().clone(),
            turn,
            owns,
            left: stop.left.map(|left| u64::try_from(left.as_millis()).unwrap_or(u64::MAX)),
            expires: stop.view.decisions.iter().map(|request| request.expires_at).max().unwrap_or_default(),
            asked: stop.asks.keys().map(|key| ApprovalId::from(key.as_str())).collect(),
            dismissed: stop.dismissed.clone(),
            notes: stop.note.text.clone().into_iter().collect(),
            sign_in: false,
            sent: stop.note.sent,
        };
        self.rounds.ask(call.binding, stop.asks.clone(), state, STATE).map(CallToolResponse::InputRequired)
    }

    /// A call that a modern host makes again, with its person's answers.
    ///
    /// # Errors
    /// When the state is not one of this call: nothing is decided then, and nothing started.
    pub(super) async fn retry(
        &self,
        context: &Context<'_>,
        sealed: &str,
        responses: &InputResponses,
    ) -> Result<CallToolResponse, ErrorData> {
        let round: Round = self.rounds.take(&context.binding, sealed).map_err(|error| {
            let remedy = "`codex-wait` with the session's `threadId` shows what is open";
            ErrorData::invalid_params(format!("{error}. {remedy}"), None)
        })?;
        let call = self.call(context, round.left.map(Duration::from_millis));
        if round.sign_in {
            let mut notes = round.notes;
            notes.extend(self.signed_in(&call, &round.thread, responses).await);
            let note = Note::of((!notes.is_empty()).then(|| notes.join("\n")));
            let view = self.sessions.stored(&round.thread, round.turn.as_ref(), Duration::ZERO).await;
            return Ok(match view {
                Ok(view) => result::of_view(&view, &note, self.options.budget).into(),
                Err(error) => super::faults::open_error(&error).into(),
            });
        }
        let (mut dismissed, mut notes) = (round.dismissed, round.notes);
        let late = round.expires <= Timestamp::now();
        if late && !responses.is_empty() {
            notes.push(
                "The answers came after the deadline of what was asked, and decide nothing.".to_owned(),
            );
        }
        let Some(handle) = self.sessions.live(&round.thread).await else {
            for id in round.asked.iter().filter(|id| !late && responses.contains_key(id.as_str())) {
                notes.push(self.sessions.why_not_here(&round.thread, id).await);
            }
            let note = Note::of((!notes.is_empty()).then(|| notes.join("\n")));
            let view = self.sessions.stored(&round.thread, round.turn.as_ref(), Duration::ZERO).await;
            return Ok(match view {
                Ok(view) => result::of_view(&view, &note, self.options.budget).into(),
                Err(error) => super::faults::open_error(&error).into(),
            });
        };
        for id in round.asked.iter().filter(|_| !late) {
            let Some(response) = responses.get(id.as_str()) else { continue };
            match answer(&handle, id, response, "retry").await {
                Answered::Counts => {}
                Answered::Dismissed => {
                    dismissed.insert(id.clone());
                }
                // What is still open is asked again.
                Answered::Not(why) => notes.push(why),
                Answered::Gone => notes.push(self.sessions.why_not_here(&round.thread, id).await),
            }
        }
        let (turn, owns, number, sent) = (round.turn, round.owns, round.number, round.sent);
        let run = Run {
            round: number,
            sent,
            dismissed,
            notes,
            ..Run::new(&handle, turn, &call, Progress::of(call.context), owns)
        };
        Ok(self.follow(run).await)
    }
}

/// What became of an answer that came in a message of its own.
pub(super) enum Answered {
    /// It is the decision.
    Counts,
    /// The person closed the dialog.
    Dismissed,
    /// It does not count; why.
    Not(String),
    /// It came second.
    Gone,
}

/// Takes a person's answer to an open request, and waits until all can see that it counts.
pub(super) async fn answer(
    handle: &Handle,
    id: &ApprovalId,
    response: &serde_json::Value,
    way: &str,
) -> Answered {
    let request = open(&handle.view().borrow(), id).cloned();
    let Some(request) = request else { return Answered::Gone };
    let (decision, answers) = match dialog::answer(response, &request) {
        Answer::Decided(decision, answers) => (decision, answers),
        Answer::Dismissed => {
            handle.dismiss(id.clone()).await;
            return Answered::Dismissed;
        }
        Answer::Unreadable => return Answered::Not(format!("The answer to `{id}` is none of its form.")),
    };
    let verdict = Verdict { answers, ..Verdict::of(decision, DecidedBy::Person, way) };
    match handle.decide(id.clone(), verdict).await {
        Ok(_) => {
            decided(&mut handle.view(), id).await;
            Answered::Counts
        }
        Err(error) => Answered::Not(error.to_string()),
    }
}

fn open<'v>(view: &'v View, id: &ApprovalId) -> Option<&'v PermissionRequest> {
    view.decisions.iter().find(|request| request.approval_id == *id)
}

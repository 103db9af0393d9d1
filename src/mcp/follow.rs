//! Following a turn for a caller: until it ends, needs a decision that this call cannot wait for, or
//! the caller's time is over. The clock stops while a person is being asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use rmcp::model::{InputRequest, InputRequests, ServerRequest};
use rmcp::service::PeerRequestOptions;
use tokio::sync::watch;
use tokio::time::Instant;

use super::call::{Asking, Call, over};
use super::dialog::{self, Answer, Forms};
use super::legacy_events::LegacyEvents;
use super::progress::Progress;
use super::result::Note;
use crate::approval::{DecideError, Verdict};
use crate::event::{DecidedBy, Decision, PermissionRequest};
use crate::ids::{ApprovalId, TurnId};
use crate::session::{CallError, CallId, Handle, View};

/// How often a person may answer one dialog in a way that does not fit its form.
const TRIES: u8 = 3;

/// A turn that a caller follows.
pub(super) struct Follow<'a> {
    pub handle: &'a Handle,
    /// Which; `None`: the latest, or the one that is about to begin.
    pub turn: Option<TurnId>,
    /// By which call of the session it was asked for, if that is known.
    pub start: Option<CallId>,
    pub call: &'a Call<'a>,
    pub progress: Progress<'a>,
    /// Whether the caller began it. Only then does it end with the call: who merely looks on must not
    /// end the work of another.
    pub owns: bool,
    /// Requests whose dialog was closed without a decision in this call.
    pub dismissed: BTreeSet<ApprovalId>,
    /// What the caller is to be told of answers that came second.
    pub notes: Vec<String>,
    /// What an old host hears besides.
    pub events: Option<LegacyEvents<'a>>,
}

/// Where following stopped.
pub(super) struct Stop {
    pub view: Arc<View>,
    pub note: Note,
    /// What a modern host is to ask its person, by approval.
    pub asks: InputRequests,
    /// How long the caller would have waited on.
    pub left: Option<Duration>,
    /// Requests whose dialog was closed without a decision.
    pub dismissed: BTreeSet<ApprovalId>,
}

/// How a dialog ended.
#[derive(Clone, PartialEq, Eq)]
enum Dialog {
    /// The question is decided, here or elsewhere.
    Decided,
    /// It was decided elsewhere before the person's answer came: who decided what.
    Second(String),
    /// The answer does not fit the form.
    Unfit,
    /// The person closed it without a decision.
    Dismissed,
    /// The host would not show it, or lost it.
    Failed,
    /// The host's own limit for the call is near.
    TooLong,
    /// The host gave the call up.
    Cancelled,
    /// The session has ended.
    Gone,
}

impl Follow<'_> {
    /// Follows the turn to where the caller must hear of it.
    pub async fn run(mut self) -> Stop {
        let mut views = self.handle.view();
        let mut wait = self.call.waits_until();
        let limit = self.call.limit();
        let mut tries = BTreeMap::<ApprovalId, u8>::new();
        loop {
            let view = views.borrow_and_update().clone();
            if let Some(events) = &mut self.events {
                events.tell(self.handle).await;
            }
            // Only the caller's own time stands still while a person is asked; the host's limit does not.
            let until = wait.into_iter().chain(limit).min();
            // A turn that is meant by its name is over when it is, whatever waits behind it.
            let ended = match &self.turn {
                Some(turn) => view.turn.as_ref() != Some(turn) || !view.open(),
                None => !view.busy(),
            };
            if ended {
                return self.stop(view, until);
            }
            if self.call.context.ct.is_cancelled() {
                return self.cancelled(view).await;
            }
            self.progress.tell(&view).await;
            if !view.decisions.is_empty() {
                if self.call.is_over(until) {
                    // A caller that waits no longer is handed the question.
                    return self.stop(view, until);
                }
                let open = self.askable(&view);
                let (Asking::Dialog(forms), Some(request)) = (self.call.host.asking, open.first()) else {
                    let asks = self.requests(&open, &view);
                    return Stop { asks, ..self.stop(view, until) };
                };
                let asked = Instant::now();
                let id = request.approval_id.clone();
                match self.ask(request, &view, forms, limit, &mut views).await {
                    Dialog::Decided | Dialog::Cancelled => {}
                    Dialog::Second(words) => self.notes.push(words),
                    Dialog::TooLong => {
                        let view = views.borrow().clone();
                        return self.stop(view, until);
                    }
                    Dialog::Failed => {
                        self.dismissed.insert(id);
                    }
                    Dialog::Unfit if *tries.entry(id.clone()).or_insert(1) < TRIES => {
                        tries.entry(id).and_modify(|tries| *tries += 1);
                    }
                    Dialog::Unfit | Dialog::Dismissed => {
                        self.handle.dismiss(id.clone()).await;
                        self.dismissed.insert(id);
                    }
                    Dialog::Gone => {
                        let view = views.borrow().clone();
                        return self.stop(view, until);
                    }
                }
                wait = wait.map(|until| until + asked.elapsed());
                continue;
            }
            tokio::select! {
                biased;
                () = self.call.context.ct.cancelled() => {}
                () = self.call.over(until) => return self.stop(view, until),
                () = over(self.progress.due(&view)) => {}
                changed = views.changed() => if changed.is_err() {
                    let view = views.borrow().clone();
                    return self.stop(view, until);
                },
            }
        }
    }

    /// The open requests that the host's person can be asked in this call.
    fn askable<'v>(&self, view: &'v View) -> Vec<&'v PermissionRequest> {
        let (Asking::Dialog(forms) | Asking::Retry(forms)) = self.call.host.asking else { return Vec::new() };
        let open = view.decisions.iter().filter(|request| !self.dismissed.contains(&request.approval_id));
        open.filter(|request| dialog::params(request, view, "", forms).is_some()).collect()
    }

    /// What a modern host is asked in one go.
    fn requests(&self, open: &[&PermissionRequest], view: &View) -> InputRequests {
        let Asking::Retry(forms) = self.call.host.asking else { return InputRequests::new() };
        let call = self.call.context.id.to_string();
        let each = open.iter().filter_map(|request| {
            let dialog = dialog::request(request, view, &call, forms)?;
            Some((request.approval_id.to_string(), InputRequest::Elicitation(dialog)))
        });
        each.collect()
    }

    /// The host cancelled its call: the turn that it began ends, and with it what that started.
    async fn cancelled(&self, view: Arc<View>) -> Stop {
        let mut stop = self.stop(view, None);
        if !self.owns {
            return stop;
        }
        let ended = match (&self.turn, self.start) {
            // Without a name, it may have ended, and another call's run by now.
            (None, Some(start)) => self.handle.give_up(start, by_host()).await,
            (turn, _) => self.handle.cancel(turn.clone(), by_host()).await,
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "the session had ended before its call was cancelled");
        }
        stop.note.text = Some("The call was cancelled, and with it the turn.".into());
        stop
    }

    /// Opens a dialog, and withdraws it when the request is decided another way.
    async fn ask(
        &self,
        request: &PermissionRequest,
        view: &View,
        forms: Forms,
        limit: Option<Instant>,
        views: &mut watch::Receiver<Arc<View>>,
    ) -> Dialog {
        let id = &request.approval_id;
        let call = self.call.context.id.to_string();
        let Some(question) = dialog::request(request, view, &call, forms) else { return Dialog::Failed };
        let question = ServerRequest::ElicitRequest(question);
        let peer = &self.call.context.peer;
        let mut open = match peer.send_cancellable_request(question, PeerRequestOptions::no_options()).await {
            Ok(open) => open,
            Err(error) => {
                tracing::warn!(%error, "the host did not take the dialog");
                return Dialog::Failed;
            }
        };
        let answer = tokio::select! {
            biased;
            answer = &mut open.rx => match answer {
                Ok(Ok(result)) => {
                    let result = serde_json::to_value(result).unwrap_or_default();
                    dialog::answer(&result, request)
                }
                Ok(Err(error)) => {
                    tracing::debug!(%error, "the host answered the dialog with an error");
                    return Dialog::Failed;
                }
                Err(_) => return Dialog::Failed,
            },
            alive = decided(views, id) => {
                let _ = open.cancel(Some("decided another way".into())).await;
                return if alive { Dialog::Decided } else { Dialog::Gone };
            }
            () = self.call.context.ct.cancelled() => {
                let _ = open.cancel(None).await;
                return Dialog::Cancelled;
            }
            () = self.call.over(limit) => {
                let _ = open.cancel(Some("the call takes too long".into())).await;
                return Dialog::TooLong;
            }
        };
        let (decision, answers) = match answer {
            Answer::Decided(decision, answers) => (decision, answers),
            Answer::Dismissed => return Dialog::Dismissed,
            Answer::Unreadable => return Dialog::Unfit,
        };
        let verdict = Verdict { answers, ..Verdict::of(decision, DecidedBy::Person, "elicitation") };
        match self.handle.decide(id.clone(), verdict).await {
            Err(CallError::Decide(DecideError::BadAnswers { .. })) => return Dialog::Unfit,
            Err(CallError::Decide(error)) => {
                // Whoever was first: the view that still shows it would open it again.
                decided(views, id).await;
                return Dialog::Second(error.to_string());
            }
            Err(error) => tracing::debug!(%error, "the session has ended"),
            Ok(_) => {}
        }
        // Not before it is seen: the view that still shows it would open it again.
        if decided(views, id).await { Dialog::Decided } else { Dialog::Gone }
    }

    fn stop(&self, view: Arc<View>, until: Option<Instant>) -> Stop {
        Stop {
            view,
            note: Note::of((!self.notes.is_empty()).then(|| self.notes.join("\n"))),
            asks: InputRequests::new(),
            left: until.map(|until| until.saturating_duration_since(Instant::now())),
            dismissed: self.dismissed.clone(),
        }
    }
}

/// What becomes of the questions of a turn whose host gave up its call.
pub(super) fn by_host() -> Verdict {
    Verdict {
        reason: Some("the host cancelled the call".into()),
        ..Verdict::of(Decision::Cancel, DecidedBy::Agent, "cancelled call")
    }
}

/// Returns true when the request is no longer open, false when the session has ended with it open.
pub(super) async fn decided(views: &mut watch::Receiver<Arc<View>>, id: &ApprovalId) -> bool {
    views.wait_for(|view| !view.decisions.iter().any(|d| d.approval_id == *id)).await.is_ok()
}

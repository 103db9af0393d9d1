//! Following a turn for a caller: until it ends, needs a decision that the host cannot be asked
//! for, or the caller's time is over. The clock stops while a person is being asked.

use std::collections::BTreeSet;
use std::sync::Arc;

use rmcp::model::{ElicitRequest, ServerRequest};
use rmcp::service::PeerRequestOptions;
use tokio::sync::watch;
use tokio::time::Instant;

use super::call::{Call, over};
use super::dialog::{self, Answer};
use super::result::Note;
use crate::approval::Verdict;
use crate::event::{DecidedBy, Decision, PermissionRequest};
use crate::ids::{ApprovalId, TurnId};
use crate::session::{Handle, View};

/// A turn that a caller follows.
pub(super) struct Follow<'a> {
    pub handle: &'a Handle,
    /// Which; `None`: the latest, or the one that is about to begin.
    pub turn: Option<TurnId>,
    pub call: &'a Call<'a>,
    /// Whether the caller began it. Only then does it end with the call: who merely looks on must not
    /// end the work of another.
    pub owns: bool,
}

/// Where following stopped.
pub(super) struct Stop {
    pub view: Arc<View>,
    pub note: Note,
}

/// How a dialog ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dialog {
    /// The question is decided, here or elsewhere.
    Decided,
    /// The person closed it without a decision, or the host would not show it.
    Dismissed,
    /// The host gave the call up.
    Cancelled,
    /// The session has ended.
    Gone,
}

impl Follow<'_> {
    /// Follows the turn to where the caller must hear of it.
    pub async fn run(self) -> Stop {
        let mut views = self.handle.view();
        let mut until = self.call.until();
        let mut dismissed = BTreeSet::new();
        loop {
            let view = views.borrow_and_update().clone();
            let mine = self.turn.is_none() || view.turn == self.turn;
            if !mine || !view.busy() {
                return stop(view);
            }
            if self.call.context.ct.is_cancelled() {
                return self.cancelled(view).await;
            }
            if let Some(request) = view.decisions.first() {
                if !self.call.host.dialogs || dismissed.contains(&request.approval_id) {
                    return stop(view);
                }
                let asked = Instant::now();
                match self.ask(request, &view, &mut views).await {
                    Dialog::Decided | Dialog::Cancelled => {}
                    Dialog::Dismissed => {
                        dismissed.insert(request.approval_id.clone());
                    }
                    Dialog::Gone => return stop(views.borrow().clone()),
                }
                until = until.map(|until| until + asked.elapsed());
                continue;
            }
            tokio::select! {
                biased;
                () = self.call.context.ct.cancelled() => {}
                () = over(until) => return stop(view),
                changed = views.changed() => if changed.is_err() {
                    return stop(views.borrow().clone());
                },
            }
        }
    }

    /// The host cancelled its call: the turn that it began ends, and with it what that started.
    async fn cancelled(&self, view: Arc<View>) -> Stop {
        if !self.owns {
            return stop(view);
        }
        if let Err(error) = self.handle.cancel(self.turn.clone(), by_host()).await {
            tracing::debug!(%error, "the session had ended before its call was cancelled");
        }
        let text = "The call was cancelled, and with it the turn.";
        Stop { view, note: Note { text: Some(text.into()) } }
    }

    /// Opens a dialog, and withdraws it when the request is decided another way.
    async fn ask(
        &self,
        request: &PermissionRequest,
        view: &View,
        views: &mut watch::Receiver<Arc<View>>,
    ) -> Dialog {
        let id = &request.approval_id;
        let call = self.call.context.id.to_string();
        let Some(params) = dialog::params(request, view, &call, self.call.host.titled) else {
            return Dialog::Dismissed;
        };
        let question = ServerRequest::ElicitRequest(ElicitRequest::new(params));
        let peer = &self.call.context.peer;
        let mut open = match peer.send_cancellable_request(question, PeerRequestOptions::no_options()).await {
            Ok(open) => open,
            Err(error) => {
                tracing::warn!(%error, "the host did not take the dialog");
                return Dialog::Dismissed;
            }
        };
        let answer = tokio::select! {
            biased;
            answer = &mut open.rx => match answer {
                Ok(Ok(result)) => dialog::answer(&result, &request.options),
                Ok(Err(error)) => {
                    tracing::debug!(%error, "the host answered the dialog with an error");
                    Answer::Dismissed
                }
                Err(_) => Answer::Dismissed,
            },
            alive = decided(views, id) => {
                let _ = open.cancel(Some("decided another way".into())).await;
                return if alive { Dialog::Decided } else { Dialog::Gone };
            }
            () = self.call.context.ct.cancelled() => {
                let _ = open.cancel(None).await;
                return Dialog::Cancelled;
            }
        };
        let Answer::Decided(decision) = answer else { return Dialog::Dismissed };
        let verdict = Verdict::of(decision, DecidedBy::Person, "elicitation");
        if let Err(error) = self.handle.decide(id.clone(), verdict).await {
            tracing::debug!(%error, "the dialog's answer came second, or the session has ended");
        }
        // Not before it is seen: the view that still shows it would open it again.
        if decided(views, id).await { Dialog::Decided } else { Dialog::Gone }
    }
}

/// What becomes of the questions of a turn whose host gave up its call.
pub(super) fn by_host() -> Verdict {
    Verdict {
        way: Some("cancelled call".into()),
        ..Verdict::own(Decision::Cancel, DecidedBy::Person, "the host cancelled the call")
    }
}

fn stop(view: Arc<View>) -> Stop {
    Stop { view, note: Note::default() }
}

/// Returns true when the request is no longer open, false when the session has ended with it open.
async fn decided(views: &mut watch::Receiver<Arc<View>>, id: &ApprovalId) -> bool {
    views.wait_for(|view| !view.decisions.iter().any(|d| d.approval_id == *id)).await.is_ok()
}

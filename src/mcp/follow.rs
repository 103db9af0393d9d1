//! Following a turn for a caller: until it ends, needs a decision that the host cannot be asked
//! for, or the caller's time is over. The clock stops while a person is being asked.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use rmcp::RoleServer;
use rmcp::model::{ElicitRequest, ServerRequest};
use rmcp::service::{PeerRequestOptions, RequestContext};
use tokio::sync::watch;
use tokio::time::Instant;

use super::dialog::{self, Answer};
use super::result::Note;
use super::server::Host;
use crate::approval::Verdict;
use crate::event::{DecidedBy, PermissionRequest};
use crate::ids::{ApprovalId, TurnId};
use crate::session::{Handle, View};

/// A turn that a caller follows.
pub(super) struct Follow<'a> {
    pub handle: &'a Handle,
    pub turn: Option<TurnId>,
    pub wait: Option<Duration>,
    pub host: &'a Host,
    pub context: &'a RequestContext<RoleServer>,
}

/// Where following stopped.
pub(super) struct Stop {
    pub view: Arc<View>,
    pub note: Note,
}

impl Follow<'_> {
    /// Follows the turn to where the caller must hear of it.
    pub async fn run(self) -> Stop {
        let mut views = self.handle.view();
        let mut until = self.wait.map(|wait| Instant::now() + wait);
        let mut dismissed = BTreeSet::new();
        loop {
            let view = views.borrow_and_update().clone();
            let mine = self.turn.is_none() || view.turn == self.turn;
            if !mine || !view.busy() {
                return Stop { view, note: Note::default() };
            }
            if let Some(request) = view.decisions.first() {
                if !self.host.dialogs || dismissed.contains(&request.approval_id) {
                    return Stop { view, note: Note::default() };
                }
                let asked = Instant::now();
                if !self.ask(request, &view, &mut views).await {
                    dismissed.insert(request.approval_id.clone());
                }
                until = until.map(|until| until + asked.elapsed());
                continue;
            }
            tokio::select! {
                biased;
                () = self.context.ct.cancelled() => return self.cancelled(view).await,
                () = over(until) => return Stop { view, note: Note::default() },
                changed = views.changed() => if changed.is_err() {
                    return Stop { view: views.borrow().clone(), note: Note::default() };
                },
            }
        }
    }

    /// The host cancelled its call: the turn ends, and with it what it started.
    async fn cancelled(&self, view: Arc<View>) -> Stop {
        if let Err(error) = self.handle.cancel().await {
            tracing::debug!(%error, "the session had ended before its call was cancelled");
        }
        Stop { view, note: Note { text: Some("The call was cancelled, and with it the turn.".into()) } }
    }

    /// Opens a dialog, and withdraws it when the request is decided another way. False when the
    /// person closed it without a decision.
    async fn ask(
        &self,
        request: &PermissionRequest,
        view: &View,
        views: &mut watch::Receiver<Arc<View>>,
    ) -> bool {
        let id = &request.approval_id;
        let Some(params) = dialog::params(request, &view.thread, self.host.titled) else { return false };
        let question = ServerRequest::ElicitRequest(ElicitRequest::new(params));
        let peer = &self.context.peer;
        let mut open = match peer.send_cancellable_request(question, PeerRequestOptions::no_options()).await {
            Ok(open) => open,
            Err(error) => {
                tracing::warn!(%error, "the host did not take the dialog");
                return false;
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
            () = decided(views, id) => {
                let _ = open.cancel(Some("decided another way".into())).await;
                return true;
            }
            () = self.context.ct.cancelled() => {
                let _ = open.cancel(None).await;
                // The loop sees the cancel next.
                return true;
            }
        };
        match answer {
            Answer::Dismissed => false,
            Answer::Decided(decision) => {
                let verdict = Verdict {
                    decision,
                    by: DecidedBy::Person,
                    way: Some("elicitation".into()),
                    reason: None,
                };
                if let Err(error) = self.handle.decide(id.clone(), verdict).await {
                    tracing::debug!(%error, "the dialog's answer came second");
                }
                true
            }
        }
    }
}

/// Returns when the request is no longer open.
async fn decided(views: &mut watch::Receiver<Arc<View>>, id: &ApprovalId) {
    let open = |view: &Arc<View>| view.decisions.iter().any(|d| d.approval_id == *id);
    let _ = views.wait_for(|view| !open(view)).await;
}

async fn over(until: Option<Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until).await,
        None => std::future::pending().await,
    }
}

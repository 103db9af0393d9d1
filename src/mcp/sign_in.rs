//! Where a turn failed since nobody is signed in, and the host can have an address opened: its person is asked
//! to sign in, and codex waits for them. The turn is not run again by itself: who called for it decides that.

use std::sync::{Mutex, PoisonError};

use rmcp::model::{
    ElicitRequest, ElicitRequestParams, InputRequest, InputRequests, InputResponses, ServerRequest,
};
use rmcp::service::PeerRequestOptions;
use serde_json::Value;
use tokio::time::Instant;

use super::call::{Asking, Call, Late};
use super::server::Server;
use crate::event::TurnStatus;
use crate::ids::ThreadId;
use crate::session::{SignIn, Status, View};

/// Names the question in a round of a modern host.
pub(super) const KEY: &str = "sign-in";

/// The sign-in that a person was asked for. Held here it goes on between two calls; codex ends it after 15
/// minutes by itself.
#[derive(Debug, Default)]
pub(super) struct Held(Mutex<Option<SignIn>>);

impl Held {
    fn set(&self, sign_in: Option<SignIn>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = sign_in;
    }

    fn get(&self) -> Option<SignIn> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What comes of an offer.
pub(super) enum Offer {
    /// It is not made, or not taken: nothing is to be said of it.
    None,
    /// What the caller is told of it.
    Told(String),
    /// A modern host is to ask its person.
    Ask(InputRequests),
}

impl Server {
    /// Offers to sign in, where a turn failed for want of it and the host can have an address opened.
    pub(super) async fn offer_sign_in(&self, call: &Call<'_>, view: &View) -> Offer {
        let failed = view.status == Status::Ended(TurnStatus::Failed)
            && view.error.as_ref().is_some_and(|error| error.code == "unauthorized");
        let (Asking::Dialog(forms) | Asking::Retry(forms)) = call.host.asking else { return Offer::None };
        if !failed || !forms.url {
            return Offer::None;
        }
        // codex asks its account server first: one that is silent must not hold the call.
        let sign_in = match call.before(self.sessions.sign_in(&view.thread)).await {
            Ok(Ok(sign_in)) => sign_in,
            Ok(Err(error)) => {
                tracing::info!(%error, "no sign-in is offered");
                return Offer::None;
            }
            Err(late) => {
                tracing::info!(?late, "no sign-in is offered: codex has not begun it in time");
                return Offer::None;
            }
        };
        self.sign_ins.set(Some(sign_in.clone()));
        match call.host.asking {
            Asking::Retry(_) => {
                let request = InputRequest::Elicitation(dialog(&sign_in));
                Offer::Ask([(KEY.to_owned(), request)].into_iter().collect())
            }
            _ => self.ask_to_sign_in(call, sign_in, &view.thread).await.map_or(Offer::None, Offer::Told),
        }
    }

    /// Asks the person of a host that shook hands, and waits for them as long as the host does.
    async fn ask_to_sign_in(
        &self,
        call: &Call<'_>,
        mut sign_in: SignIn,
        thread: &ThreadId,
    ) -> Option<String> {
        let question = ServerRequest::ElicitRequest(dialog(&sign_in));
        let peer = &call.context.peer;
        let mut open = match peer.send_cancellable_request(question, PeerRequestOptions::no_options()).await {
            Ok(open) => open,
            Err(error) => {
                tracing::warn!(%error, "the host did not take the dialog");
                self.sign_ins.set(None);
                return None;
            }
        };
        let limit = call.limit();
        tokio::select! {
            biased;
            ended = sign_in.over() => {
                let _ = open.cancel(Some("somebody has signed in, or cannot any more".into())).await;
                return Some(self.told(ended, thread));
            }
            answer = &mut open.rx => {
                let answer = answer.ok().and_then(Result::ok);
                let answer = answer.and_then(|answer| serde_json::to_value(answer).ok()).unwrap_or_default();
                if let Some(refused) = self.refused(&answer) {
                    return Some(refused);
                }
            }
            () = call.context.ct.cancelled() => {
                let _ = open.cancel(None).await;
                self.sign_ins.set(None);
                return None;
            }
            () = call.over(limit) => {
                let _ = open.cancel(Some("the call takes too long".into())).await;
                return Some(under_way(thread));
            }
        }
        Some(self.wait_for_sign_in(call, sign_in, thread, limit).await)
    }

    /// What becomes of the call that a modern host makes again.
    pub(super) async fn signed_in(
        &self,
        call: &Call<'_>,
        thread: &ThreadId,
        responses: &InputResponses,
    ) -> Option<String> {
        let Some(sign_in) = self.sign_ins.get() else {
            return Some("The sign-in that was asked for is over.".to_owned());
        };
        let answer = responses.get(KEY)?;
        match self.refused(answer) {
            Some(refused) => Some(refused),
            None => Some(self.wait_for_sign_in(call, sign_in, thread, call.limit()).await),
        }
    }

    /// The person has said that they do it.
    async fn wait_for_sign_in(
        &self,
        call: &Call<'_>,
        mut sign_in: SignIn,
        thread: &ThreadId,
        limit: Option<Instant>,
    ) -> String {
        match call.race(sign_in.over(), limit).await {
            Ok(ended) => self.told(ended, thread),
            Err(Late::Cancelled) => {
                self.sign_ins.set(None);
                under_way(thread)
            }
            // It goes on: what the person has begun is not taken from them.
            Err(Late::TooLong) => under_way(thread),
        }
    }

    fn told(&self, ended: Result<(), String>, thread: &ThreadId) -> String {
        self.sign_ins.set(None);
        match ended {
            Ok(()) => format!(
                "Somebody has signed in to codex now, so the call can be made again: `codex-reply` with threadId \
                 `{thread}`."
            ),
            Err(why) => format!("The person was asked to sign in to codex, but {why}."),
        }
    }

    /// A person who does not want to gives the sign-in up.
    fn refused(&self, answer: &Value) -> Option<String> {
        let words = match answer["action"].as_str() {
            Some("accept") => return None,
            Some("decline") => "The person was asked to sign in to codex, and declined.",
            Some("cancel") => "The person was asked to sign in to codex, and closed the dialog.",
            _ => "The person was to be asked to sign in to codex, but the host did not show it.",
        };
        self.sign_ins.set(None);
        Some(words.to_owned())
    }
}

fn under_way(thread: &ThreadId) -> String {
    format!(
        "The person was asked to sign in to codex, and has not finished. Once they have, call `codex-reply` with \
         threadId `{thread}`."
    )
}

fn dialog(sign_in: &SignIn) -> ElicitRequest {
    let what = match &sign_in.code {
        Some(code) => format!("open the address and type in the code {code} there. Never give it to anybody"),
        None => "open the address in a browser on the machine that codex runs on".to_owned(),
    };
    ElicitRequest::new(ElicitRequestParams::UrlElicitationParams {
        meta: None,
        message: format!(
            "Nobody is signed in to codex, so its turn failed. To sign in with ChatGPT, {what}."
        ),
        url: sign_in.address.clone(),
        elicitation_id: uuid::Uuid::new_v4().to_string(),
    })
}

//! What other processes of the user ask of this bridge: to decide, and to cancel.

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::approval::{DecideError, Verdict};
use crate::control::{Answer, Incoming, Places, Request, Socket};
use crate::event::{DecidedBy, Decision};
use crate::ids::{ApprovalId, ThreadId};
use crate::session::Sessions;

/// Requests that may wait to be begun; as many as there are connections.
const REQUESTS: usize = 16;

/// How much of a way is recorded, in characters: its name.
const WAY: usize = 40;

/// The socket of this bridge, and who answers there.
pub(super) struct Control {
    over: CancellationToken,
    tasks: TaskTracker,
}

impl Control {
    /// Listens, and tells the journal where. A bridge that cannot listen works without.
    pub fn start(places: &Places, sessions: Sessions) -> Self {
        let control = Self { over: CancellationToken::new(), tasks: TaskTracker::new() };
        match Socket::bind(places, sessions.journal().bridge()) {
            Ok(Some(socket)) => control.serve(socket, sessions),
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(%error, "`codex-bridge approve` does not reach this bridge");
            }
        }
        control
    }

    fn serve(&self, socket: Socket, sessions: Sessions) {
        // Queued now, and so recorded before any question that somebody could want to answer.
        let announced = sessions.journal().announce(socket.path().to_owned());
        let (to, mut requests) = mpsc::channel(REQUESTS);
        self.tasks.spawn(socket.serve(to, self.over.clone()));
        let tasks = self.tasks.clone();
        self.tasks.spawn(async move {
            if let Err(error) = announced.await {
                tracing::warn!(%error, "`codex-bridge approve` does not find this bridge");
            }
            while let Some(Incoming { request, reply }) = requests.recv().await {
                let sessions = sessions.clone();
                // Each for itself: one session that is slow must not hold up another.
                tasks.spawn(async move {
                    // Who went away needs no answer: what was done is in the journal.
                    let _ = reply.send(perform(&sessions, request).await);
                });
            }
        });
    }

    /// Takes no more requests, and waits for those that were taken.
    pub async fn end(&self) {
        self.over.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

async fn perform(sessions: &Sessions, request: Request) -> Answer {
    match request {
        Request::Decide { approval_id, decision, by, way, reason, answers } => {
            let verdict = Verdict { reason, answers, ..verdict(decision, by.into(), &way) };
            decide(sessions, approval_id, verdict).await
        }
        Request::Cancel { thread, turn, by, way } => {
            let reason = Some("the turn was cancelled".to_owned());
            cancel(sessions, thread, turn, Verdict { reason, ..verdict(Decision::Cancel, by.into(), &way) })
                .await
        }
    }
}

fn verdict(decision: Decision, by: DecidedBy, way: &str) -> Verdict {
    Verdict::of(decision, by, &way.chars().take(WAY).collect::<String>())
}

async fn decide(sessions: &Sessions, id: ApprovalId, verdict: Verdict) -> Answer {
    let thread = match sessions.of_approval(&id).await {
        Ok(Some(thread)) => thread,
        Ok(None) => return Answer::refused("approval_unknown", DecideError::Unknown(id).to_string()),
        Err(error) => return Answer::refused("journal", error.to_string()),
    };
    let Some(handle) = sessions.live(&thread).await else {
        return Answer::refused("approval_gone", sessions.why_not_here(&thread, &id).await);
    };
    match sessions.decide(&handle, id, verdict).await {
        Ok(decision) => Answer::Decided(decision),
        Err(error) => Answer::refused(error.code(), error.to_string()),
    }
}

async fn cancel(sessions: &Sessions, thread: ThreadId, turn: Option<String>, verdict: Verdict) -> Answer {
    let Some(handle) = sessions.live(&thread).await else {
        return Answer::refused("session_elsewhere", sessions.owner_elsewhere(&thread).await);
    };
    let ended = match turn {
        Some(name) => match sessions.cancel_one(&handle, &name, verdict).await {
            Ok(ended) => ended,
            Err(error) => return Answer::refused("journal", error.to_string()),
        },
        None => handle.cancel(None, verdict).await,
    };
    match ended {
        Ok(turn) => Answer::Cancelled { turn },
        Err(error) => Answer::refused(error.code(), error.to_string()),
    }
}

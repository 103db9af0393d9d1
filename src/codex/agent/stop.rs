//! Of codex's task: the end of a turn before its time.

use tokio::sync::watch;

use super::{Agent, Done};
use crate::codex::stop;
use crate::event::Survivor;
use crate::ids::{ThreadId, TurnId};
use crate::session::{AgentError, AgentEvent};

impl Agent {
    /// Ends a turn and its commands; its session hears what is left of them.
    pub(super) fn interrupt(&mut self, thread: ThreadId, turn: TurnId) {
        let Some(connection) = &self.connection else { return };
        let peer = connection.peer.clone();
        // Of a thread that nobody has any more it is not known whether the turn has ended.
        let route = self.routes.get(&thread);
        let ended =
            route.map_or_else(|| watch::channel(Some(turn.clone())).1, |route| route.ended.subscribe());
        self.calls.spawn(async move {
            let (left, error) = stop::interrupt(&peer, &thread, &turn, ended).await;
            Done::Stopped { thread, turn, left, error }
        });
    }

    /// Notes that a turn has ended: there is nothing to stop any more.
    pub(super) fn note_end(&mut self, thread: &ThreadId, event: &AgentEvent) {
        if let (AgentEvent::TurnEnded { turn, .. }, Some(route)) = (event, self.routes.get_mut(thread)) {
            route.ended.send_replace(Some(turn.clone()));
            route.reviews = false;
        }
    }

    /// Notes of the next turn whether it is a review.
    pub(super) fn review(&mut self, thread: &ThreadId, reviews: bool) {
        if let Some(route) = self.routes.get_mut(thread) {
            route.reviews = reviews;
        }
    }

    /// Whether codex says that a part of a review begins. Its answer has named the review itself by then, or
    /// does; codex 0.160 does not say here which turn it is a part of.
    pub(super) fn is_part_of_review(&self, thread: &ThreadId, event: &AgentEvent) -> bool {
        let reviews = self.routes.get(thread).is_some_and(|route| route.reviews);
        reviews && matches!(event, AgentEvent::TurnStarted(_))
    }

    pub(super) fn stopped(
        &mut self,
        thread: ThreadId,
        turn: TurnId,
        left: Vec<Survivor>,
        error: Option<AgentError>,
    ) {
        if let Some(error) = error {
            tracing::debug!(%thread, %error, "an interrupt came too late, or codex did not take it");
        }
        if let Some(route) = self.routes.get(&thread) {
            let inbox = route.inbox.clone();
            self.say(thread, inbox, AgentEvent::Stopped { turn, left });
        }
    }
}

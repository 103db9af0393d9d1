//! Of codex's task: the end of a turn before its time.

use tokio::sync::watch;

use super::{Agent, Done};
use crate::codex::stop::{self, Course};
use crate::event::{Body, Survivor};
use crate::ids::{ThreadId, TurnId};
use crate::session::{AgentError, AgentEvent};

impl Agent {
    /// Ends a turn and its commands; its session hears what is left of them.
    pub(super) fn interrupt(&mut self, thread: ThreadId, turn: TurnId) {
        let Some(connection) = &self.connection else { return };
        let peer = connection.peer.clone();
        let course = self.routes.get(&thread).map(|route| route.course.subscribe());
        self.calls.spawn(async move {
            let (left, error) = stop::interrupt(&peer, &thread, &turn, course).await;
            Done::Stopped { thread, turn, left, error }
        });
    }

    /// Notes that a turn has ended: there is nothing to stop any more.
    pub(super) fn note_end(&mut self, thread: &ThreadId, event: &AgentEvent) {
        if let (AgentEvent::TurnEnded { turn, .. }, Some(route)) = (event, self.routes.get_mut(thread)) {
            route.course.send_modify(|course| {
                course.ended = Some(turn.clone());
                course.review = false;
                course.part = None;
            });
        }
    }

    /// Notes of the next turn whether it is a review. Where to note what was there before it began.
    pub(super) fn course(&mut self, thread: &ThreadId, review: bool) -> Option<watch::Sender<Course>> {
        let course = &self.routes.get(thread)?.course;
        course.send_modify(|course| (course.review, course.part) = (review, None));
        Some(course.clone())
    }

    /// Whether codex says that a part of a review begins, whose id is noted: by that alone codex ends the
    /// review. Its answer has named the review itself by then, or does; codex 0.160 does not say here which turn
    /// it is a part of. `part`: its own id where codex says so.
    pub(super) fn is_part_of_review(
        &self,
        thread: &ThreadId,
        event: &AgentEvent,
        part: Option<TurnId>,
    ) -> bool {
        let AgentEvent::TurnStarted(turn) = event else { return false };
        let Some(route) = self.routes.get(thread).filter(|route| route.course.borrow().review) else {
            return false;
        };
        let part = part.unwrap_or_else(|| turn.clone());
        route.course.send_modify(|course| course.part = Some(part));
        true
    }

    pub(super) fn stopped(
        &mut self,
        thread: ThreadId,
        turn: TurnId,
        left: Vec<Survivor>,
        error: Option<AgentError>,
    ) {
        let Some(route) = self.routes.get(&thread) else { return };
        let inbox = route.inbox.clone();
        if let Some(error) = error {
            tracing::debug!(%thread, %error, "an interrupt came too late, or codex did not take it");
            if route.course.borrow().ended.as_ref() != Some(&turn) {
                let message = format!("codex was told to end the turn, and did not: {error}");
                let (turn, body) = (Some(turn.clone()), Body::warning(message));
                self.say(thread.clone(), inbox.clone(), AgentEvent::Said { turn, body });
            }
        }
        self.say(thread, inbox, AgentEvent::Stopped { turn, left });
    }
}

//! Of codex's task: the end of a turn before its time.

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
        self.calls.spawn(async move {
            let (left, error) = stop::interrupt(&peer, &thread, &turn).await;
            Done::Stopped { thread, turn, left, error }
        });
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

//! Of codex's task: a codex that hangs. One that has been quiet for long is asked something; where it says nothing
//! for as long again it is ended, and its sessions hear of it.

use tokio::time::Instant;

use super::{Agent, Done};
use crate::codex::calls;

/// What is known of codex's health.
#[derive(Debug, Default)]
pub(super) struct Health {
    /// Since when it was quiet when it was asked.
    asked: Option<Instant>,
}

impl Agent {
    /// When it is to be looked at next; only while something could wait for it.
    pub(super) fn health_due(&self) -> Option<Instant> {
        let connection = self.connection.as_ref()?;
        if self.routes.is_empty() && self.calls.is_empty() {
            return None;
        }
        let health = self.launch.health;
        Some(match connection.peer.quiet_since() {
            Some(since) if self.health.asked == Some(since) => since + health * 2,
            Some(since) => since + health,
            // It is held back, and not to blame.
            None => Instant::now() + health,
        })
    }

    /// Looks at it.
    pub(super) fn check_health(&mut self) {
        let Some(connection) = &self.connection else { return };
        let Some(since) = connection.peer.quiet_since() else { return };
        let (quiet, health) = (since.elapsed(), self.launch.health);
        if self.health.asked == Some(since) {
            if quiet >= health * 2 {
                tracing::warn!(?quiet, "codex says nothing any more, also when it is asked, and is ended");
                self.lost(Some(quiet));
            }
        } else if quiet >= health {
            self.health.asked = Some(since);
            let peer = connection.peer.clone();
            self.calls.spawn(async move {
                // Whatever it answers: that it does counts.
                calls::probe(&peer, health).await;
                Done::Probed
            });
        }
    }
}

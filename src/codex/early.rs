//! What codex says of threads that no session has yet: the answer that makes one may come after it.

use std::collections::VecDeque;

use crate::ids::ThreadId;
use crate::session::AgentEvent;

/// What may wait so. More is a fault of codex, or of threads that never become sessions: its own agents'.
const EVENTS: usize = 256;

/// The same in bytes, as they were on the wire. They take no room among what is not dealt with: the answer
/// that they wait for needs some too.
const BYTES: usize = 1 << 20;

/// Events that wait, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Early {
    events: VecDeque<(ThreadId, AgentEvent, usize)>,
    bytes: usize,
}

impl Early {
    /// Keeps an event, and gives up the oldest as long as there are too many.
    pub fn push(&mut self, thread: ThreadId, event: AgentEvent, bytes: usize) {
        self.events.push_back((thread, event, bytes));
        self.bytes += bytes;
        while self.events.len() > EVENTS || self.bytes > BYTES {
            let Some((thread, _, bytes)) = self.events.pop_front() else { return };
            tracing::debug!(%thread, "what codex says of a thread of no session is given up");
            self.bytes -= bytes;
        }
    }

    /// Takes out those of one thread.
    pub fn take(&mut self, thread: &ThreadId) -> Vec<AgentEvent> {
        let mut taken = Vec::new();
        for (of, event, bytes) in std::mem::take(self).events {
            if of == *thread {
                taken.push(event);
            } else {
                self.bytes += bytes;
                self.events.push_back((of, event, bytes));
            }
        }
        taken
    }

    /// Gives up all.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests;

//! What other programs did in a thread since this bridge last had it.

use super::query::PastTurn;
use crate::event::{Body, TurnStatus};
use crate::ids::TurnId;

/// Turns of other programs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Missed {
    /// In the order in which they were made.
    pub turns: Vec<PastTurn>,
    /// Whether there were more before them.
    pub more: bool,
}

impl Missed {
    /// What was said first in them.
    pub(super) fn prompt(&self) -> Option<&str> {
        let bodies = self.turns.iter().flat_map(|turn| &turn.bodies);
        bodies
            .filter_map(
                |body| if let Body::UserMessage { text, .. } = body { Some(text.as_str()) } else { None },
            )
            .next()
    }

    /// As events: with the turn of each.
    pub(super) fn events(self) -> Vec<(Option<TurnId>, Body)> {
        let mut out = Vec::new();
        if self.more {
            let message = format!(
                "this thread has more turns than the latest {}, which other programs made; the older ones were not read back",
                self.turns.len()
            );
            out.push((None, Body::warning(message)));
        }
        for PastTurn { turn, status, error, duration_ms, bodies } in self.turns {
            out.push((Some(turn.clone()), Body::TurnStarted { output_schema: None, key: None }));
            out.extend(bodies.into_iter().map(|body| (Some(turn.clone()), body)));
            // One that its program never ended is over: only one program at a time has a thread.
            let status = status.unwrap_or(TurnStatus::Interrupted);
            out.push((Some(turn), Body::TurnFinished { status, error, duration_ms, key: None }));
        }
        out
    }
}

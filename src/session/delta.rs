//! Pieces of text, put together until they are worth an event. Pure.

use std::time::Duration;

use crate::event::{Body, Timestamp};
use crate::ids::TurnId;

/// How long a piece may wait for the next one.
pub const WAIT: Duration = Duration::from_millis(50);

/// How much text makes an event by itself.
const FULL: usize = 4096;

/// Text of one item that no event carries yet.
#[derive(Debug)]
pub struct Delta {
    turn: Option<TurnId>,
    body: Body,
    due: Timestamp,
}

impl Delta {
    /// Takes a piece; gives back what is complete by that: the text of another item, or a full one.
    pub fn push(
        slot: &mut Option<Self>,
        turn: Option<TurnId>,
        body: Body,
        now: Timestamp,
    ) -> Vec<(Option<TurnId>, Body)> {
        let mut out = Vec::new();
        let same = slot.as_mut().filter(|held| held.turn == turn);
        if !same.is_some_and(|held| join(&mut held.body, &body)) {
            out.extend(Self::take(slot));
            *slot = Some(Self { turn, body, due: now.after(WAIT) });
        }
        if slot.as_ref().is_some_and(|held| text(&held.body).len() >= FULL) {
            out.extend(Self::take(slot));
        }
        out
    }

    /// Takes out what is held.
    pub fn take(slot: &mut Option<Self>) -> Option<(Option<TurnId>, Body)> {
        slot.take().map(|held| (held.turn, held.body))
    }

    /// When it must become an event.
    pub fn due(&self) -> Timestamp {
        self.due
    }
}

fn text(body: &Body) -> &str {
    match body {
        Body::AssistantDelta { text, .. } | Body::ToolOutput { text, .. } => text,
        _ => "",
    }
}

/// Adds `more` to `held` where both are pieces of the same item.
fn join(held: &mut Body, more: &Body) -> bool {
    match (held, more) {
        (Body::AssistantDelta { item_id: a, text }, Body::AssistantDelta { item_id: b, text: more })
        | (Body::ToolOutput { item_id: a, text }, Body::ToolOutput { item_id: b, text: more })
            if a == b =>
        {
            text.push_str(more);
            true
        }
        _ => false,
    }
}

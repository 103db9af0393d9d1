//! Pieces of text, put together until they are worth an event. Pure.

use std::time::Duration;

use crate::event::{Body, Timestamp};
use crate::ids::TurnId;

/// How long a piece may wait for the next one.
pub const WAIT: Duration = Duration::from_millis(50);

/// How much text makes an event by itself.
const FULL: usize = 4096;

/// Items whose pieces are held at once: more than codex works on at the same time.
const ITEMS: usize = 16;

/// An event to be, and its turn.
type Piece = (Option<TurnId>, Body);

/// Texts that no event carries yet, one an item, in the order in which they began.
#[derive(Debug, Default)]
pub struct Deltas {
    held: Vec<Piece>,
    due: Option<Timestamp>,
}

impl Deltas {
    /// Takes a piece; gives back what is complete by that: everything, where one text is full.
    pub fn push(&mut self, turn: Option<TurnId>, body: Body, now: Timestamp) -> Vec<Piece> {
        let joined = self.held.iter_mut().find(|(of, held)| *of == turn && is_same(held, &body));
        let full = match joined {
            Some((_, held)) => {
                push(held, &body);
                text(held).len() >= FULL
            }
            None => {
                let full = text(&body).len() >= FULL || self.held.len() + 1 >= ITEMS;
                self.held.push((turn, body));
                self.due.get_or_insert_with(|| now.after(WAIT));
                full
            }
        };
        if full { self.take() } else { Vec::new() }
    }

    /// Takes out what is held.
    pub fn take(&mut self) -> Vec<Piece> {
        self.due = None;
        std::mem::take(&mut self.held)
    }

    /// When it must become an event.
    pub fn due(&self) -> Option<Timestamp> {
        self.due
    }

    /// Whether it must now: its time has come, or lies so far ahead that the clock was set back.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.due.is_some_and(|due| due <= now || due > now.after(WAIT))
    }
}

fn text(body: &Body) -> &str {
    match body {
        Body::AssistantDelta { text, .. } | Body::ToolOutput { text, .. } => text,
        _ => "",
    }
}

/// Whether both are pieces of the same item.
fn is_same(held: &Body, more: &Body) -> bool {
    match (held, more) {
        (Body::AssistantDelta { item_id: a, .. }, Body::AssistantDelta { item_id: b, .. })
        | (Body::ToolOutput { item_id: a, .. }, Body::ToolOutput { item_id: b, .. }) => a == b,
        _ => false,
    }
}

fn push(held: &mut Body, more: &Body) {
    if let Body::AssistantDelta { text, .. } | Body::ToolOutput { text, .. } = held {
        text.push_str(self::text(more));
    }
}

#[cfg(test)]
mod tests;

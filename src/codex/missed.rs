//! What other programs did in a thread, read back from codex.

use super::calls::TOO_LONG;
use super::protocol::threads::{KeptTurn, TurnsList};
use super::queries::{View, add, listed};
use crate::event::Body;
use crate::ids::{ThreadId, TurnId};
use crate::rpc::Peer;
use crate::session::{AgentError, Missed};

/// Turns that codex is asked for at a time, at most: each comes with all that happened in it.
const PAGE: u32 = 10;

/// Turns that are read back at most.
const MOST: usize = 50;

/// The turns behind the one that is known, and all of a thread of which none is.
///
/// Nearly always nothing has come since, and a turn can be large (images, outputs): so first comes a look at the
/// name of the newest, and what is new is asked for in pages that grow from one turn.
pub(super) async fn missed(
    peer: &Peer,
    thread: &ThreadId,
    known: Option<&TurnId>,
) -> Result<Missed, AgentError> {
    let is_old =
        |turn: &KeptTurn| known.is_some_and(|known| !is_newer(&TurnId::from(turn.id.clone()), known));
    let mut missed = Missed::default();
    if known.is_some() {
        let newest = listed(peer, thread, None, 1, View::Bare).await?;
        if newest.data.first().is_none_or(is_old) {
            return Ok(missed);
        }
    }
    let (mut cursor, mut limit) = (None, 1);
    'pages: loop {
        let page = match listed(peer, thread, cursor.clone(), limit, View::Full).await {
            Err(error) if error.0.code == TOO_LONG && limit > 1 => {
                limit = 1;
                continue;
            }
            Err(error) if error.0.code == TOO_LONG => in_short(peer, thread, cursor, &error).await?,
            page => Page { list: page?, note: None },
        };
        for turn in page.list.data {
            if is_old(&turn) {
                break 'pages;
            }
            if missed.turns.len() == MOST && turn.root_turn_id.as_ref().is_none_or(|root| *root == turn.id) {
                missed.more = true;
                break 'pages;
            }
            add(&mut missed.turns, turn);
        }
        if let (Some(note), Some(turn)) = (page.note, missed.turns.last_mut()) {
            turn.bodies.push(Body::warning(note));
        }
        cursor = page.list.next_cursor;
        if cursor.is_none() {
            break;
        }
        limit = (limit * 2).min(PAGE);
    }
    missed.turns.reverse();
    Ok(missed)
}

struct Page {
    list: TurnsList,
    /// What of its turn is not there.
    note: Option<String>,
}

/// A turn that is too large: what was said at its begin and at its end, or nothing where that is too large too.
async fn in_short(
    peer: &Peer,
    thread: &ThreadId,
    cursor: Option<String>,
    error: &AgentError,
) -> Result<Page, AgentError> {
    let list = match listed(peer, thread, cursor.clone(), 1, View::Summary).await {
        Err(error) if error.0.code == TOO_LONG => listed(peer, thread, cursor, 1, View::Bare).await?,
        list => list?,
    };
    Ok(Page { list, note: Some(format!("what happened in this turn could not be read back whole: {error}")) })
}

/// Whether a turn came after one that is known. codex's ids are UUIDs of version 7, which sort by time: that
/// tells it also where codex has lost the known one, as when it was killed before it wrote it down.
fn is_newer(turn: &TurnId, known: &TurnId) -> bool {
    let by_time = |id: &TurnId| id.as_str().len() == 36 && id.as_str().as_bytes()[14] == b'7';
    if by_time(turn) && by_time(known) { turn > known } else { turn != known }
}

#[cfg(test)]
mod tests;

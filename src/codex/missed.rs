//! What other programs did in a thread, read back from codex.

use super::queries::turns;
use crate::ids::{ThreadId, TurnId};
use crate::rpc::Peer;
use crate::session::{AgentError, Missed, TurnsQuery};

/// Turns that codex is asked for at a time: each comes with all that happened in it.
const PAGE: u32 = 10;

/// Turns that are read back at most.
const MOST: usize = 50;

/// The turns behind the one that is known, and all of a thread of which none is.
pub(super) async fn missed(
    peer: &Peer,
    thread: &ThreadId,
    known: Option<&TurnId>,
) -> Result<Missed, AgentError> {
    let mut missed = Missed::default();
    let mut cursor = None;
    'pages: loop {
        let page = turns(peer, TurnsQuery { thread: thread.clone(), cursor, limit: PAGE }).await?;
        for turn in page.turns {
            if known.is_some_and(|known| !is_newer(&turn.turn, known)) {
                break 'pages;
            }
            if missed.turns.len() == MOST {
                missed.more = true;
                break 'pages;
            }
            missed.turns.push(turn);
        }
        cursor = page.cursor;
        if cursor.is_none() {
            break;
        }
    }
    missed.turns.reverse();
    Ok(missed)
}

/// Whether a turn came after one that is known. codex's ids are UUIDs of version 7, which sort by time: that
/// tells it also where codex has lost the known one, as when it was killed before it wrote it down.
fn is_newer(turn: &TurnId, known: &TurnId) -> bool {
    let by_time = |id: &TurnId| id.as_str().len() == 36 && id.as_str().as_bytes()[14] == b'7';
    if by_time(turn) && by_time(known) { turn > known } else { turn != known }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_after_is_newer() {
        let (old, new) = ("01a21ce9-18eb-7300-bd9a-c3ff00eeb5b0", "01a21cea-128d-7191-b263-ad9145354f85");
        let cases = [
            (new, old, true),
            (old, new, false),
            (old, old, false),
            ("t2", "t1", true),
            ("t1", "t1", false),
            ("t1", old, true),
        ];
        for (turn, known, newer) in cases {
            assert_eq!(is_newer(&turn.into(), &known.into()), newer, "{turn} after {known}");
        }
    }
}

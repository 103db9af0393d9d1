//! What is given up: tasks that are over, sessions at rest that are old, and the oldest ones where the file is too large. A
//! session that a living bridge has, or whose turn is open, is never touched.

use std::time::Duration;

use rusqlite::Connection;

use super::super::record::GivenUp;
use super::owners::Owners;
use super::rows::{number, signed};
use super::{clock, gone, reserved, runs, secrets, tasks};
use crate::event::Timestamp;
use crate::ids::{BridgeId, Seq, ThreadId};

/// Gives up a piece of what is over, as part of the writer's transaction. `bytes`: how large the file's
/// contents may be.
pub(super) fn retain(
    db: &Connection,
    owners: &Owners,
    now: Timestamp,
    keep: Duration,
    bytes: u64,
) -> rusqlite::Result<GivenUp> {
    let keep = u64::try_from(keep.as_millis()).unwrap_or(u64::MAX);
    let old = Timestamp(clock::look(db, now)?.0.saturating_sub(keep));
    tasks::retain(db, old)?;
    secrets::retain(db, old)?;
    runs::retain(db, old)?;
    if let Some(thread) = gone::full(db)? {
        gone::empty(db, &thread)?;
        return Ok(GivenUp { sessions: 0, more: true });
    }
    let Some((thread, last)) = oldest(db, owners, old, bytes)? else { return Ok(GivenUp::default()) };
    let last = reserved::upto(db, &thread)?.map_or(last, |upto| upto.max(last));
    gone::give_up(db, &thread, last, now)?;
    Ok(GivenUp { sessions: 1, more: true })
}

/// The oldest session that is not to be kept, and its last number.
fn oldest(
    db: &Connection,
    owners: &Owners,
    old: Timestamp,
    bytes: u64,
) -> rusqlite::Result<Option<(ThreadId, Seq)>> {
    let full = used(db)? > bytes;
    let sql = "SELECT thread, owner, last_seq FROM sessions WHERE status = 'idle' AND (?1 OR updated < ?2)
        ORDER BY updated";
    let mut query = db.prepare_cached(sql)?;
    let mut rows = query.query((full, signed(old.0)))?;
    while let Some(row) = rows.next()? {
        let owner: Option<String> = row.get(1)?;
        if !owner.is_some_and(|owner| owners.alive(&BridgeId::from(owner))) {
            return Ok(Some((ThreadId::from(row.get::<_, String>(0)?), Seq(number(row, 2)?))));
        }
    }
    Ok(None)
}

/// The bytes that hold something; freed pages are used again.
fn used(db: &Connection) -> rusqlite::Result<u64> {
    let number = |name: &str| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let pages = number("page_count")? - number("freelist_count")?;
    Ok(u64::try_from(pages * number("page_size")?).unwrap_or(0))
}

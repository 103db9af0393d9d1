//! What is given up: tasks that are over, sessions at rest that are old, and the oldest ones where the file is too large. A
//! session that a living bridge has, or whose turn is open, is never touched.

use std::time::Duration;

use rusqlite::{Connection, params};

use super::owners::Owners;
use super::rows::signed;
use super::{secrets, tasks};
use crate::event::Timestamp;
use crate::ids::BridgeId;

/// Sessions that one look gives up at most: the writing thread has other work.
const AT_ONCE: usize = 50;

/// Gives up what is over, as part of the writer's transaction; how many sessions. `now`: the time;
/// `bytes`: how large the file's contents may be.
pub(super) fn retain(
    db: &Connection,
    owners: &Owners,
    now: Timestamp,
    keep: Duration,
    bytes: u64,
) -> rusqlite::Result<usize> {
    let keep = u64::try_from(keep.as_millis()).unwrap_or(u64::MAX);
    let old = now.0.saturating_sub(keep);
    tasks::retain(db, Timestamp(old))?;
    secrets::retain(db, Timestamp(old))?;
    let sql = "SELECT thread, owner, updated FROM sessions WHERE status = 'idle' ORDER BY updated";
    let mut query = db.prepare_cached(sql)?;
    let mut rows = query.query([])?;
    let mut given_up = Vec::new();
    while let Some(row) = rows.next()? {
        let (thread, owner): (String, Option<String>) = (row.get(0)?, row.get(1)?);
        let updated: i64 = row.get(2)?;
        let is_old = updated < signed(old);
        if given_up.len() == AT_ONCE || !(is_old || used(db)? > bytes) {
            break;
        }
        if owner.is_some_and(|owner| owners.alive(&BridgeId::from(owner))) {
            continue;
        }
        for table in ["texts", "events", "approvals", "secrets", "sessions"] {
            db.execute(&format!("DELETE FROM {table} WHERE thread = ?1"), params![thread])?;
        }
        given_up.push(thread);
    }
    Ok(given_up.len())
}

/// The bytes that hold something; freed pages are used again.
fn used(db: &Connection) -> rusqlite::Result<u64> {
    let number = |name: &str| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let pages = number("page_count")? - number("freelist_count")?;
    Ok(u64::try_from(pages * number("page_size")?).unwrap_or(0))
}

//! Sessions that were given up: their last numbers, so that one that is resumed goes on behind them, and
//! their events, which are removed piece by piece.

use rusqlite::{Connection, OptionalExtension, params};

use super::rows::{number, signed};
use crate::event::Timestamp;
use crate::ids::{Seq, ThreadId};

/// Sessions that are remembered: the latest. A number takes about a hundred bytes.
const REMEMBERED: i64 = 10_000;

/// Events that are removed in one transaction at most, and the same in bytes: others write too.
const PIECE: (i64, u64) = (1000, 4 << 20);

/// Takes a session from the index, and notes where it ended; its events are left for [`empty`].
pub(super) fn give_up(db: &Connection, thread: &ThreadId, last: Seq, now: Timestamp) -> rusqlite::Result<()> {
    for table in ["approvals", "secrets", "sessions", "reserved"] {
        db.execute(&format!("DELETE FROM {table} WHERE thread = ?1"), [thread.as_str()])?;
    }
    let sql = "INSERT OR REPLACE INTO gone (thread, last_seq, time, emptied) VALUES (?1, ?2, ?3, 0)";
    db.execute(sql, params![thread.as_str(), signed(last.0), signed(now.0)])?;
    let sql = "DELETE FROM gone WHERE emptied AND thread NOT IN
        (SELECT thread FROM gone ORDER BY time DESC LIMIT ?1)";
    db.execute(sql, [REMEMBERED]).map(|_| ())
}

/// A session that was given up and has events still.
pub(super) fn full(db: &Connection) -> rusqlite::Result<Option<ThreadId>> {
    let sql = "SELECT thread FROM gone WHERE emptied = 0 LIMIT 1";
    db.query_row(sql, [], |row| row.get::<_, String>(0).map(ThreadId::from)).optional()
}

/// Removes a piece of its events.
pub(super) fn empty(db: &Connection, thread: &ThreadId) -> rusqlite::Result<()> {
    let sql = "SELECT seq, octet_length(body) + coalesce(apart, 0) FROM events WHERE thread = ?1
        ORDER BY seq LIMIT ?2";
    let mut query = db.prepare_cached(sql)?;
    let mut found = query.query(params![thread.as_str(), PIECE.0])?;
    let (mut last, mut count, mut bytes) = (0, 0, 0);
    while let Some(row) = found.next()? {
        (last, count, bytes) = (number(row, 0)?, count + 1, bytes + number(row, 1)?);
        if bytes > PIECE.1 {
            break;
        }
    }
    for table in ["texts", "events"] {
        let sql = format!("DELETE FROM {table} WHERE thread = ?1 AND seq <= ?2");
        db.prepare_cached(&sql)?.execute(params![thread.as_str(), signed(last)])?;
    }
    if count < PIECE.0 && bytes <= PIECE.1 {
        db.execute("UPDATE gone SET emptied = 1 WHERE thread = ?1", [thread.as_str()])?;
    }
    Ok(())
}

/// The last number of a session that was given up; zero for one that is not known.
pub(super) fn last(db: &Connection, thread: &ThreadId) -> rusqlite::Result<Seq> {
    let sql = "SELECT last_seq FROM gone WHERE thread = ?1";
    let last = db.prepare_cached(sql)?.query_row([thread.as_str()], |row| number(row, 0)).optional()?;
    Ok(Seq(last.unwrap_or(0)))
}

/// A session is there again; what is left of its events goes, so that it does not begin in their midst.
pub(super) fn come_back(db: &Connection, thread: &ThreadId) -> rusqlite::Result<()> {
    let sql = "DELETE FROM gone WHERE thread = ?1 RETURNING emptied";
    let emptied = db.query_row(sql, [thread.as_str()], |row| row.get::<_, bool>(0)).optional()?;
    if emptied == Some(false) {
        for table in ["texts", "events"] {
            db.execute(&format!("DELETE FROM {table} WHERE thread = ?1"), [thread.as_str()])?;
        }
    }
    Ok(())
}

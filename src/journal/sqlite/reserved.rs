//! Numbers that a session may give without each of them being on the disk: how far they go is.
//!
//! Most commits outlive any process, but not a power cut, which takes the last of them back, after
//! readers have seen their numbers. So a block of numbers is reserved by a commit that does survive it,
//! and after another start of the machine a session goes on behind its block.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::super::record::SessionRecord;
use super::boot::boot;
use super::rows::{number, signed};
use crate::ids::{Seq, ThreadId};

/// How many numbers are reserved at a time: what one sync of the disk is shared by, and how far numbers
/// jump after a power cut.
const BLOCK: u64 = 1000;

/// The blocks of this bridge's sessions.
#[derive(Debug)]
pub(super) struct Reserved {
    boot: Option<String>,
    upto: HashMap<ThreadId, Seq>,
}

impl Reserved {
    /// None yet.
    pub fn new() -> Self {
        Self { boot: boot(), upto: HashMap::new() }
    }

    /// Whether a session as it is to be must be on the disk before anybody hears of it: it takes numbers
    /// beyond its block, or needs its block no more.
    pub fn must_last(&self, row: &SessionRecord) -> bool {
        row.owner.is_none() || self.upto.get(&row.thread_id).is_none_or(|upto| row.last_seq > *upto)
    }

    /// Stores what the session needs, in the transaction that stores the session.
    pub fn put(&self, db: &Connection, row: &SessionRecord) -> rusqlite::Result<()> {
        if row.owner.is_none() {
            return forget(db, &row.thread_id);
        }
        if !self.must_last(row) {
            return Ok(());
        }
        let sql = "INSERT OR REPLACE INTO reserved (thread, upto, boot) VALUES (?1, ?2, ?3)";
        let upto = block_behind(row.last_seq);
        db.prepare_cached(sql)?.execute(params![row.thread_id.as_str(), signed(upto.0), self.boot])?;
        Ok(())
    }

    /// The session is on the disk.
    pub fn stored(&mut self, row: &SessionRecord) {
        if row.owner.is_none() {
            self.upto.remove(&row.thread_id);
        } else if self.must_last(row) {
            self.upto.insert(row.thread_id.clone(), block_behind(row.last_seq));
        }
    }

    /// Gives a session's block back.
    pub fn release(&mut self, db: &Connection, thread: &ThreadId) -> rusqlite::Result<()> {
        self.upto.remove(thread);
        forget(db, thread)
    }

    /// The end of the block of a session whose owner was stopped with the machine, which is then used up.
    /// Where the system does not name its starts, each owner that was killed may have been.
    pub fn cut(&self, db: &Connection, row: &SessionRecord) -> rusqlite::Result<Option<Seq>> {
        let sql = "SELECT upto, boot FROM reserved WHERE thread = ?1";
        let found = db.query_row(sql, [row.thread_id.as_str()], |found| {
            Ok((Seq(number(found, 0)?), found.get::<_, Option<String>>(1)?))
        });
        let Some((upto, boot)) = found.optional()? else { return Ok(None) };
        if (boot.is_some() && boot == self.boot) || upto <= row.last_seq {
            return Ok(None);
        }
        forget(db, &row.thread_id)?;
        Ok(Some(upto))
    }
}

/// Gives the blocks of all sessions at rest of a bridge back.
pub(super) fn leave(db: &Connection, bridge: &str) -> rusqlite::Result<()> {
    let sql = "DELETE FROM reserved WHERE thread IN
        (SELECT thread FROM sessions WHERE owner = ?1 AND status = 'idle')";
    db.execute(sql, [bridge]).map(|_| ())
}

/// The last number of a session that anybody may have been given, if it has a block.
pub(super) fn upto(db: &Connection, thread: &ThreadId) -> rusqlite::Result<Option<Seq>> {
    let sql = "SELECT upto FROM reserved WHERE thread = ?1";
    db.query_row(sql, [thread.as_str()], |row| number(row, 0).map(Seq)).optional()
}

pub(super) fn forget(db: &Connection, thread: &ThreadId) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM reserved WHERE thread = ?1")?.execute([thread.as_str()]).map(|_| ())
}

fn block_behind(last: Seq) -> Seq {
    Seq(last.0 + BLOCK)
}

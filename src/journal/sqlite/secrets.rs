//! What sessions were given that may be secret, each in a row of its own that nothing else names.

use rusqlite::{Connection, OptionalExtension, params};
use serde_json::Value;

use super::rows::{json, signed};
use crate::event::Timestamp;
use crate::ids::ThreadId;

/// Keeps them, in the place of those that the session had.
pub(super) fn put(db: &Connection, thread: &ThreadId, kept: &Value) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO secrets (thread, kept, created) VALUES (?1, ?2, ?3)";
    let now = signed(Timestamp::now().0);
    db.prepare_cached(sql)?.execute(params![thread.as_str(), kept.to_string(), now]).map(|_| ())
}

/// Those of a session.
pub(super) fn find(db: &Connection, thread: &ThreadId) -> rusqlite::Result<Option<Value>> {
    let mut query = db.prepare_cached("SELECT kept FROM secrets WHERE thread = ?1")?;
    query.query_row([thread.as_str()], |row| json(&row.get::<_, String>(0)?, 0)).optional()
}

/// Gives up those whose session was never recorded, as when its bridge was killed in between.
pub(super) fn retain(db: &Connection, old: Timestamp) -> rusqlite::Result<()> {
    let sql = "DELETE FROM secrets WHERE created < ?1 AND thread NOT IN (SELECT thread FROM sessions)";
    db.execute(sql, [signed(old.0)]).map(|_| ())
}

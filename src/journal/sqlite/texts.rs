//! Long texts of events, which lie beside their rows: SQLite holds a row in memory as a whole, several
//! times while it is written and read, and a text that lies apart in the pages of the file alone.

use rusqlite::{Connection, MAIN_DB, params};

use super::rows::signed;
use crate::event::{Body, block};
use crate::ids::{Seq, ThreadId};

/// A text that is longer lies apart.
const LONG: usize = 32 << 10;

/// Stores the long texts of an event, and takes them out of it; how many bytes that was, if any.
pub(super) fn put(
    db: &Connection,
    thread: &ThreadId,
    seq: Seq,
    body: &mut Body,
) -> rusqlite::Result<Option<i64>> {
    let mut apart = None;
    for (member, text) in body.texts_mut().into_iter().filter(|(_, text)| text.len() > LONG) {
        let text = std::mem::take(text);
        let length = signed(text.len() as u64);
        db.prepare_cached("INSERT INTO texts (thread, seq, member, text) VALUES (?1,?2,?3,zeroblob(?4))")?
            .execute(params![thread.as_str(), signed(seq.0), member, length])?;
        let mut place = db.blob_open(MAIN_DB, "texts", "text", db.last_insert_rowid(), false)?;
        place.write_all_at(text.as_bytes(), 0)?;
        place.close()?;
        *apart.get_or_insert(0) += length;
    }
    Ok(apart)
}

/// Puts the long texts of an event back where they were.
pub(super) fn fill(db: &Connection, thread: &ThreadId, seq: Seq, body: &mut Body) -> rusqlite::Result<()> {
    let mut query = db.prepare_cached("SELECT rowid, member FROM texts WHERE thread = ?1 AND seq = ?2")?;
    let mut found = query.query(params![thread.as_str(), signed(seq.0)])?;
    while let Some(row) = found.next()? {
        let member: String = row.get(1)?;
        let Some((_, text)) = body.texts_mut().into_iter().find(|(path, _)| *path == member) else {
            continue;
        };
        let place = db.blob_open(MAIN_DB, "texts", "text", row.get(0)?, true)?;
        let mut bytes = Vec::with_capacity(block(place.len()));
        bytes.resize(place.len(), 0);
        place.read_at_exact(&mut bytes, 0)?;
        *text = String::from_utf8(bytes).map_err(|error| error.utf8_error())?;
    }
    Ok(())
}

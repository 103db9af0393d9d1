//! What readers ask.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::super::record::SessionRecord;
use super::owners::Owners;
use super::rows::{self, EVENT, SESSION, signed};
use super::texts;
use crate::event::Event;
use crate::ids::{ApprovalId, Principal, Seq, ThreadId};

pub(super) fn events(
    db: &Connection,
    thread: &ThreadId,
    after: Seq,
    limit: usize,
    max_bytes: usize,
) -> rusqlite::Result<Vec<Event>> {
    let sql = format!("SELECT {EVENT} FROM events WHERE thread = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3");
    let mut query = db.prepare_cached(&sql)?;
    let limit = signed(limit as u64);
    let mut found = query.query(params![thread.as_str(), signed(after.0), limit])?;
    let (mut out, mut bytes) = (Vec::new(), 0usize);
    while let Some(row) = found.next()? {
        bytes = bytes.saturating_add(rows::length(row)?);
        if bytes > max_bytes && !out.is_empty() {
            break;
        }
        out.push(whole(db, row, thread)?);
    }
    Ok(out)
}

pub(super) fn last(
    db: &Connection,
    thread: &ThreadId,
    after: Seq,
    kind: &str,
) -> rusqlite::Result<Option<Event>> {
    // A body begins with its type.
    let begin = format!("{{\"type\":\"{kind}\"");
    let sql = format!(
        "SELECT {EVENT} FROM events WHERE thread = ?1 AND seq > ?2 AND substr(body, 1, length(?3)) = ?3
         ORDER BY seq DESC LIMIT 1"
    );
    let mut query = db.prepare_cached(&sql)?;
    let mut found = query.query(params![thread.as_str(), signed(after.0), begin])?;
    found.next()?.map(|row| whole(db, row, thread)).transpose()
}

/// An event with its long texts. While the row's query is under way, both are of the same state of the file.
fn whole(db: &Connection, row: &Row<'_>, thread: &ThreadId) -> rusqlite::Result<Event> {
    let mut event = rows::event(row, thread)?;
    if rows::apart(row)? > 0 {
        texts::fill(db, thread, event.seq, &mut event.body)?;
    }
    Ok(event)
}

pub(super) fn session(db: &Connection, thread: &ThreadId) -> rusqlite::Result<Option<SessionRecord>> {
    let sql = format!("SELECT {SESSION} FROM sessions WHERE thread = ?1");
    db.prepare_cached(&sql)?.query_row([thread.as_str()], rows::session).optional()
}

pub(super) fn sessions(
    db: &Connection,
    of: Option<&Principal>,
    limit: usize,
) -> rusqlite::Result<Vec<SessionRecord>> {
    let limit = signed(limit as u64);
    if let Some(of) = of {
        let sql =
            format!("SELECT {SESSION} FROM sessions WHERE principal = ?1 ORDER BY updated DESC LIMIT ?2");
        return db.prepare_cached(&sql)?.query_map(params![of.as_str(), limit], rows::session)?.collect();
    }
    let sql = format!("SELECT {SESSION} FROM sessions ORDER BY updated DESC LIMIT ?1");
    db.prepare_cached(&sql)?.query_map([limit], rows::session)?.collect()
}

pub(super) fn approval(db: &Connection, id: &ApprovalId) -> rusqlite::Result<Option<ThreadId>> {
    let sql = "SELECT thread FROM approvals WHERE id = ?1";
    let thread = db.prepare_cached(sql)?.query_row([id.as_str()], |row| row.get::<_, String>(0));
    thread.optional().map(|thread| thread.map(ThreadId::from))
}

pub(super) fn abandoned(db: &Connection, owners: &Owners) -> rusqlite::Result<Vec<SessionRecord>> {
    let sql = format!("SELECT {SESSION} FROM sessions WHERE status <> 'idle'");
    let mut query = db.prepare_cached(&sql)?;
    let mut out: Vec<SessionRecord> = query.query_map([], rows::session)?.collect::<Result<_, _>>()?;
    out.retain(|row| row.owner.as_ref().is_none_or(|owner| !owners.alive(owner)));
    Ok(out)
}

pub(super) fn undecided(db: &Connection) -> rusqlite::Result<Vec<SessionRecord>> {
    // The first condition is that of the index.
    let sql = format!(
        "SELECT {SESSION} FROM sessions WHERE status <> 'idle' AND status = 'needs_decision' ORDER BY updated"
    );
    db.prepare_cached(&sql)?.query_map([], rows::session)?.collect()
}

pub(super) fn last_seq(db: &Connection, thread: &ThreadId) -> rusqlite::Result<Seq> {
    let sql = "SELECT last_seq FROM sessions WHERE thread = ?1";
    let seq = db.prepare_cached(sql)?.query_row([thread.as_str()], |row| rows::number(row, 0));
    seq.optional().map(|seq| Seq(seq.unwrap_or(0)))
}

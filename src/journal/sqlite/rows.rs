//! Rows as records, and back.

use rusqlite::types::Type;
use rusqlite::{Connection, Row, params};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::super::record::{SessionRecord, SessionStatus};
use super::texts;
use crate::event::{Body, Event, Origin, Timestamp};
use crate::ids::{BridgeId, Principal, Seq, ThreadId, TurnId};

/// The columns of a session, in the order of [`session`].
pub(super) const SESSION: &str = "thread, cwd, title, status, model, owner, last_seq, turn_seq, turn_id, created, updated, settings, principal";

/// The columns of an event, in the order of [`event`].
pub(super) const EVENT: &str = "seq, time, turn, origin, body, apart";

pub(super) fn session(row: &Row<'_>) -> rusqlite::Result<SessionRecord> {
    let status: String = row.get(3)?;
    Ok(SessionRecord {
        thread_id: ThreadId::from(row.get::<_, String>(0)?),
        cwd: row.get(1)?,
        title: row.get(2)?,
        status: match status.as_str() {
            "running" => SessionStatus::Running,
            "needs_decision" => SessionStatus::NeedsDecision,
            _ => SessionStatus::Idle,
        },
        model: row.get(4)?,
        owner: row.get::<_, Option<String>>(5)?.map(BridgeId::from),
        last_seq: Seq(number(row, 6)?),
        turn_seq: Seq(number(row, 7)?),
        turn_id: row.get::<_, Option<String>>(8)?.map(TurnId::from),
        created: Timestamp(number(row, 9)?),
        updated: Timestamp(number(row, 10)?),
        settings: json(&row.get::<_, String>(11)?, 11)?,
        principal: row.get::<_, Option<String>>(12)?.map(Principal::from),
    })
}

pub(super) fn put_session(db: &Connection, s: &SessionRecord) -> rusqlite::Result<()> {
    let sql = format!(
        "INSERT OR REPLACE INTO sessions ({SESSION}) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)"
    );
    db.prepare_cached(&sql)?.execute(params![
        s.thread_id.as_str(),
        s.cwd,
        s.title,
        s.status.name(),
        s.model,
        s.owner.as_ref().map(BridgeId::as_str),
        signed(s.last_seq.0),
        signed(s.turn_seq.0),
        s.turn_id.as_ref().map(TurnId::as_str),
        signed(s.created.0),
        signed(s.updated.0),
        s.settings.to_string(),
        s.principal.as_ref().map(Principal::as_str),
    ])?;
    Ok(())
}

pub(super) fn event(row: &Row<'_>, thread: &ThreadId) -> rusqlite::Result<Event> {
    let origin: Option<String> = row.get(3)?;
    Ok(Event {
        seq: Seq(number(row, 0)?),
        time: Timestamp(number(row, 1)?),
        thread_id: thread.clone(),
        turn_id: row.get::<_, Option<String>>(2)?.map(TurnId::from),
        origin: origin.map(|_| Origin::Codex),
        body: body(row.get_ref(4)?.as_str()?),
    })
}

/// How many bytes an event takes.
pub(super) fn length(row: &Row<'_>) -> rusqlite::Result<usize> {
    Ok(apart(row)?.saturating_add(row.get_ref(4)?.as_bytes()?.len()))
}

/// How many of them are texts that lie apart.
pub(super) fn apart(row: &Row<'_>) -> rusqlite::Result<usize> {
    let apart: Option<i64> = row.get(5)?;
    Ok(apart.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(0))
}

/// Stores an event; it is used up, so that its long texts need not be held twice.
pub(super) fn put_event(db: &Connection, mut event: Event) -> rusqlite::Result<()> {
    let apart = texts::put(db, &event.thread_id, event.seq, &mut event.body)?;
    let body = serde_json::to_string(&event.body)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    db.prepare_cached(
        "INSERT INTO events (thread, seq, time, turn, origin, body, apart) VALUES (?1,?2,?3,?4,?5,?6,?7)",
    )?
    .execute(params![
        event.thread_id.as_str(),
        signed(event.seq.0),
        signed(event.time.0),
        event.turn_id.as_ref().map(TurnId::as_str),
        event.origin.map(|Origin::Codex| "codex"),
        body,
        apart,
    ])?;
    if let Body::PermissionRequest(request) = &event.body {
        db.prepare_cached("INSERT OR IGNORE INTO approvals (id, thread) VALUES (?1, ?2)")?
            .execute(params![request.approval_id.as_str(), event.thread_id.as_str()])?;
    }
    Ok(())
}

/// An event that a newer bridge wrote in words of its own stays readable, and its page with it.
fn body(text: &str) -> Body {
    serde_json::from_str(text).unwrap_or_else(|_| {
        let params: Value = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
        Body::Raw { method: params["type"].as_str().unwrap_or("unreadable").to_owned(), params }
    })
}

/// SQLite's integers are signed; our numbers stay far below their end.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(|n| u64::try_from(n).unwrap_or(0))
}

pub(super) fn json<T: DeserializeOwned>(text: &str, column: usize) -> rusqlite::Result<T> {
    serde_json::from_str(text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))
}

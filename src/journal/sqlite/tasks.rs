//! The table of tasks: what hosts were given for their runs.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::super::record::{TaskRecord, TaskState};
use super::rows::{json, number, signed};
use crate::event::Timestamp;
use crate::ids::{ThreadId, TurnId};

const TASK: &str = "id, thread, turn, created, updated, status, result";

pub(super) fn find(db: &Connection, id: &str) -> rusqlite::Result<Option<TaskRecord>> {
    let sql = format!("SELECT {TASK} FROM tasks WHERE id = ?1");
    db.prepare_cached(&sql)?.query_row([id], task).optional()
}

pub(super) fn put(db: &Connection, task: &TaskRecord) -> rusqlite::Result<()> {
    let sql = format!(
        "INSERT INTO tasks ({TASK}) VALUES (?1,?2,?3,?4,?5,?6,?7)
         ON CONFLICT (id) DO UPDATE SET thread = ?2, turn = ?3, created = ?4, updated = ?5, status = ?6,
             result = ?7
         WHERE status = 'working'"
    );
    db.prepare_cached(&sql)?.execute(params![
        task.id,
        task.thread.as_str(),
        task.turn.as_ref().map(TurnId::as_str),
        signed(task.created.0),
        signed(task.updated.0),
        task.status.name(),
        task.result.as_ref().map(ToString::to_string),
    ])?;
    Ok(())
}

/// Gives up what is over, and did not change since `old`. See [`TaskRecord::stale`].
pub(super) fn retain(db: &Connection, old: Timestamp) -> rusqlite::Result<()> {
    let over = "DELETE FROM tasks WHERE updated < ?1 AND
        (status <> 'working' OR thread NOT IN (SELECT thread FROM sessions WHERE status <> 'idle'))";
    db.prepare_cached(over)?.execute([signed(old.0)]).map(|_| ())
}

fn task(row: &Row<'_>) -> rusqlite::Result<TaskRecord> {
    let status: String = row.get(5)?;
    Ok(TaskRecord {
        id: row.get(0)?,
        thread: ThreadId::from(row.get::<_, String>(1)?),
        turn: row.get::<_, Option<String>>(2)?.map(TurnId::from),
        created: Timestamp(number(row, 3)?),
        updated: Timestamp(number(row, 4)?),
        status: match status.as_str() {
            "working" => TaskState::Working,
            "cancelled" => TaskState::Cancelled,
            "completed" => TaskState::Completed,
            _ => TaskState::Failed,
        },
        result: row.get::<_, Option<String>>(6)?.map(|text| json(&text, 6)).transpose()?,
    })
}

//! The table of runs that their callers named: by that the same call, made again, finds its run.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::super::record::RunRecord;
use super::owners::Owners;
use super::rows::{number, signed};
use crate::event::Timestamp;
use crate::ids::{BridgeId, Seq, ThreadId};

const RUN: &str = "key, digest, bridge, thread, after, created";

/// Takes the name for a run; the one that has it, where one does. A run whose bridge died before it had a
/// session has it no more.
pub(super) fn claim(
    db: &Connection,
    owners: &Owners,
    run: &RunRecord,
) -> rusqlite::Result<Option<RunRecord>> {
    let found = format!("SELECT {RUN} FROM runs WHERE key = ?1");
    let found = db.prepare_cached(&found)?.query_row([&run.key], read).optional()?;
    if let Some(found) = found {
        let lives = found.bridge == run.bridge || owners.alive(&found.bridge);
        if found.thread.is_some() || lives {
            return Ok(Some(found));
        }
    }
    let put = format!("INSERT OR REPLACE INTO runs ({RUN}) VALUES (?1,?2,?3,?4,?5,?6)");
    db.prepare_cached(&put)?.execute(params![
        run.key,
        run.digest,
        run.bridge.as_str(),
        run.thread.as_ref().map(ThreadId::as_str),
        signed(run.after.0),
        signed(run.created.0),
    ])?;
    Ok(None)
}

/// Says where a run is; frees its name where it is nowhere.
pub(super) fn place(db: &Connection, key: &str, place: Option<&(ThreadId, Seq)>) -> rusqlite::Result<()> {
    match place {
        Some((thread, after)) => {
            let sql = "UPDATE runs SET thread = ?2, after = ?3 WHERE key = ?1";
            db.prepare_cached(sql)?.execute(params![key, thread.as_str(), signed(after.0)])?;
        }
        None => {
            db.prepare_cached("DELETE FROM runs WHERE key = ?1")?.execute([key])?;
        }
    }
    Ok(())
}

/// Gives up those that are old; their sessions are too.
pub(super) fn retain(db: &Connection, old: Timestamp) -> rusqlite::Result<()> {
    let over = "DELETE FROM runs WHERE created < ?1 AND
        (thread IS NULL OR thread NOT IN (SELECT thread FROM sessions WHERE status <> 'idle'))";
    db.prepare_cached(over)?.execute([signed(old.0)]).map(|_| ())
}

fn read(row: &Row<'_>) -> rusqlite::Result<RunRecord> {
    Ok(RunRecord {
        key: row.get(0)?,
        digest: row.get(1)?,
        bridge: BridgeId::from(row.get::<_, String>(2)?),
        thread: row.get::<_, Option<String>>(3)?.map(ThreadId::from),
        after: Seq(number(row, 4)?),
        created: Timestamp(number(row, 5)?),
    })
}

//! The table of runs that their callers named: by that the same call, made again, finds its run.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::super::record::RunRecord;
use super::owners::Owners;
use super::rows::{number, signed};
use crate::event::Timestamp;
use crate::ids::{BridgeId, Principal, Seq, ThreadId};

const RUN: &str = "key, digest, claim, bridge, thread, after, created, principal";

/// The run of a session that has a name; of those who share it the latest.
pub(super) fn find(db: &Connection, thread: &ThreadId, key: &str) -> rusqlite::Result<Option<RunRecord>> {
    let sql = format!("SELECT {RUN} FROM runs WHERE thread = ?1 AND key = ?2 ORDER BY created DESC LIMIT 1");
    db.prepare_cached(&sql)?.query_row([thread.as_str(), key], read).optional()
}

/// The run that has a name of somebody's.
fn named(db: &Connection, run: &RunRecord) -> rusqlite::Result<Option<RunRecord>> {
    let sql = format!("SELECT {RUN} FROM runs WHERE principal = ?1 AND key = ?2");
    db.prepare_cached(&sql)?.query_row([principal(run), &run.key], read).optional()
}

fn principal(run: &RunRecord) -> &str {
    run.principal.as_ref().map_or("", Principal::as_str)
}

/// The latest runs of a session.
pub(super) fn of(db: &Connection, thread: &ThreadId, limit: usize) -> rusqlite::Result<Vec<RunRecord>> {
    let sql = format!("SELECT {RUN} FROM runs WHERE thread = ?1 ORDER BY created DESC LIMIT ?2");
    let mut query = db.prepare_cached(&sql)?;
    query.query_map(params![thread.as_str(), signed(limit as u64)], read)?.collect()
}

/// Takes the name for a run; the one that has it, where one does. A run whose bridge died before it had a
/// session has it no more.
pub(super) fn claim(
    db: &Connection,
    owners: &Owners,
    run: &RunRecord,
) -> rusqlite::Result<Option<RunRecord>> {
    if let Some(found) = named(db, run)? {
        let lives = found.bridge == run.bridge || owners.alive(&found.bridge);
        if found.thread.is_some() || lives {
            return Ok(Some(found));
        }
    }
    let put = format!("INSERT OR REPLACE INTO runs ({RUN}) VALUES (?1,?2,?3,?4,?5,?6,?7,?8)");
    db.prepare_cached(&put)?.execute(params![
        run.key,
        run.digest,
        run.claim,
        run.bridge.as_str(),
        run.thread.as_ref().map(ThreadId::as_str),
        signed(run.after.0),
        signed(run.created.0),
        principal(run),
    ])?;
    Ok(None)
}

/// Says of a claim where its run is; frees the name where it is nowhere.
pub(super) fn place(db: &Connection, claim: &str, place: Option<&(ThreadId, Seq)>) -> rusqlite::Result<()> {
    match place {
        Some((thread, after)) => {
            let sql = "UPDATE runs SET thread = ?2, after = ?3 WHERE claim = ?1";
            db.prepare_cached(sql)?.execute(params![claim, thread.as_str(), signed(after.0)])?;
        }
        None => {
            db.prepare_cached("DELETE FROM runs WHERE claim = ?1")?.execute([claim])?;
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
        claim: row.get(2)?,
        bridge: BridgeId::from(row.get::<_, String>(3)?),
        thread: row.get::<_, Option<String>>(4)?.map(ThreadId::from),
        after: Seq(number(row, 5)?),
        created: Timestamp(number(row, 6)?),
        principal: Some(row.get::<_, String>(7)?).filter(|name| !name.is_empty()).map(Principal::from),
    })
}

//! What the writing thread does in its transactions, one function a job; and how they begin and end.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::super::error::JournalError;
use super::super::record::{Batch, Claimed, GivenUp, RunRecord, TaskRecord};
use super::job::Write;
use super::writer::Writer;
use super::{gone, queries, reserved, retain, rows, runs, secrets, tasks};
use crate::event::Timestamp;
use crate::ids::{BridgeId, Seq, ThreadId};

/// How long a commit waits for readers.
const READERS: Duration = Duration::from_secs(5);

/// How long a bridge that ends waits for others, to give back what it has.
const LEAVE: Duration = Duration::from_secs(1);

impl Writer {
    /// Whether a job must survive a power cut.
    pub(super) fn must_last(&self, write: &Write) -> bool {
        match write {
            Write::Append(batch, _) => batch.durable || self.reserved.must_last(&batch.session),
            // A host holds a task for durable once it has been told of it.
            Write::Claim(..) | Write::Release(..) | Write::Task(..) | Write::Secrets(..) => true,
            // Its caller may make the call again after any end of the machine.
            Write::ClaimRun(..) | Write::PlaceRun(..) => true,
            Write::Announce(..) | Write::Retain(..) => false,
        }
    }

    pub(super) fn begin(&mut self, durable: bool) -> rusqlite::Result<()> {
        if durable != self.full {
            let mode = if durable { "FULL" } else { "NORMAL" };
            self.db.pragma_update(None, "synchronous", mode)?;
            self.full = durable;
        }
        self.db.execute_batch("BEGIN IMMEDIATE")
    }

    /// With a write-ahead log nobody can be in the way here; on file systems that have none, readers can.
    pub(super) fn commit(&self) -> Result<(), JournalError> {
        let begun = Instant::now();
        loop {
            match self.db.execute_batch("COMMIT") {
                Err(error) if JournalError::is_busy(&error) && begun.elapsed() < READERS => {}
                done => return done.map_err(|error| self.fault(&error)),
            }
        }
    }

    pub(super) fn append(&self, batch: Batch) -> Result<(), JournalError> {
        let row = &batch.session;
        let stored = queries::session(&self.db, &row.thread_id).map_err(|e| self.fault(&e))?;
        self.must_be_ours(&row.thread_id, stored.as_ref().and_then(|s| s.owner.as_ref()))?;
        let last = match &stored {
            Some(stored) => stored.last_seq,
            None => gone::last(&self.db, &row.thread_id).map_err(|e| self.fault(&e))?,
        };
        batch.check(last)?;
        let events = batch.events;
        let put = || {
            if stored.is_none() {
                gone::come_back(&self.db, &row.thread_id)?;
            }
            for event in events {
                rows::put_event(&self.db, event)?;
            }
            self.reserved.put(&self.db, row)?;
            rows::put_session(&self.db, row)
        };
        put().map_err(|e| self.fault(&e))
    }

    pub(super) fn claim(&self, thread: &ThreadId) -> Result<Claimed, JournalError> {
        let fault = |e: rusqlite::Error| self.fault(&e);
        let Some(stored) = queries::session(&self.db, thread).map_err(fault)? else {
            return Ok(Claimed { last: gone::last(&self.db, thread).map_err(fault)?, cut: false });
        };
        self.must_be_ours(thread, stored.owner.as_ref())?;
        let ours = stored.owner.as_ref() == Some(&self.bridge);
        let cut = if ours { None } else { self.reserved.cut(&self.db, &stored).map_err(fault)? };
        let last = cut.unwrap_or(stored.last_seq);
        let sql = "UPDATE sessions SET owner = ?2, last_seq = ?3 WHERE thread = ?1";
        let row = (thread.as_str(), self.bridge.as_str(), rows::signed(last.0));
        self.db.execute(sql, row).map_err(fault)?;
        Ok(Claimed { last, cut: cut.is_some() })
    }

    pub(super) fn release(&mut self, thread: &ThreadId) -> Result<(), JournalError> {
        let sql = "UPDATE sessions SET owner = NULL WHERE thread = ?1 AND owner = ?2";
        let freed = self.db.execute(sql, [thread.as_str(), self.bridge.as_str()]);
        let done = match freed {
            Ok(0) => Ok(()),
            Ok(_) => self.reserved.release(&self.db, thread),
            Err(error) => Err(error),
        };
        done.map_err(|e| self.fault(&e))
    }

    pub(super) fn announce(&self, socket: &Path) -> Result<(), JournalError> {
        let socket = socket.to_str().ok_or_else(|| JournalError::Unusable {
            path: self.path.clone(),
            reason: format!("the control socket `{}` is not UTF-8", socket.display()),
            remedy: "set journal.path to a file whose path is",
        })?;
        self.owners.announce(&self.db, &self.bridge, socket).map_err(|e| self.fault(&e))
    }

    pub(super) fn put_task(&self, task: &TaskRecord) -> Result<(), JournalError> {
        tasks::put(&self.db, task).map_err(|e| self.fault(&e))
    }

    pub(super) fn claim_run(&self, run: &RunRecord) -> Result<Option<RunRecord>, JournalError> {
        runs::claim(&self.db, &self.owners, run).map_err(|e| self.fault(&e))
    }

    pub(super) fn place_run(&self, claim: &str, place: Option<&(ThreadId, Seq)>) -> Result<(), JournalError> {
        runs::place(&self.db, claim, place).map_err(|e| self.fault(&e))
    }

    pub(super) fn put_secrets(&self, thread: &ThreadId, kept: &Value) -> Result<(), JournalError> {
        secrets::put(&self.db, thread, kept).map_err(|e| self.fault(&e))
    }

    pub(super) fn retain(&self, now: Timestamp, keep: Duration, bytes: u64) -> Result<GivenUp, JournalError> {
        retain::retain(&self.db, &self.owners, now, keep, bytes).map_err(|e| self.fault(&e))
    }

    /// Nobody's, ours, or a dead bridge's.
    fn must_be_ours(&self, thread: &ThreadId, owner: Option<&BridgeId>) -> Result<(), JournalError> {
        let Some(owner) = owner.filter(|owner| **owner != self.bridge) else { return Ok(()) };
        if !self.owners.alive(owner) {
            return Ok(());
        }
        let pid = self.owners.find(&self.db, owner).map_err(|e| self.fault(&e))?.map_or(0, |o| o.pid);
        Err(JournalError::Owned { thread: thread.clone(), pid })
    }

    /// Gives back what is at rest. A session with an open turn keeps its dead owner's name: the next
    /// bridge finds it by that, and ends the turn.
    pub(super) fn leave(&mut self) {
        let give_back = |w: &mut Self| {
            w.db.busy_timeout(LEAVE)?;
            // What is given back needs no block of numbers any more, since it is on the disk.
            w.begin(true)?;
            reserved::leave(&w.db, w.bridge.as_str())?;
            let sql = "UPDATE sessions SET owner = NULL WHERE owner = ?1 AND status = 'idle'";
            w.db.execute(sql, [w.bridge.as_str()])?;
            w.owners.forget(&w.db, &w.bridge)?;
            w.db.execute_batch("COMMIT")
        };
        if let Err(error) = give_back(self) {
            tracing::debug!(%error, "the next bridge finds this one's lock free");
        }
        self.lock = None;
    }
}

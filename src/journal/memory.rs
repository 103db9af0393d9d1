//! The journal in memory: for tests, and where the user lets work go on although the file cannot be
//! used. No file, no threads, one owner; above [`MOST`] bytes the oldest events are given up.

mod kept;

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;

use super::error::JournalError;
use super::record::{
    Batch, Claimed, GivenUp, Journal, Owner, Pending, RunRecord, SessionRecord, SessionStatus, TaskRecord,
    TaskState,
};
use crate::event::{Event, Timestamp};
use crate::ids::{ApprovalId, BridgeId, Principal, Seq, ThreadId};
use kept::{Kept, Secret, Slot};

/// The bytes of events that are held at most: some hundred turns.
const MOST: usize = 64 << 20;

/// A journal that is gone with its process.
#[derive(Debug)]
pub struct MemoryJournal {
    bridge: BridgeId,
    /// Why there is no file, where there should be one.
    instead_of: Option<JournalError>,
    kept: Mutex<Kept>,
}

impl Default for MemoryJournal {
    fn default() -> Self {
        Self { bridge: BridgeId::fresh(), instead_of: None, kept: Mutex::new(Kept::new(MOST)) }
    }
}

impl MemoryJournal {
    /// In the place of a file that cannot be used; each session is told why.
    #[must_use]
    pub fn instead_of(error: JournalError) -> Self {
        Self { instead_of: Some(error), ..Self::default() }
    }

    /// Takes over a session whose events up to `last` are elsewhere.
    pub(super) fn adopt(&self, row: SessionRecord, last: Seq) {
        self.kept().adopt(row, last);
    }

    /// The first number of a session that is here, or will be; `None` where the session is not here.
    pub(super) fn first(&self, thread: &ThreadId) -> Option<Seq> {
        self.kept().sessions.get(thread).map(Slot::first)
    }

    /// The last number of a session that is here.
    pub(super) fn latest_seq(&self, thread: &ThreadId) -> Option<Seq> {
        self.kept().sessions.get(thread).map(|slot| slot.last)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Nothing panics between two writes that belong together.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn now<T: Send + 'static>(result: Result<T, JournalError>) -> Pending<T> {
    Box::pin(std::future::ready(result))
}

impl Journal for MemoryJournal {
    fn bridge(&self) -> &BridgeId {
        &self.bridge
    }

    fn trouble(&self, _: &ThreadId) -> Option<JournalError> {
        self.instead_of.clone()
    }

    fn append(&self, batch: Batch) -> Pending<()> {
        now(self.kept().put(batch))
    }

    fn read(&self, thread: ThreadId, after: Seq, limit: usize, max_bytes: usize) -> Pending<Vec<Event>> {
        let kept = self.kept();
        now(Ok(kept.sessions.get(&thread).map(|slot| slot.read(after, limit, max_bytes)).unwrap_or_default()))
    }

    fn last(&self, thread: ThreadId, after: Seq, kind: &'static str) -> Pending<Option<Event>> {
        now(Ok(self.kept().sessions.get(&thread).and_then(|slot| slot.latest(after, kind))))
    }

    fn session(&self, thread: ThreadId) -> Pending<Option<SessionRecord>> {
        now(Ok(self.kept().sessions.get(&thread).map(|slot| slot.row.clone())))
    }

    fn sessions(&self, of: Option<Principal>, limit: usize) -> Pending<Vec<SessionRecord>> {
        let mut rows = self.kept().rows(|row| of.is_none() || row.principal == of);
        rows.sort_by_key(|row| std::cmp::Reverse(row.updated));
        rows.truncate(limit);
        now(Ok(rows))
    }

    fn approval(&self, id: ApprovalId) -> Pending<Option<ThreadId>> {
        now(Ok(self.kept().approvals.get(&id).cloned()))
    }

    fn claim(&self, thread: ThreadId) -> Pending<Claimed> {
        now(Ok(Claimed { last: self.latest_seq(&thread).unwrap_or(Seq::ZERO), cut: false }))
    }

    fn release(&self, _: ThreadId) -> Pending<()> {
        now(Ok(()))
    }

    fn owner(&self, bridge: BridgeId) -> Pending<Option<Owner>> {
        let socket = self.kept().socket.clone();
        let pid = std::process::id();
        let me = |bridge| Owner { bridge, pid, started: Timestamp(0), socket, alive: true };
        now(Ok((bridge == self.bridge).then(|| me(bridge))))
    }

    fn announce(&self, socket: PathBuf) -> Pending<()> {
        self.kept().socket = Some(socket);
        now(Ok(()))
    }

    fn abandoned(&self) -> Pending<Vec<SessionRecord>> {
        let open = |row: &SessionRecord| {
            row.status != SessionStatus::Idle && row.owner.as_ref() != Some(&self.bridge)
        };
        now(Ok(self.kept().rows(open)))
    }

    fn undecided(&self) -> Pending<Vec<SessionRecord>> {
        let mut rows = self.kept().rows(|row| row.status == SessionStatus::NeedsDecision);
        rows.sort_by_key(|row| row.updated);
        now(Ok(rows))
    }

    fn put_task(&self, task: TaskRecord) -> Pending<()> {
        let mut kept = self.kept();
        if kept.closed {
            return now(Err(JournalError::Closed));
        }
        let over = kept.tasks.get(&task.id).is_some_and(|old| old.status != TaskState::Working);
        if !over {
            kept.tasks.insert(task.id.clone(), task);
        }
        now(Ok(()))
    }

    fn task(&self, id: String) -> Pending<Option<TaskRecord>> {
        now(Ok(self.kept().tasks.get(&id).cloned()))
    }

    fn claim_run(&self, run: RunRecord) -> Pending<Option<RunRecord>> {
        now(Ok(self.kept().claim_run(run)))
    }

    fn run(&self, thread: ThreadId, key: String) -> Pending<Option<RunRecord>> {
        now(Ok(self.kept().run(&thread, &key)))
    }

    fn runs(&self, thread: ThreadId, limit: usize) -> Pending<Vec<RunRecord>> {
        now(Ok(self.kept().runs_of(&thread, limit)))
    }

    fn place_run(&self, claim: String, place: Option<(ThreadId, Seq)>) -> Pending<()> {
        self.kept().place_run(&claim, place);
        now(Ok(()))
    }

    fn keep_secrets(&self, thread: ThreadId, secrets: Value) -> Pending<()> {
        self.kept().secrets.insert(thread, Secret(secrets));
        now(Ok(()))
    }

    fn secrets(&self, thread: ThreadId) -> Pending<Option<Value>> {
        now(Ok(self.kept().secrets.get(&thread).map(|secret| secret.0.clone())))
    }

    fn watch(&self, thread: ThreadId) -> Pending<watch::Receiver<Seq>> {
        now(Ok(self.kept().watch(thread)))
    }

    fn retain(&self, at: Timestamp, keep: Duration, _: u64) -> Pending<GivenUp> {
        self.kept().retain(at, keep);
        now(Ok(GivenUp::default()))
    }

    fn watch_all(&self) -> Pending<watch::Receiver<u64>> {
        now(Ok(self.kept().all.subscribe()))
    }

    fn close(&self) -> Pending<()> {
        self.kept().closed = true;
        now(Ok(()))
    }
}

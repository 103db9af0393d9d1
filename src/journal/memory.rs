//! The journal in memory, for tests of what stands on it: no file, no threads, one owner.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::error::JournalError;
use super::record::{Batch, Journal, Owner, Pending, SessionRecord, SessionStatus, TaskRecord, TaskState};
use crate::event::{Body, Event, Timestamp};
use crate::ids::{ApprovalId, BridgeId, Seq, ThreadId};

/// A journal that is gone with its process.
#[derive(Debug)]
pub struct MemoryJournal {
    bridge: BridgeId,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    closed: bool,
    sessions: HashMap<ThreadId, (SessionRecord, Vec<Event>)>,
    watches: HashMap<ThreadId, watch::Sender<Seq>>,
    tasks: HashMap<String, TaskRecord>,
    socket: Option<PathBuf>,
    all: watch::Sender<u64>,
}

impl Default for MemoryJournal {
    fn default() -> Self {
        Self { bridge: BridgeId::fresh(), kept: Mutex::default() }
    }
}

impl MemoryJournal {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, batch: Batch) -> Result<(), JournalError> {
        let mut kept = self.kept();
        if kept.closed {
            return Err(JournalError::Closed);
        }
        let thread = batch.session.thread_id.clone();
        let seq = batch.session.last_seq;
        let slot = kept.sessions.entry(thread.clone()).or_insert_with(|| (batch.session.clone(), Vec::new()));
        batch.check(slot.1.last().map_or(Seq::ZERO, |event| event.seq))?;
        slot.1.extend(batch.events);
        slot.0 = batch.session;
        if let Some(watch) = kept.watches.get(&thread) {
            watch.send_replace(seq);
        }
        kept.all.send_modify(|count| *count += 1);
        Ok(())
    }
}

fn now<T: Send + 'static>(result: Result<T, JournalError>) -> Pending<T> {
    Box::pin(std::future::ready(result))
}

impl Journal for MemoryJournal {
    fn bridge(&self) -> &BridgeId {
        &self.bridge
    }

    fn append(&self, batch: Batch) -> Pending<()> {
        now(self.put(batch))
    }

    fn read(&self, thread: ThreadId, after: Seq, limit: usize, max_bytes: usize) -> Pending<Vec<Event>> {
        let kept = self.kept();
        let events = kept.sessions.get(&thread).map(|(_, events)| events.as_slice()).unwrap_or_default();
        let mut bytes = 0;
        let within = events.iter().filter(|event| event.seq > after).take(limit).take_while(|event| {
            let first = bytes == 0;
            bytes += serde_json::to_string(&event.body).map_or(1, |body| body.len());
            first || bytes <= max_bytes
        });
        now(Ok(within.cloned().collect()))
    }

    fn last(&self, thread: ThreadId, after: Seq, kind: &'static str) -> Pending<Option<Event>> {
        let kept = self.kept();
        let events = kept.sessions.get(&thread).map(|(_, events)| events.as_slice()).unwrap_or_default();
        let found = events.iter().rfind(|event| event.seq > after && event.body.kind() == kind);
        now(Ok(found.cloned()))
    }

    fn session(&self, thread: ThreadId) -> Pending<Option<SessionRecord>> {
        now(Ok(self.kept().sessions.get(&thread).map(|(row, _)| row.clone())))
    }

    fn sessions(&self, limit: usize) -> Pending<Vec<SessionRecord>> {
        let mut rows: Vec<_> = self.kept().sessions.values().map(|(row, _)| row.clone()).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.updated));
        rows.truncate(limit);
        now(Ok(rows))
    }

    fn approval(&self, id: ApprovalId) -> Pending<Option<ThreadId>> {
        let asked = |event: &Event| matches!(&event.body, Body::PermissionRequest(r) if r.approval_id == id);
        let kept = self.kept();
        let found = kept.sessions.iter().find(|(_, (_, events))| events.iter().any(asked));
        now(Ok(found.map(|(thread, _)| thread.clone())))
    }

    fn claim(&self, _: ThreadId) -> Pending<()> {
        now(Ok(()))
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
        now(Ok(self.kept().sessions.values().map(|(row, _)| row.clone()).filter(open).collect()))
    }

    fn undecided(&self) -> Pending<Vec<SessionRecord>> {
        let kept = self.kept();
        let rows = kept.sessions.values().map(|(row, _)| row);
        let mut rows: Vec<_> =
            rows.filter(|row| row.status == SessionStatus::NeedsDecision).cloned().collect();
        rows.sort_by_key(|row| row.updated);
        now(Ok(rows))
    }

    fn put_task(&self, task: TaskRecord) -> Pending<()> {
        let mut kept = self.kept();
        if kept.closed {
            return now(Err(JournalError::Closed));
        }
        let Kept { tasks, sessions, .. } = &mut *kept;
        let busy = |thread: &ThreadId| {
            sessions.get(thread).is_some_and(|(row, _)| row.status != SessionStatus::Idle)
        };
        tasks.retain(|_, old| !old.stale(task.updated, busy(&old.thread)));
        let over = kept.tasks.get(&task.id).is_some_and(|old| old.status != TaskState::Working);
        if !over {
            kept.tasks.insert(task.id.clone(), task);
        }
        now(Ok(()))
    }

    fn task(&self, id: String) -> Pending<Option<TaskRecord>> {
        now(Ok(self.kept().tasks.get(&id).cloned()))
    }

    fn watch(&self, thread: ThreadId) -> Pending<watch::Receiver<Seq>> {
        let mut kept = self.kept();
        let last = kept.sessions.get(&thread).map_or(Seq::ZERO, |(row, _)| row.last_seq);
        let sender = kept.watches.entry(thread).or_insert_with(|| watch::channel(last).0);
        now(Ok(sender.subscribe()))
    }

    fn retain(&self, _: Duration, _: u64) -> Pending<usize> {
        // What a test keeps is gone with it.
        now(Ok(0))
    }

    fn watch_all(&self) -> Pending<watch::Receiver<u64>> {
        now(Ok(self.kept().all.subscribe()))
    }

    fn close(&self) -> Pending<()> {
        self.kept().closed = true;
        now(Ok(()))
    }
}

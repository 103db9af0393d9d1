//! What the journal in memory holds, and what it gives up above its bound. Plain data.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;

use crate::event::{Body, Event, Timestamp};
use crate::ids::{ApprovalId, Principal, Seq, ThreadId};
use crate::journal::error::JournalError;
use crate::journal::record::{Batch, RunRecord, SessionRecord, SessionStatus, TaskRecord};

/// One session.
#[derive(Debug)]
pub(super) struct Slot {
    pub row: SessionRecord,
    pub last: Seq,
    /// With the size of each.
    events: VecDeque<(usize, Event)>,
    bytes: usize,
}

impl Slot {
    fn new(row: SessionRecord, last: Seq) -> Self {
        Self { row, last, events: VecDeque::new(), bytes: 0 }
    }

    pub fn first(&self) -> Seq {
        self.events.front().map_or_else(|| self.last.next(), |(_, event)| event.seq)
    }

    pub fn latest(&self, after: Seq, kind: &str) -> Option<Event> {
        let behind = self.events.iter().rev().map(|(_, event)| event).take_while(|event| event.seq > after);
        behind.into_iter().find(|event| event.body.kind() == kind).cloned()
    }

    pub fn read(&self, after: Seq, limit: usize, max_bytes: usize) -> Vec<Event> {
        let mut read = 0;
        let within = self.events.iter().filter(|(_, event)| event.seq > after).take(limit);
        let within = within.take_while(|(bytes, _)| {
            let first = read == 0;
            read += bytes.max(&1);
            first || read <= max_bytes
        });
        within.map(|(_, event)| event.clone()).collect()
    }
}

/// What is never shown.
pub(super) struct Secret(pub Value);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[derive(Debug)]
pub(super) struct Kept {
    pub closed: bool,
    pub sessions: HashMap<ThreadId, Slot>,
    pub approvals: HashMap<ApprovalId, ThreadId>,
    pub tasks: HashMap<String, TaskRecord>,
    pub runs: HashMap<(Option<Principal>, String), RunRecord>,
    pub secrets: HashMap<ThreadId, Secret>,
    pub socket: Option<PathBuf>,
    pub all: watch::Sender<u64>,
    watches: HashMap<ThreadId, watch::Sender<Seq>>,
    bytes: usize,
    most: usize,
}

impl Kept {
    pub fn new(most: usize) -> Self {
        Self {
            closed: false,
            sessions: HashMap::new(),
            approvals: HashMap::new(),
            tasks: HashMap::new(),
            runs: HashMap::new(),
            secrets: HashMap::new(),
            socket: None,
            all: watch::Sender::new(0),
            watches: HashMap::new(),
            bytes: 0,
            most,
        }
    }

    pub fn adopt(&mut self, row: SessionRecord, last: Seq) {
        self.sessions.entry(row.thread_id.clone()).or_insert_with(|| Slot::new(row, last));
    }

    pub fn put(&mut self, batch: Batch) -> Result<(), JournalError> {
        if self.closed {
            return Err(JournalError::Closed);
        }
        let thread = batch.session.thread_id.clone();
        batch.check(self.sessions.get(&thread).map_or(Seq::ZERO, |slot| slot.last))?;
        self.adopt(batch.session.clone(), Seq::ZERO);
        if let Some(slot) = self.sessions.get_mut(&thread) {
            for event in batch.events {
                if let Body::PermissionRequest(request) = &event.body {
                    self.approvals.insert(request.approval_id.clone(), thread.clone());
                }
                let bytes = serde_json::to_string(&event.body).map_or(0, |body| body.len());
                self.bytes += bytes;
                slot.bytes += bytes;
                slot.events.push_back((bytes, event));
            }
            (slot.last, slot.row) = (batch.session.last_seq, batch.session);
            if let Some(watch) = self.watches.get(&thread) {
                watch.send_replace(slot.last);
            }
        }
        self.all.send_modify(|count| *count += 1);
        self.shrink();
        Ok(())
    }

    /// Gives up the oldest events of the session with the most, but never the last one of any.
    fn shrink(&mut self) {
        while self.bytes > self.most {
            let largest = self.sessions.values_mut().filter(|slot| slot.events.len() > 1);
            let Some(slot) = largest.max_by_key(|slot| slot.bytes) else { return };
            let Some((bytes, _)) = slot.events.pop_front() else { return };
            slot.bytes -= bytes;
            self.bytes -= bytes;
        }
    }

    /// Rows that a condition picks.
    pub fn rows(&self, which: impl Fn(&SessionRecord) -> bool) -> Vec<SessionRecord> {
        self.sessions.values().map(|slot| &slot.row).filter(|row| which(row)).cloned().collect()
    }

    pub fn watch(&mut self, thread: ThreadId) -> watch::Receiver<Seq> {
        self.watches.retain(|_, sender| sender.receiver_count() > 0);
        let last = self.sessions.get(&thread).map_or(Seq::ZERO, |slot| slot.last);
        self.watches.entry(thread).or_insert_with(|| watch::channel(last).0).subscribe()
    }

    /// Takes the name for a run, unless one has it.
    pub fn claim_run(&mut self, run: RunRecord) -> Option<RunRecord> {
        match self.runs.entry((run.principal.clone(), run.key.clone())) {
            Entry::Occupied(has) => Some(has.get().clone()),
            Entry::Vacant(free) => {
                free.insert(run);
                None
            }
        }
    }

    /// The run of a session that has a name; of those who share it the latest.
    pub fn run(&self, thread: &ThreadId, key: &str) -> Option<RunRecord> {
        let named = self.runs.values().filter(|run| run.thread.as_ref() == Some(thread) && run.key == key);
        named.max_by_key(|run| run.created).cloned()
    }

    /// The latest runs of a session.
    pub fn runs_of(&self, thread: &ThreadId, limit: usize) -> Vec<RunRecord> {
        let mut runs: Vec<_> =
            self.runs.values().filter(|run| run.thread.as_ref() == Some(thread)).cloned().collect();
        runs.sort_by_key(|run| std::cmp::Reverse(run.created));
        runs.truncate(limit);
        runs
    }

    /// Says where a run is, or frees its name.
    pub fn place_run(&mut self, claim: &str, place: Option<(ThreadId, Seq)>) {
        match place {
            None => self.runs.retain(|_, run| run.claim != claim),
            Some((thread, after)) => {
                for run in self.runs.values_mut().filter(|run| run.claim == claim) {
                    (run.thread, run.after) = (Some(thread.clone()), after);
                }
            }
        }
        self.all.send_modify(|count| *count += 1);
    }

    /// Gives up tasks that were over for `keep` at `now`. Sessions go with the process.
    pub fn retain(&mut self, now: Timestamp, keep: Duration) {
        let sessions = &self.sessions;
        let busy = |thread: &ThreadId| {
            sessions.get(thread).is_some_and(|slot| slot.row.status != SessionStatus::Idle)
        };
        self.tasks.retain(|_, task| !task.stale(now, keep, busy(&task.thread)));
        self.runs.retain(|_, run| now.since(run.created) <= keep || run.thread.as_ref().is_some_and(&busy));
    }
}

#[cfg(test)]
mod tests;

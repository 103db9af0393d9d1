//! The file with memory beside it: where the user lets work go on, a session whose events the file
//! does not take any more goes on in memory. What is in the file stays readable as it is.
//!
//! Sessions change over one by one and never back, so the file's numbers of a session have no gap.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;

use super::error::JournalError;
use super::memory::MemoryJournal;
use super::record::{Batch, Claimed, GivenUp, Journal, Owner, Pending, RunRecord, SessionRecord, TaskRecord};
use super::sqlite::SqliteJournal;
use crate::event::{Event, Timestamp};
use crate::ids::{ApprovalId, BridgeId, Principal, Seq, ThreadId};

/// The journal in a file, and in memory what the file does not take.
#[derive(Debug)]
pub struct SpareJournal {
    file: Arc<SqliteJournal>,
    memory: Arc<MemoryJournal>,
    /// What the file said last when it took something no more.
    trouble: Arc<watch::Sender<Option<JournalError>>>,
}

impl SpareJournal {
    /// Opens the file; where it cannot be used, a journal in memory that says why.
    #[must_use]
    pub fn open(path: &Path) -> Arc<dyn Journal> {
        match SqliteJournal::open(path) {
            Ok(file) => Arc::new(Self::new(file)),
            Err(error) => {
                tracing::error!(%error, "events of this process are not kept, as journal.required = false allows");
                Arc::new(MemoryJournal::instead_of(error))
            }
        }
    }

    /// Beside a file that could be opened.
    #[must_use]
    pub(super) fn new(file: SqliteJournal) -> Self {
        Self { file: Arc::new(file), memory: Arc::default(), trouble: Arc::new(watch::Sender::new(None)) }
    }

    /// The rows of both; a session that is in memory is newer there.
    fn rows(
        &self,
        file: Pending<Vec<SessionRecord>>,
        memory: Pending<Vec<SessionRecord>>,
    ) -> Pending<Vec<SessionRecord>> {
        let kept = self.memory.clone();
        Box::pin(async move {
            let mut rows = memory.await?;
            // With the file unreadable, what is here is all there is.
            let here: HashSet<_> = rows.iter().map(|row| row.thread_id.clone()).collect();
            let stored =
                file.await.or_else(|error| if here.is_empty() { Err(error) } else { Ok(Vec::new()) })?;
            rows.extend(stored.into_iter().filter(|row| kept.latest_seq(&row.thread_id).is_none()));
            Ok(rows)
        })
    }
}

/// Where the file fails as a file does, memory takes over; a refusal stays one.
fn broken<T>(result: &Result<T, JournalError>) -> Option<JournalError> {
    match result {
        Err(error @ JournalError::Unusable { .. }) => Some(error.clone()),
        _ => None,
    }
}

/// What the file says, or else what memory does.
fn either<T: Send + 'static>(file: Pending<T>, memory: Pending<T>) -> Pending<T> {
    Box::pin(async move {
        let result = file.await;
        if broken(&result).is_some() { memory.await } else { result }
    })
}

/// What memory has, or else the file.
fn here_or_stored<T: Send + 'static>(
    here: Pending<Option<T>>,
    stored: Pending<Option<T>>,
) -> Pending<Option<T>> {
    Box::pin(async move {
        match here.await? {
            Some(found) => Ok(Some(found)),
            None => stored.await,
        }
    })
}

impl Journal for SpareJournal {
    fn bridge(&self) -> &BridgeId {
        self.file.bridge()
    }

    fn trouble(&self, thread: &ThreadId) -> Option<JournalError> {
        self.memory.latest_seq(thread).and(self.trouble.borrow().clone())
    }

    fn append(&self, batch: Batch) -> Pending<()> {
        let (file, memory, trouble) = (self.file.clone(), self.memory.clone(), self.trouble.clone());
        Box::pin(async move {
            let (thread, last) = (batch.session.thread_id.clone(), batch.session.last_seq);
            if memory.latest_seq(&thread).is_none() {
                let result = file.append(batch.clone()).await;
                let Some(error) = broken(&result) else { return result };
                tracing::error!(%thread, %error, "the session goes on in memory: its further events are not kept");
                trouble.send_replace(Some(error));
                let before = batch.events.first().map_or(last, |event| event.seq.before());
                memory.adopt(batch.session.clone(), before);
            }
            memory.append(batch).await?;
            file.wake(thread, last).await
        })
    }

    fn read(&self, thread: ThreadId, after: Seq, limit: usize, max_bytes: usize) -> Pending<Vec<Event>> {
        let stored = |limit| self.file.read(thread.clone(), after, limit, max_bytes);
        let Some(first) = self.memory.first(&thread) else { return stored(limit) };
        let here = self.memory.read(thread.clone(), after, limit, max_bytes);
        if after.next() >= first {
            return here;
        }
        let stored = stored(limit);
        Box::pin(async move {
            // Unreadable, the file is left out: a later event is better than none.
            let mut events = stored.await.unwrap_or_default();
            events.retain(|event| event.seq < first);
            if events.is_empty() { here.await } else { Ok(events) }
        })
    }

    fn last(&self, thread: ThreadId, after: Seq, kind: &'static str) -> Pending<Option<Event>> {
        let here = self.memory.last(thread.clone(), after, kind);
        let stored = self.file.last(thread, after, kind);
        here_or_stored(here, stored)
    }

    fn session(&self, thread: ThreadId) -> Pending<Option<SessionRecord>> {
        if self.memory.latest_seq(&thread).is_some() {
            self.memory.session(thread)
        } else {
            self.file.session(thread)
        }
    }

    fn sessions(&self, of: Option<Principal>, limit: usize) -> Pending<Vec<SessionRecord>> {
        let rows = self.rows(self.file.sessions(of.clone(), limit), self.memory.sessions(of, limit));
        Box::pin(async move {
            let mut rows = rows.await?;
            rows.sort_by_key(|row| std::cmp::Reverse(row.updated));
            rows.truncate(limit);
            Ok(rows)
        })
    }

    fn approval(&self, id: ApprovalId) -> Pending<Option<ThreadId>> {
        let (here, stored) = (self.memory.approval(id.clone()), self.file.approval(id));
        here_or_stored(here, stored)
    }

    fn claim(&self, thread: ThreadId) -> Pending<Claimed> {
        let newer = self.memory.latest_seq(&thread).is_some();
        let (stored, here) = (self.file.claim(thread.clone()), self.memory.claim(thread));
        Box::pin(async move {
            let stored = stored.await;
            // The file may refuse a session that is here, but no longer knows where its numbers go on.
            if broken(&stored).is_some() || (newer && stored.is_ok()) { here.await } else { stored }
        })
    }

    fn release(&self, thread: ThreadId) -> Pending<()> {
        either(self.file.release(thread.clone()), self.memory.release(thread))
    }

    fn owner(&self, bridge: BridgeId) -> Pending<Option<Owner>> {
        self.file.owner(bridge)
    }

    fn announce(&self, socket: PathBuf) -> Pending<()> {
        self.file.announce(socket)
    }

    fn abandoned(&self) -> Pending<Vec<SessionRecord>> {
        // A session in memory has a living owner.
        self.rows(self.file.abandoned(), Box::pin(std::future::ready(Ok(Vec::new()))))
    }

    fn undecided(&self) -> Pending<Vec<SessionRecord>> {
        let rows = self.rows(self.file.undecided(), self.memory.undecided());
        Box::pin(async move {
            let mut rows = rows.await?;
            rows.sort_by_key(|row| row.updated);
            Ok(rows)
        })
    }

    fn put_task(&self, task: TaskRecord) -> Pending<()> {
        let (file, memory) = (self.file.put_task(task.clone()), self.memory.clone());
        Box::pin(async move {
            let result = file.await;
            if broken(&result).is_some() { memory.put_task(task).await } else { result }
        })
    }

    fn task(&self, id: String) -> Pending<Option<TaskRecord>> {
        let (here, stored) = (self.memory.task(id.clone()), self.file.task(id));
        here_or_stored(here, stored)
    }

    fn claim_run(&self, run: RunRecord) -> Pending<Option<RunRecord>> {
        let (file, memory) = (self.file.claim_run(run.clone()), self.memory.clone());
        Box::pin(async move {
            let result = file.await;
            if broken(&result).is_some() { memory.claim_run(run).await } else { result }
        })
    }

    fn run(&self, thread: ThreadId, key: String) -> Pending<Option<RunRecord>> {
        let (here, stored) = (self.memory.run(thread.clone(), key.clone()), self.file.run(thread, key));
        here_or_stored(here, stored)
    }

    fn runs(&self, thread: ThreadId, limit: usize) -> Pending<Vec<RunRecord>> {
        // Asked of sessions of bridges that are gone: of such nothing is in memory.
        self.file.runs(thread, limit)
    }

    fn place_run(&self, claim: String, place: Option<(ThreadId, Seq)>) -> Pending<()> {
        either(self.file.place_run(claim.clone(), place.clone()), self.memory.place_run(claim, place))
    }

    fn keep_secrets(&self, thread: ThreadId, secrets: Value) -> Pending<()> {
        let (file, memory) = (self.file.keep_secrets(thread.clone(), secrets.clone()), self.memory.clone());
        Box::pin(async move {
            let result = file.await;
            if broken(&result).is_some() { memory.keep_secrets(thread, secrets).await } else { result }
        })
    }

    fn secrets(&self, thread: ThreadId) -> Pending<Option<Value>> {
        let (here, stored) = (self.memory.secrets(thread.clone()), self.file.secrets(thread));
        here_or_stored(here, stored)
    }

    fn watch(&self, thread: ThreadId) -> Pending<watch::Receiver<Seq>> {
        let (file, memory) = (self.file.clone(), self.memory.clone());
        Box::pin(async move {
            let result = file.watch(thread.clone()).await;
            if broken(&result).is_some() {
                return memory.watch(thread).await;
            }
            if let Some(last) = memory.latest_seq(&thread) {
                file.wake(thread, last).await?;
            }
            result
        })
    }

    fn retain(&self, now: Timestamp, keep: Duration, bytes: u64) -> Pending<GivenUp> {
        let (here, stored) = (self.memory.retain(now, keep, bytes), self.file.retain(now, keep, bytes));
        Box::pin(async move {
            // Memory has no session to give up.
            here.await?;
            stored.await
        })
    }

    fn watch_all(&self) -> Pending<watch::Receiver<u64>> {
        self.file.watch_all()
    }

    fn close(&self) -> Pending<()> {
        let (here, stored) = (self.memory.close(), self.file.close());
        Box::pin(async move { here.await.and(stored.await) })
    }
}

#[cfg(test)]
mod tests;

//! The writing thread: takes what is queued as one transaction, and answers after its commit.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::Value;
use tokio::sync::{oneshot, watch};

use super::super::error::JournalError;
use super::super::record::{Batch, TaskRecord};
use super::owners::Owners;
use super::retain::retain;
use super::watches::Watches;
use super::{queries, rows, secrets, tasks};
use crate::event::Timestamp;
use crate::ids::{BridgeId, Seq, ThreadId};

/// How often another process's commits are looked for, while somebody watches.
const POLL: Duration = Duration::from_millis(100);

/// Jobs that share a transaction at most.
const GROUP: usize = 256;

pub(super) type Reply<T> = oneshot::Sender<Result<T, JournalError>>;

/// What the writer is told.
pub(super) enum Job {
    Append(Box<Batch>, Reply<()>),
    Claim(ThreadId, Reply<()>),
    Release(ThreadId, Reply<()>),
    Announce(PathBuf, Reply<()>),
    Task(Box<TaskRecord>, Reply<()>),
    Secrets(ThreadId, Value, Reply<()>),
    Retain(Duration, u64, Reply<usize>),
    Watch(ThreadId, Reply<watch::Receiver<Seq>>),
    WatchAll(Reply<watch::Receiver<u64>>),
    Wake(ThreadId, Seq),
    Close(Reply<()>),
}

/// What the writing thread owns.
pub(super) struct Writer {
    pub path: PathBuf,
    pub db: Connection,
    pub bridge: BridgeId,
    pub owners: Owners,
    pub lock: Option<File>,
    pub watches: Watches,
    pub full: bool,
}

impl Writer {
    pub fn run(mut self, jobs: &Receiver<Job>) {
        let mut next = Instant::now() + POLL;
        let last = loop {
            let first = if self.watches.is_empty() {
                jobs.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                jobs.recv_timeout(next.saturating_duration_since(Instant::now()))
            };
            match first {
                Ok(first) => {
                    let mut group = vec![first];
                    group.extend(jobs.try_iter().take(GROUP - 1));
                    if let Some(reply) = self.group(group) {
                        break Some(reply);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break None,
            }
            // By the clock, and not only when there is nothing to write: a busy bridge looks too.
            if Instant::now() >= next {
                self.watches.poll(&self.db);
                next = Instant::now() + POLL;
            }
        };
        // Who closes is told once everything is given back, so that the next one can take it.
        self.leave();
        if let Some(reply) = last {
            let _ = reply.send(Ok(()));
        }
    }

    /// Does a group of jobs; gives back the reply of the one that was the last.
    fn group(&mut self, group: Vec<Job>) -> Option<Reply<()>> {
        let durable = group.iter().any(|job| match job {
            Job::Append(batch, _) => batch.durable,
            // A host holds a task for durable once it has been told of it.
            Job::Claim(..) | Job::Release(..) | Job::Task(..) | Job::Secrets(..) => true,
            Job::Announce(..) | Job::Retain(..) | Job::Watch(..) => false,
            Job::WatchAll(_) | Job::Wake(..) | Job::Close(_) => false,
        });
        let (mut begun, mut retained) = (self.begin(durable), Vec::new());
        let (mut answers, mut committed, mut over) = (Vec::new(), Vec::new(), None);
        for job in group {
            match job {
                Job::Append(batch, reply) => {
                    let at = (batch.session.thread_id.clone(), batch.session.last_seq);
                    let done = self.step(&mut begun, |w| w.append(*batch));
                    if done.is_ok() {
                        committed.push(at);
                    }
                    answers.push((reply, done));
                }
                Job::Claim(thread, reply) => {
                    answers.push((reply, self.step(&mut begun, |w| w.claim(&thread))));
                }
                Job::Release(thread, reply) => {
                    answers.push((reply, self.step(&mut begun, |w| w.release(&thread))));
                }
                Job::Announce(socket, reply) => {
                    answers.push((reply, self.step(&mut begun, |w| w.announce(&socket))));
                }
                Job::Task(task, reply) => {
                    let put = |w: &mut Self| tasks::put(&w.db, &task).map_err(|e| w.fault(&e));
                    answers.push((reply, self.step(&mut begun, put)));
                }
                Job::Secrets(thread, kept, reply) => {
                    let put = |w: &mut Self| secrets::put(&w.db, &thread, &kept).map_err(|e| w.fault(&e));
                    answers.push((reply, self.step(&mut begun, put)));
                }
                Job::Retain(keep, bytes, reply) => {
                    let now = Timestamp::now();
                    let mut count = 0;
                    let done = self.step(&mut begun, |w| {
                        let done = retain(&w.db, &w.owners, now, keep, bytes);
                        count = done.map_err(|e| w.fault(&e))?;
                        Ok(())
                    });
                    retained.push((reply, done.map(|()| count)));
                }
                Job::Watch(thread, reply) => {
                    let _ = reply.send(self.watches.add(&self.db, thread).map_err(|e| self.fault(&e)));
                }
                Job::WatchAll(reply) => {
                    let _ = reply.send(Ok(self.watches.add_all()));
                }
                Job::Wake(thread, seq) => self.watches.wake(&thread, seq),
                Job::Close(reply) => over = Some(reply),
            }
        }
        let ended = begun.and_then(|()| self.sql("COMMIT"));
        for (reply, done) in retained {
            let _ = reply.send(done.and_then(|count| ended.clone().map(|()| count)));
        }
        for (reply, done) in answers {
            // A caller that went away does not need to know.
            let _ = reply.send(done.and(ended.clone()));
        }
        if ended.is_ok() {
            committed.into_iter().for_each(|(thread, seq)| self.watches.wake(&thread, seq));
        } else {
            let _ = self.sql("ROLLBACK");
        }
        over
    }

    fn begin(&mut self, durable: bool) -> Result<(), JournalError> {
        if durable != self.full {
            let mode = if durable { "FULL" } else { "NORMAL" };
            self.db.pragma_update(None, "synchronous", mode).map_err(|e| self.fault(&e))?;
            self.full = durable;
        }
        self.sql("BEGIN IMMEDIATE")
    }

    /// One job's part: undone alone when it fails, so that its neighbours are not. Where SQLite has
    /// undone the whole transaction (a full disk), `begun` becomes the error, and all fail.
    fn step(
        &mut self,
        begun: &mut Result<(), JournalError>,
        part: impl FnOnce(&mut Self) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        begun.clone()?;
        let done = self.sql("SAVEPOINT part").and_then(|()| {
            let done = part(self);
            if !self.db.is_autocommit() {
                self.sql(if done.is_ok() { "RELEASE part" } else { "ROLLBACK TO part; RELEASE part" })?;
            }
            done
        });
        if let (Err(error), true) = (&done, self.db.is_autocommit()) {
            *begun = Err(error.clone());
        }
        done
    }

    fn append(&mut self, batch: Batch) -> Result<(), JournalError> {
        let row = &batch.session;
        let stored = queries::session(&self.db, &row.thread_id).map_err(|e| self.fault(&e))?;
        self.must_be_ours(&row.thread_id, stored.as_ref().and_then(|s| s.owner.as_ref()))?;
        batch.check(stored.map_or(Seq::ZERO, |s| s.last_seq))?;
        for event in batch.events {
            rows::put_event(&self.db, event).map_err(|e| self.fault(&e))?;
        }
        rows::put_session(&self.db, row).map_err(|e| self.fault(&e))
    }

    fn claim(&mut self, thread: &ThreadId) -> Result<(), JournalError> {
        let stored = queries::session(&self.db, thread).map_err(|e| self.fault(&e))?;
        self.must_be_ours(thread, stored.and_then(|s| s.owner).as_ref())?;
        let sql = "UPDATE sessions SET owner = ?2 WHERE thread = ?1";
        let done = self.db.execute(sql, [thread.as_str(), self.bridge.as_str()]);
        done.map(|_| ()).map_err(|e| self.fault(&e))
    }

    fn release(&mut self, thread: &ThreadId) -> Result<(), JournalError> {
        let sql = "UPDATE sessions SET owner = NULL WHERE thread = ?1 AND owner = ?2";
        let done = self.db.execute(sql, [thread.as_str(), self.bridge.as_str()]);
        done.map(|_| ()).map_err(|e| self.fault(&e))
    }

    fn announce(&mut self, socket: &Path) -> Result<(), JournalError> {
        let socket = socket.to_str().ok_or_else(|| JournalError::Unusable {
            path: self.path.clone(),
            reason: format!("the control socket `{}` is not UTF-8", socket.display()),
            remedy: "set journal.path to a file whose path is",
        })?;
        self.owners.announce(&self.db, &self.bridge, socket).map_err(|e| self.fault(&e))
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
    fn leave(&mut self) {
        let sql = "UPDATE sessions SET owner = NULL WHERE owner = ?1 AND status = 'idle'";
        let freed = self.db.execute(sql, [self.bridge.as_str()]);
        if let Err(error) = freed.and_then(|_| self.owners.forget(&self.db, &self.bridge)) {
            tracing::debug!(%error, "the next bridge finds this one's lock free");
        }
        self.lock = None;
    }

    fn sql(&self, sql: &str) -> Result<(), JournalError> {
        self.db.execute_batch(sql).map_err(|e| self.fault(&e))
    }

    fn fault(&self, error: &rusqlite::Error) -> JournalError {
        JournalError::sqlite(&self.path, error)
    }
}

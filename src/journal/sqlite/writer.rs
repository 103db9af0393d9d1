//! The writing thread: takes what is queued as one transaction, and answers after its commit.

use std::fs::File;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::super::error::JournalError;
use super::job::{Job, Reply, Write};
use super::owners::Owners;
use super::patience::Patience;
use super::reserved::Reserved;
use super::watches::Watches;
use crate::ids::BridgeId;

/// How often another process's commits are looked for, while somebody watches.
const POLL: Duration = Duration::from_millis(100);

/// Jobs that share a transaction at most. Above what can wait for one: the job that ends it is seen.
const GROUP: usize = 1024;

/// What the writing thread owns.
pub(super) struct Writer {
    pub path: PathBuf,
    pub db: Connection,
    pub bridge: BridgeId,
    pub owners: Owners,
    pub lock: Option<File>,
    pub watches: Watches,
    pub reserved: Reserved,
    pub full: bool,
}

/// What has been taken from the queue and is not done.
#[derive(Default)]
struct Held {
    group: Vec<Write>,
    patience: Patience,
    /// Nothing more is taken.
    over: bool,
    close: Option<Reply<()>>,
}

impl Held {
    fn end(&mut self, close: Option<Reply<()>>) {
        self.over = true;
        self.close = close;
        self.patience.end(Instant::now());
    }
}

impl Writer {
    pub fn run(mut self, jobs: &Receiver<Job>) {
        let (mut held, mut next) = (Held::default(), Instant::now() + POLL);
        while !(held.over && held.group.is_empty()) {
            if held.group.is_empty() {
                self.wait(jobs, &mut held, next);
            }
            while !held.over && held.group.len() < GROUP {
                match jobs.try_recv() {
                    Ok(job) => self.take(job, &mut held),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => held.end(None),
                }
            }
            if !held.group.is_empty() {
                self.attempt(&mut held);
            }
            // By the clock, and not only when there is nothing to write: a busy bridge looks too.
            if Instant::now() >= next {
                self.watches.poll(&self.db);
                next = Instant::now() + POLL;
            }
        }
        // Who closes is told once everything is given back, so that the next one can take it.
        self.leave();
        if let Some(reply) = held.close {
            let _ = reply.send(Ok(()));
        }
    }

    /// Waits for the first job; while somebody watches, until the next look at the latest.
    fn wait(&mut self, jobs: &Receiver<Job>, held: &mut Held, next: Instant) {
        let first = if self.watches.is_empty() {
            jobs.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            jobs.recv_timeout(next.saturating_duration_since(Instant::now()))
        };
        match first {
            Ok(job) => self.take(job, held),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => held.end(None),
        }
    }

    /// Does what needs no transaction, and keeps what does.
    fn take(&mut self, job: Job, held: &mut Held) {
        match job {
            Job::Write(write) => held.group.push(write),
            Job::Watch(thread, reply) => {
                let _ = reply.send(self.watches.add(&self.db, thread).map_err(|e| self.fault(&e)));
            }
            Job::WatchAll(reply) => {
                let _ = reply.send(Ok(self.watches.add_all()));
            }
            Job::Wake(thread, seq) => self.watches.wake(&thread, seq),
            Job::Close(reply) => held.end(Some(reply)),
        }
    }

    /// Does the group, unless another process has the file: then the group stays as it is, for nobody has
    /// been told anything.
    fn attempt(&mut self, held: &mut Held) {
        let begun = self.begin(held.group.iter().any(|write| self.must_last(write)));
        if let Err(error) = &begun
            && JournalError::is_busy(error)
            && held.patience.again(&self.path, Instant::now())
        {
            return;
        }
        held.patience.had();
        let begun = begun.map_err(|error| self.fault(&error));
        self.group(std::mem::take(&mut held.group), begun);
    }

    /// Does a group of jobs in the transaction that has begun.
    fn group(&mut self, group: Vec<Write>, mut begun: Result<(), JournalError>) {
        let (mut answers, mut committed) = (Vec::new(), Vec::new());
        for write in group {
            answers.push(match write {
                Write::Append(batch, reply) => {
                    let row = batch.session.clone();
                    let done = self.step(&mut begun, |w| w.append(*batch));
                    if done.is_ok() {
                        committed.push(row);
                    }
                    answer(reply, done)
                }
                Write::Claim(thread, reply) => answer(reply, self.step(&mut begun, |w| w.claim(&thread))),
                Write::Release(thread, reply) => answer(reply, self.step(&mut begun, |w| w.release(&thread))),
                Write::Announce(socket, reply) => {
                    answer(reply, self.step(&mut begun, |w| w.announce(&socket)))
                }
                Write::Task(task, reply) => answer(reply, self.step(&mut begun, |w| w.put_task(&task))),
                Write::ClaimRun(run, reply) => answer(reply, self.step(&mut begun, |w| w.claim_run(&run))),
                Write::PlaceRun(claim, place, reply) => {
                    answer(reply, self.step(&mut begun, |w| w.place_run(&claim, place.as_ref())))
                }
                Write::Secrets(thread, kept, reply) => {
                    answer(reply, self.step(&mut begun, |w| w.put_secrets(&thread, &kept)))
                }
                Write::Retain(now, keep, bytes, reply) => {
                    answer(reply, self.step(&mut begun, |w| w.retain(now, keep, bytes)))
                }
            });
        }
        let ended = begun.and_then(|()| self.commit());
        for answer in answers {
            answer(&ended);
        }
        if ended.is_err() {
            let _ = self.sql("ROLLBACK");
            return;
        }
        for row in committed {
            self.reserved.stored(&row);
            self.watches.wake(&row.thread_id, row.last_seq);
        }
    }

    /// One job's part: undone alone when it fails, so that its neighbours are not. Where SQLite has
    /// undone the whole transaction (a full disk), `begun` becomes the error, and all fail.
    fn step<T>(
        &mut self,
        begun: &mut Result<(), JournalError>,
        part: impl FnOnce(&mut Self) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
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

    pub(super) fn sql(&self, sql: &str) -> Result<(), JournalError> {
        self.db.execute_batch(sql).map_err(|e| self.fault(&e))
    }

    pub(super) fn fault(&self, error: &rusqlite::Error) -> JournalError {
        JournalError::sqlite(&self.path, error)
    }
}

/// An answer that is due once it is known what came of the transaction.
type Answer = Box<dyn FnOnce(&Result<(), JournalError>)>;

/// Sends what came of a job, unless its transaction failed.
fn answer<T: 'static>(reply: Reply<T>, done: Result<T, JournalError>) -> Answer {
    Box::new(move |ended| {
        let _ = reply.send(done.and_then(|value| ended.clone().map(|()| value)));
    })
}

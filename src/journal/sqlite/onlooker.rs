//! In the place of the writing thread, for a process that only reads: it looks for what others commit.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::super::error::JournalError;
use super::job::Job;
use super::watches::Watches;

/// How often: a person sits there, and this process has nothing else to do.
const POLL: Duration = Duration::from_millis(40);

/// What the thread owns.
pub(super) struct Onlooker {
    path: PathBuf,
    db: Connection,
    watches: Watches,
}

impl Onlooker {
    /// Over a connection that only reads.
    pub fn of(path: &Path, db: Connection) -> Result<Self, JournalError> {
        let watches = Watches::of(&db).map_err(|error| JournalError::sqlite(path, &error))?;
        Ok(Self { path: path.to_owned(), db, watches })
    }

    pub fn run(mut self, jobs: &Receiver<Job>) {
        let mut next = Instant::now() + POLL;
        loop {
            let job = if self.watches.is_empty() {
                jobs.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                jobs.recv_timeout(next.saturating_duration_since(Instant::now()))
            };
            match job {
                Ok(Job::Watch(thread, reply)) => {
                    let receiver = self.watches.add(&self.db, thread);
                    let _ = reply.send(receiver.map_err(|error| JournalError::sqlite(&self.path, &error)));
                }
                Ok(Job::Write(write)) => write.refuse(JournalError::ReadOnly { path: self.path.clone() }),
                Ok(Job::WatchAll(reply)) => {
                    let _ = reply.send(Ok(self.watches.add_all()));
                }
                Ok(Job::Wake(thread, seq)) => self.watches.wake(&thread, seq),
                Ok(Job::Close(reply)) => {
                    let _ = reply.send(Ok(()));
                    return;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if Instant::now() >= next {
                self.watches.poll(&self.db);
                next = Instant::now() + POLL;
            }
        }
    }
}

//! Who waits for events of a session, and the look at whether another process has committed some.

use std::collections::HashMap;

use rusqlite::Connection;
use tokio::sync::watch;

use super::queries;
use crate::ids::{Seq, ThreadId};

/// The watched sessions, and the state of the file at the last look.
pub(super) struct Watches {
    senders: HashMap<ThreadId, watch::Sender<Seq>>,
    /// Counts commits of events, by anybody.
    all: watch::Sender<u64>,
    version: i64,
}

impl Watches {
    /// None yet; from now on, what others commit counts as new to this connection.
    pub fn of(db: &Connection) -> rusqlite::Result<Self> {
        Ok(Self { senders: HashMap::new(), all: watch::Sender::new(0), version: version(db)? })
    }

    /// Whether nobody has waited since the last look.
    pub fn is_empty(&self) -> bool {
        self.senders.is_empty() && self.all.receiver_count() == 0
    }

    /// A count that changes with every commit, from now on.
    pub fn add_all(&self) -> watch::Receiver<u64> {
        self.all.subscribe()
    }

    /// The last number of a session, from now on.
    pub fn add(&mut self, db: &Connection, thread: ThreadId) -> rusqlite::Result<watch::Receiver<Seq>> {
        if let Some(sender) = self.senders.get(&thread) {
            return Ok(sender.subscribe());
        }
        let (sender, receiver) = watch::channel(queries::last_seq(db, &thread)?);
        self.senders.insert(thread, sender);
        Ok(receiver)
    }

    /// Says that a session has events up to `seq`.
    pub fn wake(&self, thread: &ThreadId, seq: Seq) {
        self.all.send_modify(|count| *count += 1);
        if let Some(sender) = self.senders.get(thread) {
            sender.send_if_modified(|last| {
                let newer = seq > *last;
                *last = seq.max(*last);
                newer
            });
        }
    }

    /// Looks whether another process has committed, and wakes whom it concerns.
    pub fn poll(&mut self, db: &Connection) {
        self.senders.retain(|_, sender| sender.receiver_count() > 0);
        let Ok(version) = version(db) else { return };
        if version == self.version {
            return;
        }
        self.version = version;
        self.all.send_modify(|count| *count += 1);
        for thread in self.senders.keys() {
            match queries::last_seq(db, thread) {
                Ok(seq) => self.wake(thread, seq),
                Err(error) => tracing::warn!(%error, "the journal cannot be looked at"),
            }
        }
    }
}

fn version(db: &Connection) -> rusqlite::Result<i64> {
    db.pragma_query_value(None, "data_version", |row| row.get(0))
}

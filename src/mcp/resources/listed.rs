//! Which sessions a host has been told of. Pure.

use std::collections::BTreeSet;

use crate::event::Timestamp;
use crate::ids::ThreadId;
use crate::journal::SessionRecord;

/// The newest that is known. An older session that comes into view again, because it goes on, is no news.
#[derive(Debug, Default)]
pub(super) struct Listed {
    newest: Timestamp,
    /// Those that were made then.
    of_then: BTreeSet<ThreadId>,
}

impl Listed {
    /// All that are there.
    pub fn of(rows: &[SessionRecord]) -> Self {
        let mut listed = Self::default();
        listed.see(rows);
        listed
    }

    /// Takes in those that are there now; whether one of them is new.
    pub fn see(&mut self, rows: &[SessionRecord]) -> bool {
        let is_new = |row: &&SessionRecord| {
            row.created > self.newest
                || (row.created == self.newest && !self.of_then.contains(&row.thread_id))
        };
        let new: Vec<_> = rows.iter().filter(is_new).collect();
        let Some(newest) = new.iter().map(|row| row.created).max() else { return false };
        if newest > self.newest {
            self.of_then.clear();
            self.newest = newest;
        }
        self.of_then.extend(new.iter().filter(|row| row.created == newest).map(|row| row.thread_id.clone()));
        true
    }
}

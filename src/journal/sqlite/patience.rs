//! How long the writing thread waits for another process that has the file: as long as it takes, for
//! nothing has been said yet; only a bridge that ends does not wait for ever.

use std::path::Path;
use std::time::{Duration, Instant};

/// One try, in SQLite. Between two, the thread looks at what else there is.
pub(super) const TRY: Duration = Duration::from_millis(100);

/// How long one that ends waits for its last transaction. With what comes after it, less than five seconds.
const LAST: Duration = Duration::from_secs(3);

/// How often it is said that another process has the file.
const SAY: Duration = Duration::from_secs(5);

/// What is waited for, and since when.
#[derive(Debug, Default)]
pub(super) struct Patience {
    busy: Option<Busy>,
    ending: Option<Instant>,
}

#[derive(Debug)]
struct Busy {
    since: Instant,
    said: Instant,
}

impl Patience {
    /// The journal is to be closed.
    pub fn end(&mut self, now: Instant) {
        self.ending.get_or_insert(now);
    }

    /// A try did not succeed: whether there is to be another. `path` is for the log.
    pub fn again(&mut self, path: &Path, now: Instant) -> bool {
        let busy = self.busy.get_or_insert(Busy { since: now, said: now });
        if now.saturating_duration_since(busy.said) >= SAY {
            busy.said = now;
            let (journal, seconds) = (path.display(), now.saturating_duration_since(busy.since).as_secs());
            tracing::warn!(%journal, seconds, "another process holds the journal; all that happens waits for it");
        }
        self.ending.is_none_or(|ending| now.saturating_duration_since(ending) < LAST)
    }

    /// The file could be had.
    pub fn had(&mut self) {
        self.busy = None;
    }
}

#[cfg(test)]
mod tests;

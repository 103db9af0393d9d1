//! How long to wait before the next start, after starts that failed. Pure.

use std::time::Duration;

use tokio::time::Instant;

/// After the first failure.
const FIRST: Duration = Duration::from_millis(250);

/// At most.
const LAST: Duration = Duration::from_secs(30);

/// A run of this length clears what was before.
const GOOD: Duration = Duration::from_secs(60);

/// Failures in a row.
#[derive(Clone, Copy, Debug, Default)]
pub struct Backoff {
    failures: u32,
    started: Option<Instant>,
}

impl Backoff {
    /// It runs now.
    pub fn started(&mut self, now: Instant) {
        self.started = Some(now);
    }

    /// It failed to start, or ended by itself; how long to wait.
    pub fn failed(&mut self, now: Instant) -> Duration {
        let ran = self.started.take().map(|at| now.saturating_duration_since(at));
        if ran.is_some_and(|ran| ran >= GOOD) {
            self.failures = 0;
        }
        let wait = FIRST.saturating_mul(1 << self.failures.min(10)).min(LAST);
        self.failures = self.failures.saturating_add(1);
        wait
    }
}

//! How long to wait before a child is started again. No clock here: the caller says how long it ran.

use std::time::Duration;

/// The wait after the first failure.
const FIRST: Duration = Duration::from_millis(250);
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(30);
/// Who ran this long was well: its end is a first failure again.
const WELL: Duration = Duration::from_secs(60);

/// The failures in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The wait after this many failures in a row: 250 ms, doubling, at most 30 s; none after none.
    #[must_use]
    pub fn delay(failures: u32) -> Duration {
        let Some(doublings) = failures.checked_sub(1) else { return Duration::ZERO };
        FIRST.saturating_mul(2_u32.saturating_pow(doublings)).min(LONGEST)
    }

    /// It failed after it had run for `ran`: the wait before the next start.
    #[must_use = "the wait is what it is asked for"]
    pub fn failed(&mut self, ran: Duration) -> Duration {
        self.failures = if ran >= WELL { 1 } else { self.failures.saturating_add(1) };
        Self::delay(self.failures)
    }

    /// How many times in a row it has failed.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.failures
    }
}

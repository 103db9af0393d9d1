//! What codex has told of the account's limits, kept as long as its process lives. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use super::protocol::account::{RateLimitSnapshot, RateLimitWindow};
use crate::event::{RateLimit, Timestamp};

/// The limit of codex as a whole; others are of single models.
const CODEX: &str = "codex";

/// How many limits are kept: there are a few.
const MOST: usize = 16;

/// The latest of each limit.
#[derive(Debug, Default)]
pub(super) struct Limits {
    known: BTreeMap<String, [Option<RateLimitWindow>; 2]>,
}

impl Limits {
    /// Takes an update in. All limits, where there is news; one window of a limit may come without the other.
    pub fn update(&mut self, update: RateLimitSnapshot) -> Option<Vec<RateLimit>> {
        let id = update.limit_id.unwrap_or_else(|| CODEX.to_owned());
        let told = [update.primary, update.secondary];
        let room = self.known.len() < MOST || self.known.contains_key(&id);
        if !room || told.iter().all(Option::is_none) {
            return None;
        }
        let known = self.known.entry(id).or_default();
        let before = known.clone();
        for (known, told) in known.iter_mut().zip(told) {
            *known = told.or_else(|| known.take());
        }
        (*known != before).then(|| self.all())
    }

    /// All that is known.
    pub fn all(&self) -> Vec<RateLimit> {
        let windows =
            self.known.iter().flat_map(|(id, windows)| windows.iter().flatten().map(move |w| (id, w)));
        windows.map(|(id, window)| limit(id, window)).collect()
    }
}

fn limit(id: &str, window: &RateLimitWindow) -> RateLimit {
    RateLimit {
        name: (id != CODEX).then(|| id.to_owned()),
        used_percent: window.used_percent,
        window_minutes: window.window_duration_mins,
        resets_at: window.resets_at.map(|at| Timestamp::default().after(Duration::from_secs(at))),
    }
}

#[cfg(test)]
mod tests;

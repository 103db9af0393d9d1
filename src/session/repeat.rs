//! Which diff codex told last: it tells the same one again and again, and each may be megabytes. Pure.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::ids::TurnId;

/// The last diff of a session, as little of it as tells it from another.
#[derive(Debug, Default)]
pub struct LastDiff(Option<(Option<TurnId>, usize, u64)>);

impl LastDiff {
    /// Takes in the diff of a turn; whether it is another than the last one.
    pub fn is_new(&mut self, turn: Option<&TurnId>, diff: &str) -> bool {
        let mut hasher = DefaultHasher::new();
        diff.hash(&mut hasher);
        let told = Some((turn.cloned(), diff.len(), hasher.finish()));
        let new = self.0 != told;
        self.0 = told;
        new
    }
}

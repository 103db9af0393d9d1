//! The questions of codex that wait for an answer; each ends exactly once.
//!
//! Pure: no clock, no I/O, no task. Time comes in with the call. Who is asked, and how, is absent
//! here: `mcp` asks, [`Desk`] only says whether an answer still counts and fits.

mod answers;
mod desk;
mod policy;
mod rules;
#[cfg(test)]
mod tests;
mod verdict;

pub use desk::{Decided, Desk};
pub use policy::{Policy, Route};
pub use rules::Rule;
pub use verdict::{Answers, DecideError, Verdict};

//! The questions of codex that wait for an answer; each ends exactly once.
//!
//! Pure: no clock, no I/O, no task. Time comes in with the call. Who is asked, and how, is absent
//! here: `mcp` asks, [`Desk`] only says whether an answer still counts.

mod desk;
#[cfg(test)]
mod tests;

pub use desk::{DecideError, Desk, Verdict};

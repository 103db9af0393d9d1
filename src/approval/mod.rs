//! The questions of codex that wait for an answer; each ends exactly once.
//!
//! Pure: no clock, no I/O, no task. Time comes in with the call. Who is asked, and how, is absent
//! here: `mcp` asks, [`Desk`] only says whether an answer still counts and fits, and [`Policy`] what
//! is decided without asking. Where a path leads is looked up by a function that the policy is given.

mod answers;
mod desk;
mod matching;
mod policy;
mod rules;
#[cfg(test)]
mod tests;
mod verdict;
mod words;

pub use desk::{Decided, Desk};
pub use matching::{Match, Resolve};
pub use policy::{Explanation, Policy, Route};
pub use rules::{Rule, RuleAction, RuleError};
pub use verdict::{DecideError, Verdict};
pub use words::{NotSimple, simple_command};

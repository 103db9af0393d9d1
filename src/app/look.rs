//! `codex-bridge events` and `codex-bridge sessions`: what the journal says, to a person at a terminal
//! or to a program. This process only reads.

mod error;
mod events;
mod journal;
mod sessions;
mod table;
#[cfg(test)]
mod tests;

pub use error::LookError;
pub use events::{EventsQuery, show_events};
pub use sessions::{SessionsQuery, show_sessions};

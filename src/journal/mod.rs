//! The journal: every event of every session, durable before anybody hears of it, with an index
//! of the sessions and who owns them, and the tasks that hosts were given.
//!
//! Any process reads; only a session's owner appends. What events mean is absent here.

mod error;
mod memory;
mod record;
mod spare;
mod sqlite;
#[cfg(test)]
mod tests;

pub use error::JournalError;
pub use memory::MemoryJournal;
pub use record::{
    Batch, Claimed, GivenUp, Journal, Owner, Pending, RunRecord, SessionRecord, SessionStatus, TaskRecord,
    TaskState,
};
pub use spare::SpareJournal;
pub use sqlite::SqliteJournal;

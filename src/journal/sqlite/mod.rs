//! The journal in SQLite (WAL): one thread writes, one reads, both fed by bounded queues, so that
//! no task ever waits in SQLite and a reader never waits for the writer.

mod journal;
mod onlooker;
mod owners;
mod queries;
mod retain;
mod rows;
mod schema;
mod secrets;
mod tasks;
mod texts;
mod watches;
mod writer;

pub use journal::SqliteJournal;

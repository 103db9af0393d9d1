//! The journal in SQLite (WAL): one thread writes, one reads, both fed by bounded queues, so that
//! no task ever waits in SQLite and a reader never waits for the writer.

mod boot;
mod clock;
mod gone;
mod job;
mod journal;
mod onlooker;
mod owners;
mod patience;
mod queries;
mod reserved;
mod retain;
mod rows;
mod runs;
mod schema;
mod secrets;
mod steps;
mod tasks;
mod texts;
mod watches;
mod writer;

pub use journal::SqliteJournal;

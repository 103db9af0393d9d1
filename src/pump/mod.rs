//! The process of a host, where a bridge in the background does the work: bytes both ways, and what is owed.
//!
//! No runtime, and no message is held: a scanner looks at the bytes that pass for the ids of messages, so that
//! each request of the host gets an answer, also where the bridge dies or hangs under it. Absent here: how the bridge is
//! found or started ([`Bridges`]).

mod io;
mod run;
mod talk;
#[cfg(test)]
mod tests;

pub use run::{Answers, Bridges, Ended, pump};

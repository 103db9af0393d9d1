//! How much of everything one connection may hold. Every queue of it is bounded by a number from here.

use super::shorten::Shorten;

/// The bounds of one connection, each with its reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest line taken, in bytes. codex caps a command's output at 1 MiB, but the history of a
    /// thread comes as one line, and so does an image: 64 MiB.
    pub max_line: usize,
    /// Texts that are cut while their line comes.
    pub shorten: Shorten,
    /// Calls at once; more wait their turn, in order. A burst makes an app-server forget requests
    /// without a word (1,063 of 3,000), at 64 it does not.
    pub in_flight: usize,
    /// Requests of the other side that are open at once. Each holds a place for its answer, so that
    /// answering never waits. One process serves about a hundred threads, each with a few questions;
    /// beyond this number reading stops until one is answered.
    pub open_requests: usize,
    /// Messages read and not yet taken. At 19,000 deltas a second this is 50 ms of a busy thread;
    /// beyond it reading stops, and the pipe makes the other side wait.
    pub incoming: usize,
    /// The bytes of what was read and is not dealt with: each message holds as many until its receiver
    /// lets them go, one that is longer all of them. 1 MiB is 50 ms of a busy thread, and makes long
    /// messages come one at a time.
    pub room: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_line: 64 << 20,
            shorten: Shorten::NOTHING,
            in_flight: 64,
            open_requests: 1024,
            incoming: 1024,
            room: 1 << 20,
        }
    }
}

impl Limits {
    /// The same with no bound at zero: a queue of nothing would wait for ever.
    pub(super) fn at_least_one(self) -> Self {
        Self {
            max_line: self.max_line.max(1),
            in_flight: self.in_flight.max(1),
            open_requests: self.open_requests.max(1),
            incoming: self.incoming.max(1),
            room: self.room.max(1),
            ..self
        }
    }
}

//! The dialect of `codex app-server`: JSON-RPC, one JSON object a line, without a `jsonrpc` member.
//!
//! ```text
//!  stdout ─▶ frame (lines) ─▶ message (what a line is) ─▶ reader ──▶ Incoming, in the order of the wire
//!                                                          │ owns pending: who waits for which answer
//!  stdin ◀── writer (the only one that writes) ◀── calls, notifications ── Peer
//!                                              ◀── answers ──────────── Ticket
//! ```
//!
//! What holds here:
//! - nothing ends silently: a line that cannot be used is an [`Incoming::Bad`], the end is an
//!   [`Incoming::Closed`];
//! - each call ends exactly once: answered, refused, out of time, or closed;
//! - each request of the other side is answered exactly once: a [`Ticket`] that is dropped answers too.
//!
//! Memory is bounded by bytes: a message holds [`Room`] until its receiver has dealt with it, what it
//! carries ([`Raw`]) is a piece of its line, and long texts can be cut as they come ([`Shorten`]).
//!
//! An answer to a call goes straight to its caller, so it can overtake a notification that came before it
//! and still waits in the queue. Absent here: every name of codex's methods, which `codex` knows.

mod error;
mod frame;
mod limits;
mod message;
mod peer;
mod pending;
mod raw;
mod reader;
mod shorten;
mod ticket;
mod writer;

pub use error::{BadLine, CallError, CloseReason, RpcError};
pub use frame::{Frame, Frames};
pub use limits::Limits;
pub use message::{Message, NotJson, RequestId};
pub use peer::Peer;
pub use raw::Raw;
pub use reader::{Incoming, Room};
pub use shorten::{Cut, Shorten};
pub use ticket::Ticket;

#[cfg(test)]
mod tests;

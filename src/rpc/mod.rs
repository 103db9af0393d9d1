//! The dialect of `codex app-server`: JSON-RPC without its `jsonrpc` member, one object a line,
//! requests in both directions.
//!
//! codex's methods are absent here. A request of ours is registered before it can be answered,
//! the end of the stream fails every waiter, and a question of codex is a [`Ticket`]: dropped, it
//! answers by itself.

mod error;
mod frame;
mod message;
mod peer;
mod pending;
#[cfg(test)]
mod tests;
mod ticket;

pub use error::{CallError, CloseReason, RpcError};
pub use frame::{Frame, FrameDecoder};
pub use message::{Message, RequestId};
pub use peer::{BadLine, Incoming, Limits, Peer};
pub use ticket::Ticket;

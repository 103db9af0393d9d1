//! The door of a bridge that runs in the background: a Unix socket by which hosts come in. Both ends say who they
//! are in one line each; what follows is MCP, byte for byte.
//!
//! The visitor's end is without a runtime, so that the process of a host stays small. What a visitor is given
//! is absent here.

mod knock;
mod listen;
mod place;
mod protocol;
#[cfg(test)]
mod tests;

pub use super::proof::gave_up_privileges;
pub use knock::{Knock, KnockError, knock};
pub use listen::{Door, DoorError, Visitor};
pub use place::Place;
pub use protocol::{Hello, PROTOCOL, State, Text, Visit, Welcome};

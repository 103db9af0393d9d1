//! The way to a running bridge from another process: a Unix socket of its own, one JSON line each
//! way. Whoever runs as the same user may speak to it, and nobody else.
//!
//! What a request does is absent here: [`Socket::serve`] hands each on with a channel for its answer.
//! On systems without Unix sockets nothing listens, and [`send`] says so.

#[cfg(not(unix))]
mod absent;
#[cfg(unix)]
mod client;
#[cfg(unix)]
pub mod door;
mod error;
#[cfg(unix)]
mod folder;
#[cfg(unix)]
mod line;
#[cfg(unix)]
mod proof;
mod protocol;
#[cfg(unix)]
mod server;
#[cfg(test)]
#[cfg(unix)]
mod tests;

#[cfg(not(unix))]
pub use absent::{Socket, send};
#[cfg(unix)]
pub use client::send;
pub use error::{ControlError, ListenError};
pub use protocol::{Answer, By, Incoming, Places, Request};
#[cfg(unix)]
pub use server::Socket;

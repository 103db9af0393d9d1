//! codex: **the only place that knows its names**. Finds and launches `codex app-server`, speaks
//! its protocol, and translates: [`inbound`] from its words to ours, [`asks`] for its questions, and
//! back ([`answers`]).
//!
//! MCP is absent here, and so is every decision: codex's task does what sessions tell it, and
//! tells sessions what codex says.

pub mod account;
mod agent;
pub mod answers;
pub mod asks;
mod calls;
mod connection;
mod depth;
mod early;
mod environment;
pub mod inbound;
pub mod inspect;
pub mod items;
mod limits;
pub mod locate;
mod missed;
mod models;
mod place;
pub mod protocol;
pub mod protocol_account;
mod queries;
pub mod review;
mod sandbox;
mod servers;
mod stop;
#[cfg(test)]
mod tests;
pub mod text;

pub use agent::Agent;
pub use connection::{Launch, Started};

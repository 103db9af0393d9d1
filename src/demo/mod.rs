//! `codex-bridge demo`: the whole path with no account. A scripted model, the real codex in a
//! workspace and a CODEX_HOME of its own, and a real MCP client on our own server. The scripted
//! model serves the tests too.

mod client;
mod error;
mod install;
pub mod model;
mod print;
mod run;

pub use error::DemoError;
pub use run::run;

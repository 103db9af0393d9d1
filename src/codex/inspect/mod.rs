//! codex as `doctor` looks at it: which version, does it speak what we speak, does it start, who is signed
//! in, do its sandbox and its MCP servers work. Plain data comes out; what of it is bad is for who asked.
//!
//! Nothing here starts a turn or writes a setting. Its MCP servers are started, as for a session.

mod program;
mod schema;
mod servers;
mod talk;
#[cfg(test)]
mod tests;
mod versions;

pub use program::{Program, version_parts};
pub use schema::{Missing, methods, missing};
pub use servers::{McpServer, ServerState};
pub(super) use talk::who;
pub use talk::{Account, Provider, Talk, talk};
pub use versions::{MEASURED, OLDEST, lacking};

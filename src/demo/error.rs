//! What can go wrong in the demo.

use thiserror::Error;

/// Why the demo did not come to its end.
#[derive(Debug, Error)]
pub enum DemoError {
    /// codex is not there and cannot be installed.
    #[error("the demo needs codex: {0}")]
    NoCodex(String),
    /// A folder or file of the demo cannot be made.
    #[error("{what} `{path}`: {source}")]
    File {
        /// What was tried.
        what: &'static str,
        /// On which path.
        path: String,
        /// Why not.
        source: std::io::Error,
    },
    /// The bridge cannot be started as a child or does not speak MCP.
    #[error("the bridge did not serve the demo's client: {0}")]
    Bridge(String),
    /// The task did not do what it should.
    #[error("the demo's task did not succeed: {0}")]
    Turn(String),
}

//! The MCP servers that codex is given beside its own: the file of hosts (`mcp.json`), what a call adds,
//! variables in both, and the guard that keeps this program from being one of them.
//!
//! [`gather`] brings the sources together. Absent here: codex's names for what comes out, and its own
//! servers (`codex::servers`); where the file lies and what the environment holds (`config`).

mod entry;
mod file;
mod gather;
mod guard;
mod nearest;
mod read;
mod shown;
mod variables;
mod wanted;

pub use entry::{Passed, Server, Transport};
pub use file::FileError;
pub use gather::{Entry, Gathered, Source, Sources, gather};
pub use guard::{Guard, Invocation};
pub use read::{BadEntry, MARK, Read, Remark, check_name, command, read};
pub use shown::{Shown, origin};
pub use variables::{Missing, Variables};
pub use wanted::{BadWanted, Inherit, Wanted};

#[cfg(test)]
mod tests;

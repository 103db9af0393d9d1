//! The command line: one file a verb, and exit codes.

mod approve;
mod args;
mod exit;
mod run;

pub use args::{Cli, Command};
pub use run::run;

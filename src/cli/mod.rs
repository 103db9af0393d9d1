//! The command line: one file a verb, and exit codes.

mod approve;
mod args;
#[cfg(unix)]
mod daemon;
mod doctor;
mod events;
mod exit;
mod login;
mod refused;
mod run;
mod serve;
mod sessions;

pub use args::{Cli, Command};
pub use run::run;

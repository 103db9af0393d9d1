//! The bridge in the background: found or started by the processes of hosts, which hand their bytes to it.
//!
//! What belongs to it and what to each host: its key is made of all that reaches codex itself and of the
//! settings, so that hosts share one where these are the same; flags, folder and the other variables go with a
//! host's sessions.

mod door;
mod errand;
mod key;
mod reach;
mod serve;
mod start;
#[cfg(test)]
mod tests;
mod variables;

pub use errand::{DaemonErrand, DaemonError, run_daemon_errand};
pub use reach::pump_for_host;
pub use serve::run_daemon;
pub use start::start_apart;

//! The composition root: wires journal, sessions, codex and MCP into one process, and ends them
//! in the order in which nothing is lost.

mod account;
mod approve;
mod bridge;
mod control;
#[cfg(unix)]
mod daemon;
mod doctor;
mod host;
mod limits;
mod logging;
mod look;
mod policy;
mod rules_test;
mod serve;
mod servers;
mod signals;
mod stdio;
mod upkeep;

pub use account::{AccountError, SignIn, login, login_status, logout};
pub use approve::{Errand, ErrandError, run_errand};
pub use bridge::Bridge;
#[cfg(unix)]
pub use daemon::{DaemonErrand, DaemonError, pump_for_host, run_daemon, run_daemon_errand, start_apart};
pub use doctor::{Check, Report, Status, examine};
pub use logging::start_logging;
pub use look::{EventsQuery, LookError, SessionsQuery, show_events, show_sessions};
pub use policy::{PolicyError, policy};
pub use rules_test::{Trial, test_rules};
pub use serve::run_serve;
#[cfg(unix)]
pub use servers::is_too_deep;
pub use signals::shutdown_on_signal;
pub use stdio::run_stdio;

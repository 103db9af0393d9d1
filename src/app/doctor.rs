//! `codex-bridge doctor`: is everything there that a task needs, and if not, what to do. Each check is
//! asked for by itself, with a deadline of its own, and judged by a pure function.
//!
//! It starts what a bridge would start and nothing else: codex, its MCP servers, a command that does
//! nothing in its sandbox, the journal. No turn is run and no secret is read.

mod codex;
mod judge;
mod report;
mod settings;
mod state;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub(super) use self::judge::account as judge_account;
pub use self::report::{Check, Report, Status};
use crate::config::{ConfigError, Loaded};

/// What is checked beside the settings, in the order in which it is shown.
const NAMES: [&str; 11] = [
    "mcp.json",
    "codex",
    "methods",
    "start",
    "configuration",
    "account",
    "sandbox",
    "MCP servers",
    "journal",
    "state folder",
    "control socket",
];

/// Checks everything, each check within `deadline`. Settings that cannot be used leave nothing to check.
pub async fn examine(loaded: &Result<Loaded, ConfigError>, deadline: Duration) -> Report {
    let loaded = match loaded {
        Ok(loaded) => loaded,
        Err(error) => {
            let skipped = NAMES.map(|name| Check::skip(name, "the settings cannot be used"));
            return Report::of([settings::unusable(error)].into_iter().chain(skipped));
        }
    };
    let (codex, state) = tokio::join!(codex::checks(loaded, deadline), state::checks(loaded, deadline));
    Report::of([settings::settings(loaded), settings::servers(loaded)].into_iter().chain(codex).chain(state))
}

//! `daemon`: what stands on the command line, and which hosts it is for.

use anyhow::Context;
use clap::Subcommand;

use crate::app::{self, DaemonErrand};
use crate::config::Loaded;

/// What to do with the bridge in the background.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum DaemonCommand {
    /// Show those that run.
    Status,
    /// End those that run; their turns end as interrupted.
    Stop,
    /// Start one that is nobody's child, and wait for its end: for the process of a host.
    #[command(hide = true)]
    Start,
}

impl DaemonCommand {
    /// Does it.
    ///
    /// # Errors
    /// When one does not answer, or does not end.
    pub fn run(self, loaded: &Loaded) -> anyhow::Result<()> {
        match self {
            Self::Status => app::run_daemon_errand(loaded, DaemonErrand::Status),
            Self::Stop => app::run_daemon_errand(loaded, DaemonErrand::Stop),
            Self::Start => app::start_apart(loaded).context("the bridge in the background"),
        }
    }
}

/// Serves the host of this process by the bridge in the background; `None` where this process must do it itself.
///
/// # Errors
/// When the settings cannot be used, or the host takes no answers any more.
pub fn serve_by_daemon(loaded: &Loaded, embedded: bool, drop_in: bool) -> anyhow::Result<Option<()>> {
    if embedded || !loaded.settings.daemon.enabled || app::is_too_deep(loaded) {
        return Ok(None);
    }
    // What is wrong with the settings is said as without it.
    app::policy(loaded)?;
    match app::pump_for_host(loaded, drop_in) {
        Ok(served) => served.map(Some).context("the host takes no answers"),
        Err(why) => {
            complain(&format!(
                "codex-bridge: there is no bridge in the background for this host ({why}); this process does the work \
                 itself, and its turns end with it"
            ));
            Ok(None)
        }
    }
}

#[expect(clippy::print_stderr, reason = "the log begins only with what follows")]
fn complain(words: &str) {
    eprintln!("{words}");
}

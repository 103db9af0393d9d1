//! `codex-bridge daemon status` and `stop`.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use thiserror::Error;

use super::door::places_of_all;
use crate::config::Loaded;
use crate::control::door::{Hello, KnockError, Place, State, Welcome, knock};
use crate::terminal::Screen;

/// How long a daemon may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long one that ends may take to be gone: its sessions record their end, codex and its commands end.
const GONE: Duration = Duration::from_secs(20);

/// What a person came for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DaemonErrand {
    /// To see them.
    Status,
    /// To end them.
    Stop,
}

/// What could not be done.
#[derive(Debug, Error)]
pub enum DaemonError {
    /// One does not answer.
    #[error("{0}; end its process by hand: its sessions are marked as interrupted by the next bridge")]
    Knock(#[from] KnockError),
    /// One has not ended.
    #[error(
        "process {pid} was told to end, and has not ended in {}; see its log, or end it by hand",
        humantime::format_duration(GONE)
    )]
    Stays {
        /// Its process.
        pid: u32,
    },
    /// It said something else.
    #[error("a bridge answered out of place: {0}")]
    OutOfPlace(String),
}

/// Shows or ends all daemons that have this journal.
///
/// # Errors
/// When one does not answer or does not end, or stdout cannot be written.
pub fn run_daemon_errand(loaded: &Loaded, errand: DaemonErrand) -> anyhow::Result<()> {
    let mut found = false;
    for place in places_of_all(loaded) {
        let Some((state, ends)) = ask(&place, loaded.journal(), errand)? else { continue };
        found = true;
        say(&words(&state, ends))?;
        if ends {
            gone(&place, state.pid)?;
        }
    }
    if !found {
        say("No bridge runs in the background.\n")?;
    }
    Ok(())
}

/// `None`: nobody is there, or one with another journal.
fn ask(place: &Place, journal: PathBuf, errand: DaemonErrand) -> Result<Option<(State, bool)>, DaemonError> {
    let hello = match errand {
        DaemonErrand::Status => Hello::Status { journal },
        DaemonErrand::Stop => Hello::Stop { journal },
    };
    match knock(place, &hello, PATIENCE) {
        Ok(answer) => match answer.welcome {
            Welcome::State(state) => Ok(Some((*state, false))),
            Welcome::Stopping(state) => Ok(Some((*state, true))),
            Welcome::Other => Ok(None),
            other => Err(DaemonError::OutOfPlace(format!("{other:?}"))),
        },
        Err(KnockError::Nobody(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Waits for its end: it lets its lock go with its life.
fn gone(place: &Place, pid: u32) -> anyhow::Result<()> {
    let until = std::time::Instant::now() + GONE;
    while alive(pid) {
        if std::time::Instant::now() >= until {
            return Err(DaemonError::Stays { pid }.into());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    // What it may have left.
    let _ = std::fs::remove_file(place.starting());
    Ok(())
}

fn alive(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    pid.is_some_and(|pid| rustix::process::test_kill_process(pid).is_ok())
}

fn words(state: &State, ends: bool) -> String {
    let count =
        |number: usize, one: &str, more: &str| format!("{number} {}", if number == 1 { one } else { more });
    let hosts = count(state.hosts, "host", "hosts");
    let work = count(state.at_work, "session at work", "sessions at work");
    let verb = if ends { "ends" } else { "runs" };
    let more = if ends && state.at_work > 0 { "; its turns end as interrupted" } else { "" };
    format!("process {} {verb}: {hosts}, {work}, since {}{more}\n", state.pid, state.since)
}

fn say(text: &str) -> anyhow::Result<()> {
    Screen::print(text).map(|_| ()).context("stdout cannot be written")
}

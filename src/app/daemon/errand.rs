//! `codex-bridge daemon status` and `stop`.

use std::io::{ErrorKind, Read};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process};
use thiserror::Error;

use super::door::places_of_all;
use super::start::pause;
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
        let asked = match ask(&place, loaded.journal(), errand) {
            Err(DaemonError::Knock(KnockError::Silent { pid: Some(pid), .. }))
                if errand == DaemonErrand::Stop && is_bridge(pid, &loaded.journal()) =>
            {
                found = true;
                kill(pid)?;
                continue;
            }
            // Those that cannot be asked from here keep nobody from the others.
            Err(DaemonError::Knock(error @ KnockError::Foreign(_))) => {
                found = true;
                say(&format!("{error}: ask from there\n"))?;
                continue;
            }
            asked => asked?,
        };
        let Some((state, ending)) = asked else { continue };
        found = true;
        say(&words(&state, ending.is_some()))?;
        if let Some(mut stream) = ending {
            gone(&mut stream, state.pid)?;
        }
    }
    if !found {
        say("No bridge runs in the background.\n")?;
    }
    Ok(())
}

/// Whether a process runs a bridge, of this version or another, and has this journal open: whatever else listens there
/// is left alone.
fn is_bridge(pid: i32, journal: &Path) -> bool {
    let program = std::fs::read_link(format!("/proc/{pid}/exe"));
    let name = program.as_ref().ok().and_then(|path| path.file_name()).map(|name| name.to_string_lossy());
    let journal = std::fs::canonicalize(journal).unwrap_or_else(|_| journal.to_owned());
    let mut open = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    name.is_some_and(|name| name.starts_with(env!("CARGO_PKG_NAME")))
        && open.any(|file| std::fs::read_link(file.path()).is_ok_and(|file| file == journal))
}

/// Whether a process has ended, though nobody may have waited for it.
fn has_ended(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_none_or(|(_, state)| state.starts_with(['Z', 'X']))
}

/// Ends one that hangs, which whoever says `stop` wants.
fn kill(pid: i32) -> anyhow::Result<()> {
    let process = Pid::from_raw(pid).context("the process of the bridge has no number")?;
    kill_process(process, Signal::KILL).with_context(|| format!("process {pid} cannot be killed"))?;
    let until = Instant::now() + GONE;
    while !has_ended(pid) {
        if Instant::now() >= until {
            return Err(DaemonError::Stays { pid: pid.unsigned_abs() }.into());
        }
        pause();
    }
    say(&format!("process {pid} did not answer, and was killed; its turns end as interrupted\n"))
}

/// `None`: nobody is there, or one with another journal. With the connection to one that ends.
fn ask(
    place: &Place,
    journal: PathBuf,
    errand: DaemonErrand,
) -> Result<Option<(State, Option<UnixStream>)>, DaemonError> {
    let hello = match errand {
        DaemonErrand::Status => Hello::Status { journal },
        DaemonErrand::Stop => Hello::Stop { journal },
    };
    match knock(place, &hello, PATIENCE) {
        Ok(answer) => match answer.welcome {
            Welcome::State(state) => Ok(Some((*state, None))),
            Welcome::Stopping(state) => Ok(Some((*state, Some(answer.stream)))),
            Welcome::Other => Ok(None),
            Welcome::Refused { .. } => Err(KnockError::Foreign(place.socket().to_owned()).into()),
            other => Err(DaemonError::OutOfPlace(format!("{other:?}"))),
        },
        Err(KnockError::Nobody(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Waits for its end: with its process the connection goes.
fn gone(stream: &mut UnixStream, pid: u32) -> anyhow::Result<()> {
    stream.set_read_timeout(Some(GONE)).context("the connection to the bridge")?;
    match stream.read(&mut [0]) {
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            Err(DaemonError::Stays { pid }.into())
        }
        _ => Ok(()),
    }
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

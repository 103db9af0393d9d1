//! What the bridge keeps: its journal, the folder of it, and the socket beside it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::report::Check;
use crate::app::bridge::places;
use crate::config::Loaded;
use crate::control::{Places, Socket};
use crate::ids::BridgeId;
use crate::journal::{Journal, JournalError, Owner, SqliteJournal};

const JOURNAL: &str = "journal";
const FOLDER: &str = "state folder";
const SOCKET: &str = "control socket";

/// What an open journal says of itself.
pub(super) struct Kept {
    pub path: PathBuf,
    pub bytes: u64,
    pub running: Vec<Owner>,
}

/// All of it. The journal first: it makes the folder that the others lie in.
pub(super) async fn checks(loaded: &Loaded, deadline: Duration) -> [Check; 3] {
    let path = loaded.journal();
    let kept = match tokio::time::timeout(deadline, look(path.clone())).await {
        Ok(kept) => kept,
        Err(_) => {
            let remedy = "Another process may hold it, or its disk may be slow: see who, or give --timeout.";
            let found = format!("{} was not open after {} s", path.display(), deadline.as_secs());
            return rest(Check::fail(JOURNAL, found, remedy));
        }
    };
    let required = loaded.settings.journal.required;
    match kept {
        Ok(kept) => [opened(&kept), folder(&path), socket(&places(loaded))],
        Err(error) => {
            let check = not_opened(&error, required);
            if path.parent().is_some_and(Path::is_dir) {
                [check, folder(&path), socket(&places(loaded))]
            } else {
                rest(check)
            }
        }
    }
}

fn rest(journal: Check) -> [Check; 3] {
    [journal, Check::skip(FOLDER, "it cannot be used"), Check::skip(SOCKET, "it lies in the state folder")]
}

/// Opens it as a bridge does, which enters this process there for as long.
async fn look(path: PathBuf) -> Result<Kept, JournalError> {
    let opening = path.clone();
    // SQLite waits for others on the thread that asks.
    let journal = tokio::task::spawn_blocking(move || SqliteJournal::open(&opening)).await;
    let journal = journal.unwrap_or(Err(JournalError::Closed))?;
    let running = journal.running().await?;
    let bytes = ["", "-wal"].into_iter().map(|end| {
        let mut file = path.clone().into_os_string();
        file.push(end);
        std::fs::metadata(file).map_or(0, |file| file.len())
    });
    let bytes = bytes.sum();
    journal.close().await?;
    Ok(Kept { path, bytes, running })
}

pub(super) fn opened(kept: &Kept) -> Check {
    let bridges = match kept.running.as_slice() {
        [] => "no bridge runs".to_owned(),
        running => {
            let pids: Vec<_> = running.iter().map(|bridge| bridge.pid.to_string()).collect();
            format!("bridges that run: {}", pids.join(", "))
        }
    };
    let (path, kib, version) = (kept.path.display(), kept.bytes.div_ceil(1024), SqliteJournal::VERSION);
    Check::ok(JOURNAL, format!("{path}: can be written, {kib} KiB, schema version {version}; {bridges}"))
}

pub(super) fn not_opened(error: &JournalError, required: bool) -> Check {
    let (found, remedy) = match error {
        JournalError::Unusable { path, reason, remedy } => {
            (format!("{} cannot be used: {reason}", path.display()), sentence(remedy))
        }
        JournalError::NewerVersion { path, found, ours } => (
            format!("{} has schema version {found}; this bridge has {ours}", path.display()),
            "Use the codex-bridge that made it, or set journal.path to another file.".to_owned(),
        ),
        other => (other.to_string(), "Set journal.path to another file.".to_owned()),
    };
    if required {
        Check::fail(JOURNAL, found, remedy)
    } else {
        let found = format!("{found}; events are kept in memory, as journal.required = false allows");
        Check::warn(JOURNAL, found, remedy)
    }
}

fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

#[cfg(unix)]
fn folder(journal: &Path) -> Check {
    use std::os::unix::fs::PermissionsExt;
    let folder = journal.parent().unwrap_or(journal);
    match std::fs::metadata(folder) {
        Ok(about) if about.permissions().mode() & 0o077 == 0 => {
            Check::ok(FOLDER, format!("{}: yours alone", folder.display()))
        }
        Ok(about) => {
            let mode = about.permissions().mode() & 0o777;
            let found = format!("{}: others may enter it (mode {mode:o})", folder.display());
            Check::warn(FOLDER, found, format!("Run `chmod 700 {}`.", folder.display()))
        }
        Err(error) => {
            let remedy = "Make it a folder of yours, or set journal.path to a file in another one.";
            Check::fail(FOLDER, format!("{}: {error}", folder.display()), remedy)
        }
    }
}

#[cfg(not(unix))]
fn folder(_: &Path) -> Check {
    Check::skip(FOLDER, "who may enter it is not looked at on this system")
}

/// Listens there for a moment, under a name that no bridge has.
fn socket(places: &Places) -> Check {
    match Socket::bind(places, &BridgeId::fresh()) {
        Ok(Some(socket)) => {
            let folder = socket.path().parent().unwrap_or(socket.path()).display().to_string();
            Check::ok(SOCKET, format!("{folder}: `codex-bridge approve` reaches a bridge there"))
        }
        Ok(None) => Check::skip(SOCKET, "there is none on this system"),
        Err(error) => {
            let error = error.to_string();
            let (found, remedy) =
                error.split_once("; ").unwrap_or((&error, "set journal.path to a shorter path"));
            let found = format!("{found}; `codex-bridge approve` and `cancel` do not reach a bridge");
            Check::warn(SOCKET, found, sentence(remedy))
        }
    }
}

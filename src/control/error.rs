//! What can go wrong between two processes.

use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

/// Why a request has no answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ControlError {
    /// Nobody listens there.
    #[error("the bridge cannot be reached at `{}`: {reason}; if it still runs, answer in the host that started it", path.display())]
    Unreachable {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// Another user listens there.
    #[error("`{}` belongs to another user, or to a command in a sandbox; nothing was sent to it", .0.display())]
    Stranger(PathBuf),
    /// The request is too long.
    #[error("the request has {bytes} bytes, and {most} are taken; shorten the reason or the answers")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The limit.
        most: usize,
    },
    /// The bridge heard it, perhaps, and said nothing.
    #[error("the bridge gave no answer: {reason}; the events of the session say what became of it")]
    NoAnswer {
        /// What happened instead.
        reason: String,
    },
    /// It did not answer in time.
    #[error("the bridge gave no answer in {}; the events of the session say what became of it", humantime::format_duration(*.0))]
    Late(Duration),
    /// This system has no such sockets.
    #[error(
        "on this system a bridge cannot be spoken to from another process; answer in the host that started it"
    )]
    Unsupported,
}

/// Why a bridge cannot be spoken to.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ListenError {
    /// The folder or the socket cannot be made.
    #[error("cannot listen at `{}`: {reason}; make its folder writable and yours alone, or set journal.path to a shorter path", path.display())]
    Unusable {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// No folder has a path that is short enough.
    #[error(
        "there is no place for a socket: its path would have {most} bytes or more everywhere; set $XDG_RUNTIME_DIR or journal.path to a shorter path"
    )]
    NoPlace {
        /// The limit.
        most: usize,
    },
}

impl ListenError {
    #[cfg(unix)]
    pub(super) fn io(path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::Unusable { path: path.to_owned(), reason: error.to_string() }
    }
}

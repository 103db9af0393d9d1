//! What can go wrong with the journal. Cloned, since one fault may have several waiters.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use thiserror::Error;

use crate::ids::{Seq, ThreadId};

/// Why the journal did not do it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum JournalError {
    /// Its file or folder cannot be used.
    #[error("the journal `{}` cannot be used: {reason}; {remedy}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What the system or SQLite said.
        reason: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A newer bridge made it.
    #[error("the journal `{}` has schema version {found}, this bridge writes {ours}: it is only read; use the newer codex-bridge, or another journal.path", path.display())]
    NewerVersion {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// Ours.
        ours: i64,
    },
    /// Another bridge has the session.
    #[error(
        "session `{thread}` belongs to another running bridge, process {pid}; ask through the host that started that one"
    )]
    Owned {
        /// The session.
        thread: ThreadId,
        /// The process.
        pid: u32,
    },
    /// The numbers do not continue the session's.
    #[error("session `{thread}`: event {got} came where {expected} was due")]
    SeqConflict {
        /// The session.
        thread: ThreadId,
        /// What was due.
        expected: Seq,
        /// What came.
        got: Seq,
    },
    /// The events and the row of a batch do not belong together.
    #[error("a batch for session `{thread}` is refused: {reason}; this is a fault of the bridge")]
    BadBatch {
        /// The session of the row.
        thread: ThreadId,
        /// What does not fit.
        reason: &'static str,
    },
    /// It was opened to read.
    #[error(
        "the journal `{}` was opened only to read; what writes is for a bridge: this is a fault of codex-bridge",
        path.display()
    )]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// It has been closed.
    #[error("the journal is closed: the bridge is ending")]
    Closed,
}

impl JournalError {
    /// A fault of SQLite, with what to do about it.
    pub(super) fn sqlite(path: &Path, error: &rusqlite::Error) -> Self {
        let remedy = match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => "free disk space",
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                "another process holds it for too long; end that one"
            }
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                "move the file away to begin a new one; what is in it can still be read with sqlite3"
            }
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
                "make its folder writable, or set journal.path to one that is"
            }
            _ => "set journal.path to another file if it stays so",
        };
        Self::Unusable { path: path.to_owned(), reason: error.to_string(), remedy }
    }

    /// Whether another process has what is needed, for now.
    pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
        matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
    }

    /// A fault of the file system.
    pub(super) fn io(path: &Path, error: &std::io::Error) -> Self {
        let remedy = "make its folder writable, or set journal.path to one that is";
        Self::Unusable { path: path.to_owned(), reason: error.to_string(), remedy }
    }
}

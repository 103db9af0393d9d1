//! Why there is nothing to see.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::ids::{Seq, ThreadId};
use crate::journal::JournalError;

/// Why a look at the journal shows nothing.
#[derive(Debug, Error)]
pub enum LookError {
    /// No session has this id, or one that begins so.
    #[error(
        "there is no session `{name}` in the journal `{}`; `codex-bridge sessions` lists those that are",
        journal.display()
    )]
    Unknown {
        /// What was asked for.
        name: String,
        /// Where it is not.
        journal: PathBuf,
    },
    /// Several have.
    #[error("`{prefix}` begins the ids of {} sessions: {}; give more of one", ids.len(), list(ids))]
    Ambiguous {
        /// What was asked for.
        prefix: String,
        /// The sessions.
        ids: Vec<ThreadId>,
    },
    /// There is none at all.
    #[error(
        "there is no session in the journal `{}` yet; the first call of the tool `codex` makes one",
        .0.display()
    )]
    None(PathBuf),
    /// The session has no such event yet.
    #[error("session `{thread}` has no event {after}: its last is {last}; give --after a lower number")]
    After {
        /// The session.
        thread: ThreadId,
        /// What was asked for.
        after: Seq,
        /// Its last event.
        last: Seq,
    },
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// stdout cannot be written.
    #[error("stdout cannot be written: {0}")]
    Output(io::Error),
    /// Ctrl-C cannot be waited for.
    #[error("the handlers of signals cannot be installed: {0}; leave out --follow")]
    Signals(io::Error),
}

impl LookError {
    /// Whether something else must be asked for, and nothing is broken.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Unknown { .. } | Self::Ambiguous { .. } | Self::None(_) | Self::After { .. })
    }
}

/// How many sessions are named at most.
const NAMED: usize = 5;

fn list(ids: &[ThreadId]) -> String {
    let more = if ids.len() > NAMED { ", …" } else { "" };
    let named: Vec<_> = ids.iter().take(NAMED).map(ThreadId::as_str).collect();
    format!("{}{more}", named.join(", "))
}

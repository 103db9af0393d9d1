//! Why an errand was not done.

use std::io;

use thiserror::Error;

use crate::approval::DecideError;
use crate::control::ControlError;
use crate::event::PermissionDecision;
use crate::ids::{ApprovalId, ThreadId};
use crate::journal::JournalError;

/// Why a decision or a cancel from a terminal was not carried out.
#[derive(Debug, Error)]
pub enum ErrandError {
    /// No session ever had this request.
    #[error("there is no request `{0}`; `codex-bridge approve` lists the open ones")]
    UnknownRequest(ApprovalId),
    /// The journal does not know this session.
    #[error("there is no session `{0}` in the journal; give the `threadId` that the tool's result has")]
    UnknownSession(ThreadId),
    /// Somebody was faster.
    #[error("{}", DecideError::Gone(.0.clone()))]
    Decided(Box<PermissionDecision>),
    /// The bridge that asked is not there any more.
    #[error(
        "request `{id}` cannot be answered any more: the bridge that ran session `{thread}` has ended; continue the session with `codex-reply`"
    )]
    OwnerGone {
        /// The request.
        id: ApprovalId,
        /// Its session.
        thread: ThreadId,
    },
    /// The bridge is there and cannot be spoken to.
    #[error(
        "session `{thread}` runs in process {pid}, which takes nothing from other processes (its log says why); answer in the host that started it"
    )]
    NoSocket {
        /// The session.
        thread: ThreadId,
        /// The process.
        pid: u32,
    },
    /// The bridge refuses.
    #[error("{message}")]
    Refused {
        /// Its short name.
        code: String,
        /// In words.
        message: String,
    },
    /// `--answers` is not JSON.
    #[error(
        "--answers is not JSON: it breaks off or goes wrong at line {line}, column {column}; give an object, as in --answers '{{\"question\":\"answer\"}}'"
    )]
    BadJson {
        /// Where.
        line: usize,
        /// Where in it.
        column: usize,
    },
    /// The bridge did not answer.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// The bridge said something else.
    #[error("the bridge gave an answer to another question; is it another version of codex-bridge?")]
    Confused,
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The terminal cannot be read.
    #[error("the terminal cannot be read: {0}; give the decision as an argument")]
    Terminal(io::Error),
}

impl ErrandError {
    /// Whether something else must be asked for, and nothing is broken.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        match self {
            Self::UnknownRequest(_)
            | Self::UnknownSession(_)
            | Self::Decided(_)
            | Self::OwnerGone { .. }
            | Self::BadJson { .. }
            | Self::Control(ControlError::TooLong { .. }) => true,
            Self::Refused { code, .. } => {
                !matches!(code.as_str(), "journal" | "closed" | "too_slow" | "codex")
            }
            Self::NoSocket { .. }
            | Self::Control(_)
            | Self::Confused
            | Self::Journal(_)
            | Self::Terminal(_) => false,
        }
    }
}

//! Why nobody is signed in, or out.

use std::io;

use thiserror::Error;

use crate::codex::locate::LocateError;
use crate::session::AgentError;

/// Why a command about the account failed.
#[derive(Debug, Error)]
pub enum AccountError {
    /// codex is not there, does not start, or refuses.
    #[error("{}{}", .0.0.message.trim_end_matches('.'), remedy(.0))]
    Codex(#[from] AgentError),
    /// codex is not there.
    #[error(transparent)]
    NotFound(#[from] LocateError),
    /// There is no key on standard input.
    #[error(
        "no {what} came on standard input; give it so: `printenv {variable} | codex-bridge login {flag}`"
    )]
    NoSecret {
        /// What should have come.
        what: &'static str,
        /// A variable that may have it.
        variable: &'static str,
        /// The flag.
        flag: &'static str,
    },
    /// What came cannot be one.
    #[error("what came on standard input is no {what}: it has {why}; give it alone, on one line")]
    BadSecret {
        /// What should have come.
        what: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// It cannot be read.
    #[error("standard input cannot be read: {0}")]
    Input(io::Error),
    /// The person has stopped it.
    #[error("the sign-in was stopped; nobody has been signed in by it")]
    Interrupted,
    /// Nobody is signed in.
    #[error("{found}. {remedy}")]
    SignedOut {
        /// How it is.
        found: String,
        /// What to do.
        remedy: String,
    },
    /// codex does not say who is signed in.
    #[error("codex does not say who is signed in: {0}; `codex-bridge doctor` looks at all of codex")]
    NotKnown(String),
    /// Signals cannot be heard.
    #[error("the handlers of signals cannot be installed: {0}")]
    Signals(io::Error),
    /// stdout cannot be written.
    #[error("stdout cannot be written: {0}")]
    Output(io::Error),
}

impl AccountError {
    /// By the contract: 2 usage, 3 codex missing, 4 it failed, 5 interrupted, 70 a fault of ours.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NoSecret { .. } | Self::BadSecret { .. } => 2,
            Self::NotFound(_) => 3,
            Self::Codex(AgentError(error)) if error.code == "codex_missing" => 3,
            Self::Codex(_) | Self::SignedOut { .. } | Self::NotKnown(_) => 4,
            Self::Interrupted => 5,
            Self::Input(_) | Self::Signals(_) | Self::Output(_) => 70,
        }
    }
}

fn remedy(error: &AgentError) -> String {
    error.0.remedy.as_ref().map(|remedy| format!(". To mend it: {remedy}")).unwrap_or_default()
}

//! How a child is started.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;

use process_wrap::tokio::{ChildWrapper, CommandWrap};
use thiserror::Error;

/// How a child is started.
#[derive(Clone, Debug, Default)]
pub struct Spec {
    /// The program: a path, or a name on PATH.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Changes to the environment that it inherits: set, or with `None` removed.
    pub env: Vec<(OsString, Option<OsString>)>,
    /// Its folder; ours where absent.
    pub cwd: Option<PathBuf>,
}

/// Why a child did not start.
#[derive(Debug, Error)]
pub enum SpawnError {
    /// The system would not.
    #[error("`{}` cannot be started: {source}", program.display())]
    Start {
        /// What.
        program: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// It ran for too long and was ended.
    #[error("`{}` did not end within {seconds} s", program.display())]
    TooLong {
        /// What.
        program: PathBuf,
        /// How long it was given.
        seconds: u64,
    },
}

impl Spec {
    /// Starts it as the leader of a group of its own (a job on Windows), with three pipes.
    pub(super) fn spawn(&self, stdin: Stdio) -> Result<Box<dyn ChildWrapper>, SpawnError> {
        let mut wrap = CommandWrap::with_new(&self.program, |command| {
            command.args(&self.args).stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
            for (name, value) in &self.env {
                match value {
                    Some(value) => command.env(name, value),
                    None => command.env_remove(name),
                };
            }
            if let Some(cwd) = &self.cwd {
                command.current_dir(cwd);
            }
        });
        #[cfg(unix)]
        wrap.wrap(process_wrap::tokio::ProcessGroup::leader());
        #[cfg(windows)]
        wrap.wrap(process_wrap::tokio::JobObject);
        wrap.spawn().map_err(|source| SpawnError::Start { program: self.program.clone(), source })
    }
}

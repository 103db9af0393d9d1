//! What to start, and why it could not be started.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use process_wrap::tokio::{CommandWrap, KillOnDrop};
use thiserror::Error;

/// A program with everything it starts with. What is not said here it has from this process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spec {
    /// The program: a path, or a name to look for in `PATH`. Give an absolute path where `cwd` is set.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Variables that are set, or removed where there is no value.
    pub env: Vec<(OsString, Option<OsString>)>,
    /// Its folder.
    pub cwd: Option<PathBuf>,
}

/// Why a child did not start, or did not finish.
#[derive(Debug, Error)]
pub enum SpawnError {
    /// There is no such program.
    #[error("`{}` was not found: install it, or give its full path", program.display())]
    NotFound {
        /// What was looked for.
        program: PathBuf,
    },
    /// The folder to start in is no folder.
    #[error("`{}` cannot start in `{}`, which is not a folder: create it, or choose another", program.display(), cwd.display())]
    NoFolder {
        /// What was to start.
        program: PathBuf,
        /// Where.
        cwd: PathBuf,
    },
    /// The system refused.
    #[error("`{}` could not be started: {source}", program.display())]
    Refused {
        /// What was to start.
        program: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A short run took too long and was killed.
    #[error("`{}` had not finished after {after:?} and was killed; on its standard error: {stderr:?}", program.display())]
    TimedOut {
        /// What ran.
        program: PathBuf,
        /// How long it was given.
        after: Duration,
        /// The end of what it wrote there.
        stderr: String,
    },
    /// The system does not say how it ended.
    #[error("`{}` was started, but how it ended cannot be known: {source}", program.display())]
    Lost {
        /// What ran.
        program: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl Spec {
    /// The command of it: output and errors piped, in a group of its own.
    pub(super) fn command(&self, stdin: Stdio) -> CommandWrap {
        let mut command = CommandWrap::with_new(&self.program, |command| {
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
        // For the moment before our own guard holds the child; on Windows the job object needs it, so
        // that the group ends also where this process is killed.
        command.wrap(KillOnDrop);
        #[cfg(unix)]
        command.wrap(process_wrap::tokio::ProcessGroup::leader());
        #[cfg(windows)]
        command.wrap(process_wrap::tokio::JobObject);
        command
    }

    /// The system's error in our words. "No such file" may mean the program or the folder.
    pub(super) fn error(&self, source: io::Error) -> SpawnError {
        let program = self.program.clone();
        match &self.cwd {
            Some(cwd) if !Path::is_dir(cwd) => SpawnError::NoFolder { program, cwd: cwd.clone() },
            _ if source.kind() == io::ErrorKind::NotFound => SpawnError::NotFound { program },
            _ => SpawnError::Refused { program, source },
        }
    }
}

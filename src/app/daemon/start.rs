//! Starts a daemon, so that of ten hosts that want one at the same moment one starts it.

use std::fs::{File, TryLockError};
use std::io;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::key::{Key, exe};
use crate::app::logging::daemon_log;
use crate::config::Loaded;
use crate::control::door::Place;

/// How often a lock, and a daemon that begins, is looked at.
const LOOK: Duration = Duration::from_millis(2);

/// The right to start a daemon at a place, until it is dropped.
pub(super) struct Starting {
    _lock: File,
}

impl Starting {
    /// Waits for it until then; `None` where another has it for longer.
    pub fn wait(place: &Place, until: Instant) -> io::Result<Option<Self>> {
        let lock = place.starting()?;
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(Some(Self { _lock: lock })),
                Err(TryLockError::WouldBlock) if Instant::now() >= until => return Ok(None),
                Err(TryLockError::WouldBlock) => sleep(LOOK),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }

    /// Starts it: with nothing of the host but what all hosts share.
    pub fn spawn(&self, loaded: &Loaded, key: &Key) -> io::Result<Child> {
        // A host may have handed on more than it knows, and would wait for its end.
        close_fds::set_fds_cloexec(3, &[]);
        let log = daemon_log(loaded)?;
        let program = exe()?;
        #[expect(
            clippy::disallowed_methods,
            reason = "it outlives this process, so that nobody here can own it"
        )]
        let mut command = Command::new(program);
        if let Some(file) = &loaded.flags.settings {
            command.arg("--settings").arg(file);
        }
        if loaded.flags.strict_config {
            command.arg("--strict-config");
        }
        command.arg("daemon").env_clear().envs(key.environment(loaded)).current_dir(&loaded.cwd);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn()
    }
}

/// Whether a daemon that was started has ended by now, and how.
pub(super) fn ended(child: &mut Child) -> Option<String> {
    child.try_wait().ok().flatten().map(|status| status.to_string())
}

/// Waits a moment.
pub(super) fn pause() {
    sleep(LOOK);
}

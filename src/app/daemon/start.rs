//! Starts a daemon, so that of ten hosts that want one at the same moment one starts it.

use std::fs::{File, TryLockError};
use std::io;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

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

    /// Starts it, by a process between: with nothing of the host but what all hosts share.
    pub fn spawn(&self, loaded: &Loaded, key: &Key) -> io::Result<Between> {
        // A host may have handed on more than it knows, and would wait for its end.
        close_fds::set_fds_cloexec(3, &[]);
        let log = daemon_log(loaded)?;
        let mut command = command(loaded)?;
        command.arg("start").env_clear().envs(key.environment(loaded)).current_dir(&loaded.cwd);
        // Its input ends with this process, and so does it.
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log).spawn().map(Between)
    }
}

/// The process between a host's and a daemon, which ends as the daemon does. Dropping it ends it alone: the daemon is
/// nobody's child then, and a host that ends its servers by their process tree does not find it.
pub(super) struct Between(Child);

impl Between {
    /// Whether the daemon that was started has ended by now, and how.
    pub fn ended(&mut self) -> Option<String> {
        self.0.try_wait().ok().flatten().map(|status| status.to_string())
    }
}

impl Drop for Between {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Is the process between: starts a daemon, and waits for its end, or for that of its own input.
///
/// # Errors
/// When it cannot be started or waited for, or ends with an error, which it has said itself.
pub fn start_apart(loaded: &Loaded) -> io::Result<()> {
    // Nor does a host find it that ends all of a group.
    let _ = rustix::process::setsid();
    let mut daemon = command(loaded)?.stdin(Stdio::null()).spawn()?;
    let (input, look) = (io::stdin(), Timespec { tv_sec: 0, tv_nsec: 5_000_000 });
    loop {
        if let Some(status) = daemon.try_wait()? {
            let words = || io::Error::other(format!("it ended with {status}"));
            return if status.success() { Ok(()) } else { Err(words()) };
        }
        // Nothing is ever written to it.
        if poll(&mut [PollFd::new(&input, PollFlags::IN)], Some(&look)).is_ok_and(|ready| ready > 0) {
            return Ok(());
        }
    }
}

/// This program as a daemon.
fn command(loaded: &Loaded) -> io::Result<Command> {
    #[expect(clippy::disallowed_methods, reason = "it outlives this process, so that nobody here can own it")]
    let mut command = Command::new(exe()?);
    if let Some(file) = &loaded.flags.settings {
        command.arg("--settings").arg(file);
    }
    if loaded.flags.strict_config {
        command.arg("--strict-config");
    }
    command.arg("daemon");
    Ok(command)
}

/// Waits a moment.
pub(super) fn pause() {
    sleep(LOOK);
}

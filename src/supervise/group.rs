//! The guard of a process group: dropped, it kills the group, not only its leader.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use process_wrap::tokio::ChildWrapper;
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};

use super::spec::{SpawnError, Spec};

/// How long the system may take to clear away a group that was killed.
const CLEARED: Duration = Duration::from_secs(2);

/// A running group.
#[derive(Debug)]
pub(super) struct Group {
    child: Box<dyn ChildWrapper>,
    /// The leader is gone and the rest killed: the number may belong to another process by now, and no
    /// signal goes there any more.
    over: bool,
}

impl Group {
    pub(super) fn start(spec: &Spec, stdin: Stdio) -> Result<Self, SpawnError> {
        let child = spec.command(stdin).spawn().map_err(|error| spec.error(error))?;
        Ok(Self { child, over: false })
    }

    pub(super) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// The pipes, each once.
    pub(super) fn pipes(&mut self) -> (Option<ChildStdin>, Option<ChildStdout>, Option<ChildStderr>) {
        (self.child.stdin().take(), self.child.stdout().take(), self.child.stderr().take())
    }

    /// Waits for the leader alone: the group's own `wait` would also wait for whatever it left behind.
    /// Can be dropped and called again.
    pub(super) async fn leader_gone(&mut self) -> io::Result<ExitStatus> {
        self.child.inner_mut().wait().await
    }

    /// Asks the group to end. Windows has no way to ask: it is killed there.
    pub(super) fn terminate(&mut self) {
        #[cfg(unix)]
        let sent = self.child.signal(tokio::signal::unix::SignalKind::terminate().as_raw_value());
        #[cfg(windows)]
        let sent = self.child.start_kill();
        note(sent, "ask a process group to end");
    }

    pub(super) fn kill(&mut self) {
        note(self.child.start_kill(), "kill a process group");
    }

    /// After the leader's exit: kills what it left behind, and waits (not for ever) until that is gone.
    ///
    /// To be called at once: while a member lives the group's number is taken, and where none does it is
    /// not given out again so soon.
    pub(super) async fn clear(&mut self) {
        self.kill();
        self.over = true;
        let cleared = tokio::time::timeout(CLEARED, self.child.wait()).await;
        if let Ok(Err(error)) = cleared {
            tracing::debug!(%error, "could not wait for the rest of a process group");
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if !self.over {
            self.kill();
        }
    }
}

/// A group that is already gone is the usual case, and no failure.
fn note(sent: io::Result<()>, what: &str) {
    if let Err(error) = sent {
        tracing::debug!(%error, "could not {what}");
    }
}

//! A running child: one task owns it, the handle asks for its end. Dropping the handle kills the
//! whole group: dropping process-wrap's own child would kill the leader alone.

use std::fmt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use process_wrap::tokio::ChildWrapper;
use tokio::process::{ChildStdin, ChildStdout};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use super::spec::{SpawnError, Spec};
use super::stderr::tail;

/// How long its stderr may stay open after its end, held by a grandchild that escaped the group.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// How long a child is given at each step of its end.
#[derive(Clone, Copy, Debug)]
pub struct Grace {
    /// From the end of its input to TERM.
    pub eof: Duration,
    /// From TERM to KILL.
    pub term: Duration,
}

impl Default for Grace {
    /// codex takes 16 ms after the end of its input, 8 ms after TERM.
    fn default() -> Self {
        Self { eof: Duration::from_secs(1), term: Duration::from_secs(1) }
    }
}

/// How a child ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PostMortem {
    /// Its exit code.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// The end of its stderr, at most 64 KiB.
    pub stderr: String,
    /// Whether it was asked to end.
    pub asked: bool,
}

/// A running child.
#[derive(Debug)]
pub struct Child {
    pid: Option<u32>,
    end: Option<oneshot::Sender<Grace>>,
    ended: watch::Receiver<Option<PostMortem>>,
}

impl Child {
    /// Starts a child whose end is watched by a task on `tasks`.
    ///
    /// # Errors
    /// When the system cannot start it.
    pub fn spawn(spec: &Spec, tasks: &TaskTracker) -> Result<(Self, ChildStdin, ChildStdout), SpawnError> {
        let mut inner = spec.spawn(Stdio::piped())?;
        let missing = || SpawnError::Start {
            program: spec.program.clone(),
            source: std::io::Error::other("its pipes were not made"),
        };
        let stdin = inner.stdin().take().ok_or_else(missing)?;
        let stdout = inner.stdout().take().ok_or_else(missing)?;
        let stderr = inner.stderr().take().ok_or_else(missing)?;
        let words = tasks.spawn(tail(stderr));
        let (end, asked) = oneshot::channel();
        let (publish, ended) = watch::channel(None);
        let pid = inner.id();
        tasks.spawn(watch_over(inner, words, asked, publish));
        Ok((Self { pid, end: Some(end), ended }, stdin, stdout))
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.pid
    }

    /// Returns when it has ended, by itself or otherwise.
    pub async fn ended(&self) -> PostMortem {
        let mut ended = self.ended.clone();
        ended.wait_for(Option::is_some).await.ok().and_then(|end| end.clone()).unwrap_or_default()
    }

    /// Ends it, and its whole group. The caller has closed its input.
    pub async fn end(mut self, grace: Grace) -> PostMortem {
        if let Some(end) = self.end.take() {
            // A child that has ended by itself needs no asking.
            let _ = end.send(grace);
        }
        self.ended().await
    }
}

/// Owns the child to its end. A handle that is dropped is seen as a closed channel: then the
/// group is killed at once.
async fn watch_over(
    mut child: Box<dyn ChildWrapper>,
    words: JoinHandle<String>,
    asked: oneshot::Receiver<Grace>,
    publish: watch::Sender<Option<PostMortem>>,
) {
    let (status, was_asked) = tokio::select! {
        status = child.wait() => (status.ok(), false),
        grace = asked => (end(child.as_mut(), grace.ok()).await, true),
    };
    // What the leader left behind in its group.
    let _ = child.start_kill();
    let stderr = timeout(LAST_WORDS, words).await.ok().and_then(Result::ok).unwrap_or_default();
    publish.send_replace(Some(PostMortem {
        code: status.and_then(|s| s.code()),
        signal: status.and_then(signal),
        stderr,
        asked: was_asked,
    }));
}

async fn end(child: &mut dyn ChildWrapper, grace: Option<Grace>) -> Option<ExitStatus> {
    if let Some(grace) = grace {
        if let Ok(status) = timeout(grace.eof, child.wait()).await {
            return status.ok();
        }
        terminate(child);
        if let Ok(status) = timeout(grace.term, child.wait()).await {
            return status.ok();
        }
    }
    let _ = child.start_kill();
    child.wait().await.ok()
}

#[cfg(unix)]
fn terminate(child: &dyn ChildWrapper) {
    /// SIGTERM, the same on every Unix.
    const TERM: i32 = 15;
    let _ = child.signal(TERM);
}

#[cfg(not(unix))]
fn terminate(_: &dyn ChildWrapper) {}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> Option<i32> {
    None
}

impl fmt::Display for PostMortem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code, self.signal) {
            (Some(code), _) => write!(f, "it exited with code {code}")?,
            (None, Some(signal)) => write!(f, "it was ended by signal {signal}")?,
            (None, None) => f.write_str("it ended")?,
        }
        let words: Vec<&str> = self.stderr.lines().filter(|line| !line.trim().is_empty()).collect();
        let last = words[words.len().saturating_sub(2)..].join(" / ");
        let from = last.char_indices().rev().nth(399).map_or(0, |(at, _)| at);
        if last.is_empty() { Ok(()) } else { write!(f, "; its last words: {}", &last[from..]) }
    }
}

//! A short run for its output, like `codex --version`: no input, a limit, a deadline.

use std::process::Stdio;
use std::time::Duration;

use super::group::Group;
use super::pipe::{Drain, Keep, Kept, STDERR_TAIL};
use super::spec::{SpawnError, Spec};

/// What a short run gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Its exit code; none where a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to its standard output, up to the limit; what is not UTF-8 is replaced.
    pub stdout: String,
    /// Whether there was more of it.
    pub cut: bool,
    /// The last 64 KiB of its standard error.
    pub stderr: String,
}

/// Runs a program to its end and gives back at most `limit` bytes of its output.
///
/// At the deadline, and where the future is dropped, its group is killed. What it leaves running in its
/// group when it ends is killed too.
///
/// # Errors
/// [`SpawnError`]: it did not start, or had not finished in time.
pub async fn output(spec: &Spec, limit: usize, deadline: Duration) -> Result<Output, SpawnError> {
    let mut group = Group::start(spec, Stdio::null())?;
    let (_, stdout, stderr) = group.pipes();
    let mut stdout = Drain::new(stdout, Kept::new(Keep::First, limit));
    let mut stderr = Drain::new(stderr, Kept::new(Keep::Last, STDERR_TAIL));

    let run = async {
        // The pipes may end before the leader does, or (held by its children) not at all.
        let pipes = async {
            tokio::join!(stdout.run_dry(), stderr.run_dry());
            std::future::pending().await
        };
        tokio::select! { biased; status = group.leader_gone() => status, unreached = pipes => unreached }
    };
    let status = tokio::time::timeout(deadline, run).await;
    if status.is_err() {
        group.kill();
    }
    group.clear().await;
    let (stdout, stderr) = tokio::join!(stdout.finish(), stderr.finish());
    let (cut, stdout, stderr) = (stdout.is_cut(), stdout.into_text(), stderr.into_text());
    let program = spec.program.clone();
    match status {
        Ok(Ok(status)) => Ok(Output { code: status.code(), stdout, cut, stderr }),
        Ok(Err(source)) => Err(SpawnError::Lost { program, source }),
        Err(_) => Err(SpawnError::TimedOut { program, after: deadline, stderr }),
    }
}

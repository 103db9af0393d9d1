//! A short helper run, such as `codex --version`: started, read, and ended at its deadline.

use std::process::Stdio;
use std::time::Duration;

use process_wrap::tokio::ChildWrapper;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::timeout;

use super::spec::{SpawnError, Spec};

/// What a helper said.
#[derive(Clone, Debug, Default)]
pub struct Output {
    /// Its exit code.
    pub code: Option<i32>,
    /// Its stdout, to the limit.
    pub stdout: Vec<u8>,
    /// Its stderr, to the limit.
    pub stderr: Vec<u8>,
}

/// Kills the group when the run is given up, by its deadline or by its caller going away.
struct Guard(Box<dyn ChildWrapper>);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.start_kill();
    }
}

/// Runs a helper without input. What it says beyond `limit` bytes is read and dropped.
///
/// # Errors
/// When it cannot be started or does not end in time.
pub async fn output(spec: &Spec, limit: usize, deadline: Duration) -> Result<Output, SpawnError> {
    let mut guard = Guard(spec.spawn(Stdio::null())?);
    let (stdout, stderr) = (guard.0.stdout().take(), guard.0.stderr().take());
    let run = async {
        let (stdout, stderr, status) = tokio::join!(take(stdout, limit), take(stderr, limit), guard.0.wait());
        Output { code: status.ok().and_then(|s| s.code()), stdout, stderr }
    };
    let seconds = deadline.as_secs();
    let output = timeout(deadline, run).await;
    output.map_err(|_| SpawnError::TooLong { program: spec.program.clone(), seconds })
}

async fn take<R: AsyncRead + Unpin>(from: Option<R>, limit: usize) -> Vec<u8> {
    let Some(mut from) = from else { return Vec::new() };
    let mut kept = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(n @ 1..) = from.read(&mut buffer).await {
        let room = limit.saturating_sub(kept.len()).min(n);
        kept.extend_from_slice(&buffer[..room]);
    }
    kept
}

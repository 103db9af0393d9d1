//! Access tokens. app-server takes none from a client, so codex's own command gets it.

use std::path::PathBuf;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio_util::task::TaskTracker;

use super::Secret;
use super::faults::login_failed;
use crate::codex::Launch;
use crate::codex::connection::fault;
use crate::session::AgentError;
use crate::supervise::{Child, Grace, Spec};

/// Hands a token to `codex login --with-access-token` of this binary, by its standard input alone. codex
/// asks its account server about it, and keeps it.
///
/// # Errors
/// When codex does not start, does not take it, or has not ended by the deadline.
pub async fn hand_over(
    binary: PathBuf,
    launch: &Launch,
    token: Secret,
    deadline: Duration,
) -> Result<(), AgentError> {
    let args = ["login", "--with-access-token"].map(Into::into).to_vec();
    let spec = Spec { program: binary, args, env: launch.env.clone(), cwd: None };
    let tasks = TaskTracker::new();
    let (child, mut stdin, stdout) =
        Child::spawn(&spec, &tasks).map_err(|error| fault("codex_start_failed", error.to_string(), None))?;
    // It says its words on stderr, a line or two: nothing waits to be read.
    let given = async {
        stdin.write_all(format!("{}\n", token.0).as_bytes()).await?;
        stdin.shutdown().await
    };
    // One that ends before it has read says why.
    let _ = given.await;
    drop(stdin);
    let ended = tokio::time::timeout(deadline, child.watch().ended()).await;
    let end = child.end(Grace { eof: Duration::ZERO, term: Duration::from_secs(1) }).await;
    drop(stdout);
    tasks.close();
    tasks.wait().await;
    match ended {
        Ok(end) if end.code == Some(0) => Ok(()),
        Ok(end) => Err(login_failed(&said(&end.stderr, &token.0))),
        Err(_) => {
            let message =
                format!("`codex login` had not ended after {deadline:?}: {}", said(&end.stderr, &token.0));
            Err(fault("codex_silent", message, Some("see that this machine reaches https://auth.openai.com")))
        }
    }
}

/// codex's last line, without the token and without what it puts before.
fn said(stderr: &str, token: &str) -> String {
    let last =
        stderr.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("codex does not say why");
    let last = last.strip_prefix("Error logging in with access token: ").unwrap_or(last);
    last.replace(token, "…")
}

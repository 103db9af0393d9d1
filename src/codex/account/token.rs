//! Access tokens. app-server takes none from a client, so codex's own command gets it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Secret;
use super::faults::login_failed;
use crate::codex::Launch;
use crate::codex::connection::fault;
use crate::session::AgentError;
use crate::supervise::{Child, Grace, Spec};

/// Hands a token to `codex login --with-access-token` of this binary, by its standard input alone. codex
/// asks its account server about it, and keeps it. `false`: it was stopped before.
///
/// # Errors
/// When codex does not start, does not take it, or has not ended by the deadline.
pub async fn hand_over(
    binary: PathBuf,
    launch: &Launch,
    token: Secret,
    deadline: Duration,
    stop: &CancellationToken,
) -> Result<bool, AgentError> {
    let mut args: Vec<OsString> = ["login", "--with-access-token"].map(Into::into).to_vec();
    args.extend(of_config(&launch.args));
    let spec = Spec { program: binary, args, env: launch.env.clone(), cwd: None };
    let tasks = TaskTracker::new();
    let (child, mut stdin, stdout) =
        Child::spawn(&spec, &tasks).map_err(|error| fault("codex_start_failed", error.to_string(), None))?;
    // It says its words on stderr, a line or two: nothing waits to be read.
    let line = format!("{}\n", token.0);
    let watch = child.watch();
    let work = async move {
        // One that ends before it has read says why.
        if stdin.write_all(line.as_bytes()).await.is_ok() {
            let _ = stdin.shutdown().await;
        }
        drop(stdin);
        watch.ended().await
    };
    let ended = tokio::select! {
        biased;
        () = stop.cancelled() => None,
        ended = tokio::time::timeout(deadline, work) => Some(ended),
    };
    let end = child.end(Grace { eof: Duration::ZERO, term: Duration::from_secs(1) }).await;
    drop(stdout);
    tasks.close();
    tasks.wait().await;
    match ended {
        // One that was done by then has signed somebody in all the same.
        None => Ok(end.code == Some(0)),
        Some(Ok(end)) if end.code == Some(0) => Ok(true),
        Some(Ok(end)) => Err(login_failed(&said(&end.stderr, &token.0))),
        Some(Err(_)) => {
            let message =
                format!("`codex login` had not ended after {deadline:?}: {}", said(&end.stderr, &token.0));
            Err(fault("codex_silent", message, Some("see that this machine reaches https://auth.openai.com")))
        }
    }
}

/// What of app-server's arguments `codex login` takes too: keys of codex's configuration, and its features.
fn of_config(args: &[OsString]) -> Vec<OsString> {
    const FLAGS: &[&str] = &["-c", "--config", "--enable", "--disable"];
    let (mut taken, mut args) = (Vec::new(), args.iter());
    while let Some(arg) = args.next() {
        let text = arg.to_string_lossy();
        if FLAGS.contains(&text.as_ref()) {
            taken.push(arg.clone());
            taken.extend(args.next().cloned());
        } else if text.starts_with("-c") || FLAGS[1..].iter().any(|flag| is_with_value(&text, flag)) {
            taken.push(arg.clone());
        }
    }
    taken
}

fn is_with_value(text: &str, flag: &str) -> bool {
    text.strip_prefix(flag).is_some_and(|rest| rest.starts_with('='))
}

/// codex's last line, without the token and without what it puts before.
fn said(stderr: &str, token: &str) -> String {
    let last =
        stderr.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("codex does not say why");
    let last = last.strip_prefix("Error logging in with access token: ").unwrap_or(last);
    last.replace(token, "…")
}

#[cfg(test)]
mod tests {
    //! What `codex login` is given.

    use super::*;

    #[test]
    fn keys_of_the_configuration_are_handed_on_and_nothing_else() {
        let args = |args: &[&str]| args.iter().map(OsString::from).collect::<Vec<_>>();
        let given = args(&[
            "--strict-config",
            "-c",
            "a=1",
            "--listen",
            "stdio://",
            "-cb=2",
            "--config=c=3",
            "--enable",
            "x",
            "--disable=y",
            "--stdio",
        ]);
        let taken = args(&["-c", "a=1", "-cb=2", "--config=c=3", "--enable", "x", "--disable=y"]);
        assert_eq!(of_config(&given), taken);
    }
}

//! The other process's end: one request, one answer.

use std::path::Path;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::line;
use super::proof::{Challenge, is_confined};
use super::{Answer, ControlError, Request};

/// Sends a request to the bridge that listens at `path`.
///
/// # Errors
/// When nobody listens there or no answer comes in time. A request without an answer may have been
/// carried out: the journal says so.
pub async fn send(path: &Path, request: &Request, deadline: Duration) -> Result<Answer, ControlError> {
    timeout(deadline, exchange(path, request)).await.unwrap_or(Err(ControlError::Late(deadline)))
}

async fn exchange(path: &Path, request: &Request) -> Result<Answer, ControlError> {
    let no_answer = |reason: String| ControlError::NoAnswer { reason };
    let mut words = serde_json::to_vec(request).map_err(|error| no_answer(error.to_string()))?;
    words.push(b'\n');
    if words.len() > line::REQUEST {
        return Err(ControlError::TooLong { bytes: words.len(), most: line::REQUEST });
    }
    let unreachable = |error: std::io::Error| ControlError::Unreachable {
        path: path.to_owned(),
        reason: error.to_string(),
    };
    let mut stream = UnixStream::connect(path).await.map_err(unreachable)?;
    let peer = stream.peer_cred().map_err(unreachable)?;
    // A command in codex's sandbox may have taken the socket's place, where that lies among temporary files.
    if peer.uid() != rustix::process::geteuid().as_raw() || is_confined(peer.pid()) {
        return Err(ControlError::Stranger(path.to_owned()));
    }
    let challenge: Challenge =
        line::read(&mut stream, line::ANSWER).await.map_err(|error| no_answer(error.to_string()))?;
    challenge.meet().map_err(|error| no_answer(format!("the proof was not made: {error}")))?;
    stream.write_all(&words).await.map_err(|error| no_answer(error.to_string()))?;
    line::read(stream, line::ANSWER).await.map_err(|error| no_answer(error.to_string()))
}

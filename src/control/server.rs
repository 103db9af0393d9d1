//! The bridge's end: takes connections of this user, and hands on what they ask.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::folder::{TOO_LONG, candidates, make_private};
use super::line;
use super::proof::{Challenge, PROOFS, is_confined};
use super::{Answer, Incoming, ListenError, Places, Request};
use crate::ids::BridgeId;

/// Connections at a time; more wait in the system's queue. Each is a person, or a call of another
/// bridge.
const CONNECTIONS: usize = 16;

/// How long a connection may take to say what it wants, and to take its answer: programs do both at once.
const TALK: Duration = Duration::from_secs(5);

/// How long an answer may take: a session that waits for a slow disk. Above it the place is needed.
const ANSWER: Duration = Duration::from_secs(30);

/// How long to leave the system alone when it has no descriptor for a connection.
const PAUSE: Duration = Duration::from_millis(200);

/// A socket that listens. Its file goes with it.
#[derive(Debug)]
pub struct Socket {
    listener: UnixListener,
    path: PathBuf,
    /// Where peers prove themselves.
    proofs: PathBuf,
    user: u32,
}

impl Socket {
    /// Listens at the first place that can be had, for this user alone.
    ///
    /// # Errors
    /// When there is none.
    pub fn bind(places: &Places, bridge: &BridgeId) -> Result<Option<Self>, ListenError> {
        let user = rustix::process::geteuid().as_raw();
        let mut last = ListenError::NoPlace { most: TOO_LONG };
        let candidates = candidates(places, bridge, user);
        let proofs = places.journal.with_file_name(PROOFS);
        if !candidates.is_empty() {
            make_private(&proofs, user).map_err(|error| ListenError::io(&proofs, &error))?;
        }
        for path in candidates {
            match Self::at(path, proofs.clone(), user) {
                Ok(socket) => return Ok(Some(socket)),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn at(path: PathBuf, proofs: PathBuf, user: u32) -> Result<Self, ListenError> {
        let fail = |error: &std::io::Error| ListenError::io(&path, error);
        make_private(path.parent().unwrap_or(&path), user).map_err(|error| fail(&error))?;
        let listener = UnixListener::bind(&path).map_err(|error| fail(&error))?;
        fs::set_permissions(&path, Permissions::from_mode(0o600)).map_err(|error| fail(&error))?;
        Ok(Self { listener, path, proofs, user })
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Serves until `over`; who has asked by then still gets an answer.
    pub async fn serve(self, requests: mpsc::Sender<Incoming>, over: CancellationToken) {
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                biased;
                () = over.cancelled() => break,
                Some(_) = connections.join_next() => continue,
                accepted = self.listener.accept(), if connections.len() < CONNECTIONS => accepted,
            };
            match accepted {
                Ok((stream, _)) if self.may_speak(&stream) => {
                    let (challenge, user) = (Challenge::new(&self.proofs), self.user);
                    connections.spawn(connection(stream, challenge, user, requests.clone(), over.clone()));
                }
                Ok(_) => {
                    tracing::warn!("another user, or a command in a sandbox, tried to speak to this bridge")
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection to the control socket was not taken");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
        drop(self);
        while connections.join_next().await.is_some() {}
    }
}

impl Socket {
    fn may_speak(&self, stream: &UnixStream) -> bool {
        stream.peer_cred().is_ok_and(|peer| peer.uid() == self.user && !is_confined(peer.pid()))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // What is left of a bridge that is killed is removed with its entry in the journal.
        let _ = fs::remove_file(&self.path);
    }
}

async fn connection(
    mut stream: UnixStream,
    challenge: Challenge,
    user: u32,
    requests: mpsc::Sender<Incoming>,
    over: CancellationToken,
) {
    let mut words = serde_json::to_vec(&challenge).unwrap_or_default();
    words.push(b'\n');
    if !matches!(timeout(TALK, stream.write_all(&words)).await, Ok(Ok(()))) {
        return;
    }
    let (read, _) = stream.split();
    let request = tokio::select! {
        biased;
        request = timeout(TALK, line::read(read, line::REQUEST)) => request,
        () = over.cancelled() => {
            challenge.is_met(user);
            return;
        }
    };
    let met = challenge.is_met(user);
    let answer = match request {
        Ok(Ok(_)) if !met => Answer::refused(
            "not_allowed",
            "who decides must be able to write beside the journal, which codex's sandbox keeps its commands from",
        ),
        Ok(Ok(request)) => answer(request, &requests).await,
        Ok(Err(error)) => Answer::refused("bad_request", format!("the request cannot be used: {error}")),
        Err(_) => Answer::refused("too_slow", format!("no request came within {} seconds", TALK.as_secs())),
    };
    let mut words = serde_json::to_vec(&answer).unwrap_or_default();
    words.push(b'\n');
    // Who went away needs no answer: what was done is in the journal.
    let _ = timeout(TALK, stream.write_all(&words)).await;
}

async fn answer(request: Request, requests: &mpsc::Sender<Incoming>) -> Answer {
    let (reply, answer) = oneshot::channel();
    let closed = || Answer::refused("closed", "the bridge is ending; its open questions end with it");
    if requests.send(Incoming { request, reply }).await.is_err() {
        return closed();
    }
    match timeout(ANSWER, answer).await {
        Ok(answer) => answer.unwrap_or_else(|_| closed()),
        Err(_) => {
            let message = format!("the session has not answered within {} seconds", ANSWER.as_secs());
            Answer::refused("too_slow", format!("{message}; its events say what became of it"))
        }
    }
}

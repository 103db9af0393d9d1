//! The bridge's end: who comes in, and what they want.

use std::fs::{self, File, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use thiserror::Error;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::Place;
use super::protocol::{Hello, Welcome};
use crate::control::folder::make_private;
use crate::control::line;
use crate::control::proof::{Challenge, PROOFS, is_confined};

/// The longest hello, in bytes: an environment is some tens of KiB, the most that a system takes 2 MiB and more.
const HELLO: usize = 1024 * 1024;

/// How long a visitor may take to say hello, and to hear the answer: programs do both at once.
const TALK: Duration = Duration::from_secs(2);

/// Visitors that have not said hello yet; more wait in the system's queue.
const AT_THE_DOOR: usize = 64;

/// How long to leave the system alone when it has no descriptor for a connection.
const PAUSE: Duration = Duration::from_millis(200);

/// How long one that was killed may keep its lock, and how often it is tried.
const DYING: Duration = Duration::from_millis(250);
const LOOK: Duration = Duration::from_millis(2);

/// Why there is no door.
#[derive(Debug, Error)]
pub enum DoorError {
    /// Another bridge has it.
    #[error("a bridge runs at `{}` already", .0.display())]
    Taken(PathBuf),
    /// It cannot be made.
    #[error("cannot listen at `{}`: {source}; make its folder writable and yours alone", path.display())]
    Unusable {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A door that is open. Dropped, nobody can come in any more, and another bridge can have the place.
#[derive(Debug)]
pub struct Door {
    place: Place,
    listener: UnixListener,
    proofs: PathBuf,
    user: u32,
    talks: JoinSet<Option<Visitor>>,
    /// Let go last, once the socket is gone.
    _taken: File,
}

/// Somebody who came in and said hello.
#[derive(Debug)]
pub struct Visitor {
    /// What they want.
    pub hello: Hello,
    /// What they say from here on.
    pub read: BufReader<OwnedReadHalf>,
    /// What they hear.
    pub write: OwnedWriteHalf,
}

/// Takes a lock, unless another keeps it. One that was killed closes its connections, so that its hosts start the
/// next, and its lock a moment later.
fn lock(taken: &File) -> io::Result<bool> {
    let until = Instant::now() + DYING;
    loop {
        match taken.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) if Instant::now() >= until => return Ok(false),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOOK),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

impl Door {
    /// Opens it, for this user alone. Beside `journal` visitors show that they may write there.
    ///
    /// # Errors
    /// When another bridge has it, or it cannot be made.
    pub fn open(place: Place, journal: &Path) -> Result<Self, DoorError> {
        let user = rustix::process::geteuid().as_raw();
        let path = place.socket().to_owned();
        let fail = |source: io::Error| DoorError::Unusable { path: path.clone(), source };
        let proofs = journal.with_file_name(PROOFS);
        make_private(&proofs, user).map_err(fail)?;
        let taken = place.taken().map_err(fail)?;
        if !lock(&taken).map_err(fail)? {
            return Err(DoorError::Taken(path));
        }
        // What a bridge that was killed has left: who has the lock may take it away.
        if let Err(error) = fs::remove_file(&path)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(fail(error));
        }
        let listener = UnixListener::bind(&path).map_err(fail)?;
        fs::set_permissions(&path, Permissions::from_mode(0o600)).map_err(fail)?;
        Ok(Self { place, listener, proofs, user, talks: JoinSet::new(), _taken: taken })
    }

    /// The next who has said hello. Cancel-safe: nobody is lost.
    pub async fn next(&mut self) -> Visitor {
        loop {
            tokio::select! {
                biased;
                Some(talked) = self.talks.join_next() => {
                    if let Ok(Some(visitor)) = talked {
                        return visitor;
                    }
                }
                accepted = self.listener.accept(), if self.talks.len() < AT_THE_DOOR => match accepted {
                    Ok((stream, _)) if self.may_speak(&stream) => {
                        self.talks.spawn(greet(stream, Challenge::new(&self.proofs), self.user));
                    }
                    Ok((stream, _)) => {
                        tracing::warn!("another user, or a command in a sandbox, tried to come in");
                        self.talks.spawn(refuse(stream));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "a connection was not taken");
                        tokio::time::sleep(PAUSE).await;
                    }
                },
            }
        }
    }

    /// Whether its socket is still where visitors look for it.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.place.socket().exists()
    }

    fn may_speak(&self, stream: &UnixStream) -> bool {
        stream.peer_cred().is_ok_and(|peer| peer.uid() == self.user && !is_confined(peer.pid()))
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.place.socket());
    }
}

/// In place of the challenge.
async fn refuse(stream: UnixStream) -> Option<Visitor> {
    let message = "another user, or a process in a sandbox, is not let in".to_owned();
    say(&mut stream.into_split().1, &Welcome::Refused { message }).await;
    None
}

async fn greet(mut stream: UnixStream, challenge: Challenge, user: u32) -> Option<Visitor> {
    let mut words = serde_json::to_vec(&challenge).unwrap_or_default();
    words.push(b'\n');
    let said = timeout(TALK, stream.write_all(&words)).await;
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    let hello = match said {
        Ok(Ok(())) => timeout(TALK, line::read_from(&mut read, HELLO)).await,
        _ => return None,
    };
    let met = challenge.is_met(user);
    let hello = match hello {
        Ok(Ok(hello)) => hello,
        Ok(Err(error)) => {
            let message = format!("its hello cannot be used: {error}");
            say(&mut write, &Welcome::Refused { message }).await;
            return None;
        }
        Err(_) => return None,
    };
    if !met {
        let why = "who comes in must be able to write beside the journal, which codex's sandbox keeps its commands from";
        say(&mut write, &Welcome::Refused { message: why.to_owned() }).await;
        return None;
    }
    Some(Visitor { hello, read, write })
}

async fn say(write: &mut OwnedWriteHalf, welcome: &Welcome) -> bool {
    let mut words = serde_json::to_vec(welcome).unwrap_or_default();
    words.push(b'\n');
    matches!(timeout(TALK, write.write_all(&words)).await, Ok(Ok(())))
}

impl Visitor {
    /// Answers; false where they have gone.
    pub async fn answer(&mut self, welcome: &Welcome) -> bool {
        say(&mut self.write, welcome).await
    }
}

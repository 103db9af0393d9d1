//! The visitor's end, without a runtime.

use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use super::Place;
use super::protocol::{Hello, Welcome};
use crate::control::proof::Challenge;
#[cfg(target_os = "linux")]
use crate::control::proof::is_confined;

/// The longest line that a visitor reads: a proof, or how the bridge is.
const LINE: usize = 16 * 1024;

/// Why nobody opened.
#[derive(Debug, Error)]
pub enum KnockError {
    /// Nobody is there, or it has just gone.
    #[error("no bridge runs at `{}`", .0.display())]
    Nobody(PathBuf),
    /// Others could have put something there.
    #[error("`{}` lies in a folder that is not this user's alone", .0.display())]
    Stranger(PathBuf),
    /// Who listens is nobody to be spoken to.
    #[error("who listens at `{}` is another user, or in a sandbox", .0.display())]
    Foreign(PathBuf),
    /// It is there, and does not speak in time.
    #[error("the bridge at `{}` does not answer: it said nothing for {}", place.display(), humantime::format_duration(*patience))]
    Silent {
        /// Where.
        place: PathBuf,
        /// Its process, where the system tells.
        pid: Option<i32>,
        /// How long that was.
        patience: Duration,
    },
    /// It is there, and it or this process cannot do what belongs to a hello: of whether it hangs that says nothing.
    #[error("the bridge at `{}` cannot be spoken to: {reason}", place.display())]
    Failed {
        /// Where.
        place: PathBuf,
        /// What happened.
        reason: String,
    },
}

/// A bridge that answered.
#[derive(Debug)]
pub struct Knock {
    /// What it said.
    pub welcome: Welcome,
    /// What follows goes this way.
    pub stream: UnixStream,
}

/// What a bridge says first.
#[derive(Deserialize)]
#[serde(untagged)]
enum First {
    Challenge(Challenge),
    Refused(Welcome),
}

/// Says hello, and hears the answer within `patience`.
///
/// # Errors
/// When nobody is there or no answer comes.
pub fn knock(place: &Place, hello: &Hello, patience: Duration) -> Result<Knock, KnockError> {
    let socket = place.socket().to_owned();
    if !place.is_private() {
        let nothing = !socket.exists();
        return Err(if nothing { KnockError::Nobody(socket) } else { KnockError::Stranger(socket) });
    }
    let until = Instant::now() + patience;
    let mut pid = None;
    let mut talk = || -> io::Result<Knock> {
        let mut stream = UnixStream::connect(&socket)?;
        if is_foreign(&stream) {
            return Err(ErrorKind::PermissionDenied.into());
        }
        pid = listener(&stream);
        let challenge = match read(&mut stream, until)? {
            First::Challenge(challenge) => challenge,
            First::Refused(welcome) => return Ok(Knock { welcome, stream }),
        };
        challenge.meet()?;
        let mut words = serde_json::to_vec(hello)?;
        words.push(b'\n');
        stream.set_write_timeout(Some(left(until)?))?;
        stream.write_all(&words)?;
        let welcome = read(&mut stream, until)?;
        stream.set_read_timeout(None)?;
        stream.set_write_timeout(None)?;
        Ok(Knock { welcome, stream })
    };
    talk().map_err(|error| match error.kind() {
        // The last three: it ends in this moment.
        ErrorKind::NotFound
        | ErrorKind::ConnectionRefused
        | ErrorKind::UnexpectedEof
        | ErrorKind::BrokenPipe
        | ErrorKind::ConnectionReset => KnockError::Nobody(socket.clone()),
        ErrorKind::PermissionDenied => KnockError::Foreign(socket.clone()),
        ErrorKind::WouldBlock | ErrorKind::TimedOut => {
            KnockError::Silent { place: socket.clone(), pid, patience }
        }
        _ => KnockError::Failed { place: socket.clone(), reason: error.to_string() },
    })
}

/// Whether who listens is not this user, or a command in a sandbox.
#[cfg(target_os = "linux")]
fn is_foreign(stream: &UnixStream) -> bool {
    let peer = rustix::net::sockopt::socket_peercred(stream);
    peer.map_or(true, |peer| {
        peer.uid != rustix::process::geteuid() || is_confined(Some(peer.pid.as_raw_nonzero().get()))
    })
}

/// Who listens.
#[cfg(target_os = "linux")]
fn listener(stream: &UnixStream) -> Option<i32> {
    rustix::net::sockopt::socket_peercred(stream).ok().map(|peer| peer.pid.as_raw_nonzero().get())
}

#[cfg(not(target_os = "linux"))]
fn listener(_: &UnixStream) -> Option<i32> {
    None
}

/// The folder must do: the system does not say who listens.
#[cfg(not(target_os = "linux"))]
fn is_foreign(_: &UnixStream) -> bool {
    false
}

fn left(until: Instant) -> io::Result<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(left) }
}

/// One line, byte by byte: what comes after it is not ours.
fn read<T: DeserializeOwned>(stream: &mut UnixStream, until: Instant) -> io::Result<T> {
    let (mut line, mut byte) = (Vec::new(), [0]);
    while line.len() < LINE {
        stream.set_read_timeout(Some(left(until)?))?;
        match stream.read(&mut byte) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(_) if byte == *b"\n" => return Ok(serde_json::from_slice(&line)?),
            Ok(_) => line.extend(byte),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(ErrorKind::InvalidData, format!("its line is longer than {LINE} bytes")))
}

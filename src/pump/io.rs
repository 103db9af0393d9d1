//! Reading and writing descriptors that a host may have set to be non-blocking, without a buffer that waits for
//! the end of a line.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Reads what is there, and waits where nothing is. 0: the end.
pub(super) fn read(mut from: &File, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match from.read(buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => wait(from.as_fd(), PollFlags::IN)?,
            read => return read,
        }
    }
}

/// Waits until there is something to read, or the end; false where nothing has come for so long.
pub(super) fn readable_within(from: &File, span: Duration) -> io::Result<bool> {
    let span = span.try_into().map_err(io::Error::other)?;
    loop {
        match poll(&mut [PollFd::new(from, PollFlags::IN)], Some(&span)) {
            Ok(ready) => return Ok(ready > 0),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Whether the other end has closed.
pub(super) fn has_closed(stream: &UnixStream) -> bool {
    let mut fds = [PollFd::new(stream, PollFlags::empty())];
    poll(&mut fds, Some(&Timespec::default())).is_ok() && fds[0].revents().contains(PollFlags::HUP)
}

/// Writes all of it.
pub(super) fn write(mut to: &File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match to.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => wait(to.as_fd(), PollFlags::OUT)?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Writes all of it to what has a time for that of its own; an error where that is over.
pub(super) fn send(mut to: &File, bytes: &[u8]) -> io::Result<()> {
    to.write_all(bytes)
}

/// Waits until there is something to read, or the end; false where `over` has come to its own before that.
pub(super) fn readable(from: &File, over: &UnixStream) -> io::Result<bool> {
    loop {
        let mut fds = [PollFd::new(over, PollFlags::IN), PollFd::new(from, PollFlags::IN)];
        match poll(&mut fds, None) {
            Ok(_) => return Ok(fds[0].revents().is_empty()),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn wait(fd: BorrowedFd<'_>, until: PollFlags) -> io::Result<()> {
    match poll(&mut [PollFd::from_borrowed_fd(fd, until)], None) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

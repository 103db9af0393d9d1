//! A pipe of a child that is always drained, so that the child never blocks, and kept in part.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};

/// How much of a child's standard error is kept: its end.
pub(super) const STDERR_TAIL: usize = 64 << 10;
/// How long a pipe is read on after the group is gone: somebody out of the group may hold it open.
const LINGER: Duration = Duration::from_millis(250);
/// What one read takes at most.
const CHUNK: usize = 16 << 10;

/// Which part is kept where there is more than the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    First,
    Last,
}

/// The part of the bytes that is kept.
#[derive(Debug)]
pub(super) struct Kept {
    bytes: VecDeque<u8>,
    keep: Keep,
    limit: usize,
    cut: bool,
}

impl Kept {
    pub(super) fn new(keep: Keep, limit: usize) -> Self {
        Self { bytes: VecDeque::new(), keep, limit, cut: false }
    }

    pub(super) fn push(&mut self, chunk: &[u8]) {
        let over = (self.bytes.len() + chunk.len()).saturating_sub(self.limit);
        self.cut |= over > 0;
        match self.keep {
            Keep::First => self.bytes.extend(chunk.iter().take(chunk.len() - over)),
            Keep::Last => {
                let old = over.min(self.bytes.len());
                self.bytes.drain(..old);
                self.bytes.extend(chunk.iter().skip(over - old));
            }
        }
    }

    /// Whether something was let go.
    pub(super) fn is_cut(&self) -> bool {
        self.cut
    }

    pub(super) fn into_text(self) -> String {
        String::from_utf8_lossy(&Vec::from(self.bytes)).into_owned()
    }
}

/// A pipe with what is kept of it.
#[derive(Debug)]
pub(super) struct Drain<R> {
    pipe: Option<R>,
    buffer: Vec<u8>,
    kept: Kept,
}

impl<R: AsyncRead + Unpin> Drain<R> {
    pub(super) fn new(pipe: Option<R>, kept: Kept) -> Self {
        Self { pipe, buffer: vec![0; CHUNK], kept }
    }

    /// Reads to the end of the pipe. Can be dropped and called again: nothing that was read is lost.
    pub(super) async fn run_dry(&mut self) {
        while let Some(pipe) = &mut self.pipe {
            match pipe.read(&mut self.buffer).await {
                Ok(read) if read > 0 => self.kept.push(self.buffer.get(..read).unwrap_or_default()),
                // A pipe that cannot be read has nothing more to say.
                _ => self.pipe = None,
            }
        }
    }

    /// What is kept, once the group is gone.
    pub(super) async fn finish(mut self) -> Kept {
        let _ = tokio::time::timeout(LINGER, self.run_dry()).await;
        self.kept
    }
}

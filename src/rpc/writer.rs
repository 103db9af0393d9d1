//! The task that writes: one line after the other, until the end is asked for or writing fails.

use std::io;
use std::time::Duration;

use serde::Serialize;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// How long the lines that still wait may take after the end was asked for. A child that does not read
/// must get its end of input all the same.
const LAST_LINES: Duration = Duration::from_millis(250);

/// One message with its line feed.
pub(super) type Line = Vec<u8>;

/// Writes a message as a line.
pub(super) fn line<T: Serialize>(message: &T) -> serde_json::Result<Line> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    Ok(line)
}

/// What the writer works on. Answers have a queue of their own: open requests hold places in it for
/// hours, and must not keep calls from going out.
pub(super) struct Writer<W> {
    pub(super) to: W,
    pub(super) lines: mpsc::Receiver<Line>,
    pub(super) answers: mpsc::Receiver<Line>,
    pub(super) closing: CancellationToken,
}

impl<W: AsyncWrite + Unpin> Writer<W> {
    /// Writes until the end. A failure goes to `failed`; at an end that was asked for it is dropped.
    pub(super) async fn run(mut self, failed: oneshot::Sender<String>) {
        let closing = self.closing.clone();
        let written = tokio::select! {
            biased;
            written = self.write_all() => written,
            () = async { closing.cancelled().await; tokio::time::sleep(LAST_LINES).await } => {
                // To let go of one half of a socket does not close it, this does.
                let _ = tokio::time::timeout(LAST_LINES, self.to.shutdown()).await;
                Ok(())
            }
        };
        if let Err(error) = written {
            // The reader may be gone, and then knows a reason of its own.
            let _ = failed.send(error.to_string());
        }
    }

    async fn write_all(&mut self) -> io::Result<()> {
        loop {
            let line = tokio::select! {
                biased;
                Some(line) = self.answers.recv() => line,
                Some(line) = self.lines.recv() => line,
                () = self.closing.cancelled() => break,
            };
            self.write(&line).await?;
        }
        self.answers.close();
        self.lines.close();
        // Not `recv`: it would wait for the places that open tickets hold.
        while let Ok(line) = self.answers.try_recv().or_else(|_| self.lines.try_recv()) {
            self.write(&line).await?;
        }
        self.to.shutdown().await
    }

    async fn write(&mut self, line: &[u8]) -> io::Result<()> {
        self.to.write_all(line).await?;
        self.to.flush().await
    }
}

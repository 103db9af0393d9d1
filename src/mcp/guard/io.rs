//! The two halves of a connection: one tells that the end began, the other stops waiting for the peer.

use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::long::Watch;

/// The read half: fires `begun` at the end of input and at an error, and watches for lines that are too long.
#[derive(Debug)]
pub struct GuardedRead<R> {
    inner: R,
    begun: CancellationToken,
    watch: Watch,
}

impl<R> GuardedRead<R> {
    /// Around `inner`.
    pub(super) fn new(inner: R, begun: CancellationToken, watch: Watch) -> Self {
        Self { inner, begun, watch }
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for GuardedRead<R> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let (before, room) = (buf.filled().len(), buf.remaining() > 0);
        let result = ready!(Pin::new(&mut self.inner).poll_read(cx, buf));
        if result.is_err() || (room && buf.filled().len() == before) {
            self.begun.cancel();
        }
        self.watch.look(buf.filled().get(before..).unwrap_or_default());
        Poll::Ready(result)
    }
}

/// The write half: answers `BrokenPipe` once `cut` has fired, so that a peer that never reads pins
/// nothing. Fires `begun` when a write fails: whoever cannot be answered has left.
#[derive(Debug)]
pub struct GuardedWrite<W> {
    inner: W,
    begun: CancellationToken,
    // Boxed: a token's future is not `Unpin`. Made once, polled only while a write is pending.
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
    over: CancellationToken,
}

impl<W: AsyncWrite + Unpin> GuardedWrite<W> {
    /// Around `inner`.
    pub fn new(inner: W, begun: CancellationToken, cut: CancellationToken) -> Self {
        Self { inner, begun, over: cut.clone(), cut: Box::pin(cut.cancelled_owned()) }
    }

    fn guard<T>(
        &mut self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(Pin<&mut W>, &mut Context<'_>) -> Poll<Result<T>>,
    ) -> Poll<Result<T>> {
        let gone = || Error::new(ErrorKind::BrokenPipe, "the connection is over");
        if self.over.is_cancelled() {
            return Poll::Ready(Err(gone()));
        }
        let Poll::Ready(result) = poll(Pin::new(&mut self.inner), cx) else {
            return self.cut.as_mut().poll(cx).map(|()| Err(gone()));
        };
        if result.is_err() {
            self.begun.cancel();
        }
        Poll::Ready(result)
    }
}

impl<W: AsyncWrite + Unpin> AsyncWrite for GuardedWrite<W> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<Result<usize>> {
        self.guard(cx, |inner, cx| inner.poll_write(cx, buf))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        self.guard(cx, |inner, cx| inner.poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.guard(cx, |inner, cx| inner.poll_flush(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.guard(cx, |inner, cx| inner.poll_shutdown(cx))
    }
}

//! The handle of a connection: start it, call, notify, close.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::time::Instant;
use tokio_util::codec::FramedRead;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::error::{CallError, OVERLOADED, Unusable};
use super::frame::Frames;
use super::limits::Limits;
use super::pending::{Answer, Entry, Op, Table};
use super::raw::Raw;
use super::reader::{Incoming, Reader, Way};
use super::writer::{Line, Writer, line};
use crate::ids::TraceContext;

/// How often a call is sent where the other side has too much to do.
const TRIES: u32 = 3;
/// The wait before the second try; it doubles before the next.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// A handle of one connection. Dropping the last one closes the writing side.
#[derive(Clone, Debug)]
pub struct Peer {
    inner: Arc<Inner>,
    trace: Option<TraceContext>,
}

#[derive(Debug)]
struct Inner {
    /// One permit a call in flight. It is fair: who waits longest goes first.
    places: Semaphore,
    next_id: AtomicI64,
    table: mpsc::Sender<Op>,
    lines: mpsc::Sender<Line>,
    closing: CancellationToken,
    quiet: watch::Receiver<Option<Instant>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.closing.cancel();
    }
}

#[derive(Serialize)]
struct Outgoing<'a, P: ?Sized> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<i64>,
    method: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    params: Option<&'a P>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<&'a TraceContext>,
}

impl Peer {
    /// Starts the reader and the writer on `tasks`. The receiver ends after [`Incoming::Closed`].
    ///
    /// Whoever receives must not wait for a call before receiving on: with the queue full nothing is
    /// read, so the call would run out of time.
    pub fn start<R, W>(
        reader: R,
        writer: W,
        limits: Limits,
        tasks: &TaskTracker,
    ) -> (Self, mpsc::Receiver<Incoming>)
    where
        R: AsyncRead + Send + Unpin + 'static,
        W: AsyncWrite + Send + Unpin + 'static,
    {
        let limits = limits.at_least_one();
        let (out, incoming) = mpsc::channel(limits.incoming);
        // Two places a call: one to come, one to go.
        let (table, ops) = mpsc::channel(limits.in_flight.saturating_mul(2));
        // One line a call, and as many notifications wait as calls do.
        let (lines, line_queue) = mpsc::channel(limits.in_flight);
        let (answers, answer_queue) = mpsc::channel(limits.open_requests);
        let (failed, write_failed) = oneshot::channel();
        let closing = CancellationToken::new();
        let (quiet_to, quiet) = watch::channel(None);

        let writer =
            Writer { to: writer, lines: line_queue, answers: answer_queue, closing: closing.clone() };
        tasks.spawn(writer.run(failed));
        let reader = Reader {
            frames: FramedRead::new(reader, Frames::new(limits.max_line).shortening(limits.shorten)),
            table: Table::new(ops),
            way: Way::new(out, answers, &limits),
            write_failed,
            closing: closing.clone(),
            quiet: quiet_to,
        };
        tasks.spawn(reader.run());

        let places = Semaphore::new(limits.in_flight);
        let inner = Inner { places, next_id: AtomicI64::new(1), table, lines, closing, quiet };
        (Self { inner: Arc::new(inner), trace: None }, incoming)
    }

    /// Asks, and waits for the answer until `deadline`, counted from now: waiting for a place among the
    /// calls in flight and asking again after an overload are part of it.
    ///
    /// Dropping the future gives the call up; what was sent is not taken back.
    ///
    /// # Errors
    /// [`CallError`]: refused, out of time, closed, or not to be written as JSON.
    pub async fn call<P: Serialize>(
        &self,
        method: &'static str,
        params: &P,
        deadline: Duration,
    ) -> Result<Raw, CallError> {
        let params = to_raw_value(params).map_err(|source| CallError::Encode { method, source })?;
        match tokio::time::timeout(deadline, self.ask(method, &params)).await {
            Ok(answer) => answer,
            Err(_) => Err(CallError::TimedOut { method, after: deadline }),
        }
    }

    /// The same connection, for calls that are part of a trace.
    #[must_use]
    pub fn traced(&self, trace: Option<TraceContext>) -> Self {
        Self { inner: self.inner.clone(), trace }
    }

    /// Tells. Waits only while the queue to the writer is full.
    ///
    /// # Errors
    /// [`CallError::Closed`], or [`CallError::Encode`] where the parameters cannot be written as JSON.
    pub async fn notify<P: Serialize>(
        &self,
        method: &'static str,
        params: Option<&P>,
    ) -> Result<(), CallError> {
        let line = line(&Outgoing { id: None, method, params, trace: None })
            .map_err(|source| CallError::Encode { method, source })?;
        self.send(line).await.ok_or(CallError::Closed { method })
    }

    /// Closes the writing side, after the lines that wait; the other side ends at its end of input.
    /// Later calls fail, those in flight may still be answered.
    pub fn close(&self) {
        self.inner.closing.cancel();
    }

    /// Since when the other side has said nothing, not even an answer; `None` while what it said is dealt with.
    #[must_use]
    pub fn quiet_since(&self) -> Option<Instant> {
        *self.inner.quiet.borrow()
    }

    async fn ask(&self, method: &'static str, params: &RawValue) -> Result<Raw, CallError> {
        let closed = || CallError::Closed { method };
        let _place = self.inner.places.acquire().await.map_err(|_| closed())?;
        let mut wait = FIRST_WAIT;
        for _ in 1..TRIES {
            match self.ask_once(method, params).await? {
                // The place is kept: another call now would only add to the load.
                Err(Unusable::Refused(error)) if error.code == OVERLOADED => tokio::time::sleep(wait).await,
                answer => return answer.map_err(|error| unusable(method, error)),
            }
            wait *= 2;
        }
        self.ask_once(method, params).await?.map_err(|error| unusable(method, error))
    }

    async fn ask_once(&self, method: &'static str, params: &RawValue) -> Result<Answer, CallError> {
        let id = self.inner.next_id.fetch_add(1, Ordering::Relaxed);
        let line = line(&Outgoing { id: Some(id), method, params: Some(params), trace: self.trace.as_ref() })
            .map_err(|source| CallError::Encode { method, source })?;
        let closed = || CallError::Closed { method };
        let entry = Entry::register(id, &self.inner.table).await.ok_or_else(closed)?;
        self.send(line).await.ok_or_else(closed)?;
        entry.answer(&self.inner.table).await.ok_or_else(closed)
    }

    /// `None` where the writing side is closed, or about to be.
    async fn send(&self, line: Line) -> Option<()> {
        if self.inner.closing.is_cancelled() {
            return None;
        }
        self.inner.lines.send(line).await.ok()
    }
}

fn unusable(method: &'static str, error: Unusable) -> CallError {
    match error {
        Unusable::Refused(error) => CallError::Rejected(error),
        Unusable::TooLong { bytes, limit } => CallError::TooLong { method, bytes, limit },
    }
}

//! The two tasks of a connection, and the handle to them.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_util::codec::FramedRead;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::error::{CallError, CloseReason};
use super::frame::{Frame, FrameDecoder};
use super::message::{Message, RequestId};
use super::pending::Pending;
use super::ticket::Ticket;

/// codex's code for "too many requests at once".
const OVERLOADED: i64 = -32001;

/// Tries after an overload, 50 ms apart at first, doubling.
const TRIES: u32 = 4;

/// Lines that may wait to be written: the calls in flight, and the open questions, each of which
/// holds its place. A codex with more open questions is held back.
const OUTGOING: usize = 1024;

/// Messages that may wait to be taken. A full queue holds codex's output back.
const INCOMING: usize = 1024;

/// The bounds of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The longest line, in bytes. codex caps outputs at 1 MiB, diffs not at all.
    pub line: usize,
    /// Calls at once. Of 3,000 codex answered 1,937 and dropped the others in silence.
    pub in_flight: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { line: 64 << 20, in_flight: 64 }
    }
}

/// What comes from codex, in the order in which it came.
#[derive(Debug)]
pub enum Incoming {
    /// A question.
    Request {
        /// What.
        method: String,
        /// As it came.
        params: Box<RawValue>,
        /// What is owed.
        ticket: Ticket,
    },
    /// A notice.
    Notification {
        /// What.
        method: String,
        /// As it came.
        params: Box<RawValue>,
    },
    /// A line that cannot be used.
    Bad {
        /// Why not.
        what: BadLine,
    },
    /// The last one.
    Closed {
        /// Why.
        reason: CloseReason,
    },
}

/// Why a line cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadLine {
    /// Above the limit.
    TooLong {
        /// How long it was.
        bytes: u64,
    },
    /// No UTF-8.
    NotUtf8,
    /// No JSON object.
    NotJson,
    /// JSON, but no message.
    NoMessage,
    /// The stream ended in its middle.
    Cut,
    /// An answer to nothing, or one that came too late.
    UnknownAnswer,
}

/// On its way to codex.
#[derive(Debug)]
pub(super) enum Outgoing {
    Line(String),
}

/// A connection to app-server. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Peer {
    pending: Pending,
    outgoing: mpsc::Sender<Outgoing>,
    places: Arc<Semaphore>,
    close: CancellationToken,
}

#[derive(Serialize)]
struct Request<'a, P> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<i64>,
    method: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    params: Option<&'a P>,
}

impl Peer {
    /// Starts the reading and the writing task on `tasks`. The receiver ends after
    /// [`Incoming::Closed`].
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
        let (outgoing, lines) = mpsc::channel(OUTGOING);
        let (incoming, messages) = mpsc::channel(INCOMING);
        let peer = Self {
            pending: Pending::default(),
            outgoing,
            places: Arc::new(Semaphore::new(limits.in_flight)),
            close: CancellationToken::new(),
        };
        tasks.spawn(write(writer, lines, peer.close.clone()));
        let reading = Reading { pending: peer.pending.clone(), outgoing: peer.outgoing.clone(), incoming };
        tasks.spawn(reading.run(FramedRead::new(reader, FrameDecoder::new(limits.line))));
        (peer, messages)
    }

    /// Calls codex. The deadline counts from here, waiting for a place included.
    ///
    /// # Errors
    /// When codex refuses, does not answer in time, or is gone.
    pub async fn call<P: Serialize + Sync>(
        &self,
        method: &'static str,
        params: &P,
        deadline: Duration,
    ) -> Result<Box<RawValue>, CallError> {
        let until = Instant::now() + deadline;
        let late = || CallError::TimedOut { method, after: deadline };
        let mut pause = Duration::from_millis(50);
        for attempt in 1.. {
            let once = self.call_once(method, params);
            match timeout_at(until, once).await.map_err(|_| late())? {
                Err(CallError::Rejected(error)) if error.code == OVERLOADED && attempt < TRIES => {
                    sleep_until((Instant::now() + pause).min(until)).await;
                    pause *= 2;
                }
                other => return other,
            }
        }
        Err(late())
    }

    async fn call_once<P: Serialize + Sync>(
        &self,
        method: &'static str,
        params: &P,
    ) -> Result<Box<RawValue>, CallError> {
        let closed = || CallError::Closed { method };
        let _place = self.places.acquire().await.map_err(|_| closed())?;
        let mut waiter = self.pending.register().ok_or_else(closed)?;
        self.write(method, Some(waiter.id), Some(params)).await?;
        let answer = (&mut waiter.answer).await.map_err(|_| closed())?;
        answer.map_err(CallError::Rejected)
    }

    /// Tells codex something.
    ///
    /// # Errors
    /// When codex is gone.
    pub async fn notify<P: Serialize + Sync>(
        &self,
        method: &'static str,
        params: Option<&P>,
    ) -> Result<(), CallError> {
        self.write(method, None, params).await
    }

    async fn write<P: Serialize + Sync>(
        &self,
        method: &'static str,
        id: Option<i64>,
        params: Option<&P>,
    ) -> Result<(), CallError> {
        let line = serde_json::to_string(&Request { id, method, params });
        let line = line.map_err(|error| CallError::Encode { method, reason: error.to_string() })?;
        self.outgoing.send(Outgoing::Line(line)).await.map_err(|_| CallError::Closed { method })
    }

    /// Ends the input of codex, which ends by that.
    pub fn close(&self) {
        self.close.cancel();
    }
}

/// Writes lines until it is closed; what was sent before that is written first.
async fn write<W: AsyncWrite + Unpin>(
    mut writer: W,
    mut lines: mpsc::Receiver<Outgoing>,
    close: CancellationToken,
) {
    loop {
        let line = tokio::select! {
            biased;
            line = lines.recv() => line,
            () = close.cancelled() => None,
        };
        let Some(Outgoing::Line(mut line)) = line else { break };
        line.push('\n');
        let written = tokio::select! {
            written = writer.write_all(line.as_bytes()) => written,
            // A codex that does not read must not keep its own end from coming.
            () = close.cancelled() => break,
        };
        if written.is_err() || writer.flush().await.is_err() {
            // The reading side sees the end of a codex that is gone, and says so.
            break;
        }
    }
    let _ = writer.shutdown().await;
}

struct Reading {
    pending: Pending,
    outgoing: mpsc::Sender<Outgoing>,
    incoming: mpsc::Sender<Incoming>,
}

impl Reading {
    async fn run<R: AsyncRead + Unpin>(self, mut frames: FramedRead<R, FrameDecoder>) {
        let reason = loop {
            let frame = match frames.next().await {
                Some(Ok(frame)) => frame,
                Some(Err(error)) => break CloseReason::Read(error.to_string()),
                None => break CloseReason::EndOfStream,
            };
            let Some(message) = self.message(frame).await else { continue };
            if self.incoming.send(message).await.is_err() {
                // Nobody listens any more: read on, so that codex can end.
                continue;
            }
        };
        self.pending.close();
        let _ = self.incoming.send(Incoming::Closed { reason }).await;
    }

    async fn message(&self, frame: Frame) -> Option<Incoming> {
        let bad = |what| Some(Incoming::Bad { what });
        let line = match frame {
            Frame::Line(line) => line,
            Frame::TooLong { bytes } => return bad(BadLine::TooLong { bytes }),
            Frame::NotUtf8 => return bad(BadLine::NotUtf8),
            Frame::Cut => return bad(BadLine::Cut),
        };
        match Message::read(&line) {
            Err(_) => bad(BadLine::NotJson),
            Ok(Message::Unknown) => bad(BadLine::NoMessage),
            Ok(Message::Notification { method, params }) => Some(Incoming::Notification { method, params }),
            Ok(Message::Response { id, result }) => {
                let known = match id {
                    RequestId::Number(id) => self.pending.answer(id, result),
                    RequestId::Text(_) => false,
                };
                if known { None } else { bad(BadLine::UnknownAnswer) }
            }
            Ok(Message::Request { id, method, params }) => {
                let place = self.outgoing.clone().reserve_owned().await.ok()?;
                Some(Incoming::Request { method, params, ticket: Ticket::new(id, place) })
            }
        }
    }
}

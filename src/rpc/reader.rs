//! The task that reads: gives each answer to its call and everything else, in order, to the receiver.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use tokio::io::AsyncRead;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};
use tokio::time::Instant;
use tokio_util::codec::FramedRead;
use tokio_util::sync::CancellationToken;

use super::error::{BadLine, CloseReason, INVALID_REQUEST, Unusable};
use super::frame::{Frame, Frames};
use super::limits::Limits;
use super::message::{Message, RequestId};
use super::pending::Table;
use super::raw::Raw;
use super::ticket::Ticket;
use super::writer::Line;
use crate::scan;

/// How long reading goes on after writing has failed: a dying app-server's last words are in the pipe.
const LAST_WORDS: Duration = Duration::from_millis(250);
/// How much of a strange line is kept, in characters.
const START: usize = 200;

/// The room that a message takes among those that are not dealt with; kept as long as it is not. `None`
/// where nothing waits for it.
pub type Room = Option<OwnedSemaphorePermit>;

/// What comes from the other side.
#[derive(Debug)]
pub enum Incoming {
    /// It asks.
    Request {
        /// What.
        method: String,
        /// With what.
        params: Raw,
        /// The answer that is owed.
        ticket: Ticket,
        /// To be kept until the request is dealt with.
        room: Room,
    },
    /// It tells.
    Notification {
        /// What.
        method: String,
        /// With what.
        params: Raw,
        /// To be kept until the notification is dealt with.
        room: Room,
    },
    /// A line that could not be used. The connection goes on.
    Bad {
        /// What was wrong with it.
        what: BadLine,
    },
    /// The last one: every call that was open has failed.
    Closed {
        /// Why.
        reason: CloseReason,
    },
}

/// What the reader works on.
pub(super) struct Reader<R> {
    pub(super) frames: FramedRead<R, Frames>,
    pub(super) table: Table,
    pub(super) way: Way,
    pub(super) write_failed: oneshot::Receiver<String>,
    pub(super) closing: CancellationToken,
    /// Since when nothing came; `None` while what came is dealt with.
    pub(super) quiet: watch::Sender<Option<Instant>>,
}

impl<R: AsyncRead + Unpin> Reader<R> {
    /// Reads until the end, fails every call that waits, then says why.
    pub(super) async fn run(self) {
        let Self { mut frames, mut table, way, write_failed, closing, quiet } = self;
        let mut write_failed = pin!(async {
            match write_failed.await {
                Ok(why) => {
                    tokio::time::sleep(LAST_WORDS).await;
                    CloseReason::WriteFailed(why)
                }
                // The writing side was closed on purpose; the end of the stream follows.
                Err(_) => std::future::pending().await,
            }
        });
        let reason = loop {
            quiet.send_replace(Some(Instant::now()));
            let frame = table
                .serve_while(async {
                    tokio::select! {
                        biased;
                        frame = frames.next() => Ok(frame),
                        reason = &mut write_failed => Err(reason),
                    }
                })
                .await;
            quiet.send_replace(None);
            let frame = match frame {
                Ok(Some(Ok(frame))) => frame,
                Ok(Some(Err(error))) => break CloseReason::ReadFailed(error.to_string()),
                Ok(None) => break CloseReason::EndOfStream,
                Err(reason) => break reason,
            };
            if let Some(incoming) = sort(frame, &mut table, &way).await {
                // With nobody to receive, calls still work, and dropped tickets answer the requests.
                let _ = table.serve_while(way.out.send(incoming)).await;
            }
        };
        closing.cancel();
        drop(table);
        let _ = way.out.send(Incoming::Closed { reason }).await;
    }
}

/// The ways that lead on from the reader, and what they take in.
pub(super) struct Way {
    out: mpsc::Sender<Incoming>,
    answers: mpsc::Sender<Line>,
    room: Arc<Semaphore>,
    /// All of the room.
    all: u32,
    /// The longest line that is taken.
    longest: usize,
}

impl Way {
    pub(super) fn new(out: mpsc::Sender<Incoming>, answers: mpsc::Sender<Line>, limits: &Limits) -> Self {
        let all = u32::try_from(limits.room.min(Semaphore::MAX_PERMITS)).unwrap_or(u32::MAX);
        Self { out, answers, room: Arc::new(Semaphore::new(all as usize)), all, longest: limits.max_line }
    }

    /// Waits until there is room for a message. With nobody to receive, reading must go on without.
    async fn room(&self, bytes: usize) -> Room {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX).min(self.all);
        if let Ok(room) = self.room.clone().try_acquire_many_owned(bytes) {
            return Some(room);
        }
        tokio::select! {
            biased;
            () = self.out.closed() => None,
            room = self.room.clone().acquire_many_owned(bytes) => room.ok(),
        }
    }
}

/// What a frame is for the receiver; nothing where a call has taken it.
async fn sort(frame: Frame, table: &mut Table, way: &Way) -> Option<Incoming> {
    let line = match frame {
        Frame::Line(line) => line,
        Frame::TooLong { bytes, about } => return too_long(bytes, about, table, way).await,
        Frame::NotUtf8 { bytes } => return bad(BadLine::NotUtf8 { bytes }),
        Frame::Cut { bytes } => return bad(BadLine::Cut { bytes }),
    };
    match Message::decode(&line) {
        Ok(Message::Notification { method, params }) => {
            let room = table.serve_while(way.room(line.len())).await;
            Some(Incoming::Notification { method, params, room })
        }
        Ok(Message::Request { id, method, params }) => {
            let room = table.serve_while(way.room(line.len())).await;
            // Waits where too many are open. There is no place where the writing side is closed: the
            // request is still told, its answer goes nowhere.
            let place = table.serve_while(way.answers.clone().reserve_owned()).await.ok();
            Some(Incoming::Request { method, params, ticket: Ticket::new(id, place), room })
        }
        Ok(Message::Response { id, result }) => {
            if table.answer(&id, result.map_err(Unusable::Refused)) {
                None
            } else {
                bad(BadLine::UnknownAnswer { id })
            }
        }
        Ok(Message::Unknown) => bad(BadLine::NotAMessage { start: start(&line) }),
        Err(error) => bad(BadLine::NotJson { why: error.to_string(), start: start(&line) }),
    }
}

/// A line that was skipped may be an answer, whose call must not wait for it any more, or a request, which is
/// owed an answer.
async fn too_long(bytes: u64, about: scan::Message, table: &mut Table, way: &Way) -> Option<Incoming> {
    let id = about.id.and_then(|id| serde_json::from_slice::<RequestId>(&id).ok());
    match (id, about.method) {
        (Some(id), None) => {
            if table.answer(&id, Err(Unusable::TooLong { bytes, limit: way.longest })) {
                return None;
            }
        }
        (Some(id), Some(method)) => {
            let place = table.serve_while(way.answers.clone().reserve_owned()).await.ok();
            let message = format!("`{method}` is {bytes} bytes long, above the limit of {}", way.longest);
            Ticket::new(id, place).refuse(INVALID_REQUEST, message);
        }
        (None, _) => {}
    }
    bad(BadLine::TooLong { bytes })
}

#[expect(clippy::unnecessary_wraps, reason = "every arm above answers with an option")]
fn bad(what: BadLine) -> Option<Incoming> {
    Some(Incoming::Bad { what })
}

fn start(line: &[u8]) -> String {
    // A character has at most four bytes: no need to look at the whole of a long line.
    let head = line.get(..START * 4).unwrap_or(line);
    String::from_utf8_lossy(head).chars().take(START).collect()
}

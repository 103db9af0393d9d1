//! Lines of the peer that are too long to be taken: each request among them is answered.
//!
//! rmcp drops such a line without a word, so that whoever sent it would wait for ever. The read half sees it
//! pass by, keeps what it is about ([`Scanner`]), and at its end tells the transport, which answers. Of the
//! line itself no more is held than the limit.

use std::collections::VecDeque;

use futures::future::BoxFuture;
use memchr::memchr;
use rmcp::RoleServer;
use rmcp::model::{ErrorCode, ErrorData, JsonRpcMessage, RequestId};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use rmcp::transport::async_rw::AsyncRwTransport;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;

use super::ids::Ids;
use super::open::Open;
use crate::scan::{Message, Scanner};

/// The longest line that is taken, in bytes without its end: rmcp's own default.
pub const MAX_LINE: usize = 16 << 20;

/// Long lines whose answers wait to be written. A peer that reads none of them gets no more.
const UNANSWERED: usize = 64;

/// A line that was too long.
#[derive(Debug)]
pub(super) struct LongLine {
    about: Message,
    bytes: u64,
}

/// Watches the lines that pass by.
#[derive(Debug)]
pub(super) struct Watch {
    scanner: Scanner,
    bytes: u64,
    told: mpsc::Sender<LongLine>,
}

/// The watch, and what it tells.
pub(super) fn watch() -> (Watch, mpsc::Receiver<LongLine>) {
    let (told, lines) = mpsc::channel(UNANSWERED);
    (Watch { scanner: Scanner::default(), bytes: 0, told }, lines)
}

impl Watch {
    /// Looks at what was read.
    pub(super) fn look(&mut self, mut read: &[u8]) {
        while let Some(end) = memchr(b'\n', read) {
            let (line, rest) = read.split_at(end);
            self.piece(line);
            let (about, bytes) = (self.scanner.end(), std::mem::take(&mut self.bytes));
            if bytes > MAX_LINE as u64 && self.told.try_send(LongLine { about, bytes }).is_err() {
                tracing::warn!(
                    bytes,
                    "a line of the host was too long, and is not answered: it reads no answers"
                );
            }
            read = rest.get(1..).unwrap_or_default();
        }
        self.piece(read);
    }

    fn piece(&mut self, piece: &[u8]) {
        self.scanner.feed(piece);
        self.bytes += piece.len() as u64;
    }
}

impl LongLine {
    /// What is answered; nothing where it asked nothing that can be answered.
    fn answer(self) -> Option<TxJsonRpcMessage<RoleServer>> {
        let Self { about: Message { id, method }, bytes } = self;
        let what = method.as_deref().unwrap_or("an answer, or none of MCP's messages");
        tracing::warn!(bytes, limit = MAX_LINE, what, "a line of the host is too long and was skipped");
        // Without a method it is an answer, which has none.
        let (method, id): (_, RequestId) = (method?, serde_json::from_slice(&id?).ok()?);
        let message = format!(
            "the request `{method}` is {bytes} bytes long, and a message may have at most {MAX_LINE} ({} MiB); give images as \
             paths of files (not as `data:` addresses), and long texts as files that the prompt names",
            MAX_LINE >> 20
        );
        let data = json!({ "bytes": bytes, "limit": MAX_LINE });
        Some(JsonRpcMessage::error(ErrorData::new(ErrorCode::INVALID_REQUEST, message, Some(data)), Some(id)))
    }
}

/// rmcp's transport, which answers also what it does not take: lines that are too long, ids that are in use.
pub(super) struct Answering<R: AsyncRead, W: AsyncWrite> {
    inner: AsyncRwTransport<RoleServer, R, W>,
    long: mpsc::Receiver<LongLine>,
    ids: Ids,
    open: Open,
    /// Answers to requests that are refused, in line.
    refused: VecDeque<TxJsonRpcMessage<RoleServer>>,
    /// An answer on its way: kept here, since `receive` is given up whenever rmcp has something to say.
    answering: Option<BoxFuture<'static, std::io::Result<()>>>,
}

impl<R, W> Answering<R, W>
where
    R: AsyncRead + Send + Unpin,
    W: AsyncWrite + Send + Unpin + 'static,
{
    pub(super) fn new(read: R, write: W, long: mpsc::Receiver<LongLine>) -> Self {
        // rmcp counts the line feed.
        let inner = AsyncRwTransport::new(read, write).with_max_line_length(MAX_LINE + 1);
        Self {
            inner,
            long,
            ids: Ids::fresh(),
            open: Open::default(),
            refused: VecDeque::new(),
            answering: None,
        }
    }

    fn refuse(&mut self, answer: TxJsonRpcMessage<RoleServer>) {
        if self.refused.len() < UNANSWERED {
            self.refused.push_back(answer);
        } else {
            tracing::warn!(
                "a request of the host has an `id` in use, and is not answered: it reads no answers"
            );
        }
    }

    fn begin(&mut self, answer: Option<TxJsonRpcMessage<RoleServer>>) {
        self.answering = answer.map(|answer| Box::pin(self.inner.send(answer)) as BoxFuture<'static, _>);
    }
}

impl<R, W> Transport<RoleServer> for Answering<R, W>
where
    R: AsyncRead + Send + Unpin,
    W: AsyncWrite + Send + Unpin + 'static,
{
    type Error = std::io::Error;

    fn send(
        &mut self,
        item: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = std::io::Result<()>> + Send + 'static {
        self.open.goes(&item);
        // An answer that is half written has the way out, and would keep it where nobody goes on receiving.
        let (answering, send) = (self.answering.take(), self.inner.send(self.ids.out(item)));
        async move {
            if let Some(answering) = answering {
                answering.await?;
            }
            send.await
        }
    }

    /// Reading goes on while an answer is written: a peer that reads nothing may still leave.
    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        loop {
            if self.answering.is_none() {
                let refused = self.refused.pop_front();
                self.begin(refused);
            }
            let message = tokio::select! {
                biased;
                // One that cannot be written ends the connection elsewhere.
                _ = written(self.answering.as_mut()) => {
                    self.answering = None;
                    continue;
                }
                Some(line) = self.long.recv(), if self.answering.is_none() => {
                    self.begin(line.answer());
                    continue;
                }
                message = self.inner.receive() => message,
            };
            if let Some(message) = message {
                if let Some(refused) = self.open.comes(&message) {
                    self.refuse(refused);
                    continue;
                }
                return Some(self.ids.back(message));
            }
            // The end. The last lines may have been too long.
            loop {
                if let Some(answering) = self.answering.as_mut() {
                    let _ = answering.await;
                    self.answering = None;
                }
                let answer = self.refused.pop_front().map(Some);
                match answer.or_else(|| self.long.try_recv().ok().map(LongLine::answer)) {
                    Some(answer) => self.begin(answer),
                    None => return None,
                }
            }
        }
    }

    async fn close(&mut self) -> std::io::Result<()> {
        self.answering = None;
        self.inner.close().await
    }
}

async fn written(answering: Option<&mut BoxFuture<'static, std::io::Result<()>>>) -> std::io::Result<()> {
    match answering {
        Some(answering) => answering.await,
        None => std::future::pending().await,
    }
}

//! The sessions of MCP over HTTP: rmcp's own, with a bound, an end for those that nobody uses, and a word to the handler
//! when one ends. rmcp alone keeps them for ever, or ends one while its call is silent.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::{Stream, StreamExt};
use rmcp::model::{ClientJsonRpcMessage, ServerJsonRpcMessage};
use rmcp::transport::common::server_side_http::{ServerSseMessage, SessionId};
use rmcp::transport::streamable_http_server::SessionManager;
use rmcp::transport::streamable_http_server::session::local::{
    LocalSessionManager, LocalSessionManagerError,
};
use thiserror::Error;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// What a request opens, if it opens any.
#[derive(Clone, Debug, Default)]
pub(super) struct Opening {
    /// Fires when the session ends, before rmcp cancels what is open in it: that is no cancel of the host's.
    pub gone: CancellationToken,
    refused: Arc<AtomicBool>,
}

impl Opening {
    /// Of a front that ends with `gone`.
    pub fn below(gone: &CancellationToken) -> Self {
        Self { gone: gone.child_token(), ..Self::default() }
    }

    /// Whether there was no room for it.
    pub fn is_refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }
}

/// Why there is no session.
#[derive(Debug, Error)]
pub(super) enum ConnectionError {
    /// As many are open as may be.
    #[error("as many sessions are open as may be")]
    Full,
    /// rmcp's own.
    #[error(transparent)]
    Local(#[from] LocalSessionManagerError),
}

/// One session.
#[derive(Debug)]
struct Entry {
    gone: CancellationToken,
    streams: Arc<Streams>,
}

impl Entry {
    fn is_in_use(&self) -> bool {
        self.streams.open.load(Ordering::Relaxed) > 0
    }

    fn used(&self) -> Instant {
        *self.streams.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The streams of answers of a session.
#[derive(Debug)]
struct Streams {
    open: AtomicUsize,
    /// When the last one was opened or closed.
    used: Mutex<Instant>,
}

impl Streams {
    fn touch(&self) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

/// A stream of answers that is open.
pub(super) struct Open(Arc<Streams>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.touch();
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The sessions of one who shares the bridge.
#[derive(Debug)]
pub(super) struct Connections {
    inner: LocalSessionManager,
    // rmcp asks from the task of each request. Never held over an await.
    entries: Mutex<HashMap<SessionId, Entry>>,
    most: NonZeroUsize,
    idle: Duration,
}

impl Connections {
    pub fn new(most: NonZeroUsize, idle: Duration) -> Self {
        let mut inner = LocalSessionManager::default();
        // It would end a session whose call says nothing for so long.
        inner.session_config.keep_alive = None;
        Self { inner, entries: Mutex::default(), most, idle }
    }

    pub fn most(&self) -> NonZeroUsize {
        self.most
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<SessionId, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends those that have done nothing for long.
    pub async fn sweep(&self) {
        let idle = |entry: &Entry| !entry.is_in_use() && entry.used().elapsed() >= self.idle;
        let over: Vec<_> =
            self.entries().iter().filter(|(_, entry)| idle(entry)).map(|(id, _)| id.clone()).collect();
        for id in over {
            let _ = self.close_session(&id).await;
        }
    }

    /// Makes room for one more: the one goes that nobody has used for longest.
    async fn make_room(&self) -> Result<(), ConnectionError> {
        let last = {
            let entries = self.entries();
            if entries.len() < self.most.get() {
                return Ok(());
            }
            let rests = entries.iter().filter(|(_, entry)| !entry.is_in_use());
            rests.min_by_key(|(_, entry)| entry.used()).map(|(id, _)| id.clone())
        };
        match last {
            Some(id) => self.close_session(&id).await,
            None => Err(ConnectionError::Full),
        }
    }

    /// A session is used, by a stream where there is one.
    pub fn used(&self, id: &SessionId) -> Option<Open> {
        let entries = self.entries();
        let entry = entries.get(id)?;
        entry.streams.touch();
        entry.streams.open.fetch_add(1, Ordering::Relaxed);
        Some(Open(entry.streams.clone()))
    }
}

/// The stream, which counts as long as it is there.
fn counted(
    stream: impl Stream<Item = ServerSseMessage> + Send + Sync + 'static,
    open: Option<Open>,
) -> impl Stream<Item = ServerSseMessage> + Send + Sync + 'static {
    stream.inspect(move |_| {
        let _ = &open;
    })
}

impl SessionManager for Connections {
    type Error = ConnectionError;
    type Transport = <LocalSessionManager as SessionManager>::Transport;

    async fn create_session(&self) -> Result<(SessionId, Self::Transport), Self::Error> {
        let opening = super::OPENING.try_with(Clone::clone).unwrap_or_default();
        if let Err(error) = self.make_room().await {
            opening.refused.store(true, Ordering::Relaxed);
            return Err(error);
        }
        let (id, transport) = self.inner.create_session().await?;
        let streams = Streams { open: AtomicUsize::new(0), used: Mutex::new(Instant::now()) };
        let entry = Entry { gone: opening.gone, streams: Arc::new(streams) };
        self.entries().insert(id.clone(), entry);
        Ok((id, transport))
    }

    async fn initialize_session(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<ServerJsonRpcMessage, Self::Error> {
        Ok(self.inner.initialize_session(id, message).await?)
    }

    async fn has_session(&self, id: &SessionId) -> Result<bool, Self::Error> {
        Ok(self.inner.has_session(id).await?)
    }

    async fn close_session(&self, id: &SessionId) -> Result<(), Self::Error> {
        let entry = self.entries().remove(id);
        if let Some(entry) = entry {
            entry.gone.cancel();
        }
        Ok(self.inner.close_session(id).await?)
    }

    async fn create_stream(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        let open = self.used(id);
        Ok(counted(self.inner.create_stream(id, message).await?, open))
    }

    async fn accept_message(&self, id: &SessionId, message: ClientJsonRpcMessage) -> Result<(), Self::Error> {
        let _used = self.used(id);
        Ok(self.inner.accept_message(id, message).await?)
    }

    async fn create_standalone_stream(
        &self,
        id: &SessionId,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        let open = self.used(id);
        Ok(counted(self.inner.create_standalone_stream(id).await?, open))
    }

    async fn resume(
        &self,
        id: &SessionId,
        last_event_id: String,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        let open = self.used(id);
        Ok(counted(self.inner.resume(id, last_event_id).await?, open))
    }
}

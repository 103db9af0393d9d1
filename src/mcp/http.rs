//! MCP over Streamable HTTP, in both eras, for one of those who share the bridge. Each has a front of his own, so that
//! the `Mcp-Session-Id` of one is to another as one that does not exist.
//!
//! Who may come in, and by which address, is absent here.

mod connections;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio_util::sync::CancellationToken;

use super::elsewhere::Decided;
use super::page::{News, PageError};
use super::server::Server;
use crate::event::PermissionDecision;
use crate::ids::ApprovalId;
use connections::{Connections, Opening};

tokio::task_local! {
    /// The connection that a request may open: rmcp asks for the session and for its handler apart, in one task.
    static OPENING: Opening;
}

/// How much one of those who share the bridge may hold.
#[derive(Clone, Copy, Debug)]
pub struct FrontOptions {
    /// The bytes of a request.
    pub body: usize,
    /// Sessions of MCP (up to 2025-11-25) at once.
    pub sessions: NonZeroUsize,
    /// How long such a session may do nothing until it is ended.
    pub idle: Duration,
}

/// The front for one of those who share the bridge. A handle; cheap to clone.
#[derive(Clone)]
pub struct Front {
    server: Server,
    service: StreamableHttpService<Server, Connections>,
    connections: Arc<Connections>,
    /// Fires first: handlers hear that their connection is over, and not that they are cancelled.
    gone: CancellationToken,
    over: CancellationToken,
}

impl std::fmt::Debug for Front {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Front").finish_non_exhaustive()
    }
}

impl Front {
    /// Over this server. Hosts and origins are checked before a request comes here.
    #[must_use]
    pub fn new(server: Server, options: FrontOptions) -> Self {
        let (gone, over) = (CancellationToken::new(), CancellationToken::new());
        let connections = Arc::new(Connections::new(options.sessions, options.idle));
        let config = StreamableHttpServerConfig::default()
            .disable_allowed_hosts()
            .with_max_request_body_bytes(options.body)
            .with_cancellation_token(over.clone());
        let own = server.clone();
        let factory = move || {
            let gone = OPENING.try_with(|opening| opening.gone.clone()).unwrap_or_default();
            Ok(own.connection(gone))
        };
        let service = StreamableHttpService::new(factory, connections.clone(), config);
        Self { server, service, connections, gone, over }
    }

    /// Answers one request.
    pub async fn handle(&self, request: Request) -> Response {
        let opening = Opening::below(&self.gone);
        let answering = Box::pin(OPENING.scope(opening.clone(), self.service.handle(request)));
        let response = tokio::select! {
            biased;
            () = self.gone.cancelled() => {
                let words = "what was open with this token has ended; its turns go on\n";
                return (StatusCode::SERVICE_UNAVAILABLE, words).into_response();
            }
            response = answering => response,
        };
        if opening.is_refused() {
            let words = format!(
                "{} MCP sessions are open with this token, and each is in use: close one (DELETE), or call again later",
                self.connections.most()
            );
            return (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "5")], words).into_response();
        }
        response.map(Body::new)
    }

    /// A resource, by its address, for the page: its type, and what it says now.
    ///
    /// # Errors
    /// When there is none that this token shows, or it cannot be read.
    pub async fn look(&self, uri: &str) -> Result<(String, String), PageError> {
        self.server.shown(uri).await
    }

    /// What there is to look at, as it changes.
    ///
    /// # Errors
    /// When nothing may be looked at with this token, or the journal cannot be read.
    pub async fn news(&self) -> Result<News, PageError> {
        News::of(self.server.clone()).await
    }

    /// Decides what codex asks, as a person.
    ///
    /// # Errors
    /// When there is no such question, it does not take this, or it is decided already.
    pub async fn decide(&self, id: ApprovalId, decided: Decided) -> Result<PermissionDecision, PageError> {
        self.server.decide(id, decided).await
    }

    /// Fires when all that is open here ends.
    #[must_use]
    pub fn gone(&self) -> &CancellationToken {
        &self.gone
    }

    /// Ends the sessions that have done nothing for long.
    pub async fn sweep(&self) {
        self.connections.sweep().await;
    }

    /// Whether it is the same front.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.connections, &other.connections)
    }

    /// Ends all that is open. Work goes on; calls that wait for it have no answer.
    pub fn end(&self) {
        self.gone.cancel();
        // rmcp closes its sessions by that, and each takes itself off the list.
        self.over.cancel();
    }
}

#[cfg(test)]
mod tests;

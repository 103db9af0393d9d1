//! The service around a handler: no request outlives its connection, and not too many run at once.

use std::borrow::Cow;

use rmcp::model::{
    ClientNotification, ClientRequest, ErrorCode, ProtocolVersion, ServerConfig, ServerResult,
};
use rmcp::service::{NotificationContext, RequestContext, RoleServer, Service};
use rmcp::{ErrorData, ServerHandler};
use serde_json::json;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Requests of one connection that may be open at a time. What a host never reads is kept in memory,
/// so there must be some bound; no host was seen near this one.
pub const MAX_IN_FLIGHT: usize = 256;

/// The code of the error for a request above [`MAX_IN_FLIGHT`]; none of those that MCP uses.
pub const TOO_MANY_REQUESTS: ErrorCode = ErrorCode(-32005);

/// A handler whose requests end when `late` fires, and of which at most [`MAX_IN_FLIGHT`] are open.
///
/// What rmcp cancels because the connection is over is no cancel of the host's, which would end its turns: once
/// `begun` has fired the handler does not see it. At a shutdown it does, and has a moment to answer.
#[derive(Debug)]
pub struct Guarded<H> {
    inner: H,
    begun: CancellationToken,
    late: CancellationToken,
    shutdown: CancellationToken,
    room: Semaphore,
}

impl<H: ServerHandler> Guarded<H> {
    /// Around `inner`.
    pub fn new(
        inner: H,
        begun: CancellationToken,
        late: CancellationToken,
        shutdown: CancellationToken,
    ) -> Self {
        Self { inner, begun, late, shutdown, room: Semaphore::new(MAX_IN_FLIGHT) }
    }

    /// Until a request is over with its connection. rmcp cancels all that are open as soon as an answer cannot be
    /// written.
    async fn over(&self, request: CancellationToken) {
        let cut = async {
            request.cancelled().await;
            if !self.begun.is_cancelled() || self.shutdown.is_cancelled() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            biased;
            () = self.late.cancelled() => {}
            () = cut => {}
        }
    }
}

impl<H: ServerHandler> Service<RoleServer> for Guarded<H> {
    async fn handle_request(
        &self,
        request: ClientRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<ServerResult, ErrorData> {
        let Ok(_place) = self.room.try_acquire() else {
            return Err(ErrorData::new(
                TOO_MANY_REQUESTS,
                format!(
                    "{MAX_IN_FLIGHT} requests of this connection are open, and no more are taken: wait for one \
                     to be answered, or cancel one"
                ),
                Some(json!({ "limit": MAX_IN_FLIGHT })),
            ));
        };
        let request_over = self.over(context.ct.clone());
        tokio::select! {
            biased;
            () = request_over => Err(ErrorData::internal_error("the connection is over", None)),
            result = Service::handle_request(&self.inner, request, context) => result,
        }
    }

    async fn handle_notification(
        &self,
        notification: ClientNotification,
        context: NotificationContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        tokio::select! {
            biased;
            () = self.late.cancelled() => Ok(()),
            result = Service::handle_notification(&self.inner, notification, context) => result,
        }
    }

    fn get_info(&self) -> ServerConfig {
        ServerHandler::get_info(&self.inner)
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        ServerHandler::supported_protocol_versions(&self.inner)
    }
}

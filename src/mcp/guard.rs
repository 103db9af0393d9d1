//! Serves one connection so that it ends when its peer does, whatever a handler or the peer still does.
//!
//! rmcp alone waits seconds at the end of input for a handler that hangs or a peer that does not read.
//! Three guards around it share the tokens of `Ends`: the read half says when the end began, then
//! handlers get a short grace, then writes fail. A message that is too long is answered, which rmcp alone would
//! not do. Absent here: what the tools do.

mod ends;
mod ids;
mod io;
mod long;
mod open;
mod service;

#[cfg(test)]
mod tests;

pub use io::{GuardedRead, GuardedWrite};
pub use long::MAX_LINE;
pub use service::{Guarded, MAX_IN_FLIGHT, TOO_MANY_REQUESTS};

use std::io::ErrorKind;

use rmcp::model::ClientJsonRpcMessage;
use rmcp::service::{QuitReason, ServerInitializeError};
use rmcp::{ErrorData, ServerHandler, ServiceExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;

use ends::Ends;
use long::Answering;

/// Why a connection could not be served to a clean end.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The first message opened nothing.
    #[error(
        "the host opened with {got}: an MCP client begins with `initialize`, or with a request whose `_meta` \
         names its protocol version; check that the host's configuration starts an MCP server with this command"
    )]
    Opening {
        /// What came instead.
        got: String,
    },
    /// The handshake was answered with an error.
    #[error("the handshake failed: {}; update the host, or let it speak another MCP version", .0.message)]
    Handshake(ErrorData),
    /// An answer of the handshake could not be written.
    #[error(
        "an answer of the handshake could not be written: {0}; see why the host closed or blocked its side"
    )]
    Transport(String),
    /// The task that served the connection ended in an unexpected way: a fault of ours.
    #[error("the task that served the connection ended by itself: {0}; please report this")]
    Task(#[from] JoinError),
}

/// Serves MCP on one connection until its peer leaves or `shutdown` fires; both are a clean end, also
/// in the middle of the handshake.
///
/// After `shutdown`, and after the end of input, it takes 50 ms at most. Dropping the future ends the
/// connection and all its handlers.
pub async fn serve<H, R, W>(
    handler: H,
    read: R,
    write: W,
    shutdown: CancellationToken,
) -> Result<(), ServeError>
where
    H: ServerHandler,
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let ends = Ends::new(&shutdown);
    let service = Guarded::new(handler, ends.begun.clone(), ends.late.clone(), shutdown.clone());
    let (watch, long) = long::watch();
    let transport = Answering::new(
        GuardedRead::new(read, ends.begun.clone(), watch),
        GuardedWrite::new(write, ends.begun.clone(), ends.cut.clone()),
        long,
    );
    let served = async {
        match service.serve_with_ct(transport, ends.stop.clone()).await {
            Ok(running) => match running.waiting().await? {
                QuitReason::JoinError(error) => Err(error.into()),
                _ => Ok(()),
            },
            Err(error) => opening(error, &ends.begun),
        }
    };
    tokio::select! {
        biased;
        result = served => result,
        never = ends.run() => match never {},
    }
}

/// A handshake that did not come to its end: clean where the peer just left.
fn opening(error: ServerInitializeError, begun: &CancellationToken) -> Result<(), ServeError> {
    match error {
        ServerInitializeError::ConnectionClosed(_) | ServerInitializeError::Cancelled => Ok(()),
        ServerInitializeError::TransportError { error, .. } => {
            let left = error.error.downcast_ref::<std::io::Error>().is_some_and(|error| {
                matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset)
            });
            if left || begun.is_cancelled() { Ok(()) } else { Err(ServeError::Transport(error.to_string())) }
        }
        ServerInitializeError::InitializeFailed(error) => Err(ServeError::Handshake(error)),
        ServerInitializeError::ExpectedInitializeRequest(got) => {
            Err(ServeError::Opening { got: kind(got.as_ref()).into() })
        }
        other => Err(ServeError::Opening { got: other.to_string() }),
    }
}

/// What a message is, without what it holds: that may be long, or secret.
fn kind(message: Option<&ClientJsonRpcMessage>) -> &'static str {
    match message {
        Some(ClientJsonRpcMessage::Request(_)) => "another request",
        Some(ClientJsonRpcMessage::Notification(_)) => "a notification",
        Some(ClientJsonRpcMessage::Response(_)) => "a response",
        Some(ClientJsonRpcMessage::Error(_)) => "an error",
        None => "nothing",
    }
}

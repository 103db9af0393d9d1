//! The connections: so many at once, each with so much time for the head of a request and for an answer to be read; and
//! their end, in which calls have a moment and nobody holds the bridge up.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::mcp::Closing;

/// How long the head of a request may take, also of the next on a connection that is kept.
const HEAD: Duration = Duration::from_secs(30);

/// The bytes that a head may have, and its headers.
const HEAD_BYTES: usize = 64 << 10;
const HEADERS: usize = 64;

/// How long somebody may read nothing of what is written to him.
const UNREAD: Duration = Duration::from_secs(30);

/// How long calls have to be answered with a handle.
const HANDLES: Duration = Duration::from_secs(3);

/// How long connections have to be closed once nothing is open on them.
const CLOSE: Duration = Duration::from_secs(1);

/// After an error of the listener, such as that no descriptor is free.
const PAUSE: Duration = Duration::from_millis(100);

/// How it ends.
#[derive(Clone, Debug)]
pub struct Ends {
    /// Begins the end.
    pub shutdown: CancellationToken,
    /// How long calls may go on then.
    pub drain: Duration,
    /// What the servers hear of it.
    pub closing: Closing,
    /// The calls that are being answered.
    pub calls: TaskTracker,
    /// Fires once calls have been answered, or have had their time: what is open then ends.
    pub over: CancellationToken,
}

/// Serves until the end begins; returns when it is done.
pub async fn serve(listener: TcpListener, router: Router, connections: usize, ends: Ends) {
    let room = Arc::new(Semaphore::new(connections));
    let (mut open, graceful) = (JoinSet::new(), GracefulShutdown::new());
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(HEAD_BYTES).max_headers(HEADERS);
    loop {
        tokio::select! {
            biased;
            () = ends.shutdown.cancelled() => break,
            Some(_) = open.join_next(), if !open.is_empty() => {}
            place = room.clone().acquire_owned() => {
                let Ok(place) = place else { break };
                let accepted = tokio::select! {
                    () = ends.shutdown.cancelled() => break,
                    accepted = listener.accept() => accepted,
                };
                match accepted {
                    Ok((stream, _)) => {
                        // Small messages go at once.
                        let _ = stream.set_nodelay(true);
                        let mut stream = TimeoutStream::new(stream);
                        stream.set_write_timeout(Some(UNREAD));
                        let (io, service) = (TokioIo::new(Box::pin(stream)), TowerToHyperService::new(router.clone()));
                        let serving = graceful.watch(http.serve_connection(io, service));
                        open.spawn(async move {
                            if let Err(error) = serving.await {
                                tracing::debug!(%error, "a connection");
                            }
                            drop(place);
                        });
                    }
                    Err(error) => {
                        tracing::warn!(%error, "no connection was accepted");
                        tokio::time::sleep(PAUSE).await;
                    }
                }
            }
        }
    }
    // Whoever comes now finds nobody.
    drop(listener);
    ends.closing.begun.cancel();
    ends.calls.close();
    if tokio::time::timeout(ends.drain, ends.calls.wait()).await.is_err() {
        ends.closing.late.cancel();
        if tokio::time::timeout(HANDLES, ends.calls.wait()).await.is_err() {
            tracing::warn!(calls = ends.calls.len(), "calls took too long to be answered");
        }
    }
    ends.over.cancel();
    if tokio::time::timeout(CLOSE, graceful.shutdown()).await.is_err() {
        tracing::debug!("connections that were not closed are cut");
    }
    open.shutdown().await;
}

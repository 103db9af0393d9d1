//! Streamable HTTP on a free port of the loopback.

use std::sync::Arc;

use rmcp::ServerHandler;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio_util::sync::CancellationToken;

/// Serves what `make` makes until `over` returns.
pub async fn serve<S: ServerHandler>(
    make: impl Fn() -> S + Send + Sync + 'static,
    over: impl Future<Output = ()>,
) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let ended = CancellationToken::new();
    let config = StreamableHttpServerConfig::default()
        .with_allowed_origins([format!("http://{address}"), format!("http://localhost:{}", address.port())])
        .with_cancellation_token(ended.clone());
    let sessions = Arc::new(LocalSessionManager::default());
    let service = StreamableHttpService::new(move || Ok(make()), sessions, config);
    let router = axum::Router::new().route_service("/mcp", service);
    println!("http://{address}/mcp");
    let serving = axum::serve(listener, router).into_future();
    tokio::select! {
        served = serving => served.unwrap(),
        () = over => ended.cancel(),
    }
}

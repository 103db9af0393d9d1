//! The server: one route, on loopback, at a port that the system chooses.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Json;
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::script::{Reply, reply_to};
use super::sse::frames;

/// A conversation with its instructions and tools; codex's are some 100 KB.
const BODY: usize = 64 << 20;

/// The running server; it ends when it is stopped or dropped.
#[derive(Debug)]
pub struct ModelServer {
    address: SocketAddr,
    requests: Arc<AtomicUsize>,
    serving: JoinSet<io::Result<()>>,
}

impl ModelServer {
    /// Starts it.
    ///
    /// # Errors
    /// When loopback has no free port.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let requests = Arc::new(AtomicUsize::new(0));
        let routes = Router::new()
            .route("/v1/responses", post(responses))
            .layer(DefaultBodyLimit::max(BODY))
            .with_state(requests.clone());
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, routes).await });
        Ok(Self { address, requests, serving })
    }

    /// The `base_url` of codex's provider.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// How many requests have come.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    /// Stops it, open requests too.
    pub async fn stop(mut self) {
        self.serving.shutdown().await;
    }
}

async fn responses(State(requests): State<Arc<AtomicUsize>>, Json(body): Json<Value>) -> Response {
    let id = requests.fetch_add(1, Ordering::Relaxed);
    let reply = reply_to(&body);
    match (frames(&reply, id), reply) {
        (Some(frames), _) => ([(header::CONTENT_TYPE, "text/event-stream")], frames).into_response(),
        (None, Reply::Hang) => std::future::pending().await,
        (None, _) => {
            let error =
                json!({ "error": { "message": "the script says FAIL", "type": "invalid_request_error" } });
            (StatusCode::BAD_REQUEST, Json(error)).into_response()
        }
    }
}

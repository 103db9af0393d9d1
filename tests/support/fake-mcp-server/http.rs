//! The same over Streamable HTTP, as JSON and without sessions: what is allowed and least.

use std::io::{Read, Write};

use axum::Router;
use axum::extract::Json;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};

/// Says its address on stdout, and serves until its stdin ends.
pub fn serve() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut out = std::io::stdout().lock();
        writeln!(out, "http://{}", listener.local_addr().unwrap()).unwrap();
        out.flush().unwrap();
        drop(out);
        let router = Router::new().route("/mcp", post(answer));
        let served = axum::serve(listener, router);
        tokio::select! {
            served = served.into_future() => served.unwrap(),
            _ = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())) => {}
        }
    });
    runtime.shutdown_background();
}

async fn answer(headers: HeaderMap, Json(message): Json<Value>) -> Response {
    let (Some(id), Some(method)) = (message.get("id"), message["method"].as_str()) else {
        return StatusCode::ACCEPTED.into_response();
    };
    let params = &message["params"];
    let result = match (method, params["name"].as_str()) {
        ("tools/call", Some("length")) => {
            let name = params["arguments"]["name"].as_str().unwrap_or_default();
            super::text(&format!("length {:?}", headers.get(name).map(|value| value.len())))
        }
        ("tools/call", _) => super::text(&format!("answered {}", params["arguments"])),
        (other, _) => super::plain(other, params),
    };
    Json(json!({ "jsonrpc": "2.0", "id": id, "result": result })).into_response()
}

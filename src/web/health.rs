//! Whether the process lives, whether it takes work, and its numbers.

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::doors::Door;
use super::router::Web;
use crate::access::Right;
use crate::metrics::Now;

/// The type of what `/metrics` says.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The numbers, for a token that sees the sessions of all.
pub(super) async fn metrics(State(web): State<Web>, Extension(door): Extension<Arc<Door>>) -> Response {
    if !door.grant.sees_all || !door.grant.rights.has(Right::Read) {
        let words = "the numbers are of all sessions: they take a token with `sessions = \"all\"` and the right `read`\n";
        return (StatusCode::FORBIDDEN, words).into_response();
    }
    let load = web.sessions.load();
    let now = Now {
        running: load.running,
        waiting: load.waiting,
        at_work: web.sessions.at_work().await,
        requests: web.calls.len(),
    };
    match web.metrics.text(now) {
        Ok(text) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// It answers, so it lives.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// Whether it takes work: not any more once it is being stopped, and not while its journal cannot be read.
pub(super) async fn readyz(State(web): State<Web>) -> (StatusCode, &'static str) {
    if web.closing.begun.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n");
    }
    match web.sessions.journal().sessions(None, 1).await {
        Ok(_) => (StatusCode::OK, "ready\n"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the journal cannot be read\n"),
    }
}

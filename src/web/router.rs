//! Which path leads where, and what a request passes before.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Extension, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{any, get, post};
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use super::auth::{bearer, held};
use super::body::{Room, whole};
use super::doors::{Door, Doors};
use super::guard::guard;
use super::origin::Place;
use super::seal::Seal;
use super::sign_in::person;
use super::{api, assets, health, metadata, sign_in};
use crate::mcp::Closing;
use crate::metrics::Metrics;
use crate::session::Sessions;

/// What the bridge over the network is made of. A handle; cheap to clone.
#[derive(Clone, Debug)]
pub struct Web {
    /// Where it is reached.
    pub place: Arc<Place>,
    /// Who may come in.
    pub doors: watch::Receiver<Arc<Doors>>,
    /// Whose tokens something in front of it takes.
    pub authorization_servers: Arc<[String]>,
    /// The sessions of the bridge.
    pub sessions: Sessions,
    /// Its end.
    pub closing: Closing,
    /// The calls that are being answered.
    pub calls: TaskTracker,
    /// What happens in it, in numbers.
    pub metrics: Arc<Metrics>,
    /// What makes of a name what a browser keeps of a sign-in.
    pub seal: Arc<Seal>,
}

/// All paths.
pub fn router(web: Web) -> Router {
    let by_token = || from_fn_with_state(web.clone(), bearer);
    let page = Router::new()
        .route("/api/resource", get(api::resource))
        .route("/api/news", get(api::news))
        .route("/api/decisions/{id}", post(api::decide))
        .layer(from_fn_with_state(Room::default(), whole))
        .layer(from_fn_with_state(web.clone(), person));
    let sign_in = Router::new()
        .route("/api/me", get(sign_in::me))
        .route("/api/sign-in", post(sign_in::sign_in))
        .route("/api/sign-out", post(sign_in::sign_out));
    let mcp = Router::new()
        .route("/mcp", any(mcp))
        .layer(from_fn_with_state(web.clone(), count))
        .layer(from_fn_with_state(Room::default(), whole))
        .layer(by_token());
    Router::new()
        .merge(mcp)
        .merge(Router::new().route("/metrics", get(health::metrics)).layer(by_token()))
        .merge(page)
        .merge(sign_in)
        .merge(files())
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route(metadata::ROOT, get(metadata::metadata))
        .route(metadata::PATH, get(metadata::metadata))
        .fallback(|| async { (StatusCode::NOT_FOUND, "there is nothing here; MCP is at /mcp\n") })
        .with_state(web.clone())
        .layer(from_fn_with_state(web.clone(), guard))
        .layer(from_fn_with_state(web, answered))
}

/// Counts the answers.
async fn answered(State(web): State<Web>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    web.metrics.answered(response.status().as_u16());
    response
}

/// The files of the page, which say nothing to anybody.
fn files() -> Router<Web> {
    Router::new()
        .route("/", get(assets::index))
        .route("/style.css", get(assets::style))
        .route("/app.js", get(assets::app))
        .route("/inbox.js", get(assets::inbox))
        .route("/sessions.js", get(assets::sessions))
        .route("/session.js", get(assets::session))
        .route("/diff.js", get(assets::diff))
        .route("/dom.js", get(assets::dom))
        .route("/icon.svg", get(assets::icon))
}

/// Hands a request to the front of whoever makes it.
async fn mcp(Extension(door): Extension<Arc<Door>>, request: Request) -> Response {
    door.front.handle(request).await
}

/// Counts the calls that are being answered, to their last byte: at the end they have a moment.
async fn count(State(web): State<Web>, request: Request, next: Next) -> Response {
    let counted = (request.method() == axum::http::Method::POST).then(|| web.calls.token());
    held(next.run(request).await, counted)
}

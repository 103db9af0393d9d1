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

use super::auth::{Auth, bearer, held};
use super::body::{Room, whole};
use super::doors::{Door, Doors};
use super::guard::guard;
use super::origin::Place;
use super::seal::Seal;
use super::sign_in::{People, person};
use super::{api, assets, health, metadata, sign_in};
use crate::mcp::Closing;
use crate::metrics::Metrics;
use crate::session::Sessions;

/// What the bridge over the network is made of.
#[derive(Clone, Debug)]
pub struct Web {
    /// Where it is reached.
    pub place: Arc<Place>,
    /// Who may come in.
    pub doors: watch::Receiver<Arc<Doors>>,
    /// Whose authorisation servers' tokens something in front of it takes.
    pub authorization_servers: Arc<[String]>,
    /// The sessions of the bridge.
    pub sessions: Sessions,
    /// Its end.
    pub closing: Closing,
    /// The calls that are being answered.
    pub calls: TaskTracker,
    /// What happens in it, in numbers.
    pub metrics: Arc<Metrics>,
    seal: Arc<Seal>,
}

impl Web {
    /// The doors, where it is reached, and what stands behind them.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn new(
        place: Arc<Place>,
        doors: watch::Receiver<Arc<Doors>>,
        authorization_servers: Vec<String>,
        sessions: Sessions,
        closing: Closing,
        calls: TaskTracker,
        metrics: Arc<Metrics>,
    ) -> Result<Self, getrandom::Error> {
        let authorization_servers = authorization_servers.into();
        let seal = Arc::new(Seal::fresh()?);
        Ok(Self { place, doors, authorization_servers, sessions, closing, calls, metrics, seal })
    }
}

/// What everybody may ask for.
#[derive(Clone, Debug)]
pub(super) struct Public {
    pub place: Arc<Place>,
    pub authorization_servers: Arc<[String]>,
    pub sessions: Sessions,
    pub closing: Closing,
    pub calls: TaskTracker,
    pub metrics: Arc<Metrics>,
}

/// All paths.
pub fn router(web: Web) -> Router {
    let Web { place, doors, authorization_servers, sessions, closing, calls, metrics, seal } = web;
    let counted = metrics.clone();
    let public = Public {
        place: place.clone(),
        authorization_servers,
        sessions,
        closing,
        calls: calls.clone(),
        metrics,
    };
    let auth = Auth { doors, place: place.clone() };
    let people = People { doors: auth.doors.clone(), place: place.clone(), seal };
    let page = Router::new()
        .route("/api/resource", get(api::resource))
        .route("/api/news", get(api::news))
        .route("/api/decisions/{id}", post(api::decide))
        .layer(from_fn_with_state(Room::default(), whole))
        .layer(from_fn_with_state(people.clone(), person));
    let sign_in = Router::new()
        .route("/api/me", get(sign_in::me))
        .route("/api/sign-in", post(sign_in::sign_in))
        .route("/api/sign-out", post(sign_in::sign_out))
        .with_state(people);
    let mcp = Router::new()
        .route("/mcp", any(mcp))
        .layer(from_fn_with_state(calls, count))
        .layer(from_fn_with_state(Room::default(), whole))
        .layer(from_fn_with_state(auth.clone(), bearer));
    let numbers =
        Router::new().route("/metrics", get(health::metrics)).layer(from_fn_with_state(auth, bearer));
    Router::new()
        .merge(mcp)
        .merge(numbers)
        .merge(page)
        .merge(sign_in)
        .merge(files())
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route(metadata::ROOT, get(metadata::metadata))
        .route(metadata::PATH, get(metadata::metadata))
        .fallback(|| async { (StatusCode::NOT_FOUND, "there is nothing here; MCP is at /mcp\n") })
        .with_state(public)
        .layer(from_fn_with_state(place, guard))
        .layer(from_fn_with_state(counted, answered))
}

/// Counts the answers.
async fn answered(State(metrics): State<Arc<Metrics>>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    metrics.answered(response.status().as_u16());
    response
}

/// The files of the page, which say nothing to anybody.
fn files() -> Router<Public> {
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
async fn count(State(calls): State<TaskTracker>, request: Request, next: Next) -> Response {
    let counted = (request.method() == axum::http::Method::POST).then(|| calls.token());
    held(next.run(request).await, counted)
}

//! How a person signs in with a browser: the token goes in the body of one request, and what the browser keeps is a sealed
//! name that scripts cannot read. Who uses the page is known by that.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::auth::{held, token, too_many};
use super::doors::Door;
use super::router::Web;
use crate::access::Right;

/// How long one stays signed in, in seconds.
const STAY: u64 = 12 * 60 * 60;

/// The largest body of a sign-in, in bytes, and how long it may take.
const BODY: usize = 4096;
const TIME: Duration = Duration::from_secs(10);

#[derive(Deserialize)]
struct Given {
    token: String,
}

impl Web {
    /// The name of what the browser keeps. With TLS no other site of the same machine can set one.
    fn cookie_name(&self) -> &'static str {
        if self.place.is_encrypted() { "__Host-codex-bridge" } else { "codex-bridge" }
    }

    fn set_cookie(&self, value: &str, stay: u64) -> String {
        let secure = if self.place.is_encrypted() { "; Secure" } else { "" };
        format!("{}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={stay}{secure}", self.cookie_name())
    }

    /// The door of whoever is signed in.
    fn signed_in(&self, headers: &HeaderMap) -> Option<Arc<Door>> {
        let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let (_, value) = pairs.find(|(name, _)| *name == self.cookie_name())?;
        let doors = self.doors.borrow();
        let name = self.seal.open(doors.tokens(), value, now())?;
        doors.of(&name).cloned()
    }
}

/// `GET /api/me`: who is signed in, and what he may do; `null` where nobody is.
pub(super) async fn me(State(web): State<Web>, headers: HeaderMap) -> Json<Value> {
    let Some(door) = web.signed_in(&headers) else { return Json(Value::Null) };
    let grant = &door.grant;
    let rights = Right::ALL.into_iter().filter(|right| grant.rights.has(*right)).map(Right::name);
    let rights: Vec<_> = rights.collect();
    Json(json!({ "name": grant.name, "rights": rights, "seesAll": grant.sees_all }))
}

/// Lets requests of the page in, with the door of whoever is signed in, or carries a token.
pub(super) async fn person(State(web): State<Web>, mut request: Request, next: Next) -> Response {
    let by_token = token(&request).and_then(|token| web.doors.borrow().find(token).cloned());
    let door = match by_token {
        Some(door) => door,
        None => {
            let Some(door) = web.signed_in(request.headers()) else {
                return (StatusCode::UNAUTHORIZED, "sign in first\n").into_response();
            };
            // A browser names the page that has something done; that it is one of ours was asked before.
            if !request.method().is_safe() && !request.headers().contains_key(header::ORIGIN) {
                return (StatusCode::FORBIDDEN, "what is done here is done from the page\n").into_response();
            }
            door
        }
    };
    match door.admits() {
        Err(wait) => too_many(&door, wait),
        Ok(place) => {
            request.extensions_mut().insert(door);
            held(next.run(request).await, place)
        }
    }
}

/// `POST /api/sign-in {"token": "…"}`.
pub(super) async fn sign_in(State(web): State<Web>, request: Request) -> Response {
    // No form of another page can be sent as that.
    let json = request.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    if !json {
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, "a sign-in is application/json\n").into_response();
    }
    let reading = to_bytes(request.into_body(), BODY);
    let given = match tokio::time::timeout(TIME, reading).await {
        Ok(Ok(bytes)) => serde_json::from_slice::<Given>(&bytes).ok(),
        _ => None,
    };
    let Some(given) = given else {
        return (StatusCode::BAD_REQUEST, "a sign-in is {\"token\": \"…\"}\n").into_response();
    };
    let kept = {
        let doors = web.doors.borrow();
        let name = doors.find(given.token.trim()).map(|door| door.grant.name.clone());
        name.and_then(|name| web.seal.close(doors.tokens(), &name, now() + STAY))
    };
    match kept {
        Some(kept) => {
            (StatusCode::NO_CONTENT, [(header::SET_COOKIE, web.set_cookie(&kept, STAY))]).into_response()
        }
        None => (StatusCode::UNAUTHORIZED, "this token lets nobody in\n").into_response(),
    }
}

/// `POST /api/sign-out`: the browser forgets.
pub(super) async fn sign_out(State(web): State<Web>) -> Response {
    (StatusCode::NO_CONTENT, [(header::SET_COOKIE, web.set_cookie("", 0))]).into_response()
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

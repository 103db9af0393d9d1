//! Who makes a request: the token that it carries, and how often he comes.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::StreamExt;

use super::doors::Door;
use super::origin::Place;
use super::router::Web;

/// Lets requests in that carry a good token, with its door.
pub(super) async fn bearer(State(web): State<Web>, mut request: Request, next: Next) -> Response {
    let found = token(&request).and_then(|token| web.doors.borrow().find(token).cloned());
    let Some(door) = found else { return unknown(&web.place, &request) };
    match door.admits() {
        Err(wait) => too_many(&door, wait),
        Ok(place) => {
            request.extensions_mut().insert(door);
            held(next.run(request).await, place)
        }
    }
}

/// The answer, which holds something until its last byte is gone.
pub(super) fn held(response: Response, what: impl Send + Sync + 'static) -> Response {
    let (parts, body) = response.into_parts();
    let stream = body.into_data_stream().inspect(move |_| {
        let _ = &what;
    });
    Response::from_parts(parts, Body::from_stream(stream))
}

/// The token of a request. More than one is none.
pub(super) fn token(request: &Request) -> Option<&str> {
    let mut all = request.headers().get_all(header::AUTHORIZATION).iter();
    let (first, None) = (all.next()?, all.next()) else { return None };
    let (scheme, token) = first.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// What is said to one who carries no good token, whatever he asked for (RFC 6750, section 3; RFC 9728, section 5.1).
fn unknown(place: &Place, request: &Request) -> Response {
    let error = if token(request).is_some() { "error=\"invalid_token\", " } else { "" };
    let metadata = super::metadata::address(place, request.headers());
    let challenge = format!("Bearer {error}resource_metadata=\"{metadata}\"");
    let words = "a token is needed: `Authorization: Bearer …`, with one of the bridge's file of tokens\n";
    let mut response = (StatusCode::UNAUTHORIZED, words).into_response();
    if let Ok(challenge) = HeaderValue::from_str(&challenge) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

/// What is said to one who comes too often.
pub(super) fn too_many(door: &Door, wait: Duration) -> Response {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let words = format!(
        "the token of `{}` has made as many requests as it may in a minute (`requests` in the file of tokens, or \
         http.requests), or has as many open as it may at once (a quarter of http.connections); the next may come in \
         {seconds} s\n",
        door.grant.name
    );
    (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, seconds.to_string())], words).into_response()
}

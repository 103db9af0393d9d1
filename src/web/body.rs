//! The body of a request, whole before anything is done with it: so large at most, in so much time at most, and all that
//! come at once together no larger than a bound.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

use super::doors::Door;

/// The largest body, in bytes. A prompt with images is the largest that is of use.
pub const MOST: usize = 8 << 20;

/// What all bodies that come at once may be together, in bytes.
const HELD: usize = 64 << 20;

/// How long one may take to come.
const TIME: Duration = Duration::from_secs(30);

/// The room for bodies.
#[derive(Clone, Debug)]
pub(super) struct Room(Arc<Semaphore>);

impl Default for Room {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(HELD)))
    }
}

/// Reads the body, and hands it on.
pub(super) async fn whole(State(room): State<Room>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let said =
        parts.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let most = said.unwrap_or(if parts.method.is_safe() { 0 } else { MOST });
    if most > MOST {
        return (StatusCode::PAYLOAD_TOO_LARGE, format!("a body has {MOST} bytes at most\n")).into_response();
    }
    let reading = async {
        let held = room.0.acquire_many_owned(u32::try_from(most).unwrap_or(u32::MAX)).await;
        (to_bytes(body, most).await, held)
    };
    match tokio::time::timeout(TIME, reading).await {
        Ok((Ok(bytes), held)) => {
            // What is done with it may take an hour, and holds what it makes of it.
            drop(held);
            // The token was good when the head came.
            let door = parts.extensions.get::<Arc<Door>>();
            if door.is_some_and(|door| door.front.gone().is_cancelled()) {
                return (StatusCode::UNAUTHORIZED, "the token is good no more\n").into_response();
            }
            next.run(Request::from_parts(parts, Body::from(bytes))).await
        }
        Ok((Err(_), _)) => {
            (StatusCode::PAYLOAD_TOO_LARGE, format!("a body has {MOST} bytes at most, and comes whole\n"))
                .into_response()
        }
        Err(_) => (StatusCode::REQUEST_TIMEOUT, "the body took too long to come\n").into_response(),
    }
}

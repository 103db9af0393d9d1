//! What the page asks for: resources as hosts read them, a word when there is something new, and decisions.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{Extension, Path, Query};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::doors::Door;
use crate::event::{Answers, Decision};
use crate::ids::ApprovalId;
use crate::mcp::{Decided, News, PageError};

/// The least time between two words that there is something new.
const PAUSE: Duration = Duration::from_millis(400);

/// After which time with nothing new it is shown that the connection is there.
const ALIVE: Duration = Duration::from_secs(15);

/// How long a note may be, in bytes.
const NOTE: usize = 4000;

#[derive(Deserialize)]
pub(super) struct Wanted {
    uri: String,
}

/// `GET /api/resource?uri=codex://…`.
pub(super) async fn resource(
    Extension(door): Extension<Arc<Door>>,
    Query(Wanted { uri }): Query<Wanted>,
) -> Response {
    match door.front.look(&uri).await {
        // Never taken for a page: what is in it comes from anywhere.
        Ok((mime, text)) => {
            let kind = if mime.starts_with("application/json") { mime } else { "text/plain".to_owned() };
            ([(header::CONTENT_TYPE, format!("{kind}; charset=utf-8"))], text).into_response()
        }
        Err(error) => refused(&error),
    }
}

/// `GET /api/news`: a stream of events, each of which says that something may look another way by now.
pub(super) async fn news(Extension(door): Extension<Arc<Door>>) -> Response {
    let news = match door.front.news().await {
        Ok(news) => news,
        Err(error) => return refused(&error),
    };
    let state = (news, door.front.gone().clone(), true);
    let stream = futures::stream::unfold(state, |(mut news, over, first)| async move {
        let said = next(&mut news, &over, first).await?;
        Some((Ok::<_, std::convert::Infallible>(Bytes::from_static(said)), (news, over, false)))
    });
    ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(stream)).into_response()
}

/// The next word; nothing where there is no more.
async fn next(news: &mut News, over: &CancellationToken, first: bool) -> Option<&'static [u8]> {
    if first {
        return Some(b"data: {}\n\n");
    }
    let waiting = async {
        match timeout(ALIVE, news.next()).await {
            Ok(Some(())) => {
                // What comes at once is one word, or two.
                sleep(PAUSE).await;
                Some(&b"data: {}\n\n"[..])
            }
            Ok(None) => None,
            Err(_) => Some(&b": alive\n\n"[..]),
        }
    };
    tokio::select! {
        () = over.cancelled() => None,
        said = waiting => said,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Given {
    decision: Decision,
    #[serde(default)]
    note: String,
    answers: Option<Value>,
}

/// `POST /api/decisions/{approvalId} {"decision": "…", "note": "…", "answers": …}`.
pub(super) async fn decide(
    Extension(door): Extension<Arc<Door>>,
    Path(id): Path<String>,
    given: Result<Json<Given>, axum::extract::rejection::JsonRejection>,
) -> Response {
    let Given { decision, note, answers } = match given {
        Ok(Json(given)) => given,
        Err(error) => return refused(&PageError::Refused(error.body_text())),
    };
    if note.len() > NOTE {
        return refused(&PageError::Refused(format!("a note has {NOTE} bytes at most")));
    }
    let note = note.trim();
    let reason = (!note.is_empty()).then(|| note.to_owned());
    let decided = Decided { decision, reason, answers: answers.map(Answers) };
    match door.front.decide(ApprovalId::from(id), decided).await {
        Ok(decision) => Json(json!(decision)).into_response(),
        Err(error) => refused(&error),
    }
}

fn refused(error: &PageError) -> Response {
    let status = match error {
        PageError::Missing(_) => StatusCode::NOT_FOUND,
        PageError::Refused(_) => StatusCode::BAD_REQUEST,
        PageError::Decided(_) => StatusCode::CONFLICT,
        PageError::Broken(_) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    (status, Json(json!({ "error": error.to_string() }))).into_response()
}

//! What stands before everything: the check of host and origin, and what all answers carry.

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::origin::Place;
use super::router::Web;

/// What every answer carries: nothing of it is kept by anybody, shown inside of another page, or taken for something
/// else than it says; and its scripts and styles are its own files.
const ALL: [(HeaderName, &str); 5] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
];

/// Lets requests in that are meant for this bridge, by their host, and come from no page of another, by their origin.
pub(super) async fn guard(State(web): State<Web>, request: Request, next: Next) -> Response {
    let mut response = match check(&web.place, &request) {
        Ok(()) => next.run(request).await,
        Err((status, words)) => (status, words).into_response(),
    };
    for (name, value) in ALL {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

fn check(place: &Place, request: &Request) -> Result<(), (StatusCode, &'static str)> {
    let text = |name| {
        let mut values = request.headers().get_all(name).iter();
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => value.to_str().map(Some).map_err(|_| ()),
            // Of two, one reader would believe the first and another the second.
            (Some(_), Some(_)) => Err(()),
        }
    };
    let host = match text(header::HOST) {
        Ok(Some(host)) => host,
        _ => return Err((StatusCode::BAD_REQUEST, "a request names one host\n")),
    };
    if !place.is_host(host) {
        tracing::warn!(
            host,
            "a request for another host is refused: http.hosts and http.url say which are ours"
        );
        return Err((
            StatusCode::MISDIRECTED_REQUEST,
            "this bridge is not reached by that name; http.hosts or http.url of its settings would make it so\n",
        ));
    }
    let allowed = match text(header::ORIGIN) {
        Ok(None) => true,
        Ok(Some(origin)) => place.is_origin(origin, host),
        Err(()) => false,
    };
    if !allowed {
        return Err((StatusCode::FORBIDDEN, "pages of other sites may not use this bridge\n"));
    }
    Ok(())
}

//! The files of the page, in the program itself: nothing comes from anywhere else.

use axum::http::header;
use axum::response::{IntoResponse, Response};

macro_rules! file {
    ($name:ident, $file:literal, $kind:literal) => {
        pub(super) async fn $name() -> Response {
            ([(header::CONTENT_TYPE, $kind)], include_str!(concat!("page/", $file))).into_response()
        }
    };
}

file!(index, "index.html", "text/html; charset=utf-8");
file!(style, "style.css", "text/css; charset=utf-8");
file!(app, "app.js", "text/javascript; charset=utf-8");
file!(inbox, "inbox.js", "text/javascript; charset=utf-8");
file!(sessions, "sessions.js", "text/javascript; charset=utf-8");
file!(session, "session.js", "text/javascript; charset=utf-8");
file!(diff, "diff.js", "text/javascript; charset=utf-8");
file!(dom, "dom.js", "text/javascript; charset=utf-8");
file!(icon, "icon.svg", "image/svg+xml");

//! The metadata of a protected resource (RFC 9728): which authorisation servers give tokens for this bridge, where
//! something in front of it takes theirs.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use serde_json::{Value, json};

use super::origin::Place;
use super::router::Web;

/// Where it is, for the MCP endpoint.
pub(super) const PATH: &str = "/.well-known/oauth-protected-resource/mcp";

/// The same for all of it.
pub(super) const ROOT: &str = "/.well-known/oauth-protected-resource";

/// Its address.
pub(super) fn address(place: &Place, headers: &HeaderMap) -> String {
    format!("{}{PATH}", site(place, headers))
}

/// By which address the bridge was reached: http.url, or the host that the request names, which is one of ours.
fn site(place: &Place, headers: &HeaderMap) -> String {
    match headers.get(header::HOST).and_then(|host| host.to_str().ok()) {
        Some(host) if !place.is_named => format!("http://{host}"),
        _ => place.url.clone(),
    }
}

/// The metadata.
pub(super) async fn metadata(State(web): State<Web>, headers: HeaderMap) -> Json<Value> {
    let mut metadata = json!({
        "resource": format!("{}/mcp", site(&web.place, &headers)),
        "bearer_methods_supported": ["header"],
        "resource_name": "codex-bridge",
    });
    if !web.authorization_servers.is_empty() {
        metadata["authorization_servers"] = json!(web.authorization_servers);
    }
    Json(metadata)
}

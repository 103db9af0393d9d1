//! The state of one of codex's MCP servers, from what was said of it.

use serde_json::{Map, Value, json};

use crate::event::Body;
use crate::mcp::result::cut_plain;

/// Bytes of a fault that are shown; the event has all of it.
const FAULT: usize = 500;

/// Takes in what was said of a server. What it is comes once a start of codex, how it is more often.
pub(super) fn state(server: &mut Map<String, Value>, said: &Body) {
    let Body::McpServer { status, error, source, transport, target, .. } = said else { return };
    if source.is_some() {
        // Another start of codex: what was before counts no more.
        server.clear();
    }
    server.remove("error");
    server.insert("status".into(), json!(status));
    let fault = error.as_deref().map(|error| json!(cut_plain(error, FAULT)));
    let source = source.map(|source| json!(source));
    let text = |text: &Option<String>| text.as_ref().map(|text| json!(text));
    let members =
        [("error", fault), ("source", source), ("transport", text(transport)), ("target", text(target))];
    server.extend(members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
}

//! What a dialog says: what will happen, where, and why; a diff is shown short. Pure.

use crate::event::{PermissionRequest, RequestKind, visible};
use crate::mcp::decision::short_changes;
use crate::mcp::result::cut_plain;

/// The longest message of a dialog, in bytes.
const MESSAGE: usize = 2000;

/// The message for a request. All of it is untrusted, and shown so that nothing in it hides.
pub(super) fn of(request: &PermissionRequest) -> String {
    let subject = &request.subject;
    let mut lines = vec![cut_plain(&request.summary, MESSAGE / 2)];
    let mut part = |name: &str, text: &str, room: usize| {
        if !text.is_empty() {
            lines.push(format!("{name}{}", cut_plain(&visible(text), room)));
        }
    };
    // The summary may have cut it: a person must see all that they allow.
    if let Some(command) = subject.command.as_ref().filter(|command| !request.summary.contains(*command)) {
        part("Command:\n", command, MESSAGE / 2);
    }
    if let Some(network) = &subject.network {
        part("Network: ", &network.to_string(), MESSAGE / 16);
    }
    match request.kind {
        RequestKind::Command => {
            if let Some(permissions) = &subject.permissions {
                part("With permissions: ", &permissions.to_string(), MESSAGE / 4);
            }
        }
        RequestKind::Permissions => {
            // In full, where the summary has only its beginning.
            if let Some(message) = subject.message.as_ref().filter(|m| !request.summary.contains(*m)) {
                part("Permissions: ", message, MESSAGE / 2);
            }
        }
        RequestKind::McpTool => {
            if let Some(arguments) = &subject.arguments {
                part("With: ", &arguments.to_string(), MESSAGE / 2);
            }
        }
        RequestKind::McpForm | RequestKind::McpUrl => {
            if let Some(message) = subject.message.as_ref().filter(|m| !request.summary.contains(*m)) {
                part("", message, MESSAGE / 2);
            }
            if let Some(url) = &subject.url {
                part("Open: ", url, MESSAGE / 2);
            }
        }
        RequestKind::FileChange | RequestKind::UserInput | RequestKind::Other => {}
    }
    if let Some(reason) = &subject.reason {
        part("Why: ", reason, MESSAGE / 8);
    }
    for change in short_changes(&subject.changes, MESSAGE / 4) {
        if let Some(diff) = change.diff {
            let path = visible(&change.path);
            lines.push(format!("{path} ({}):\n{}", change.kind, visible(&diff)));
        }
    }
    lines.join("\n")
}

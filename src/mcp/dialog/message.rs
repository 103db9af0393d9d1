//! What a dialog says: what will happen, where, and why. Pure.
//!
//! All that a yes allows is said in full; where there is no room for it, no dialog is shown, and the
//! question goes out another way. Only what does not change what is allowed is cut: diffs and reasons.

use crate::event::{PermissionRequest, RequestKind, visible};
use crate::mcp::decision::short_changes;
use crate::mcp::result::cut_plain;

/// The longest message of a dialog, in bytes.
const MESSAGE: usize = 6000;

/// How much of that is for diffs, and for a reason.
const DIFFS: usize = 1000;

/// The message for a request; `None` where it would not say all. What is in it is untrusted, and shown
/// so that nothing hides.
pub(super) fn of(request: &PermissionRequest) -> Option<String> {
    let subject = &request.subject;
    let mut lines = vec![visible(&request.summary)];
    let mut part = |name: &str, text: Option<String>| {
        // The summary has only the beginning of what is long.
        if let Some(text) = text.filter(|text| !text.is_empty() && !request.summary.contains(text.as_str())) {
            lines.push(format!("{name}{}", visible(&text)));
        }
    };
    part("Command:\n", subject.command.clone());
    part("Network: ", subject.network.as_ref().map(ToString::to_string));
    if !subject.proposed_rule.is_empty() {
        part("\"Always\" allows, in every session: ", Some(subject.proposed_rule.join(" ")));
    }
    part("Folder, for the rest of the session: ", subject.grant_root.clone());
    match request.kind {
        RequestKind::Command => {
            part("With permissions: ", subject.permissions.as_ref().map(ToString::to_string))
        }
        RequestKind::McpTool => part("With: ", subject.arguments.as_ref().map(ToString::to_string)),
        _ => {}
    }
    part("", subject.message.clone());
    part("Open: ", subject.url.clone());
    for change in &subject.changes {
        let moved = change.moved_to.as_ref().map(|to| format!(" → {to}")).unwrap_or_default();
        lines.push(visible(&format!("{} {}{moved}", change.kind, change.path)));
    }
    if lines.iter().map(String::len).sum::<usize>() > MESSAGE {
        return None;
    }
    if let Some(reason) = &subject.reason {
        lines.push(format!("Why: {}", cut_plain(&visible(reason), DIFFS / 2)));
    }
    for change in short_changes(&subject.changes, DIFFS) {
        if let Some(diff) = change.diff {
            lines.push(format!("{}:\n{}", visible(&change.path), visible(&diff)));
        }
    }
    Some(lines.join("\n"))
}

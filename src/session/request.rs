//! A question of codex as a request for a decision: its options, and its line for a person. Pure.

use super::agent::Ask;
use crate::event::{Decision, PermissionRequest, RequestKind, Timestamp};
use crate::ids::ApprovalId;

/// The request as it is recorded and shown.
pub(super) fn open(id: ApprovalId, ask: Ask, expires_at: Timestamp) -> PermissionRequest {
    let mut options = ask.options.clone();
    options.extend([Decision::Decline, Decision::Cancel]);
    PermissionRequest {
        approval_id: id,
        kind: ask.kind,
        summary: summary(&ask),
        options,
        expires_at,
        item_id: ask.item_id,
        command: ask.command,
        command_line: ask.command_line,
        cwd: ask.cwd,
        reason: ask.reason,
        changes: ask.changes,
        detail: ask.detail,
    }
}

fn summary(ask: &Ask) -> String {
    let place = ask.cwd.as_ref().map(|cwd| format!(" in `{cwd}`")).unwrap_or_default();
    match ask.kind {
        RequestKind::Command => {
            format!("Allow codex to run `{}`{place}?", ask.command.as_deref().unwrap_or("a command"))
        }
        RequestKind::FileChange => {
            let files = ask.changes.iter().map(|c| format!("{} `{}`", c.kind, c.path));
            let files = files.collect::<Vec<_>>().join(", ");
            let files = if files.is_empty() { "files".into() } else { files };
            format!("Allow codex to change files: {files}?")
        }
        kind => format!("codex asks for {kind:?}"),
    }
}

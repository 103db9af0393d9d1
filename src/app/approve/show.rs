//! Open questions for a person to read. Pure.
//!
//! What is shown was written by a model or a server: control characters in it could hide a part of a
//! command from who approves it, so none is passed on.

use std::fmt::Write;
use std::time::Duration;

use anstyle::Style;
use serde_json::Value;

use crate::event::{FileChange, PermissionRequest, Question, RequestKind, Timestamp, visible};
use crate::ids::ApprovalId;
use crate::journal::SessionRecord;

/// Lines of a diff that are shown of one file; the whole is where the work is.
const DIFF_LINES: usize = 40;

/// Files whose diffs are shown.
const FILES: usize = 20;

const BOLD: Style = Style::new().bold();

/// All open questions, or that there is none.
pub(super) fn list(open: &[(SessionRecord, PermissionRequest)], now: Timestamp) -> String {
    if open.is_empty() {
        return "no decision is open".into();
    }
    let mut out = String::new();
    for (row, request) in open {
        let left = left(request, now);
        let (id, kind) = (&request.approval_id, kind(request.kind));
        let _ = writeln!(out, "{BOLD}{id}{BOLD:#}  {kind}, {left}");
        let _ = writeln!(out, "    {}", visible(&request.summary));
        let _ = writeln!(out, "    session {}", session(row));
    }
    out.push_str(
        "\n`codex-bridge approve ID` shows one, and asks; `codex-bridge approve ID DECISION` decides.",
    );
    out
}

/// One question in full.
pub(super) fn request(row: &SessionRecord, request: &PermissionRequest, now: Timestamp) -> String {
    let mut out = Page::default();
    let _ = writeln!(out.0, "{BOLD}{}{BOLD:#}\n", visible(&request.summary));
    out.field("request", request.approval_id.as_str());
    out.field("session", &session(row));
    out.field("kind", kind(request.kind));
    let subject = &request.subject;
    out.maybe("command", subject.command.as_deref());
    out.maybe("runs as", subject.command_line.as_deref());
    out.maybe("folder", subject.cwd.as_deref());
    out.maybe("reason", subject.reason.as_deref());
    out.maybe("all below", subject.grant_root.as_deref());
    out.json("network", subject.network.as_ref());
    out.json("permissions", subject.permissions.as_ref());
    out.maybe("server", subject.server.as_deref());
    out.maybe("tool", subject.tool.as_deref());
    out.json("arguments", subject.arguments.as_ref());
    out.maybe("message", subject.message.as_deref());
    out.maybe("address", subject.url.as_deref());
    out.json("form", subject.schema.as_ref());
    if !subject.proposed_rule.is_empty() {
        out.field("always for", &subject.proposed_rule.join(" "));
    }
    subject.questions.iter().for_each(|question| out.question(question));
    out.changes(&subject.changes);
    let options: Vec<_> = request.options.iter().map(|option| option.name()).collect();
    out.field("takes", &options.join(", "));
    out.field("time", &left(request, now));
    out.0.trim_end().to_owned()
}

/// What to call where nobody can be asked.
pub(super) fn how_to_answer(id: &ApprovalId) -> String {
    format!(
        "\nleft open; `codex-bridge approve {id} DECISION` decides, with --answers JSON where it takes answers"
    )
}

#[derive(Default)]
struct Page(String);

impl Page {
    /// A name and its text, the further lines of it below the first.
    fn field(&mut self, name: &str, text: &str) {
        let text = visible(text).replace('\n', "\n             ");
        let _ = writeln!(self.0, "{name:>11}  {text}");
    }

    fn maybe(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.field(name, text);
        }
    }

    fn json(&mut self, name: &str, value: Option<&Value>) {
        if let Some(value) = value {
            self.field(name, &serde_json::to_string_pretty(value).unwrap_or_default());
        }
    }

    fn question(&mut self, question: &Question) {
        self.field("question", &format!("{} (id {}): {}", question.header, question.id, question.question));
        for option in &question.options {
            let means = if option.description.is_empty() { "" } else { ": " };
            self.field("", &format!("- {}{means}{}", option.label, option.description));
        }
        match (question.options.is_empty(), question.other, question.secret) {
            (_, _, true) => self.field("", "a secret: it is kept nowhere"),
            (false, true, _) => self.field("", "or any other text"),
            _ => {}
        }
    }

    fn changes(&mut self, changes: &[FileChange]) {
        for change in changes {
            let moved = change.moved_to.as_ref().map(|to| format!(" → {to}")).unwrap_or_default();
            self.field(&change.kind, &format!("{}{moved}", change.path));
        }
        for change in changes.iter().take(FILES) {
            let Some(diff) = &change.diff else { continue };
            let lines: Vec<_> = diff.lines().collect();
            self.field("diff", &change.path);
            self.field("", &lines[..lines.len().min(DIFF_LINES)].join("\n"));
            if lines.len() > DIFF_LINES {
                self.field("", &format!("[{} more lines]", lines.len() - DIFF_LINES));
            }
        }
        if changes.len() > FILES {
            self.field("", &format!("[the diffs of {} more files: see codex-events]", changes.len() - FILES));
        }
    }
}

/// Its id, and its title where it has one: a thread that the CLI made has none.
fn session(row: &SessionRecord) -> String {
    let between = if row.title.is_empty() { "" } else { ": " };
    format!("{}{between}{}", row.thread_id, visible(&row.title))
}

fn kind(kind: RequestKind) -> &'static str {
    match kind {
        RequestKind::Command => "command",
        RequestKind::FileChange => "file change",
        RequestKind::Permissions => "permissions",
        RequestKind::McpTool => "MCP tool",
        RequestKind::McpForm => "form",
        RequestKind::McpUrl => "address",
        RequestKind::UserInput => "questions",
        RequestKind::Other => "other",
    }
}

fn left(request: &PermissionRequest, now: Timestamp) -> String {
    let left = Duration::from_secs(request.expires_at.since(now).as_secs());
    format!("{} left", humantime::format_duration(left))
}

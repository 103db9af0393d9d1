//! An event as a line: its time, a coloured label, and words.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use super::fit::{one_line, wrapped};
use super::screen::clock;
use super::words::words;
use crate::event::{Body, Event, TurnStatus};

/// Before the words: a time, a label as long as the longest, and two blanks behind each.
const BEFORE: usize = 8 + 2 + LABEL + 2;
const LABEL: usize = 8;

const DIM: Style = Style::new().dimmed();

/// Only what codex says to a person takes more than a line, and what a person has to answer by its name.
pub(super) fn event(event: &Event, width: usize) -> String {
    let room = width.saturating_sub(BEFORE);
    let (label, style) = label(&event.body);
    let mut out = start(&clock(event.time), style, label);
    let lines = match &event.body {
        Body::AssistantMessage { text, .. } => wrapped(text, room),
        body => vec![one_line(&words(body, event.origin), room)],
    };
    for (at, text) in lines.iter().enumerate() {
        // An empty line has no blanks either.
        let blanks = if at == 0 || text.is_empty() { 0 } else { BEFORE };
        let end = if at == 0 { "" } else { "\n" };
        let _ = write!(out, "{end}{:blanks$}{text}", "");
    }
    out.push('\n');
    if let Body::PermissionRequest(request) = &event.body {
        // Never cut: it is there to be copied.
        let _ = writeln!(out, "{:BEFORE$}{DIM}codex-bridge approve {}{DIM:#}", "", request.approval_id);
    }
    out
}

pub(super) fn remark(style: Style, label: &str, text: &str, width: usize) -> String {
    format!("{}{}\n", start("", style, label), one_line(text, width.saturating_sub(BEFORE)))
}

fn start(time: &str, style: Style, label: &str) -> String {
    format!("{DIM}{time:8}{DIM:#}  {style}{label:LABEL$}{style:#}  ")
}

fn label(body: &Body) -> (&'static str, Style) {
    let plain = |color: AnsiColor| color.on_default();
    match body {
        Body::SessionStarted(_) | Body::SessionFinished { .. } => ("session", plain(AnsiColor::Blue)),
        Body::TurnFinished { status: TurnStatus::Completed, .. } | Body::TurnStarted { .. } => {
            ("turn", plain(AnsiColor::Blue))
        }
        Body::TurnFinished { .. } => ("turn", plain(AnsiColor::Red)),
        Body::UserMessage { .. } => ("user", plain(AnsiColor::Green)),
        Body::AssistantMessage { .. } => ("codex", plain(AnsiColor::Green).bold()),
        Body::AssistantDelta { .. } => ("delta", DIM),
        Body::Reasoning { .. } => ("thinks", DIM),
        Body::Plan { .. } => ("plan", plain(AnsiColor::Magenta)),
        Body::ToolCall(_) => ("tool", plain(AnsiColor::Cyan)),
        Body::ToolOutput { .. } => ("output", DIM),
        Body::ToolResult(_) => ("result", plain(AnsiColor::Cyan)),
        Body::Diff { .. } => ("diff", plain(AnsiColor::Cyan)),
        Body::PermissionRequest(_) => ("question", plain(AnsiColor::Yellow).bold()),
        Body::PermissionDecision(_) => ("decision", plain(AnsiColor::Yellow)),
        Body::Usage { .. } => ("usage", DIM),
        Body::McpServer { .. } => ("mcp", DIM),
        Body::Warning { .. } => ("warning", plain(AnsiColor::Yellow)),
        Body::Error(_) => ("error", plain(AnsiColor::Red).bold()),
        Body::Raw { .. } => ("raw", DIM),
    }
}

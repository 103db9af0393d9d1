//! A session as Markdown, for a person: who said what, what codex did, who allowed it. Pure.

use std::fmt::Write;

use super::fences::leaves_open;
use crate::event::{
    Body, Event, FileChange, PermissionDecision, SessionInfo, ToolCall, ToolKind, ToolResult, TurnStatus,
    visible,
};

/// How much of one tool's output is shown, in characters: its end, where errors stand.
const OUTPUT: usize = 2000;

/// A transcript that grows event by event.
#[derive(Debug, Default)]
pub struct Transcript {
    text: String,
}

impl Transcript {
    /// Takes in the next event.
    pub fn push(&mut self, event: &Event) {
        match &event.body {
            Body::SessionStarted(info) => self.session(info),
            Body::UserMessage { text, images, .. } => {
                self.part("## User", text);
                for image in images {
                    self.line(&format!("*Image: {}*", inline(image)));
                }
            }
            Body::AssistantMessage { text, .. } => self.part("## codex", text),
            Body::Reasoning { text, .. } => self.quote(text),
            Body::Plan { steps, explanation } => {
                self.line("**Plan**");
                let mut list = String::new();
                for step in steps {
                    let mark = match step.status.as_str() {
                        "completed" => "x",
                        _ => " ",
                    };
                    let now = if step.status == "in_progress" { " *(now)*" } else { "" };
                    let _ = writeln!(list, "- [{mark}] {}{now}", inline(&step.step));
                }
                self.line(list.trim_end());
                if let Some(why) = explanation {
                    self.quote(why);
                }
            }
            Body::ToolCall(call) => self.call(call),
            Body::ToolResult(result) => self.result(result),
            Body::PermissionRequest(request) => {
                self.line(&format!("**Asked:** {}", inline(&request.summary)))
            }
            Body::PermissionDecision(decision) => self.decision(decision),
            Body::Warning { message, .. } => self.line(&format!("> ⚠ {}", inline(message))),
            Body::Error(error) => self.line(&format!("> ✗ {}", inline(&error.message))),
            Body::TurnFinished { status, error, duration_ms, .. } => {
                let how = match status {
                    TurnStatus::Completed => "completed",
                    TurnStatus::Interrupted => "interrupted",
                    TurnStatus::Failed => "failed",
                };
                let took = duration_ms.map(|ms| format!(" after {:.1} s", ms as f64 / 1000.0));
                let why = error.as_ref().map(|error| format!(": {}", inline(&error.message)));
                self.line(&format!(
                    "---\n\n*Turn {how}{}{}*",
                    took.unwrap_or_default(),
                    why.unwrap_or_default()
                ));
            }
            Body::McpServer { name, status, error, .. } if status == "failed" => {
                let why = error.as_deref().unwrap_or_default();
                self.line(&format!("> ⚠ MCP server `{}` failed: {}", inline(name), inline(why)));
            }
            Body::TurnStarted { .. }
            | Body::AssistantDelta { .. }
            | Body::ToolOutput { .. }
            | Body::Diff { .. }
            | Body::Usage { .. }
            | Body::McpServer { .. }
            | Body::SessionFinished { .. }
            | Body::Raw { .. } => {}
        }
    }

    /// What there is so far.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.text.trim_end()
    }

    /// What there is.
    #[must_use]
    pub fn into_text(mut self) -> String {
        self.text.truncate(self.as_str().len());
        self.text
    }

    fn session(&mut self, info: &SessionInfo) {
        if !self.text.is_empty() {
            self.line("*Taken up again.*");
            return;
        }
        let model = info.model.as_deref().unwrap_or("its own model");
        self.line(&format!("# codex in `{}`\n\n{}", inline(&info.cwd), inline(model)));
    }

    fn call(&mut self, call: &ToolCall) {
        match call.tool {
            ToolKind::Command => {
                let command = call.command.as_deref().unwrap_or_default();
                self.fence("sh", command);
            }
            ToolKind::FileChange => self.changes(&call.changes),
            _ => {
                let name = call.name.as_deref().unwrap_or("tool");
                let server = call.server.as_deref().map(|server| format!("{server}."));
                self.line(&format!("**{}{}**", inline(&server.unwrap_or_default()), inline(name)));
                if let Some(arguments) = &call.arguments {
                    self.fence("json", &arguments.to_string());
                }
            }
        }
    }

    fn changes(&mut self, changes: &[FileChange]) {
        for change in changes {
            let moved = change.moved_to.as_deref().map(|to| format!(" → `{}`", inline(to)));
            self.line(&format!(
                "**{}** `{}`{}",
                inline(&change.kind),
                inline(&change.path),
                moved.unwrap_or_default()
            ));
            if let Some(diff) = &change.diff {
                self.fence("diff", &end(diff));
            }
        }
    }

    fn result(&mut self, result: &ToolResult) {
        let output = result.output.as_deref().map(str::trim_end).filter(|output| !output.is_empty());
        if let Some(output) = output {
            self.fence("", &end(output));
        }
        let code = result.exit_code.filter(|code| *code != 0).map(|code| format!("exit code {code}"));
        let status = match result.status {
            crate::event::ItemStatus::Declined => Some("declined".to_owned()),
            crate::event::ItemStatus::Failed => Some("failed".to_owned()),
            _ => None,
        };
        let words: Vec<_> = [status, code, result.error.clone()].into_iter().flatten().collect();
        if !words.is_empty() {
            self.line(&format!("*{}*", inline(&words.join(", "))));
        }
    }

    fn decision(&mut self, decision: &PermissionDecision) {
        let who = serde_json::to_value(decision.by).unwrap_or_default();
        let why = decision.rule.as_ref().or(decision.reason.as_ref());
        let why = why.map(|why| format!(" ({})", inline(why))).unwrap_or_default();
        let who = who.as_str().unwrap_or_default().to_owned();
        self.line(&format!("**Decided:** {} by {who}{why}", decision.decision.name()));
    }

    fn part(&mut self, heading: &str, text: &str) {
        self.line(heading);
        if leaves_open(&visible(text)) {
            // A quote ends with its last line, whatever has begun in it.
            self.quote(text);
        } else {
            self.line(visible(text).trim());
        }
    }

    fn quote(&mut self, text: &str) {
        let lines: Vec<_> = visible(text).lines().map(|line| format!("> {line}")).collect();
        self.line(&lines.join("\n"));
    }

    /// A block whose fence is longer than any in it.
    fn fence(&mut self, language: &str, text: &str) {
        let text = visible(text);
        let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
        let fence = "`".repeat(longest.max(2) + 1);
        self.line(&format!("{fence}{language}\n{}\n{fence}", text.trim_end()));
    }

    fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push_str("\n\n");
    }
}

/// On one line, with nothing that begins Markdown of its own.
fn inline(text: &str) -> String {
    visible(text).replace('\n', " ").replace('`', "'")
}

fn end(text: &str) -> String {
    let count = text.chars().count();
    if count <= OUTPUT {
        return text.to_owned();
    }
    let tail: String = text.chars().skip(count - OUTPUT).collect();
    format!("[{} characters before this]\n{tail}", count - OUTPUT)
}

//! What the demo shows: one line an event, in colour at a terminal.

use std::io::Write;

use anstyle::{AnsiColor, Style};
use serde_json::Value;

/// Prints to stdout, which nothing else uses here.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Printer;

impl Printer {
    /// A remark of the demo itself.
    pub fn say(self, text: &str) {
        line(Style::new().dimmed(), "demo", text);
    }

    /// What the person at the host decides.
    pub fn person(self, text: &str) {
        line(AnsiColor::Yellow.on_default().bold(), "you", text);
    }

    /// One event.
    pub fn event(self, event: &Value) {
        let kind = event["type"].as_str().unwrap_or_default();
        line(colour(kind), kind, &words(kind, event));
    }
}

fn line(style: Style, label: &str, text: &str) {
    let mut out = anstream::stdout().lock();
    // A closed pipe ends the demo's words, not its work.
    let _ = writeln!(out, "{style}{label:>20}{style:#}  {text}");
}

fn colour(kind: &str) -> Style {
    match kind {
        "permission_request" | "permission_decision" => AnsiColor::Yellow.on_default(),
        "tool_call" | "tool_result" | "tool_output" => AnsiColor::Cyan.on_default(),
        "assistant_message" | "user_message" => AnsiColor::Green.on_default(),
        "error" => AnsiColor::Red.on_default(),
        _ => Style::new().dimmed(),
    }
}

fn words(kind: &str, event: &Value) -> String {
    let text = |name: &str| event[name].as_str().unwrap_or_default().replace('\n', " ⏎ ");
    let files = || {
        let files = event["changes"].as_array().into_iter().flatten();
        files.filter_map(|c| c["path"].as_str()).collect::<Vec<_>>().join(", ")
    };
    match kind {
        "session_started" => format!("{} in {}", text("model"), text("cwd")),
        "user_message" | "assistant_message" | "reasoning" => text("text"),
        "tool_call" if event["tool"] == "command" => format!("$ {}", text("command")),
        "tool_call" => format!("{} {}", text("tool"), files()),
        "tool_result" => match event["exitCode"].as_i64() {
            Some(code) => format!("{} (exit code {code})", text("status")),
            None => format!("{} {}", text("status"), files()),
        },
        "permission_request" => text("summary"),
        "permission_decision" => format!("{} by {}", text("decision"), text("by")),
        "usage" => {
            let turn = &event["turn"];
            format!(
                "{} in, {} cached, {} out, {} reasoning",
                turn["input"], turn["cached"], turn["output"], turn["reasoning"]
            )
        }
        "turn_finished" => text("status"),
        "mcp_server" => format!("{} {}", text("name"), text("status")),
        "warning" | "error" => text("message"),
        _ => String::new(),
    }
}

//! What the demo shows: the events as `codex-bridge events` does, and remarks of its own.

use anstyle::{AnsiColor, Style};
use serde_json::Value;

use crate::event::Event;
use crate::terminal::Screen;

/// Prints to stdout, which nothing else uses here.
#[derive(Clone, Copy, Debug)]
pub(super) struct Printer(Screen);

impl Printer {
    /// To this process's stdout.
    pub fn of_process() -> Self {
        Self(Screen::of_process())
    }

    /// A remark of the demo itself.
    pub fn say(self, text: &str) {
        print(&self.0.remark(Style::new().dimmed(), "demo", text));
    }

    /// What the person at the host decides.
    pub fn person(self, text: &str) {
        print(&self.0.remark(AnsiColor::Yellow.on_default().bold(), "you", text));
    }

    /// One event of a page of `codex-events`, which names the session only once.
    pub fn event(self, thread: &Value, event: &Value) {
        let mut whole = event.clone();
        whole["threadId"] = thread.clone();
        match serde_json::from_value::<Event>(whole) {
            Ok(event) => print(&self.0.event(&event)),
            Err(_) => self.say(&event.to_string()),
        }
    }
}

fn print(text: &str) {
    // A closed pipe ends the demo's words, not its work.
    let _ = Screen::print(text);
}

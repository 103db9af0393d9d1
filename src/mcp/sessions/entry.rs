//! A session and a turn as `codex-sessions` tells them. Pure.

use serde_json::{Map, Value, json};

use crate::event::{Body, Timestamp, TurnStatus};
use crate::ids::{ThreadId, TurnId};
use crate::journal::SessionRecord;
use crate::mcp::result::cut_plain;
use crate::session::{PastTurn, ThreadEntry};

/// Open requests that an entry names; its line says how many there are.
const DECISIONS: usize = 3;

/// A session.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub thread: ThreadId,
    /// What a person called it, or the beginning of its first prompt.
    title: String,
    pub status: &'static str,
    cwd: String,
    model: Option<String>,
    /// Which program made it.
    source: Option<String>,
    forked_from: Option<ThreadId>,
    pub updated: Timestamp,
    /// Open requests: id, and what is asked.
    pub decisions: Vec<(String, String)>,
}

impl Entry {
    /// As the journal has it.
    pub fn of_row(row: &SessionRecord, decisions: Vec<(String, String)>) -> Self {
        Self {
            thread: row.thread_id.clone(),
            title: row.title.clone(),
            status: row.status.name(),
            cwd: row.cwd.clone(),
            model: row.model.clone(),
            source: Some("bridge".to_owned()),
            forked_from: None,
            updated: row.updated,
            decisions,
        }
    }

    /// As codex has it, and where it stands in the journal.
    pub fn of_thread(thread: ThreadEntry, row: Option<&SessionRecord>) -> Self {
        // codex takes all that speak to its app-server for IDEs.
        let ours = row.is_some() && thread.source == "vscode";
        let title = thread.name.unwrap_or(thread.preview);
        Self {
            title: title.split_whitespace().collect::<Vec<_>>().join(" "),
            status: if thread.archived { "archived" } else { row.map_or("idle", |row| row.status.name()) },
            source: Some(if ours { "bridge".to_owned() } else { thread.source }),
            updated: row.map_or(thread.updated, |row| row.updated.max(thread.updated)),
            thread: thread.thread,
            cwd: thread.cwd,
            model: thread.model,
            forked_from: thread.forked_from,
            decisions: Vec::new(),
        }
    }

    /// Its members, within about `room` bytes.
    pub fn value(&self, room: usize) -> Value {
        let mut out = Map::new();
        out.insert("threadId".into(), json!(self.thread));
        out.insert("title".into(), json!(cut_plain(&self.title, (room / 4).min(120))));
        out.insert("status".into(), json!(self.status));
        out.insert("cwd".into(), json!(cut_plain(&self.cwd, (room / 4).min(240))));
        let more = [("model", &self.model), ("source", &self.source)];
        for (name, text) in more {
            if let Some(text) = text {
                out.insert(name.into(), json!(cut_plain(text, 60)));
            }
        }
        if let Some(thread) = &self.forked_from {
            out.insert("forkedFrom".into(), json!(thread));
        }
        out.insert("updated".into(), json!(self.updated));
        if !self.decisions.is_empty() {
            let shown = self.decisions.len().min(DECISIONS);
            let each = room / (2 * shown);
            let one = |(id, summary): &(String, String)| json!({ "approvalId": id, "summary": cut_plain(summary, each) });
            out.insert("decisions".into(), self.decisions.iter().take(DECISIONS).map(one).collect());
        }
        Value::Object(out)
    }

    /// The same as a line.
    pub fn line(&self, room: usize) -> String {
        let title = cut_plain(&self.title, (room / 4).min(80));
        let decisions = match self.decisions.len() {
            0 => String::new(),
            open => format!(", {open} open"),
        };
        format!("{} [{}{decisions}] {title}", self.thread, self.status)
    }
}

/// A turn.
#[derive(Clone, Debug)]
pub(super) struct Turn {
    turn: TurnId,
    status: &'static str,
    prompt: String,
}

impl Turn {
    pub fn of(turn: &PastTurn) -> Self {
        let said = turn.bodies.iter().find_map(|body| match body {
            Body::UserMessage { text, .. } => Some(text.as_str()),
            _ => None,
        });
        Self {
            turn: turn.turn.clone(),
            status: match turn.status {
                None => "running",
                Some(TurnStatus::Completed) => "completed",
                Some(TurnStatus::Interrupted) => "interrupted",
                Some(TurnStatus::Failed) => "failed",
            },
            prompt: said.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" "),
        }
    }

    /// Its members, within about `room` bytes.
    pub fn value(&self, room: usize) -> Value {
        json!({ "turnId": self.turn, "status": self.status, "prompt": cut_plain(&self.prompt, (room / 3).min(200)) })
    }

    /// The same as a line.
    pub fn line(&self, room: usize) -> String {
        format!("{} [{}] {}", self.turn, self.status, cut_plain(&self.prompt, (room / 4).min(80)))
    }
}

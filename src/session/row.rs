//! The session's row in the journal's index, kept in step with its events.

use crate::event::{Body, Event, Timestamp};
use crate::ids::{BridgeId, Seq, ThreadId};
use crate::journal::{Batch, SessionRecord, SessionStatus};

use super::agent::ThreadParams;
use super::view::{Status, View};

/// How much of the first prompt is the session's title, in characters.
const TITLE: usize = 80;

/// The row of a session that has no event yet.
pub fn new(
    thread: ThreadId,
    params: &ThreadParams,
    title: &str,
    owner: BridgeId,
    now: Timestamp,
) -> SessionRecord {
    SessionRecord {
        thread_id: thread,
        cwd: params.cwd.clone(),
        title: self::title(title),
        status: SessionStatus::Idle,
        model: params.model.clone(),
        owner: Some(owner),
        principal: None,
        last_seq: Seq::ZERO,
        turn_seq: Seq::ZERO,
        turn_id: None,
        created: now,
        updated: now,
        settings: settings(params),
    }
}

/// A first prompt as a title.
pub fn title(prompt: &str) -> String {
    let line = prompt.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(TITLE).collect()
}

/// What a resume must give again, as the journal keeps it.
pub fn settings(params: &ThreadParams) -> serde_json::Value {
    serde_json::to_value(params).unwrap_or_default()
}

/// Takes events into the row, and makes the batch of both. `view` is the session with them: the row
/// says of the turn what the view says. Decisions are made durable against a power cut: codex acts on
/// them.
pub fn batch(row: &mut SessionRecord, view: &View, events: Vec<Event>) -> Batch {
    for event in &events {
        follow(row, event);
    }
    row.status = match view.status {
        Status::Running => SessionStatus::Running,
        Status::NeedsDecision => SessionStatus::NeedsDecision,
        Status::New | Status::Ended(_) => SessionStatus::Idle,
    };
    let durable = events.iter().any(|e| matches!(e.body, Body::PermissionDecision(_)));
    Batch { events, session: row.clone(), durable }
}

fn follow(row: &mut SessionRecord, event: &Event) {
    row.last_seq = event.seq;
    row.updated = event.time;
    match &event.body {
        Body::SessionStarted(info) => {
            row.cwd.clone_from(&info.cwd);
            row.model.clone_from(&info.model);
        }
        Body::TurnStarted { .. } => {
            row.turn_seq = event.seq;
            row.turn_id.clone_from(&event.turn_id);
        }
        Body::SessionFinished { .. } => row.owner = None,
        _ => {}
    }
}

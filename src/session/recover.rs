//! What a bridge leaves undone when it is killed, and the events that say so. Pure.

use super::ends::{host_gone, interrupted};
use super::view::View;
use crate::event::{Body, DecidedBy, Decision, Event, PermissionDecision, Timestamp};
use crate::ids::Seq;

/// The events that end what a dead owner left open in a session: its questions, then its turn.
/// Empty where nothing was open.
#[must_use]
pub fn recover(view: &View, last: Seq, now: Timestamp) -> Vec<Event> {
    if !view.open() {
        return Vec::new();
    }
    let decisions = view.decisions.iter().map(|request| {
        Body::PermissionDecision(PermissionDecision {
            approval_id: request.approval_id.clone(),
            decision: Decision::Decline,
            by: DecidedBy::Shutdown,
            way: None,
            rule: None,
            after_dismissal: false,
            answers: None,
            reason: Some("the bridge ended".into()),
        })
    });
    let bodies =
        decisions.chain([interrupted(host_gone()), Body::SessionFinished { reason: "host_gone".into() }]);
    let mut seq = last;
    bodies
        .map(|body| {
            seq = seq.next();
            let turn_id = match body {
                Body::SessionFinished { .. } => None,
                _ => view.turn.clone(),
            };
            Event { seq, time: now, thread_id: view.thread.clone(), turn_id, origin: None, body }
        })
        .collect()
}

//! What a bridge leaves undone when it is killed, and the events that say so. Pure.

use super::ends::{host_gone, interrupted, lost, lost_runs};
use super::view::View;
use crate::event::{Body, DecidedBy, Decision, Event, PermissionDecision, Timestamp};
use crate::ids::Seq;

/// The events that follow on a dead owner: where the machine stopped under it (`cut`), that its last ones
/// may be lost; then the ends of what it left open, its questions and its turn. `last` is the last number
/// that may have been given; `runs`, the names of what waited in its line. Empty where there is nothing to say.
#[must_use]
pub fn recover(view: &View, last: Seq, cut: bool, runs: Vec<String>, now: Timestamp) -> Vec<Event> {
    let lost = cut.then(|| lost(view.next, last));
    let lost = lost.into_iter().chain((!runs.is_empty()).then(|| lost_runs(runs)));
    let ends = if view.open() { ends(view) } else { Vec::new() };
    let mut seq = last;
    let event = |body| {
        seq = seq.next();
        let turn_id = match body {
            Body::SessionFinished { .. } | Body::Warning { .. } => None,
            _ => view.turn.clone(),
        };
        Event { seq, time: now, thread_id: view.thread.clone(), turn_id, origin: None, body }
    };
    lost.chain(ends).map(event).collect()
}

fn ends(view: &View) -> Vec<Body> {
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
    decisions
        .chain([interrupted(host_gone()), Body::SessionFinished { reason: "host_gone".into() }])
        .collect()
}

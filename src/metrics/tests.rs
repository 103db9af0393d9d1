//! What is counted of which event.

use super::*;
use crate::event::{
    DecidedBy, Decision, PermissionDecision, PermissionRequest, RequestKind, Subject, TurnStatus,
};
use crate::ids::Seq;

fn event(seq: u64, time: u64, body: Body) -> Event {
    Event { seq: Seq(seq), time: Timestamp(time), thread_id: "t".into(), turn_id: None, origin: None, body }
}

fn asked(id: &str) -> Body {
    Body::PermissionRequest(Box::new(PermissionRequest {
        approval_id: id.into(),
        kind: RequestKind::Command,
        summary: "secret words".into(),
        options: vec![],
        expires_at: Timestamp(0),
        item_id: None,
        subject: Subject::default(),
    }))
}

fn decided(id: &str) -> Body {
    Body::PermissionDecision(PermissionDecision {
        approval_id: id.into(),
        decision: Decision::Decline,
        by: DecidedBy::Person,
        way: None,
        rule: None,
        reason: None,
        after_dismissal: false,
        answers: None,
    })
}

#[test]
fn turns_and_decisions_are_counted_with_how_long_they_took() {
    let metrics = Metrics::default();
    metrics.observe(&[
        event(1, 0, Body::TurnStarted { output_schema: None, key: None }),
        event(2, 1_000, asked("apr_1")),
        event(3, 1_500, asked("apr_2")),
        event(4, 6_000, decided("apr_1")),
        event(5, 9_000, decided("apr_unknown")),
        event(
            6,
            9_000,
            Body::TurnFinished {
                status: TurnStatus::Completed,
                error: None,
                duration_ms: Some(9_000),
                key: None,
            },
        ),
    ]);
    metrics.codex_started();
    metrics.called("codex", false, Duration::from_millis(30));
    metrics.called("codex", true, Duration::from_secs(2));
    metrics.answered(200);
    let now = Now { running: 3, waiting: 4, at_work: 5, requests: 6 };
    let text = metrics.text(now).unwrap();
    for line in [
        "codex_bridge_turns_started_total 1",
        "codex_bridge_turns_finished_total{status=\"completed\"} 1",
        "codex_bridge_turn_seconds_sum 9.0",
        "codex_bridge_events_total{type=\"permission_request\"} 2",
        "codex_bridge_decisions_total{decision=\"decline\",by=\"person\"} 2",
        "codex_bridge_decision_wait_seconds_sum 5.0",
        "codex_bridge_decision_wait_seconds_count 1",
        "codex_bridge_decisions_open 1",
        "codex_bridge_codex_starts_total 1",
        "codex_bridge_tool_calls_total{tool=\"codex\",outcome=\"error\"} 1",
        "codex_bridge_tool_call_seconds_count{tool=\"codex\"} 2",
        "codex_bridge_http_responses_total{status=\"200\"} 1",
        "codex_bridge_turns_running 3",
        "codex_bridge_turns_waiting 4",
        "codex_bridge_sessions_at_work 5",
        "codex_bridge_http_requests_open 6",
    ] {
        assert!(text.lines().any(|one| one == line), "{line}\n{text}");
    }
    assert!(!text.contains("secret words") && !text.contains("apr_"), "{text}");
    assert!(text.ends_with("# EOF\n"));
}

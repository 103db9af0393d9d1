//! What a person is told that codex does: the newest thing of this turn, and nothing that is over.

use super::*;
use crate::event::{
    Body, ErrorInfo, Event, ItemStatus, PlanStep, Timestamp, ToolCall, ToolKind, ToolResult, TurnStatus,
};
use crate::ids::Seq;

fn view(bodies: Vec<Body>) -> View {
    let mut view = View::new("t".into());
    let mut turn = 0;
    for (n, body) in bodies.into_iter().enumerate() {
        turn += u32::from(matches!(body, Body::TurnStarted { .. }));
        let turn_id = Some(format!("turn {turn}").as_str().into());
        let seq = Seq(n as u64 + 1);
        view.apply(&Event { seq, time: Timestamp(1), thread_id: "t".into(), turn_id, origin: None, body });
    }
    view
}

fn call(tool: ToolKind, item: &str, command: Option<&str>) -> Body {
    Body::ToolCall(ToolCall {
        item_id: item.into(),
        tool,
        command: command.map(Into::into),
        cwd: None,
        process_id: None,
        changes: vec![],
        server: Some("files".into()),
        name: Some("read".into()),
        arguments: None,
    })
}

fn command(item: &str, line: &str) -> Body {
    call(ToolKind::Command, item, Some(line))
}

fn ended(item: &str) -> Body {
    Body::ToolResult(ToolResult {
        item_id: item.into(),
        tool: ToolKind::Command,
        status: ItemStatus::Completed,
        exit_code: Some(0),
        output: None,
        changes: vec![],
        result: None,
        review: None,
        error: None,
        duration_ms: None,
    })
}

fn retries() -> Body {
    let message = "Reconnecting 1/5".into();
    Body::Error(ErrorInfo { code: "x".into(), message, remedy: None, retryable: true })
}

fn plan(done: usize, all: usize) -> Body {
    let status = |n| if n < done { "completed" } else { "pending" };
    let steps = (0..all).map(|n| PlanStep { step: "s".into(), status: status(n).into() }).collect();
    Body::Plan { steps, explanation: None }
}

#[test]
fn the_newest_of_this_turn_is_told() {
    let begin = || Body::TurnStarted { output_schema: None, key: None };
    let end =
        || Body::TurnFinished { status: TurnStatus::Completed, error: None, duration_ms: None, key: None };
    for (words, bodies) in [
        ("thinking", vec![begin()]),
        ("running `b` and 1 more", vec![begin(), command("9", "a"), command("1", "b")]),
        ("running `a`", vec![begin(), command("9", "a"), command("1", "b"), ended("1")]),
        ("thinking", vec![begin(), command("9", "sleep 300"), end(), begin()]),
        (
            "calling `read` of `files`",
            vec![begin(), command("9", "sleep 300"), end(), begin(), call(ToolKind::Mcp, "2", None)],
        ),
        ("thinking · 1 of 3 plan steps", vec![begin(), plan(1, 3)]),
        ("thinking · 1 of 3 plan steps", vec![begin(), plan(1, 3), plan(0, 0)]),
        ("thinking", vec![begin(), plan(0, 0)]),
        ("retrying: Reconnecting 1/5", vec![begin(), retries()]),
        ("running `a`", vec![begin(), retries(), command("1", "a")]),
        ("thinking", vec![begin(), retries(), command("1", "a"), ended("1")]),
        ("done", vec![begin(), end()]),
    ] {
        assert_eq!(doing(&view(bodies)), words);
    }
}

#[test]
fn what_an_earlier_turn_left_running_stays_in_the_background() {
    let end =
        || Body::TurnFinished { status: TurnStatus::Completed, error: None, duration_ms: None, key: None };
    let seen = view(vec![
        Body::TurnStarted { output_schema: None, key: None },
        command("9", "sleep 300"),
        end(),
        Body::TurnStarted { output_schema: None, key: None },
        end(),
    ]);
    assert_eq!(seen.commands.iter().map(|one| one.what.as_str()).collect::<Vec<_>>(), ["sleep 300"]);
}

//! No result is above its budget, whatever is in it; and what is cut says so.

use serde_json::json;

use super::*;
use crate::event::FileChange;
use crate::event::Tokens;
use crate::mcp::decision::short_changes;

fn full() -> View {
    let long = "\"long\" \n".repeat(2000);
    let mut view = View::new("t".into());
    view.turn = Some("u".into());
    view.status = Status::NeedsDecision;
    view.content = "x\n".repeat(100_000);
    view.usage = Tokens { input: 1, cached: 2, output: 3, reasoning: 4 };
    for n in 0..60 {
        view.commands.push(Doing {
            item: n.to_string(),
            what: long.clone(),
            process_id: None,
            background: false,
        });
        view.changes.insert(format!("/{n}/{long}"), "update".into());
    }
    let change = FileChange {
        path: long.clone(),
        kind: "update".into(),
        diff: Some(long.clone()),
        moved_to: Some(long.clone()),
    };
    for n in 0..20 {
        let request = json!({
            "approvalId": format!("apr_{n}"), "kind": "command", "summary": long, "command": long, "cwd": long,
            "reason": long, "options": ["approve", "approve-for-session", "decline", "cancel"],
            "expiresAt": "2026-01-01T00:00:00.000Z", "changes": vec![&change; 60],
            "permissions": { "a": long }, "arguments": { "a": long }, "schema": { "a": long }, "url": long,
            "message": long, "server": long, "tool": long, "network": { "host": long },
            "proposedRule": [long, long], "questions": [{
                "id": "q", "header": long, "question": long, "options": vec![json!({ "label": long }); 2],
            }],
        });
        view.decisions.push(serde_json::from_value(request).unwrap());
    }
    let remedy = Some(long.clone());
    view.error = Some(ErrorInfo { code: "x".into(), message: long, remedy, retryable: false });
    view
}

fn size(result: &CallToolResult) -> usize {
    serde_json::to_string(result).unwrap().len()
}

#[test]
fn every_state_stays_within_its_budget() {
    let ended = [TurnStatus::Completed, TurnStatus::Interrupted, TurnStatus::Failed].map(Status::Ended);
    let states = ended.into_iter().chain([Status::New, Status::Running, Status::NeedsDecision]);
    for status in states {
        for budget in [24 * 1024, 64 * 1024] {
            let mut view = View { status, ..full() };
            if status != Status::NeedsDecision {
                view.decisions.clear();
            }
            let size = size(&of_view(&view, &Note::default(), budget));
            assert!(size <= budget, "{status:?}: {size} of {budget}");
            assert!(size > budget / 4, "{status:?}: {size} of {budget} is less than there is room for");
        }
    }
    let error = full().error.unwrap();
    assert!(size(&of_error(&error)) <= 2048);
}

#[test]
fn what_is_left_out_is_counted() {
    let mut view = View { status: Status::Ended(TurnStatus::Completed), ..View::new("t".into()) };
    for n in 0..60 {
        view.changes.insert(format!("/{n:02}"), "add".into());
    }
    let result = of_view(&view, &Note::default(), 24 * 1024).structured_content.unwrap();
    assert_eq!((result["changes"].as_array().unwrap().len(), &result["changesLeft"]), (50, &json!(10)));
    let change = |n| FileChange { path: format!("/{n}"), kind: "add".into(), ..FileChange::default() };
    let many: Vec<_> = (0..60).map(change).collect();
    let short = short_changes(&many, 8000);
    assert_eq!(short.last().unwrap().path, "[and 10 more files]");
}

#[test]
fn a_small_result_is_whole() {
    let mut view = View { status: Status::Ended(TurnStatus::Completed), ..View::new("t".into()) };
    view.content = "done".into();
    let result = of_view(&view, &Note::default(), 24 * 1024);
    assert_eq!(
        result.structured_content,
        Some(json!({ "threadId": "t", "content": "done", "status": "completed", "next": 0 }))
    );
}

/// A value is whole or not there at all: words are cut for it.
#[test]
fn a_value_comes_before_the_words() {
    for (bytes, whole) in [(100, true), (6_000, true), (12_000, true), (20_000, false)] {
        let value = json!({ "text": "x".repeat(bytes) });
        let mut view = View { status: Status::Ended(TurnStatus::Completed), ..View::new("t".into()) };
        view.output_schema = Some(json!({ "type": "object" }));
        view.content = value.to_string();
        let budget = 24 * 1024;
        let result = of_view(&view, &Note::default(), budget);
        assert!(size(&result) <= budget, "{bytes}: {}", size(&result));
        let members = result.structured_content.unwrap();
        assert_eq!(
            (members.get("output") == Some(&value), members.get("outputBytes").is_none()),
            (whole, whole),
            "{bytes}"
        );
    }
}

/// Who waits in line is told how its own result is had, and how it alone is taken out; who has no name, how the
/// session is followed.
#[test]
fn one_in_line_is_told_its_handle() {
    let view = View { queued: Some(2), ..View::new("t".into()) };
    let named = Note { run: Some("queued-1".into()), ..Note::default() };
    insta::assert_json_snapshot!("queued", not_begun(&view, Some(1), &named, 24 * 1024));
    insta::assert_json_snapshot!("queued_unnamed", not_begun(&view, None, &Note::default(), 24 * 1024));
    let begins = View { starting: true, ..View::new("t".into()) };
    insta::assert_json_snapshot!("to_begin", not_begun(&begins, None, &named, 24 * 1024));
}

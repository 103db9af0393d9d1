//! One event on a page: whole, cut, or only named.

use super::*;
use crate::event::{Body, FileChange, ItemStatus, Timestamp, ToolKind, ToolResult};

const ROOM: usize = 10_000;

fn event(body: Body) -> Event {
    let (time, thread_id) = (Timestamp(1), ThreadId::from("t"));
    Event { seq: Seq(7), time, thread_id, turn_id: None, origin: None, body }
}

fn result(output: String, changes: Vec<FileChange>) -> Event {
    event(Body::ToolResult(ToolResult {
        item_id: "i".into(),
        tool: ToolKind::FileChange,
        status: ItemStatus::Completed,
        exit_code: None,
        output: Some(output),
        changes,
        result: None,
        error: None,
        duration_ms: None,
    }))
}

fn changes(count: usize) -> Vec<FileChange> {
    (0..count).map(|n| FileChange { path: format!("f{n}"), ..FileChange::default() }).collect()
}

#[test]
fn what_fits_is_whole_but_for_the_thread() {
    let event = event(Body::Diff { diff: "+a\n\"".repeat(1000) });
    let mut whole = serde_json::to_value(&event).unwrap();
    whole.as_object_mut().unwrap().remove("threadId");
    assert_eq!(short(&event, ROOM), whole);
}

#[test]
fn long_texts_are_cut_and_the_rest_stays() {
    for text in ["+a line\n", "\\\"", "\n", "\u{1}", "😀"].map(|piece| piece.repeat(2_000_000 / piece.len()))
    {
        let value = short(&event(Body::Diff { diff: text.clone() }), ROOM);
        assert!(in_text(&value) <= ROOM, "{}", in_text(&value));
        assert!(in_text(&value) > ROOM / 4, "{} is less than there is room for", in_text(&value));
        let (begin, mark) = value["diff"].as_str().unwrap().split_once('…').unwrap();
        assert!(text.starts_with(begin));
        let told =
            format!(" [cut: {} bytes in all; `codex-bridge events THREAD --json` has them]", text.len());
        assert_eq!(mark, told);
        assert_eq!((&value["seq"], &value["type"]), (&json!(7), &json!("diff")));
    }
    let value = short(&result("x".repeat(100_000), changes(100)), ROOM);
    assert_eq!(value["changes"].as_array().unwrap().len(), 100);
    assert!(value["output"].as_str().unwrap().contains("[cut: 100000 bytes in all"));
}

#[test]
fn what_has_too_many_parts_is_named() {
    let value = short(&result(String::new(), changes(1000)), ROOM);
    assert_eq!((&value["seq"], &value["type"]), (&json!(7), &json!("tool_result")));
    assert!(value["cut"].as_str().unwrap().contains("codex-bridge events"), "{value}");
}

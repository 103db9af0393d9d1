//! Whatever an event holds, it stands on a page, names itself, and can be read whole in pieces.

use proptest::prelude::*;

use super::*;
use crate::event::{Body, FileChange, ItemStatus, PlanStep, Timestamp, ToolKind, ToolResult};
use crate::ids::Seq;

const ROOM: usize = 4000;

fn event(body: Body) -> Event {
    Event {
        seq: Seq(7),
        time: Timestamp(1),
        thread_id: "t".into(),
        turn_id: Some("u".into()),
        origin: None,
        body,
    }
}

fn files(count: usize, diff: usize) -> Body {
    let change = |n| FileChange {
        path: format!("/src/file-{n}.rs"),
        kind: "update".into(),
        diff: Some("+\"x\"\n".repeat(diff)),
        moved_to: None,
    };
    Body::ToolResult(ToolResult {
        item_id: "call_1".into(),
        tool: ToolKind::FileChange,
        status: ItemStatus::Completed,
        exit_code: None,
        output: None,
        changes: (0..count).map(change).collect(),
        result: None,
        review: None,
        error: None,
        duration_ms: None,
    })
}

#[test]
fn what_is_too_long_keeps_its_names_and_stays_an_event() {
    let steps = |n| PlanStep { step: format!("step {n}"), status: "pending".into() };
    let many = (0..5000).map(|n| (format!("key {n}"), json!(n))).collect::<serde_json::Map<_, _>>();
    for (name, body) in [
        ("one long text", Body::Diff { diff: "+\"line\"\n".repeat(100_000) }),
        ("many files", files(400, 0)),
        ("many long files", files(400, 1000)),
        ("many steps", Body::Plan { steps: (0..3000).map(steps).collect(), explanation: None }),
        ("many members", Body::Raw { method: "x/y".into(), params: Value::Object(many) }),
    ] {
        let whole = event(body);
        let shown = short(&whole, ROOM);
        assert!(in_text(&shown) <= ROOM, "{name}: {}", in_text(&shown));
        assert_eq!(shown["cut"], serde_json::to_string(&whole).unwrap().len(), "{name}");
        let mut read: serde_json::Map<String, Value> = shown.as_object().unwrap().clone();
        read.remove("cut");
        let read: Event =
            serde_json::from_value(Value::Object(read)).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!((read.seq, read.turn_id, read.body.kind()), (Seq(7), Some("u".into()), whole.body.kind()));
        if let Body::ToolResult(result) = &read.body {
            assert_eq!(result.item_id, "call_1");
            assert!(result.changes.len() > 1 && result.changes[0].path == "/src/file-0.rs", "{name}");
        }
    }
}

#[test]
fn a_long_text_takes_the_room_that_there_is() {
    for text in
        ["+a line\n", "\\\"", "\n", "\u{1}", "\u{1F600}"].map(|piece| piece.repeat(2_000_000 / piece.len()))
    {
        let value = short(&event(Body::Diff { diff: text.clone() }), ROOM);
        assert!(in_text(&value) <= ROOM, "{}", in_text(&value));
        assert!(in_text(&value) > ROOM / 4, "{} is less than there is room for", in_text(&value));
        let (begin, mark) = value["diff"].as_str().unwrap().split_once('…').unwrap();
        assert!(text.starts_with(begin));
        assert_eq!(mark, format!(" [cut: {} bytes in all]", text.len()));
    }
}

#[test]
fn what_fits_is_whole() {
    let small = event(files(2, 3));
    assert_eq!(short(&small, ROOM), serde_json::to_value(&small).unwrap());
}

proptest! {
    #[test]
    fn pieces_are_the_whole(text in "[a\"\\\\é\u{1F600}]{0,300}", room in 1usize..50) {
        let mut read = String::new();
        while read.len() < text.len() {
            let piece = fitting(&text[read.len()..], room);
            prop_assert!(!piece.is_empty(), "it goes on");
            read.push_str(piece);
        }
        prop_assert_eq!(read, text);
    }

    #[test]
    fn a_piece_takes_what_is_said(text in "[a\"\\\\é]{0,300}", room in 8usize..200) {
        let piece = fitting(&text, room);
        let quoted = serde_json::to_string(&json!(json!(piece).to_string())).unwrap();
        // The quotes around it, escaped once more, are the frame's.
        prop_assert!(quoted.len() <= room + 6, "{} of {}", quoted.len(), room);
    }
}

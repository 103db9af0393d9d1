//! A reply as the frames that codex reads.

use std::fmt::Write;

use serde_json::{Value, json};

use super::script::Reply;

/// All frames of a reply; `None` for one that has none.
pub(super) fn frames(reply: &Reply, id: usize) -> Option<String> {
    let mut out = String::new();
    let response = format!("resp_{id}");
    frame(&mut out, "response.created", json!({ "response": { "id": response } }));
    match reply {
        Reply::Call(item) => {
            let mut item = item.clone();
            item["id"] = json!(format!("item_{id}"));
            item["call_id"] = json!(format!("call_{id}"));
            frame(&mut out, "response.output_item.done", json!({ "output_index": 0, "item": item }));
        }
        Reply::Say(pieces) => message(&mut out, pieces, &format!("msg_{id}")),
        Reply::Hang | Reply::Fail => return None,
    }
    let usage = json!({
        "input_tokens": 100, "input_tokens_details": { "cached_tokens": 10 },
        "output_tokens": 20, "output_tokens_details": { "reasoning_tokens": 5 }, "total_tokens": 120,
    });
    frame(&mut out, "response.completed", json!({ "response": { "id": response, "usage": usage } }));
    Some(out)
}

fn message(out: &mut String, pieces: &[String], id: &str) {
    let item =
        |content: Value| json!({ "type": "message", "id": id, "role": "assistant", "content": content });
    frame(out, "response.output_item.added", json!({ "output_index": 0, "item": item(json!([])) }));
    for piece in pieces {
        let delta = json!({ "item_id": id, "output_index": 0, "content_index": 0, "delta": piece });
        frame(out, "response.output_text.delta", delta);
    }
    let whole = json!([{ "type": "output_text", "text": pieces.concat() }]);
    frame(out, "response.output_item.done", json!({ "output_index": 0, "item": item(whole) }));
}

fn frame(out: &mut String, kind: &str, mut data: Value) {
    data["type"] = json!(kind);
    // Writing to a String cannot fail.
    let _ = write!(out, "event: {kind}\ndata: {data}\n\n");
}

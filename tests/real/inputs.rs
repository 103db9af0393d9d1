//! What a call gives besides its words: images that the model sees, and the form of its last message.

use serde_json::{Value, json};

use super::Stage;

/// The smallest PNG: one pixel.
const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

fn png() -> Vec<u8> {
    let sextet = |c: u8| match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let mut bytes = Vec::new();
    for four in PNG.trim_end_matches('=').as_bytes().chunks(4) {
        let bits =
            four.iter().fold(0u32, |bits, c| (bits << 6) | u32::from(sextet(*c))) << (6 * (4 - four.len()));
        bytes.extend_from_slice(&bits.to_be_bytes()[1..four.len()]);
    }
    bytes
}

#[test]
fn the_model_sees_the_images_of_a_call() {
    let stage = Stage::new();
    std::fs::write(stage.place.work().join("dot.png"), png()).unwrap();
    let mut host = stage.host().start();
    let address = format!("data:image/png;base64,{PNG}");
    let call = json!({ "prompt": "IMAGES", "images": ["dot.png", address] });
    let done = host.structured("codex", call);
    assert_eq!(done["content"], "2 images", "{done}");
    let more = json!({ "prompt": "IMAGES", "threadId": done["threadId"], "images": "dot.png" });
    assert_eq!(host.structured("codex-reply", more)["content"], "3 images", "with those before");
    let events = host.events(&done["threadId"]);
    let said = events.iter().find(|event| event["type"] == "user_message").unwrap();
    assert_eq!(said["images"].as_array().unwrap().len(), 2, "{said}");
    assert!(
        !Value::from(events.clone()).to_string().contains(PNG),
        "an image by its address is not kept with the events"
    );

    let bad = host.call("codex", json!({ "prompt": "IMAGES", "images": ["missing.png"] }));
    let text = bad["content"][0]["text"].as_str().unwrap();
    assert!(bad["isError"] == true && text.contains("missing.png"), "{bad}");
}

/// What codex says of an image comes to the bridge cut; the event has how long it was, also where it is read back.
#[test]
fn of_a_large_image_an_event_has_its_kind_and_its_length() {
    let stage = Stage::new();
    let mut host = stage.host().alone().start();
    let address = format!("data:image/png;base64,{PNG}{}", "A".repeat(100_000));
    let done = host.structured("codex", json!({ "prompt": "SAY seen", "images": [address] }));
    let words = json!([format!("data:image/png ({} bytes)", address.len())]);
    let images = |host: &mut crate::common::Host| {
        let events = host.events(&done["threadId"]);
        events.iter().find(|event| event["type"] == "user_message").unwrap()["images"].clone()
    };
    assert_eq!(images(&mut host), words);
    let list = host.structured("codex-sessions", json!({ "threadId": done["threadId"] }));
    assert_eq!(list["turns"][0]["prompt"], "SAY seen", "{list}");
    host.close_stdin();
    host.ended();
    let mut host = stage.host().alone().env("CODEX_BRIDGE_JOURNAL_PATH", "another.db").start();
    host.structured("codex-reply", json!({ "prompt": "SAY on", "threadId": done["threadId"] }));
    assert_eq!(images(&mut host), words, "as codex keeps it");
}

#[test]
fn the_last_message_is_parsed_and_must_fit() {
    let stage = Stage::new();
    let mut host = stage.host().start();
    let schema = json!({ "type": "object", "properties": { "n": { "type": "integer" } }, "required": ["n"], "additionalProperties": false });
    let done = host.structured("codex", json!({ "prompt": "SAY {\"n\": 7}", "output-schema": schema }));
    assert_eq!((&done["status"], &done["output"]), (&json!("completed"), &json!({ "n": 7 })), "{done}");
    let thread = done["threadId"].clone();

    let unfit = host.call(
        "codex-reply",
        json!({ "prompt": "SAY {\"n\": \"x\"}", "threadId": thread, "output-schema": schema }),
    );
    let text = unfit["content"][0]["text"].as_str().unwrap();
    assert_eq!(unfit["isError"], true, "{unfit}");
    assert!(text.contains("/n") && text.contains("\"x\"") && text.contains("integer"), "both sides: {text}");
    assert_eq!(unfit["structuredContent"]["error"]["code"], "output_unfit");

    // The next turn is free of it again, and what was asked for outlives the bridge.
    let free = host.structured("codex-reply", json!({ "prompt": "SAY free", "threadId": thread }));
    assert_eq!((&free["content"], free.get("output")), (&json!("free"), None));
    let last = host.structured(
        "codex-reply",
        json!({ "prompt": "SAY {\"n\": 8}", "threadId": thread, "output-schema": schema }),
    );
    host.close_stdin();
    host.ended();
    let mut host = stage.host().start();
    let again = host.structured("codex-wait", json!({ "threadId": thread }));
    assert_eq!((&again["output"], &again["content"]), (&json!({ "n": 8 }), &last["content"]), "{again}");

    let bad = host.call("codex", json!({ "prompt": "SAY x", "output-schema": { "type": 5 } }));
    let text = bad["content"][0]["text"].as_str().unwrap();
    assert!(bad["isError"] == true && text.contains("output-schema"), "{text}");
}

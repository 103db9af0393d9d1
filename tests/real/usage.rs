//! Tokens as the real codex counts them: 120 a request, of which the script's model says 10 cached and 5 thought.

use serde_json::{Value, json};

use super::Stage;
use crate::common::Host;

const REQUEST: [u64; 4] = [90, 10, 15, 5];

fn tokens(requests: u64) -> Value {
    let [input, cached, output, reasoning] = REQUEST.map(|part| part * requests);
    json!({ "input": input, "cached": cached, "output": output, "reasoning": reasoning })
}

fn last_usage(host: &mut Host, thread: &Value) -> Value {
    let events = host.events(thread);
    events.iter().rfind(|e| e["type"] == "usage").unwrap_or_else(|| panic!("{events:?}")).clone()
}

#[test]
fn turns_are_counted_once_also_over_bridges() {
    let stage = Stage::new();
    let mut host = stage.host().start();
    let done = host.structured("codex", json!({ "prompt": "RUN true\nRUN true\nSAY a" }));
    let thread = done["threadId"].clone();
    assert_eq!(done["usage"], tokens(3), "{done}");
    assert_eq!(done.get("context"), None, "there is room: {done}");
    let told = last_usage(&mut host, &thread);
    assert_eq!((&told["turn"], &told["thread"]), (&tokens(3), &tokens(3)));
    assert_eq!(told["contextUsed"], 120, "as of the last request: {told}");
    assert!(told["contextWindow"].as_u64() > Some(100_000), "{told}");
    let next = host.structured("codex-reply", json!({ "threadId": thread, "prompt": "RUN true\nSAY b" }));
    assert_eq!(next["usage"], tokens(2), "{next}");
    drop(host);

    // codex tells the last turn's again when a thread is taken up.
    let mut host = stage.host().start();
    let waited = host.structured("codex-wait", json!({ "threadId": thread }));
    assert_eq!(waited["usage"], tokens(2), "{waited}");
    let next = host.structured("codex-reply", json!({ "threadId": thread, "prompt": "SAY c" }));
    assert_eq!(next["usage"], tokens(1), "{next}");
    let told = last_usage(&mut host, &thread);
    assert_eq!(told["thread"], tokens(6), "{told}");
    let events = host.events(&thread);
    let mut by_turn = std::collections::BTreeMap::new();
    for event in events.iter().filter(|e| e["type"] == "usage") {
        by_turn.insert(event["turnId"].to_string(), event["turn"].clone());
    }
    let requests: u64 = by_turn.values().map(|turn| turn["cached"].as_u64().unwrap() / 10).sum();
    assert_eq!(requests, 6, "{by_turn:?}");
}

#[test]
fn a_context_that_is_half_full_stands_in_the_result() {
    let stage = Stage::new();
    let mut host = stage.host().start();
    let arguments = json!({ "prompt": "SAY a", "config": { "model_context_window": 230 } });
    let done = host.structured("codex", arguments);
    assert_eq!(done["context"]["used"], 120, "{done}");
    assert!(done["context"]["window"].as_u64() <= Some(230), "{done}");
}

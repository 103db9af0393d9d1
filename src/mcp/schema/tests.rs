//! The whole of `tools/list` as a file to read, and what hosts demand of it.

use rmcp::model::ListToolsResult;
use serde_json::Value;

use super::*;

#[test]
fn the_whole_list() {
    insta::assert_json_snapshot!("tools", tools());
}

#[test]
fn the_list_is_small_enough() {
    let size = serde_json::to_string(&ListToolsResult::with_all_items(tools())).unwrap().len();
    assert!(size < 7_500, "{size} bytes");
}

/// Every object in `value`, with where it is.
fn objects<'a>(at: String, value: &'a Value, found: &mut Vec<(String, &'a JsonObject)>) {
    match value {
        Value::Object(map) => {
            found.push((at.clone(), map));
            map.iter().for_each(|(key, value)| objects(format!("{at}/{key}"), value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| objects(at.clone(), value, found)),
        _ => {}
    }
}

#[test]
fn schemas_are_plain() {
    for tool in tools() {
        let whole = serde_json::to_value(&tool).unwrap();
        let mut found = Vec::new();
        for part in ["inputSchema", "outputSchema"] {
            objects(format!("{}/{part}", tool.name), &whole[part], &mut found);
        }
        for (at, schema) in found {
            for word in ["$ref", "$schema", "$defs", "format", "anyOf", "oneOf", "allOf", "not", "nullable"] {
                assert!(!schema.contains_key(word), "{at}: {word}");
            }
            if !at.ends_with("/properties") {
                assert!(schema["type"].is_string(), "{at}: {schema:?}");
            }
        }
    }
}

#[test]
fn inputs_are_closed_and_say_what_they_need() {
    let wanted: [(&str, &[&str]); 8] = [
        ("codex", &["prompt"]),
        ("codex-reply", &["prompt"]),
        ("codex-review", &[]),
        ("codex-wait", &["threadId"]),
        ("codex-events", &["threadId"]),
        ("codex-approve", &["approvalId", "decision"]),
        ("codex-cancel", &["threadId"]),
        ("codex-sessions", &[]),
    ];
    let tools = tools();
    assert_eq!(tools.len(), wanted.len());
    for (tool, (name, required)) in tools.iter().zip(wanted) {
        assert_eq!(tool.name, name);
        assert_eq!(tool.input_schema["required"], json!(required), "{name}");
        assert_eq!(tool.input_schema["additionalProperties"], json!(false), "{name}");
        assert!(tool.title.is_some() && tool.description.is_some(), "{name}");
    }
}

#[test]
fn a_result_needs_what_the_drop_ins_had() {
    let tools = tools();
    // The two that the drop-in had; the others say the same, and carry no schema of it.
    for tool in tools.iter().filter(|tool| matches!(&*tool.name, "codex" | "codex-reply")) {
        let output = tool.output_schema.as_ref().unwrap();
        assert_eq!(output["required"], json!(["threadId", "content"]), "{}", tool.name);
    }
}

/// Whether `T` takes exactly what the schema of its tool says.
fn agrees<T: Args>() {
    let tools = tools();
    let tool = tools.iter().find(|tool| tool.name == T::TOOL).unwrap();
    let mut named: Vec<_> = tool.input_schema["properties"].as_object().unwrap().keys().collect();
    let mut known = T::KNOWN.to_vec();
    named.sort();
    known.sort_unstable();
    assert_eq!(named, known, "{}", T::TOOL);
}

#[test]
fn schemas_and_arguments_agree() {
    agrees::<CodexArgs>();
    agrees::<ReplyArgs>();
    agrees::<WaitArgs>();
    agrees::<EventsArgs>();
    agrees::<ApproveArgs>();
    agrees::<CancelArgs>();
    agrees::<SessionsArgs>();
}

#[test]
fn hints_say_what_hosts_decide_by() {
    // Read only, destructive, idempotent, open world.
    let wanted = [
        ("codex", [Some(false), Some(true), None, Some(true)]),
        ("codex-reply", [Some(false), Some(true), None, Some(true)]),
        ("codex-review", [Some(true), None, None, Some(false)]),
        ("codex-wait", [Some(true), None, None, Some(false)]),
        ("codex-events", [Some(true), None, None, Some(false)]),
        ("codex-approve", [Some(false), Some(true), None, Some(false)]),
        ("codex-cancel", [Some(false), Some(false), Some(true), Some(false)]),
        ("codex-sessions", [Some(true), None, None, Some(false)]),
    ];
    for (tool, (name, wanted)) in tools().into_iter().zip(wanted) {
        let hints = tool.annotations.unwrap();
        let got =
            [hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint, hints.open_world_hint];
        assert_eq!((&*tool.name, got), (name, wanted));
    }
}

//! The JSON Schema of the events: the checked-in one is the command's, and every event fits it.

use std::collections::BTreeSet;
use std::path::Path;

use codex_bridge::event::{Body, schema};
use serde_json::{Value, json};

use crate::common::terminal::said;
use crate::common::{Place, Setup};

fn validator() -> jsonschema::Validator {
    jsonschema::draft202012::options().should_validate_formats(true).build(&schema()).unwrap()
}

fn fits(validator: &jsonschema::Validator, event: &Value) {
    let faults: Vec<_> =
        validator.iter_errors(event).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(faults.is_empty(), "{event} does not fit: {faults:?}");
}

/// An event of each type with every member that it can have, and one with as few as it can.
fn examples() -> Vec<Value> {
    let change = json!({ "path": "a", "kind": "update", "movedTo": "b", "diff": "+x" });
    let tokens = json!({ "input": 1, "cached": 2, "output": 3, "reasoning": 4 });
    let error = json!({ "code": "x", "message": "m", "remedy": "r", "retryable": true });
    let least_error = json!({ "code": "x", "message": "m", "retryable": false });
    let question = json!({
        "id": "q", "header": "H", "question": "?", "other": true, "secret": true,
        "options": [{ "label": "A", "description": "a" }, { "label": "B" }],
    });
    let any = json!({ "any": [1, null, "x"] });
    let request = json!({
        "type": "permission_request", "approvalId": "apr_1", "kind": "command", "summary": "s",
        "options": ["approve", "approve-for-session", "approve-always", "decline", "cancel", "answer"],
        "expiresAt": "2026-11-25T06:30:37.123Z",
    });
    let mut whole_request = request.clone();
    let subject = json!({
        "itemId": "i", "command": "c", "commandLine": "l", "stdin": true, "cwd": "/", "reason": "r",
        "network": any, "proposedRule": ["git"], "grantRoot": "/", "changes": [change], "permissions": any,
        "server": "s", "tool": "t", "arguments": any, "message": "m", "schema": any, "url": "u",
        "questions": [question],
    });
    for (name, value) in subject.as_object().unwrap() {
        whole_request[name] = value.clone();
    }
    let bodies = json!([
        { "type": "session_started", "cwd": "/" },
        {
            "type": "session_started", "cwd": "/", "model": "m", "sandbox": "read-only",
            "approvalPolicy": "never", "codexVersion": "1", "resumed": true,
        },
        { "type": "turn_started" },
        { "type": "turn_started", "outputSchema": { "type": "object" } },
        { "type": "user_message", "itemId": "i", "text": "t" },
        { "type": "user_message", "itemId": "i", "text": "t", "images": ["a.png"] },
        { "type": "assistant_delta", "itemId": "i", "text": "t" },
        { "type": "assistant_message", "itemId": "i", "text": "t" },
        { "type": "reasoning", "itemId": "i", "text": "t" },
        { "type": "plan", "steps": [] },
        { "type": "plan", "steps": [{ "step": "s", "status": "pending" }], "explanation": "e" },
        { "type": "tool_call", "itemId": "i", "tool": "other" },
        {
            "type": "tool_call", "itemId": "i", "tool": "command", "command": "c", "cwd": "/", "processId": "7",
            "changes": [change], "server": "s", "name": "n", "arguments": any,
        },
        { "type": "tool_output", "itemId": "i", "text": "t" },
        { "type": "tool_result", "itemId": "i", "tool": "mcp", "status": "declined" },
        {
            "type": "tool_result", "itemId": "i", "tool": "command", "status": "failed", "exitCode": -1,
            "output": "o", "changes": [change], "result": any, "error": "e", "durationMs": 1,
        },
        { "type": "diff", "diff": "d" },
        request,
        whole_request,
        { "type": "permission_decision", "approvalId": "apr_1", "decision": "decline", "by": "deadline" },
        {
            "type": "permission_decision", "approvalId": "apr_1", "decision": "answer", "by": "person",
            "way": "terminal", "rule": "r", "reason": "r", "afterDismissal": true, "answers": any,
        },
        { "type": "usage", "turn": tokens, "thread": tokens },
        { "type": "usage", "turn": tokens, "thread": tokens, "contextWindow": 258_400 },
        { "type": "mcp_server", "name": "n", "status": "ready" },
        { "type": "mcp_server", "name": "n", "status": "failed", "error": "e" },
        { "type": "warning", "message": "m" },
        { "type": "error", "code": "x", "message": "m", "retryable": false },
        { "type": "error", "code": "x", "message": "m", "remedy": "r", "retryable": true },
        { "type": "turn_finished", "status": "completed" },
        { "type": "turn_finished", "status": "failed", "error": error, "durationMs": 1 },
        { "type": "turn_finished", "status": "interrupted", "error": least_error },
        { "type": "session_finished", "reason": "r" },
        { "type": "raw", "method": "m", "params": null },
        { "type": "raw", "method": "m", "params": any },
    ]);
    bodies.as_array().unwrap().clone()
}

#[test]
fn the_file_is_what_the_command_prints() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join("event.schema.json");
    let kept = std::fs::read_to_string(file).unwrap_or_default().replace("\r\n", "\n");
    let printed = said(&Place::new(), &["schema", "event"], "");
    assert_eq!((printed.code, printed.err.as_str()), (0, ""));
    assert!(
        kept == printed.out,
        "docs/event.schema.json is not the schema of the events any more; look at what has changed for \
         readers, then renew it: codex-bridge schema event > docs/event.schema.json"
    );
}

#[test]
fn an_event_of_each_type_fits() {
    let (validator, mut seen) = (validator(), BTreeSet::new());
    for body in examples() {
        // What is written is what was read: no member of an example is unknown, or missing.
        let typed: Body = serde_json::from_value(body.clone()).unwrap_or_else(|e| panic!("{e}: {body}"));
        assert_eq!(serde_json::to_value(&typed).unwrap(), body);
        seen.insert(typed.kind());
        let mut event = body;
        for (name, value) in
            [("seq", json!(1)), ("time", json!("2026-11-25T06:30:37.123Z")), ("threadId", json!("t"))]
        {
            event[name] = value;
        }
        fits(&validator, &event);
        (event["turnId"], event["origin"]) = (json!("u"), json!("codex"));
        fits(&validator, &event);
    }
    assert_eq!(seen, BTreeSet::from(Body::KINDS), "a type without an example");
    let schema = schema();
    let variants = schema["oneOf"].as_array().unwrap().iter();
    let kinds = variants.map(|one| one["properties"]["type"]["const"].clone());
    assert_eq!(json!(Body::KINDS), Value::from_iter(kinds), "the list of types is not that of the variants");
}

#[test]
fn what_is_no_event_does_not_fit() {
    let good = json!({
        "seq": 1, "time": "2026-11-25T06:30:37.123Z", "threadId": "t", "type": "diff", "diff": "d",
    });
    let validator = validator();
    fits(&validator, &good);
    for (name, value) in [
        ("seq", json!(-1)),
        ("time", json!("today")),
        ("threadId", Value::Null),
        ("turnId", Value::Null),
        ("type", json!("difference")),
        ("diff", json!(7)),
    ] {
        let mut bad = good.clone();
        bad[name] = value;
        assert!(!validator.is_valid(&bad), "{bad}");
    }
}

#[test]
fn every_event_of_a_session_fits() {
    let place = Place::new();
    let mut host = Setup::fake(&place).elicits().start();
    let prompt = "deltas 3\nask-command touch x\nask-file a.txt\nask-mcp-tool\nask-permissions\n\
                  ask-user-input\nflood 50\ngarbage\nsay over";
    let call = host.post("tools/call", json!({ "name": "codex", "arguments": { "prompt": prompt } }));
    let answers = [json!({}), json!({ "decision": "decline" }), json!({}), json!({}), json!({ "q1": "A" })];
    for content in answers {
        let asked = host.asked("elicitation/create");
        host.send(&json!({
            "jsonrpc": "2.0", "id": asked["id"], "result": { "action": "accept", "content": content },
        }));
    }
    let result = host.answer(call)["result"]["structuredContent"].clone();
    assert_eq!(result["status"], "completed", "{result}");
    let thread = result["threadId"].as_str().unwrap();
    let failed = host.call("codex-reply", json!({ "threadId": thread, "prompt": "fail on purpose" }));
    assert_eq!(failed["structuredContent"]["status"], "failed", "{failed}");

    let printed = said(&place, &["events", thread, "--json"], "");
    let (validator, mut seen) = (validator(), BTreeSet::new());
    let paged = host.events(&json!(thread));
    paged.iter().for_each(|event| fits(&validator, event));
    let long = host.structured("codex", json!({ "prompt": "output 500000\ndiff 500000\nsay over" }));
    let cut = host.events(&long["threadId"]);
    assert!(cut.iter().filter(|event| event.get("cut").is_some()).count() >= 2, "{cut:?}");
    cut.iter().for_each(|event| fits(&validator, event));
    for line in printed.out.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        fits(&validator, &event);
        seen.insert(event["type"].as_str().unwrap().to_owned());
    }
    for kind in
        ["assistant_delta", "tool_output", "permission_request", "permission_decision", "usage", "raw"]
    {
        assert!(seen.contains(kind), "{kind} is not in {seen:?}");
    }
}

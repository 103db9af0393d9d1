//! What is asked, and what an answer means, kind by kind.

use serde_json::{Value, json};

use super::*;

const ALL: Forms = Forms { form: true, url: true, titled: true };

fn request(kind: &str, members: Value) -> PermissionRequest {
    let mut all = json!({
        "approvalId": "apr_1", "kind": kind, "summary": "?", "options": ["approve", "decline", "cancel"],
        "expiresAt": "2026-01-01T00:00:00.000Z",
    });
    all.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    serde_json::from_value(all).unwrap()
}

fn questions() -> PermissionRequest {
    let options = json!([{ "label": "A", "description": "the first" }, { "label": "B" }]);
    let questions = json!([
        { "id": "q1", "header": "H", "question": "Which?", "options": options, "other": true },
        { "id": "q2", "header": "", "question": "Why?" },
    ]);
    request(
        "user_input",
        json!({ "questions": questions, "options": ["approve", "answer", "decline", "cancel"] }),
    )
}

fn shown(request: &PermissionRequest, forms: Forms) -> Option<Value> {
    let params = params(request, &View::new("t".into()), "7", forms)?;
    Some(serde_json::to_value(params).unwrap())
}

#[test]
fn yes_or_no_needs_nothing_to_fill_in() {
    let form = shown(&request("mcp_tool", json!({})), ALL).unwrap();
    assert_eq!(form["requestedSchema"], json!({ "type": "object", "properties": {} }));
    let more = json!({ "options": ["approve", "approve-for-session", "decline", "cancel"] });
    for titled in [true, false] {
        let form = shown(&request("command", more.clone()), Forms { titled, ..ALL }).unwrap();
        let property = &form["requestedSchema"]["properties"]["decision"];
        assert_eq!(property["default"], "approve");
        assert_eq!(property.get("oneOf").is_some(), titled, "{property}");
        assert_eq!(property.get("enumNames").is_some(), !titled, "{property}");
    }
}

#[test]
fn questions_are_fields() {
    let form = shown(&questions(), ALL).unwrap();
    let schema = &form["requestedSchema"];
    assert_eq!(schema["properties"]["q1"]["oneOf"][0], json!({ "const": "A", "title": "A: the first" }));
    assert_eq!(schema["required"], json!(["q2"]), "{schema}");
    let cases = [
        (json!({ "q1": "A", "q2": "x" }), json!({ "q1": "A", "q2": "x" })),
        (json!({ "q1": "A", "q1-other": "C", "q2": "x" }), json!({ "q1": "C", "q2": "x" })),
        (json!({ "q1": "", "q2": "x", "else": 1 }), json!({ "q2": "x" })),
    ];
    for (content, answers) in cases {
        let got = answer(&json!({ "action": "accept", "content": content }), &questions());
        assert_eq!(got, Answer::Decided(Decision::Answer, Some(Answers(answers))));
    }
}

#[test]
fn a_secret_is_never_asked_for_in_a_form() {
    let secret = json!({ "questions": [{ "id": "q", "header": "", "question": "key?", "secret": true }] });
    assert_eq!(shown(&request("user_input", secret), ALL), None);
}

#[test]
fn an_address_is_opened_by_hosts_that_can() {
    let url = request("mcp_url", json!({ "url": "https://a.org/x", "message": "sign in" }));
    let dialog = shown(&url, ALL).unwrap();
    assert_eq!((&dialog["mode"], &dialog["url"]), (&json!("url"), &json!("https://a.org/x")));
    let form = shown(&url, Forms { url: false, ..ALL }).unwrap();
    assert_eq!(form["mode"], "form");
    assert!(form["message"].as_str().unwrap().contains("https://a.org/x"), "{form}");
    assert_eq!(shown(&url, Forms::default()), None);
}

#[test]
fn a_form_of_a_server_is_shown_as_older_hosts_know_it() {
    let choice = json!({ "type": "string", "oneOf": [{ "const": "a", "title": "The a" }] });
    let form = request("mcp_form", json!({ "schema": { "type": "object", "properties": { "c": choice } } }));
    let new = shown(&form, ALL).unwrap();
    assert_eq!(new["requestedSchema"]["properties"]["c"]["oneOf"][0]["title"], "The a");
    let old = shown(&form, Forms { titled: false, ..ALL }).unwrap();
    assert_eq!(old["requestedSchema"]["properties"]["c"]["enumNames"], json!(["The a"]));
    let many = json!({ "type": "array", "items": { "type": "string", "enum": ["a"] } });
    let form = request("mcp_form", json!({ "schema": { "type": "object", "properties": { "c": many } } }));
    assert_eq!(shown(&form, Forms { titled: false, ..ALL }), None);
}

#[test]
fn what_hides_is_spelled_out() {
    let command = json!({ "command": "echo \u{202e}safe\u{1b}[2K" });
    let dialog = shown(&request("command", command), ALL).unwrap();
    let message = dialog["message"].as_str().unwrap();
    assert!(message.contains("echo \\u{202e}safe\\u{1b}[2K"), "{message}");
}

#[test]
fn what_answers_no_dialog_is_no_answer() {
    let command = request("command", json!({}));
    for junk in [
        json!(7),
        json!({}),
        json!({ "action": "yes" }),
        json!({ "action": "accept", "content": { "decision": "maybe" } }),
        json!({ "action": "accept", "content": { "decision": false } }),
        json!({ "action": "accept", "content": { "decision": null } }),
        json!({ "action": "accept", "content": { "decision": ["decline"] } }),
        json!({ "action": "accept", "content": { "decision": { "denied": {} } } }),
        json!({ "action": "accept", "content": "decline" }),
        json!({ "decision": false }),
        json!({ "decision": null }),
        json!({ "decision": { "approved_execpolicy_amendment": {} } }),
    ] {
        assert_eq!(answer(&junk, &command), Answer::Unreadable, "{junk}");
    }
    assert_eq!(answer(&json!({ "action": "cancel" }), &command), Answer::Dismissed);
    assert_eq!(answer(&json!({ "action": "accept" }), &command), Answer::Decided(Decision::Approve, None));
}

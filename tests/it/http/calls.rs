//! What a host can do on stdio it can do over HTTP, in both eras.

use serde_json::{Value, json};

use super::PEOPLE;
use crate::common::http::{Client, Served};
use crate::common::{Place, Setup};

fn prompt(text: &str) -> Value {
    json!({ "prompt": text, "wait": 50 })
}

#[test]
fn a_task_runs_in_both_eras() {
    let place = Place::new();
    let served = Served::start(&Setup::fake(&place), &PEOPLE);
    for mut client in [served.client("alice").legacy(json!({})), served.client("alice").modern(json!({}))] {
        let listed = client.request("tools/list", json!({}));
        assert_eq!(listed["result"]["tools"].as_array().unwrap().len(), 8, "{listed}");
        let done = client.structured("codex", prompt("say hello"));
        assert_eq!((done["status"].as_str(), done["content"].as_str()), (Some("completed"), Some("hello")));
        let again =
            client.structured("codex-reply", json!({ "prompt": "say more", "threadId": done["threadId"] }));
        assert_eq!(again["content"], "more");
        let events = client.structured("codex-events", json!({ "threadId": done["threadId"] }));
        assert_eq!(events["events"][0]["type"], "session_started", "{events}");
        let uri = format!("codex://sessions/{}", done["threadId"].as_str().unwrap());
        let read = client.request("resources/read", json!({ "uri": uri }));
        assert!(read["result"]["contents"][0]["text"].as_str().unwrap().contains("more"), "{read}");
    }
}

/// What the server asks in the stream of a call, answered by another request.
fn answer_dialog(client: &Client, asked: &Value, result: Value) {
    let told = client.send(&json!({ "jsonrpc": "2.0", "id": asked["id"], "result": result }));
    assert_eq!(told.status, 202);
}

#[test]
fn a_person_is_asked_in_the_stream_of_the_call() {
    let place = Place::new();
    let served = Served::start(&Setup::fake(&place), &PEOPLE);
    let mut client = served.client("alice").legacy(json!({ "elicitation": {} }));
    let call = json!({ "name": "codex", "arguments": prompt("ask-command touch made.txt") });
    let mut reply = client.open("tools/call", call);
    let asked = reply.message().unwrap();
    assert_eq!(asked["method"], "elicitation/create", "{asked}");
    answer_dialog(&client, &asked, json!({ "action": "accept", "content": { "decision": "approve" } }));
    let done = reply.message().unwrap();
    assert_eq!(done["result"]["structuredContent"]["status"], "completed", "{done}");
    assert_eq!(decided(&mut client, &done), json!(["approve", "person", "elicitation"]));
}

/// What became of the question of a run: what was decided, by whom, and by which way.
fn decided(client: &mut Client, done: &Value) -> Value {
    let thread = &done["result"]["structuredContent"]["threadId"];
    let page =
        client.structured("codex-events", json!({ "threadId": thread, "types": ["permission_decision"] }));
    let decision = &page["events"][0];
    json!([decision["decision"], decision["by"], decision["way"]])
}

#[test]
fn a_modern_host_is_asked_by_a_retry() {
    let place = Place::new();
    let served = Served::start(&Setup::fake(&place), &PEOPLE);
    let mut client = served.client("alice").modern(json!({ "elicitation": { "form": {} } }));
    let arguments = prompt("ask-command touch made.txt");
    let asked = client.request("tools/call", json!({ "name": "codex", "arguments": arguments }));
    assert_eq!(asked["result"]["resultType"], "input_required", "{asked}");
    let id = asked["result"]["inputRequests"].as_object().unwrap().keys().next().unwrap().clone();
    let retry = json!({
        "name": "codex", "arguments": arguments, "requestState": asked["result"]["requestState"],
        "inputResponses": { id: { "action": "accept", "content": { "decision": "approve" } } },
    });
    let mut other = served.client("bob").modern(json!({ "elicitation": { "form": {} } }));
    let refused = other.request("tools/call", retry.clone());
    assert!(refused["error"].is_object(), "the state of another: {refused}");
    let done = client.request("tools/call", retry);
    assert_eq!(done["result"]["structuredContent"]["status"], "completed", "{done}");
    assert_eq!(decided(&mut client, &done), json!(["approve", "person", "retry"]));
}

#[test]
fn a_run_is_a_task_where_the_host_says_so() {
    let place = Place::new();
    let served = Served::start(&Setup::fake(&place), &PEOPLE);
    let can = json!({ "extensions": { "io.modelcontextprotocol/tasks": {} } });
    let mut client = served.client("alice").modern(can.clone());
    let begun =
        client.request("tools/call", json!({ "name": "codex", "arguments": { "prompt": "say done" } }));
    let task = begun["result"]["taskId"].clone();
    assert_eq!(begun["result"]["resultType"], "task", "{begun}");
    let other = served.client("bob").modern(can).request("tasks/get", json!({ "taskId": task }));
    assert_eq!(other["error"]["code"], -32602, "the task of another: {other}");
    loop {
        let got = client.request("tasks/get", json!({ "taskId": task }));
        match got["result"]["status"].as_str() {
            Some("working") => {}
            Some("completed") => {
                assert_eq!(got["result"]["result"]["structuredContent"]["content"], "done", "{got}");
                break;
            }
            _ => panic!("{got}"),
        }
    }
}

#[test]
fn a_stream_that_a_modern_host_closes_is_a_cancel_and_one_of_a_legacy_host_is_none() {
    let place = Place::new();
    let served = Served::start(&Setup::fake(&place), &PEOPLE);
    let mut owner = served.client("owner").modern(json!({}));
    for (client, status) in [
        (served.client("alice").modern(json!({})), "interrupted"),
        (served.client("alice").legacy(json!({})), "running"),
    ] {
        let mut client = client;
        let mut meta = client.message("tools/call", json!({ "name": "codex", "arguments": prompt("stall") }));
        meta["params"]["_meta"]["progressToken"] = json!("p");
        let mut reply = client.send(&meta);
        // It is under way.
        assert_eq!(reply.message().unwrap()["method"], "notifications/progress");
        let thread = loop {
            let listed = owner.structured("codex-sessions", json!({ "status": "running" }));
            if let Some(one) = listed["sessions"].get(0) {
                break one["threadId"].clone();
            }
        };
        drop(reply);
        let seen = loop {
            let seen = owner.structured("codex-wait", json!({ "threadId": thread, "wait": 1 }));
            if seen["status"] == status {
                break seen;
            }
            assert_eq!(seen["status"], "running", "{seen}");
        };
        if seen["status"] == "running" {
            // The session of MCP is ended as well: that is no cancel either.
            assert_eq!(
                client
                    .http("DELETE", "/mcp", &[("mcp-session-id", client.session.as_ref().unwrap())], "")
                    .status,
                202
            );
            let seen = owner.structured("codex-wait", json!({ "threadId": thread, "wait": 1 }));
            assert_eq!(seen["status"], "running", "{seen}");
            owner.structured("codex-cancel", json!({ "threadId": thread }));
        }
    }
}

#[test]
fn a_named_run_is_its_callers() {
    let place = Place::new();
    let served = Served::start(&Setup::fake(&place), &PEOPLE);
    let call = |name: &str| {
        let mut client = served.client(name).modern(json!({}));
        client.structured("codex", json!({ "prompt": "say done", "key": "k", "wait": 50 }))["threadId"]
            .clone()
    };
    let (alice, bob) = (call("alice"), call("bob"));
    assert_ne!(alice, bob, "each has names of his own");
    assert_eq!(call("alice"), alice);
    assert_eq!(call("bob"), bob);
}

#[test]
fn sessions_of_other_bridges_are_there_too() {
    let place = Place::new();
    let setup = || Setup::fake(&place);
    let mut host = setup().shared().start();
    let asked = host.structured("codex", prompt("ask-command touch made.txt"));
    let served = Served::start(&setup(), &PEOPLE);
    let mut owner = served.client("owner").modern(json!({}));
    let listed = owner.structured("codex-sessions", json!({}));
    assert_eq!(listed["sessions"][0]["threadId"], asked["threadId"], "{listed}");
    let id = &asked["decisions"][0]["approvalId"];
    let done = owner.structured("codex-approve", json!({ "approvalId": id, "decision": "approve" }));
    assert_eq!(done["status"], "completed", "{done}");
    let mut alice = served.client("alice").modern(json!({}));
    assert_eq!(alice.structured("codex-sessions", json!({}))["sessions"], json!([]));
}

/// W3C Trace Context, as a caller brings it in `_meta` and codex is handed it.
#[test]
fn the_trace_of_a_call_reaches_codex() {
    let place = Place::new();
    let served = Served::start(&Setup::fake(&place), &PEOPLE);
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let table = [
        (json!({ "traceparent": parent }), json!({ "traceparent": parent })),
        (
            json!({ "traceparent": parent, "tracestate": "a=b,c=d" }),
            json!({ "traceparent": parent, "tracestate": "a=b,c=d" }),
        ),
        (json!({ "traceparent": "no trace", "tracestate": "a=b" }), Value::Null),
        (json!({}), Value::Null),
    ];
    for (meta, trace) in table {
        for mut client in [served.client("alice").legacy(json!({})), served.client("alice").modern(json!({}))]
        {
            let mut call =
                client.message("tools/call", json!({ "name": "codex", "arguments": prompt("say-trace") }));
            for (name, value) in meta.as_object().unwrap() {
                call["params"]["_meta"][name] = value.clone();
            }
            let done = client.send(&call).message().unwrap();
            let said =
                done["result"]["structuredContent"]["content"].as_str().unwrap_or_else(|| panic!("{done}"));
            assert_eq!(serde_json::from_str::<Value>(said).unwrap(), trace, "{meta}");
        }
    }
}

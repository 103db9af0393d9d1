//! The end of the bridge, with calls under way; and a new one after one that was killed.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::PEOPLE;
use crate::common::http::Served;
use crate::common::{Place, Setup};

#[test]
fn calls_that_end_in_time_are_answered_and_others_get_a_handle() {
    let place = Place::new();
    let setup = Setup::fake(&place).env("CODEX_BRIDGE_HTTP_DRAIN", "6s");
    let mut served = Served::start(&setup, &PEOPLE);
    let mut calls = Vec::new();
    for (prompt, modern) in
        [("run sleep 1\nsay done", true), ("run sleep 1\nsay done", false), ("stall", true), ("stall", false)]
    {
        let client = served.client("alice");
        let mut client = if modern { client.modern(json!({})) } else { client.legacy(json!({})) };
        calls.push(thread::spawn(move || client.call("codex", json!({ "prompt": prompt, "wait": 50 }))));
    }
    let mut owner = served.client("owner").modern(json!({}));
    let running = |owner: &mut crate::common::http::Client| {
        let read = owner.request("resources/read", json!({ "uri": "codex://sessions" }));
        read["result"]["contents"][0]["text"].as_str().unwrap().matches("\"running\"").count()
    };
    while running(&mut owner) < 4 {}
    served.terminate();
    let answers: Vec<Value> = calls.into_iter().map(|call| call.join().unwrap()).collect();
    let statuses: Vec<_> =
        answers.iter().map(|answer| answer["structuredContent"]["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["completed", "completed", "running", "running"]);
    assert!(answers.iter().all(|answer| answer["structuredContent"]["threadId"].is_string()), "{answers:?}");
    assert_eq!(served.ended(), Some(0), "{}", served.logged());
    // What ran to the end of the bridge is there, and has an end.
    let served = Served::start(&setup, &PEOPLE);
    let mut alice = served.client("alice").modern(json!({}));
    for answer in &answers {
        let thread = &answer["structuredContent"]["threadId"];
        let seen = alice.structured("codex-wait", json!({ "threadId": thread }));
        let ended = if seen["content"] == "done" { "completed" } else { "interrupted" };
        assert_eq!(seen["status"], ended, "{seen}");
    }
}

#[test]
fn with_nothing_under_way_it_ends_at_once() {
    let place = Place::new();
    let mut served = Served::start(&Setup::fake(&place), &PEOPLE);
    let mut client = served.client("alice").legacy(json!({}));
    client.structured("codex", json!({ "prompt": "say done", "wait": 50 }));
    // A stream for notices is no call.
    let session = client.session.clone().unwrap();
    let mut notices =
        client.http("GET", "/mcp", &[("mcp-session-id", &session), ("accept", "text/event-stream")], "");
    assert_eq!(notices.status, 200);
    let begun = Instant::now();
    served.terminate();
    assert_eq!(served.ended(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    while notices.message().is_some() {}
}

/// Done-when 5: killed under load and started again, each client finds its runs by their ids.
#[test]
fn killed_under_load_all_runs_are_found_again() {
    let place = Place::new();
    let setup = || Setup::fake(&place);
    let mut served = Served::start(&setup(), &PEOPLE);
    let can = json!({ "extensions": { "io.modelcontextprotocol/tasks": {} } });
    let mut runs: Vec<(usize, Value, Value)> = Vec::new();
    let mut begin = |n: usize| {
        let name = if n.is_multiple_of(2) { "alice" } else { "bob" };
        let prompt = if n.is_multiple_of(3) { "say done" } else { "stall" };
        // By a task, or by a name.
        if n % 4 < 2 {
            let mut client = served.client(name).modern(can.clone());
            let begun =
                client.request("tools/call", json!({ "name": "codex", "arguments": { "prompt": prompt } }));
            runs.push((n, begun["result"]["taskId"].clone(), Value::Null));
        } else {
            let mut client = served.client(name).modern(json!({}));
            let arguments = json!({ "prompt": prompt, "key": format!("k{n}"), "wait": 0 });
            let begun = client.structured("codex", arguments);
            runs.push((n, Value::Null, begun["threadId"].clone()));
        }
    };
    (0..40).for_each(&mut begin);
    served.child.kill().unwrap();
    served.ended();
    let served = Served::start(&setup(), &PEOPLE);
    for (n, task, thread) in runs {
        let name = if n.is_multiple_of(2) { "alice" } else { "bob" };
        let status = if task.is_string() {
            let mut client = served.client(name).modern(can.clone());
            let got = client.request("tasks/get", json!({ "taskId": task }));
            assert_eq!(got["result"]["status"], "completed", "{n}: {got}");
            got["result"]["result"]["structuredContent"]["status"].clone()
        } else {
            let mut client = served.client(name).modern(json!({}));
            let seen = client.structured("codex-wait", json!({ "threadId": thread }));
            let prompt = if n.is_multiple_of(3) { "say done" } else { "stall" };
            let same =
                client.structured("codex", json!({ "prompt": prompt, "key": format!("k{n}"), "wait": 0 }));
            assert_eq!(same["threadId"], thread, "{n}: the same name is the same run");
            seen["status"].clone()
        };
        // What had not ended by then was interrupted.
        let done = status == "completed" && n.is_multiple_of(3);
        assert!(done || status == "interrupted", "{n}: {status}");
    }
}

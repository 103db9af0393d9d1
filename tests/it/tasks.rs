//! Runs as tasks (2026-07-28): they outlive the process, and end once.

use serde_json::{Value, json};

use crate::common::{Host, Place, Setup};

fn with_meta(mut params: Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {
            "elicitation": {}, "extensions": { "io.modelcontextprotocol/tasks": {} },
        },
    });
    params
}

fn ask(host: &mut Host, method: &str, params: Value) -> Value {
    let answer = host.request(method, with_meta(params));
    assert!(answer.get("result").is_some(), "{method}: {answer}");
    answer["result"].clone()
}

fn started(host: &mut Host, prompt: &str) -> Value {
    let task = ask(host, "tools/call", json!({ "name": "codex", "arguments": { "prompt": prompt } }));
    assert_eq!((&task["resultType"], &task["status"]), (&json!("task"), &json!("working")), "{task}");
    task["taskId"].clone()
}

fn get(host: &mut Host, task: &Value) -> Value {
    ask(host, "tasks/get", json!({ "taskId": task }))
}

fn get_until(host: &mut Host, task: &Value, status: &str) -> Value {
    let until = std::time::Instant::now() + crate::common::PATIENCE;
    loop {
        let seen = get(host, task);
        if seen["status"] == status {
            return seen;
        }
        assert!(std::time::Instant::now() < until, "{seen}");
    }
}

fn killed(mut host: Host) {
    host.child.kill().unwrap();
    host.child.wait().unwrap();
}

#[test]
fn a_task_outlives_the_bridge() {
    let place = Place::new();
    let mut first = Setup::fake(&place).alone().spawn();
    let done = started(&mut first, "say fine");
    let seen = get_until(&mut first, &done, "completed");
    assert_eq!(seen["result"]["structuredContent"]["content"], "fine", "{seen}");
    let running = started(&mut first, "stall");
    killed(first);

    let mut second = Setup::fake(&place).alone().spawn();
    assert_eq!(get(&mut second, &done), seen, "the same to the last member");
    let lost = get_until(&mut second, &running, "completed");
    assert_eq!(lost["result"]["structuredContent"]["status"], "interrupted", "{lost}");
}

#[test]
fn what_is_cancelled_stays_so() {
    let place = Place::new();
    let mut first = Setup::fake(&place).alone().spawn();
    let task = started(&mut first, "stall");
    let empty = ask(&mut first, "tasks/cancel", json!({ "taskId": task }));
    assert_eq!(empty["resultType"], "complete", "{empty}");
    let seen = get(&mut first, &task);
    assert_eq!(seen["status"], "cancelled", "{seen}");
    assert!(seen.get("result").is_none() && seen.get("error").is_none(), "{seen}");
    for (method, params) in [
        ("tasks/cancel", json!({ "taskId": task })),
        ("tasks/update", json!({ "taskId": task, "inputResponses": { "x": { "action": "accept" } } })),
    ] {
        ask(&mut first, method, params);
        assert_eq!(get(&mut first, &task), seen, "after {method}");
    }
    killed(first);
    let mut second = Setup::fake(&place).alone().spawn();
    assert_eq!(get(&mut second, &task), seen);
}

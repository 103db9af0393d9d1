//! The fake app-server itself. A fake that says what the real one never would tests nothing, so each
//! of its messages must have the shape of one in the captures.

use std::collections::HashMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::app_server::AppServer;

fn fake() -> AppServer {
    AppServer::start(Path::new(env!("CARGO_BIN_EXE_fake-app-server")), &[])
}

/// Asks a turn for one question, answers it, and waits for the end of the turn.
fn answered(server: &mut AppServer, thread: &str, text: &str, result: &Value) -> Value {
    server.turn(thread, text);
    let question = server.next(|m| m.get("id").is_some() && m.get("method").is_some());
    server.send(&json!({ "id": question["id"], "result": result }));
    server.hear("turn/completed")
}

/// What a message is comparable with: its method and the kind of its item, or the method it answers.
fn kind(message: &Value, asked: &HashMap<u64, String>) -> Option<String> {
    if let Some(method) = message["method"].as_str() {
        let item = message["params"]["item"]["type"].as_str().unwrap_or_default();
        return Some(format!("{method} {item}"));
    }
    let method = asked.get(&message["id"].as_u64()?)?;
    Some(format!("answer to {method} {}", message.get("error").map_or("", |_| "error")))
}

/// All that the real codex said in the captures.
fn real() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/captures");
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let mut asked = HashMap::new();
        for line in std::fs::read_to_string(entry.unwrap().path()).unwrap().lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            let message = &line["msg"];
            if line["from"] == "client" {
                if let (Some(id), Some(method)) = (message["id"].as_u64(), message["method"].as_str()) {
                    asked.insert(id, method.to_owned());
                }
            } else if line["from"] == "codex" {
                all.extend(kind(message, &asked).map(|kind| (kind, message.clone())));
            }
        }
    }
    all
}

/// Where two messages differ in their members or the types of these; null goes with anything.
fn difference(path: &str, fake: &Value, real: &Value) -> Option<String> {
    match (fake, real) {
        (Value::Null, _) | (_, Value::Null) => None,
        (Value::Object(f), Value::Object(r)) => {
            let missing =
                r.keys().find(|key| !f.contains_key(*key)).map(|key| format!("{path}.{key} is missing"));
            let added =
                || f.keys().find(|key| !r.contains_key(*key)).map(|key| format!("{path}.{key} is new"));
            let inside =
                || f.iter().find_map(|(key, value)| difference(&format!("{path}.{key}"), value, &r[key]));
            missing.or_else(added).or_else(inside)
        }
        (Value::Array(f), Value::Array(r)) => {
            f.iter().zip(r).find_map(|(f, r)| difference(&format!("{path}[]"), f, r))
        }
        _ if std::mem::discriminant(fake) == std::mem::discriminant(real) => None,
        _ => Some(format!("{path}: {fake}, not as {real}")),
    }
}

#[test]
fn it_speaks_as_the_real_one_did() {
    let mut server = fake();
    let thread = server.thread(json!({ "cwd": "/workspace", "sandbox": "workspace-write" }));
    for decision in ["accept", "decline", "cancel"] {
        answered(&mut server, &thread, "ask-command touch foo.txt\nsay on", &json!({ "decision": decision }));
        answered(&mut server, &thread, "ask-file hello.txt\ndeltas 3", &json!({ "decision": decision }));
        answered(
            &mut server,
            &thread,
            "ask-mcp-tool",
            &json!({ "action": decision, "content": {}, "_meta": null }),
        );
    }
    answered(&mut server, &thread, "ask-permissions", &json!({ "permissions": {}, "scope": "turn" }));
    answered(&mut server, &thread, "ask-user-input", &json!({ "answers": { "q1": { "answers": ["A"] } } }));
    let turn = server.turn(&thread, "sleep-command\nstall");
    server.next(|m| m["method"] == "item/started" && m["params"]["item"]["type"] == "commandExecution");
    server.request("turn/steer", json!({ "threadId": thread, "expectedTurnId": turn, "input": [] }));
    server.request("turn/interrupt", json!({ "threadId": thread, "turnId": turn }));
    server.request("thread/backgroundTerminals/clean", json!({ "threadId": thread }));
    server.request("thread/resume", json!({ "threadId": thread, "excludeTurns": true }));
    server.request("turn/start", json!({ "threadId": "nope", "input": [] }));

    let asked: HashMap<u64, String> = (0u64..).zip(server.asked.iter().cloned()).collect();
    let real = real();
    let mut faults = Vec::new();
    for message in &server.heard {
        let Some(kind) = kind(message, &asked) else { panic!("{message}") };
        let mut alike = real.iter().filter(|(other, _)| *other == kind).peekable();
        if alike.peek().is_none() {
            faults.push(format!("{kind}: the real one never said it"));
            continue;
        }
        let differences: Vec<_> = alike.map(|(_, real)| difference("", message, real)).collect();
        if let Some(first) = differences.iter().flatten().next().filter(|_| !differences.contains(&None)) {
            faults.push(format!("{kind}: {first}"));
        }
    }
    faults.sort();
    faults.dedup();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn turns_run_side_by_side_and_one_thread_has_one() {
    let mut server = fake();
    let (one, two) = (server.thread(json!({})), server.thread(json!({})));
    let waiting = server.turn(&one, "stall");
    server.turn(&two, "say two");
    assert_eq!(server.hear("turn/completed")["params"]["threadId"], two.as_str());
    assert_eq!(server.turn(&one, "say steered"), waiting, "a second turn/start steers the first");

    let wrong = json!({ "threadId": one, "expectedTurnId": "other", "input": [] });
    assert_eq!(server.request("turn/steer", wrong)["error"]["code"], -32600);
    server.request("turn/interrupt", json!({ "threadId": one, "turnId": waiting }));
    let ended = server.hear("turn/completed");
    assert_eq!(
        (&ended["params"]["threadId"], &ended["params"]["turn"]["status"]),
        (&json!(one), &json!("interrupted"))
    );
    let idle = json!({ "threadId": one, "expectedTurnId": waiting, "input": [] });
    assert_eq!(server.request("turn/steer", idle)["error"]["message"], "no active turn to steer");
    assert_eq!(
        server.request("thread/unsubscribe", json!({ "threadId": one }))["result"]["status"],
        "unsubscribed"
    );
    assert_eq!(server.end(), Some(0));
}

/// As seen: with a question open, the turn ends first.
#[test]
fn an_interrupt_closes_the_open_question_after_the_turn() {
    let mut server = fake();
    let thread = server.thread(json!({}));
    let turn = server.turn(&thread, "ask-command true\nsay never");
    let question = server.hear("item/commandExecution/requestApproval");
    server.request("turn/interrupt", json!({ "threadId": thread, "turnId": turn }));
    server.hear("turn/completed");
    assert_eq!(server.hear("serverRequest/resolved")["params"]["requestId"], question["id"]);
    server.send(&json!({ "id": question["id"], "result": { "decision": "accept" } }));
    server.turn(&thread, "say next");
    let said = server.hear("item/completed");
    assert_eq!(said["params"]["item"]["type"], "userMessage", "a late answer is passed over: {said}");
}

#[test]
fn it_dies_as_told() {
    for (script, last) in [("die", None), ("die-mid-line", Some(&b"{\"method\":\"item/agentMess"[..]))] {
        let mut server = fake();
        let thread = server.thread(json!({}));
        server.turn(&thread, script);
        let lines: Vec<_> = std::iter::from_fn(|| server.line()).collect();
        let cut = lines.last().filter(|line| !line.ends_with(b"\n"));
        assert_eq!(cut.map(Vec::as_slice), last, "{script}");
        assert_eq!(server.end(), Some(3), "{script}");
    }
}

//! Decisions and cancels from another process than the one that runs the session.

use serde_json::{Value, json};

use crate::common::terminal::{refused, said, terminal};
use crate::common::{Host, Place, Setup};

/// A session that waits for a decision, and the request.
fn asked(host: &mut Host, prompt: &str) -> (Value, String) {
    let open = host.structured("codex", json!({ "prompt": prompt }));
    assert_eq!(open["status"], "needs_decision", "{open}");
    (open["threadId"].clone(), open["decisions"][0]["approvalId"].as_str().unwrap().to_owned())
}

/// The record of the one decision of a session.
fn decided(host: &mut Host, thread: &Value) -> Value {
    let events = host.events(thread);
    let mut all: Vec<_> = events.into_iter().filter(|e| e["type"] == "permission_decision").collect();
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

#[test]
fn a_terminal_decides_what_a_host_waits_for() {
    let place = Place::new();
    let mut host = Setup::fake(&place).start();
    let (thread, id) = asked(&mut host, "ask-command touch x\nsay after");
    let wait = json!({ "threadId": thread, "wait": 50, "types": ["turn_finished"] });
    let waiting = host.post("tools/call", json!({ "name": "codex-events", "arguments": wait }));

    let list = said(&place, &["approve"], "");
    assert_eq!((list.code, list.err.as_str()), (0, ""), "{list:?}");
    let (title, summary) = ("ask-command touch x say after", "Allow codex to run `touch x`");
    for part in [&id, title, summary, "command, ", " left"] {
        assert!(list.out.contains(part), "{part}: {list:?}");
    }
    let shown = said(&place, &["approve", &id], "");
    assert_eq!(shown.code, 0, "{shown:?}");
    for part in ["command  touch x", "takes  approve, approve-for-session", "left open"] {
        assert!(shown.out.contains(part), "{part}: {shown:?}");
    }

    let done = said(&place, &["approve", &id, "approve", "--reason", "fine"], "");
    assert_eq!((done.code, done.out, done.err), (0, format!("{id}: approve\n"), String::new()));
    let page = host.answer(waiting)["result"]["structuredContent"].clone();
    assert_eq!(page["events"][0]["status"], "completed", "{page}");
    let record = decided(&mut host, &thread);
    let (by, way, reason) = (&record["by"], &record["way"], &record["reason"]);
    assert_eq!((by, way, reason), (&json!("person"), &json!("terminal"), &json!("fine")), "{record}");
    let result = host.structured("codex-wait", json!({ "threadId": thread }));
    assert_eq!((&result["status"], &result["content"]), (&json!("completed"), &json!("after")));

    let list = said(&place, &["approve"], "");
    assert_eq!((list.code, list.out.as_str()), (0, "no decision is open\n"), "{list:?}");
    refused(&place, &["approve", &id, "decline"], &["already decided: approve by a person (fine)"]);
    refused(&place, &["approve", &id], &["already decided"]);
}

#[test]
fn what_cannot_be_decided_is_said_and_stays_open() {
    let place = Place::new();
    assert_eq!(said(&place, &["approve"], "").out, "no decision is open\n");
    refused(&place, &["approve", "apr_0"], &["no request `apr_0`", "`codex-bridge approve` lists"]);
    assert!(!place.root.join("state").exists(), "who only looks makes no journal");

    let mut host = Setup::fake(&place).start();
    let (thread, id) = asked(&mut host, "ask-command true\nsay after");
    refused(
        &place,
        &["approve", "apr_0", "approve"],
        &["no request `apr_0`", "`codex-bridge approve` lists"],
    );
    refused(&place, &["approve", &id, "answer"], &["does not take `answer`", "`approve`, "]);
    refused(&place, &["approve", &id, "yes"], &["invalid value 'yes'", "approve-for-session"]);
    refused(&place, &["approve", &id, "approve", "--answers", "{\"x\":"], &["not JSON", "column 5"]);
    refused(&place, &["approve", &id, "approve", "--answers", "{}"], &["do not fit", "takes none"]);
    let declined = said(&place, &["approve", &id, "decline"], "");
    assert_eq!((declined.code, declined.out), (0, format!("{id}: decline\n")), "also a no is an answer");
    let result = host.structured("codex-wait", json!({ "threadId": thread }));
    assert_eq!(result["content"], "after", "{result}");
}

#[test]
fn answers_to_questions_come_from_stdin() {
    let place = Place::new();
    let mut host = Setup::fake(&place).start();
    let (thread, id) = asked(&mut host, "ask-user-input\nsay after");
    refused(&place, &["approve", &id, "answer"], &["`q1` is missing"]);
    let done = said(&place, &["approve", &id, "answer", "--answers", "-"], "{\"q1\": \"B\"}\n");
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(decided(&mut host, &thread)["answers"], json!({ "q1": ["B"] }));
}

#[test]
fn a_dialog_is_withdrawn_when_a_terminal_decides() {
    let place = Place::new();
    let mut host = Setup::fake(&place).elicits().start();
    let call = json!({ "name": "codex", "arguments": { "prompt": "ask-command true\nsay after" } });
    let call = host.post("tools/call", call);
    let dialog = host.asked("elicitation/create");
    let id = dialog["params"]["_meta"]["approvalId"].as_str().unwrap().to_owned();
    assert_eq!(said(&place, &["approve", &id, "approve"], "").code, 0);
    let withdrawn = host.asked("notifications/cancelled");
    assert_eq!(withdrawn["params"]["requestId"], dialog["id"], "{withdrawn}");
    let result = host.answer(call)["result"]["structuredContent"].clone();
    assert_eq!((&result["status"], &result["content"]), (&json!("completed"), &json!("after")), "{result}");
}

#[test]
fn a_terminal_ends_a_turn() {
    let place = Place::new();
    refused(&place, &["cancel", "t-0"], &["no session `t-0`"]);
    let mut host = Setup::fake(&place).start();
    let running = host.structured("codex", json!({ "prompt": "stall", "wait": 0 }));
    let thread = running["threadId"].as_str().unwrap().to_owned();
    let cancelled = said(&place, &["cancel", &thread], "");
    assert_eq!(cancelled.code, 0, "{cancelled:?}");
    assert!(cancelled.out.contains("is being ended"), "{cancelled:?}");
    let result = host.structured("codex-wait", json!({ "threadId": thread }));
    assert_eq!(result["status"], "interrupted", "{result}");
    let again = said(&place, &["cancel", &thread], "");
    assert!(again.code == 0 && again.out.contains("no turn was running"), "{again:?}");
    host.close_stdin();
    assert_eq!(host.ended(), 0);
    let again = said(&place, &["cancel", &thread], "");
    assert!(again.code == 0 && again.out.contains("no turn was running"), "{again:?}");
}

#[test]
fn nobody_answers_for_a_bridge_that_was_killed() {
    let place = Place::new();
    let sockets = || std::fs::read_dir(place.root.join("state").join("control")).unwrap().count();
    let mut host = Setup::fake(&place).alone().start();
    let (_, id) = asked(&mut host, "ask-command true");
    assert_eq!(sockets(), 1);
    host.child.kill().unwrap();
    host.ended();
    assert_eq!(said(&place, &["approve"], "").out, "no decision is open\n");
    refused(&place, &["approve", &id, "approve"], &["the bridge that ran session", "has ended"]);
    assert_eq!(sockets(), 0, "what it left is removed");
    // The next bridge ends the turn, and with it the question.
    let mut next = Setup::fake(&place).alone().start();
    next.structured("codex", json!({ "prompt": "say x" }));
    refused(&place, &["approve", &id, "approve"], &["already decided: decline by a shutdown"]);
    next.close_stdin();
    assert_eq!((next.ended(), sockets()), (0, 0));
}

#[test]
fn of_two_at_once_one_is_told_who_was_first() {
    let place = Place::new();
    let mut host = Setup::fake(&place).start();
    let (thread, id) = asked(&mut host, "ask-command true\nsay after");
    let people: Vec<_> = ["approve", "decline"]
        .into_iter()
        .map(|decision| terminal(&place, &["approve", &id, decision]).spawn().unwrap())
        .collect();
    let approve = json!({ "approvalId": id, "decision": "approve-for-session" });
    let agent = host.call("codex-approve", approve);
    let outputs: Vec<_> = people.into_iter().map(|one| one.wait_with_output().unwrap()).collect();
    let won = outputs.iter().filter(|one| one.status.success()).count();
    assert_eq!(won + usize::from(agent["isError"] != true), 1, "{outputs:?} {agent}");
    for lost in outputs.iter().filter(|one| !one.status.success()) {
        assert!(String::from_utf8_lossy(&lost.stderr).contains("already decided"), "{lost:?}");
    }
    decided(&mut host, &thread);
}

//! Decisions of a modern host: retries with a sealed state, and tasks. What each kind of question
//! becomes with the real codex is the table of `real::decisions`.

use serde_json::{Value, json};

use crate::common::{Host, Place, Setup};

const EXTENSION: &str = "io.modelcontextprotocol/tasks";

fn forms() -> Value {
    json!({ "elicitation": { "form": {}, "url": {} } })
}

fn tasks() -> Value {
    json!({ "elicitation": { "form": {} }, "extensions": { EXTENSION: {} } })
}

/// Calls a tool of a modern host: the whole answer, a result or an error.
fn call(host: &mut Host, tool: &str, arguments: &Value, more: &Value) -> Value {
    let mut params = json!({ "name": tool, "arguments": arguments });
    params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    host.request("tools/call", params)
}

/// The same with what a round asked for: every question gets this answer.
fn retry(host: &mut Host, tool: &str, arguments: &Value, round: &Value, answer: &Value) -> Value {
    let keys = round["inputRequests"].as_object().unwrap().keys();
    let responses: serde_json::Map<_, _> = keys.map(|key| (key.clone(), answer.clone())).collect();
    let state = &round["requestState"];
    call(host, tool, arguments, &json!({ "inputResponses": responses, "requestState": state }))
}

fn accept() -> Value {
    json!({ "action": "accept", "content": { "decision": "approve" } })
}

#[test]
fn a_modern_host_is_asked_by_its_retry() {
    let place = Place::new();
    let mut host = Setup::fake(&place).modern(forms());
    let arguments = json!({ "prompt": "ask-command touch x\nask-file y\nsay done" });
    let mut answer = call(&mut host, "codex", &arguments, &json!({}));
    for wanted in ["touch x", "y"] {
        let round = answer["result"].clone();
        assert_eq!(round["resultType"], "input_required", "{answer}");
        let (_, request) = round["inputRequests"].as_object().unwrap().iter().next().unwrap();
        assert_eq!(request["method"], "elicitation/create", "{round}");
        assert!(request["params"]["message"].as_str().unwrap().contains(wanted), "{round}");
        answer = retry(&mut host, "codex", &arguments, &round, &accept());
    }
    let done = answer["result"]["structuredContent"].clone();
    assert_eq!((&done["status"], &done["content"]), (&json!("completed"), &json!("done")), "{answer}");
    let events = host.events(&done["threadId"]);
    assert_eq!(events.iter().filter(|e| e["type"] == "turn_started").count(), 1, "a retry starts nothing");
    let decided: Vec<_> = events.iter().filter(|e| e["type"] == "permission_decision").collect();
    assert!(decided.iter().all(|d| d["by"] == "person" && d["way"] == "retry"), "{decided:?}");
}

#[test]
fn a_host_without_dialogs_gets_the_handle() {
    let place = Place::new();
    for capabilities in [json!({}), json!({ "elicitation": { "url": {} } })] {
        let mut host = Setup::fake(&place).modern(capabilities);
        let open = host.structured("codex", json!({ "prompt": "ask-command true" }));
        assert_eq!(open["status"], "needs_decision", "{open}");
    }
}

#[test]
fn a_dialog_that_is_closed_leaves_the_decision_open_for_the_agent() {
    let place = Place::new();
    let mut host = Setup::fake(&place).modern(forms());
    let arguments = json!({ "prompt": "ask-command touch x\nsay on" });
    let round = call(&mut host, "codex", &arguments, &json!({}))["result"].clone();
    let open = retry(&mut host, "codex", &arguments, &round, &json!({ "action": "cancel" }));
    let open = open["result"]["structuredContent"].clone();
    assert_eq!(open["status"], "needs_decision", "{open}");
    let approve = json!({ "approvalId": open["decisions"][0]["approvalId"], "decision": "approve" });
    let done = host.structured("codex-approve", approve);
    assert_eq!(done["status"], "completed", "{done}");
    let events = host.events(&open["threadId"]);
    let decided = events.iter().find(|e| e["type"] == "permission_decision").unwrap();
    assert_eq!((&decided["by"], &decided["afterDismissal"]), (&json!("agent"), &json!(true)), "{decided}");
}

/// A state of another call, another session, changed, used, expired: nothing is decided, nothing starts.
#[test]
fn no_approval_through_a_state_that_is_not_of_this_call() {
    let place = Place::new();
    let mut host = Setup::fake(&place).env("CODEX_BRIDGE_APPROVALS_DEADLINE", "3").modern(forms());
    let first = json!({ "prompt": "ask-command touch first" });
    let second = json!({ "prompt": "ask-command touch second" });
    let one = call(&mut host, "codex", &first, &json!({}))["result"].clone();
    let two = call(&mut host, "codex", &second, &json!({}))["result"].clone();
    let id = |round: &Value| round["inputRequests"].as_object().unwrap().keys().next().unwrap().clone();

    let mut changed = one.clone();
    let state = one["requestState"].as_str().unwrap();
    changed["requestState"] = json!(format!("{}x", &state[..state.len() - 1]));
    let mut swapped = one.clone();
    swapped["requestState"] = two["requestState"].clone();
    let refused = [
        ("another call's arguments", retry(&mut host, "codex", &second, &one, &accept())),
        ("another tool", retry(&mut host, "codex-wait", &first, &one, &accept())),
        ("another session's state", retry(&mut host, "codex", &first, &swapped, &accept())),
        ("changed", retry(&mut host, "codex", &first, &changed, &accept())),
        ("made up", call(&mut host, "codex", &first, &json!({ "requestState": "rs1.x.y" }))),
        ("no state", call(&mut host, "codex", &first, &json!({ "inputResponses": { id(&one): accept() } }))),
    ];
    for (what, answer) in refused {
        assert_eq!(answer["error"]["code"], -32602, "{what}: {answer}");
    }

    // With its own state, and the other session's question in it: passed over, and asked again.
    let own = json!({ "requestState": one["requestState"], "inputResponses": { id(&two): accept() } });
    let again = call(&mut host, "codex", &first, &own)["result"].clone();
    assert_eq!(again["resultType"], "input_required", "{again}");
    assert_eq!(id(&again), id(&one));
    let used = retry(&mut host, "codex", &first, &one, &accept());
    assert!(used["error"]["message"].as_str().unwrap().contains("has been used"), "{used}");

    // Nothing of all that has decided: both end at their deadline. A state from before it says where its
    // call stands, and brings no answers.
    let sessions: Vec<Value> = [&again, &two]
        .map(|round| {
            let (_, request) = round["inputRequests"].as_object().unwrap().iter().next().unwrap();
            request["params"]["_meta"]["threadId"].clone()
        })
        .into();
    for thread in &sessions {
        let page = json!({ "threadId": thread, "types": ["turn_finished"], "wait": 20 });
        assert_eq!(host.structured("codex-events", page)["events"].as_array().unwrap().len(), 1);
        let events = host.events(thread);
        let decided: Vec<_> = events.iter().filter(|e| e["type"] == "permission_decision").collect();
        assert_eq!(decided.len(), 1);
        assert_eq!((&decided[0]["by"], &decided[0]["decision"]), (&json!("deadline"), &json!("decline")));
        assert_eq!(events.iter().filter(|e| e["type"] == "turn_started").count(), 1);
    }
    let expired = retry(&mut host, "codex", &second, &two, &accept());
    let text = expired["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{expired}"));
    assert!(text.contains("after the deadline"), "{expired}");
    let events = host.events(&sessions[1]);
    assert_eq!(events.iter().filter(|e| e["type"] == "permission_decision").count(), 1, "it decides nothing");
}

/// The eighth round hands the open questions out, before the client gives up at the tenth.
#[test]
fn the_eighth_round_is_the_handle() {
    let place = Place::new();
    let mut host = Setup::fake(&place).modern(forms());
    let prompt = (0..9).map(|n| format!("ask-command touch {n}\n")).collect::<String>();
    let arguments = json!({ "prompt": prompt });
    let mut answer = call(&mut host, "codex", &arguments, &json!({}));
    let mut rounds = 0;
    while answer["result"]["resultType"] == "input_required" {
        rounds += 1;
        let round = answer["result"].clone();
        answer = retry(&mut host, "codex", &arguments, &round, &accept());
    }
    let open = &answer["result"]["structuredContent"];
    assert_eq!((rounds, &open["status"]), (7, &json!("needs_decision")), "{answer}");
    // Another call goes on from there.
    let wait = json!({ "threadId": open["threadId"] });
    let round = call(&mut host, "codex-wait", &wait, &json!({}))["result"].clone();
    let next = retry(&mut host, "codex-wait", &wait, &round, &accept());
    assert_eq!(next["result"]["resultType"], "input_required", "{next}");
}

/// What comes second is told who was first; the call goes on.
#[test]
fn an_answer_that_comes_second_hears_who_was_first() {
    let place = Place::new();
    let mut host = Setup::fake(&place).modern(forms());
    let arguments = json!({ "prompt": "ask-command touch x\nsay on" });
    let round = call(&mut host, "codex", &arguments, &json!({}))["result"].clone();
    let id = round["inputRequests"].as_object().unwrap().keys().next().unwrap().clone();
    let done =
        host.structured("codex-approve", json!({ "approvalId": id, "decision": "decline", "reason": "no" }));
    assert_eq!(done["status"], "completed", "{done}");
    let late = retry(&mut host, "codex", &arguments, &round, &accept())["result"].clone();
    assert_eq!(late["structuredContent"]["status"], "completed", "{late}");
    let text = late["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("already decided: decline by the agent"), "{text}");
}

fn task_of(host: &mut Host, prompt: &str) -> String {
    let made = call(host, "codex", &json!({ "prompt": prompt }), &json!({}))["result"].clone();
    assert_eq!((&made["resultType"], &made["status"]), (&json!("task"), &json!("working")), "{made}");
    assert_eq!(made["ttlMs"], Value::Null, "{made}");
    made["taskId"].as_str().unwrap().to_owned()
}

/// Looks at a task until it stands as wanted.
fn standing(host: &mut Host, task: &str, wanted: &[&str]) -> Value {
    let until = std::time::Instant::now() + crate::common::PATIENCE;
    loop {
        let answer = host.request("tasks/get", json!({ "taskId": task }));
        let status = answer["result"]["status"].as_str().unwrap_or_else(|| panic!("{answer}"));
        if wanted.contains(&status) {
            return answer["result"].clone();
        }
        assert!(std::time::Instant::now() < until, "{answer}");
        std::thread::yield_now();
    }
}

#[test]
fn a_run_is_a_task_to_a_host_that_knows_them() {
    let place = Place::new();
    let mut host = Setup::fake(&place).modern(tasks());
    let task = task_of(&mut host, "ask-command touch x\nsay done");
    let open = standing(&mut host, &task, &["input_required"]);
    assert_eq!(open["pollIntervalMs"], 500, "{open}");
    assert!(open["statusMessage"].as_str().unwrap().contains("touch x"), "{open}");
    let keys: Vec<String> = open["inputRequests"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys.len(), 1);
    let update = json!({ "taskId": task, "inputResponses": { &keys[0]: accept(), "unknown": accept() } });
    let updated = host.request("tasks/update", update.clone());
    assert_eq!(updated["result"]["resultType"], "complete", "{updated}");
    let done = standing(&mut host, &task, &["completed"]);
    let result = &done["result"]["structuredContent"];
    assert_eq!((&result["status"], &result["content"]), (&json!("completed"), &json!("done")), "{done}");
    assert!(done["ttlMs"].as_u64().unwrap() >= 7 * 86_400_000, "{done}");
    assert_eq!(
        host.request("tasks/update", update)["result"]["resultType"],
        "complete",
        "late keys are passed over"
    );
    assert_eq!(
        standing(&mut host, &task, &["completed"])["result"],
        done["result"],
        "stored, not made again"
    );
    let events = host.events(&result["threadId"]);
    let decided = events.iter().find(|e| e["type"] == "permission_decision").unwrap();
    assert_eq!((&decided["by"], &decided["way"]), (&json!("person"), &json!("task")));
    let unknown = host.request("tasks/get", json!({ "taskId": "task_no" }));
    assert_eq!(unknown["error"]["code"], -32602, "{unknown}");
}

#[test]
fn a_task_is_cancelled_with_its_turn() {
    let place = Place::new();
    let mut host = Setup::fake(&place).modern(tasks());
    let task = task_of(&mut host, "stall");
    let cancelled = host.request("tasks/cancel", json!({ "taskId": task }));
    assert_eq!(cancelled["result"]["resultType"], "complete", "{cancelled}");
    standing(&mut host, &task, &["cancelled"]);
    let again = host.request("tasks/cancel", json!({ "taskId": task }));
    assert_eq!(again["result"]["resultType"], "complete", "{again}");
}

/// Where nobody can be asked the agent must hear of it: the task ends with the open question.
#[test]
fn a_task_whose_dialog_was_closed_ends_with_the_open_decision() {
    let place = Place::new();
    let mut host = Setup::fake(&place).modern(tasks());
    let task = task_of(&mut host, "ask-command touch x\nsay on");
    let open = standing(&mut host, &task, &["input_required"]);
    let key = open["inputRequests"].as_object().unwrap().keys().next().unwrap().clone();
    host.request(
        "tasks/update",
        json!({ "taskId": task, "inputResponses": { &key: { "action": "cancel" } } }),
    );
    let done = standing(&mut host, &task, &["completed"]);
    assert_eq!(done["result"]["structuredContent"]["status"], "needs_decision", "{done}");
    let next = host.structured("codex-approve", json!({ "approvalId": key, "decision": "approve" }));
    assert_eq!(next["status"], "completed", "{next}");
}

#[test]
fn a_call_with_a_wait_of_its_own_is_no_task() {
    let place = Place::new();
    let mut host = Setup::fake(&place).modern(tasks());
    let handle = host.structured("codex", json!({ "prompt": "stall", "wait": 0 }));
    assert_eq!(handle["status"], "running", "{handle}");
}

#[test]
fn a_task_outlives_its_bridge() {
    let place = Place::new();
    let mut host = Setup::fake(&place).alone().modern(tasks());
    let done = task_of(&mut host, "say done");
    standing(&mut host, &done, &["completed"]);
    let open = task_of(&mut host, "ask-command touch x");
    standing(&mut host, &open, &["input_required"]);
    host.child.kill().unwrap();
    host.ended();
    let mut next = Setup::fake(&place).alone().modern(tasks());
    let kept = standing(&mut next, &done, &["completed"]);
    assert_eq!(kept["result"]["structuredContent"]["content"], "done", "{kept}");
    let ended = standing(&mut next, &open, &["completed"]);
    assert_eq!(ended["result"]["structuredContent"]["error"]["code"], "host_gone", "{ended}");
}

/// Tasks are of the revisions without a handshake: an older host is told nothing of them.
#[test]
fn an_older_host_hears_of_no_tasks() {
    let place = Place::new();
    let mut host = Setup::fake(&place).spawn();
    let hello = json!({ "protocolVersion": "2025-11-25", "capabilities": tasks(), "clientInfo": { "name": "mcp", "version": "1" } });
    let hello = host.request("initialize", hello);
    assert_eq!(hello["result"]["capabilities"].get("extensions"), None, "{hello}");
    let mut modern = Setup::fake(&place).modern(tasks());
    let about = modern.request("server/discover", json!({}));
    assert!(about["result"]["capabilities"]["extensions"][EXTENSION].is_object(), "{about}");
}

/// A dialog that ends without an answer, while the bridge lives, decides nothing: closed, answered with
/// an error as by a host that timed out, with something that fits nothing, or dropped with its call.
#[test]
fn a_dialog_without_an_answer_decides_nothing() {
    let place = Place::new();
    let mut host = Setup::fake(&place).elicits().start();
    let error = json!({ "error": { "code": -32001, "message": "Request timed out" } });
    let ends = [
        json!({ "result": { "action": "cancel" } }),
        error,
        json!({ "result": { "action": "accept", "content": { "decision": "perhaps" } } }),
    ];
    for (end, times) in ends.into_iter().zip([1, 1, 3]) {
        let run = json!({ "name": "codex", "arguments": { "prompt": "ask-command touch x\nsay on" } });
        let id = host.post("tools/call", run);
        for _ in 0..times {
            let dialog = host.asked("elicitation/create");
            let mut answer = json!({ "jsonrpc": "2.0", "id": dialog["id"] });
            answer.as_object_mut().unwrap().extend(end.as_object().unwrap().clone());
            host.send(&answer);
        }
        let open = host.answer(id)["result"]["structuredContent"].clone();
        assert_eq!(open["status"], "needs_decision", "{end}: {open}");
        let approve = json!({ "approvalId": open["decisions"][0]["approvalId"], "decision": "approve" });
        assert_eq!(host.structured("codex-approve", approve)["status"], "completed", "{end}");
    }

    // Somebody looks on, is asked, and goes away: the dialog is withdrawn, the question stays.
    let run = json!({ "prompt": "ask-command touch x\nsay on", "wait": 0 });
    let thread = host.structured("codex", run)["threadId"].clone();
    let wait = host.post("tools/call", json!({ "name": "codex-wait", "arguments": { "threadId": thread } }));
    let dialog = host.asked("elicitation/create");
    let gone = json!({ "requestId": wait });
    host.send(&json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": gone }));
    let withdrawn = host.asked("notifications/cancelled");
    assert_eq!(withdrawn["params"]["requestId"], dialog["id"], "{withdrawn}");
    let id = dialog["params"]["_meta"]["approvalId"].clone();
    let done = host.structured("codex-approve", json!({ "approvalId": id, "decision": "approve" }));
    assert_eq!((&done["status"], &done["threadId"]), (&json!("completed"), &thread), "{done}");
}

/// A form is shown again where what was filled in does not fit it, and then left to other ways.
#[test]
fn a_form_that_is_filled_in_wrongly_is_asked_again() {
    let place = Place::new();
    let mut host = Setup::fake(&place).elicits().start();
    let run = json!({ "name": "codex", "arguments": { "prompt": "ask-user-input\nsay on" } });
    let id = host.post("tools/call", run);
    for _ in 0..3 {
        let dialog = host.asked("elicitation/create");
        let wrong = json!({ "action": "accept", "content": {} });
        host.send(&json!({ "jsonrpc": "2.0", "id": dialog["id"], "result": wrong }));
    }
    let open = host.answer(id)["result"]["structuredContent"].clone();
    assert_eq!(open["status"], "needs_decision", "{open}");
}

/// The time that a person takes is not the caller's: a wait of one second outlasts a question of two.
#[test]
fn waiting_for_a_person_is_not_charged_to_the_wait() {
    let place = Place::new();
    let setup = || Setup::fake(&place).env("CODEX_BRIDGE_APPROVALS_DEADLINE", "2");
    let mut host = setup().elicits().start();
    let run = json!({ "prompt": "ask-command touch x\nsay on", "wait": 1 });
    let done = host.structured("codex", run.clone());
    assert_eq!((&done["status"], &done["content"]), (&json!("completed"), &json!("on")), "{done}");
    let events = host.events(&done["threadId"]);
    let decided = events.iter().find(|e| e["type"] == "permission_decision").unwrap();
    assert_eq!((&decided["by"], &decided["decision"]), (&json!("deadline"), &json!("decline")));

    // Where nobody is asked the clock runs on, and the question goes out at once.
    let mut silent = setup().start();
    assert_eq!(silent.structured("codex", run)["status"], "needs_decision");
    // A second that was waited before a question is not given back by a retry.
    let mut modern = setup().modern(forms());
    let arguments = json!({ "prompt": "ask-command touch x\nstall", "wait": 1 });
    let round = call(&mut modern, "codex", &arguments, &json!({}))["result"].clone();
    let begun = std::time::Instant::now();
    let after = retry(&mut modern, "codex", &arguments, &round, &accept());
    assert_eq!(after["result"]["structuredContent"]["status"], "running", "{after}");
    assert!(begun.elapsed() < std::time::Duration::from_secs(10), "{:?}", begun.elapsed());
}

/// With `approvals.route` no dialog opens, or no agent decides.
#[test]
fn the_route_says_who_is_asked() {
    let place = Place::new();
    let routed =
        |route: &str| Setup::fake(&place).env("CODEX_BRIDGE_APPROVALS_ROUTE", route).elicits().start();
    let run = json!({ "prompt": "ask-command touch x\nsay on" });
    let mut agent = routed("agent");
    let open = agent.structured("codex", run.clone());
    assert_eq!(open["status"], "needs_decision", "no dialog: {open}");
    let approve = json!({ "approvalId": open["decisions"][0]["approvalId"], "decision": "approve" });
    assert_eq!(agent.structured("codex-approve", approve)["status"], "completed");
    assert_eq!(routed("rules").structured("codex", run.clone())["status"], "completed", "declined at once");
    let mut human = routed("human");
    let id = human.post("tools/call", json!({ "name": "codex", "arguments": run }));
    let dialog = human.asked("elicitation/create");
    let approval = dialog["params"]["_meta"]["approvalId"].clone();
    let refused = human.call("codex-approve", json!({ "approvalId": approval, "decision": "approve" }));
    assert_eq!(refused["structuredContent"]["error"]["code"], "decision_not_allowed", "{refused}");
    human.send(&json!({ "jsonrpc": "2.0", "id": dialog["id"], "result": accept() }));
    assert_eq!(human.answer(id)["result"]["structuredContent"]["status"], "completed");
}

/// A state is of no use to a tool that asks nothing, which does nothing then.
#[test]
fn a_state_given_to_another_kind_of_tool_is_refused() {
    let place = Place::new();
    let mut host = Setup::fake(&place).modern(forms());
    let arguments = json!({ "prompt": "ask-command touch x" });
    let round = call(&mut host, "codex", &arguments, &json!({}))["result"].clone();
    let (_, request) = round["inputRequests"].as_object().unwrap().iter().next().unwrap();
    let thread = json!({ "threadId": request["params"]["_meta"]["threadId"] });
    let state = json!({ "requestState": round["requestState"] });
    let refused = call(&mut host, "codex-cancel", &thread, &state);
    assert_eq!(refused["error"]["code"], -32602, "{refused}");
    assert_eq!(
        host.structured("codex-wait", json!({ "threadId": thread["threadId"], "wait": 0 }))["status"],
        "needs_decision"
    );
}

/// Where the host's own limit is near, the dialog is withdrawn and the question handed out: a host that
/// loses patience would drop the call, and end the turn with it.
#[test]
fn a_dialog_does_not_outlast_the_host() {
    let place = Place::new();
    let mut setup = Setup::fake(&place).elicits();
    setup.name = "openai-agents";
    let mut host = setup.start();
    let begun = std::time::Instant::now();
    let run = json!({ "name": "codex", "arguments": { "prompt": "ask-command touch x" } });
    let id = host.post("tools/call", run);
    let dialog = host.asked("elicitation/create");
    let open = host.answer(id)["result"]["structuredContent"].clone();
    assert_eq!(open["status"], "needs_decision", "{open}");
    assert!(begun.elapsed() < std::time::Duration::from_secs(8), "{:?}", begun.elapsed());
    assert_eq!(host.asked("notifications/cancelled")["params"]["requestId"], dialog["id"]);
}

/// The answer to a task's question reaches the bridge that runs it; and a task whose form was filled in
/// wrongly is not stuck under a key that may not be offered twice.
#[test]
#[cfg(unix)]
fn a_task_is_answered_through_another_bridge() {
    let place = Place::new();
    let (mut one, mut two) = (Setup::fake(&place).modern(tasks()), Setup::fake(&place).modern(tasks()));
    let task = task_of(&mut one, "ask-command touch x\nsay done");
    let open = standing(&mut two, &task, &["input_required"]);
    let key = open["inputRequests"].as_object().unwrap().keys().next().unwrap().clone();
    two.request("tasks/update", json!({ "taskId": task, "inputResponses": { &key: accept() } }));
    let done = standing(&mut two, &task, &["completed"]);
    assert_eq!(done["result"]["structuredContent"]["content"], "done", "{done}");
    let stalled = task_of(&mut one, "stall");
    two.request("tasks/cancel", json!({ "taskId": stalled }));
    standing(&mut one, &stalled, &["cancelled"]);

    let asked = task_of(&mut one, "ask-user-input\nsay on");
    let open = standing(&mut one, &asked, &["input_required"]);
    let key = open["inputRequests"].as_object().unwrap().keys().next().unwrap().clone();
    let wrong = json!({ "action": "accept", "content": {} });
    one.request("tasks/update", json!({ "taskId": asked, "inputResponses": { &key: wrong } }));
    let handed = standing(&mut one, &asked, &["completed", "input_required"]);
    assert_eq!(handed["result"]["structuredContent"]["status"], "needs_decision", "{handed}");
}

/// Who was first is known also after the session was taken up again.
#[test]
fn a_late_answer_hears_who_decided_after_a_restart_too() {
    let place = Place::new();
    let mut host = Setup::fake(&place).start();
    let open = host.structured("codex", json!({ "prompt": "ask-command touch x\nsay on" }));
    let approve = json!({ "approvalId": open["decisions"][0]["approvalId"], "decision": "approve" });
    host.structured("codex-approve", approve.clone());
    host.close_stdin();
    host.ended();
    let mut next = Setup::fake(&place).start();
    next.structured("codex-reply", json!({ "prompt": "say more", "threadId": open["threadId"] }));
    let late = next.call("codex-approve", approve);
    let text = late["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("already decided: approve by the agent"), "{text}");
}

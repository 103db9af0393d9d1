//! What waits in line of a session at work has a handle of its own: by that it is waited for and taken out.

use serde_json::{Value, json};

use crate::common::{Host, Place, Setup};

/// A session whose turn waits for a decision, and that decision.
fn asking(host: &mut Host) -> (Value, Value) {
    let go = json!({ "prompt": "ask-command touch x", "approval-policy": "untrusted", "wait": 10 });
    let asks = host.structured("codex", go);
    (
        asks["threadId"].clone(),
        json!({ "approvalId": asks["decisions"][0]["approvalId"], "decision": "approve" }),
    )
}

/// A session whose turn runs until it is cancelled, and that turn.
fn stalled(host: &mut Host) -> (Value, Value) {
    let running = host.structured("codex", json!({ "prompt": "stall", "wait": 0 }));
    (running["threadId"].clone(), running["turnId"].clone())
}

fn arguments(thread: &Value, n: usize, wait: f64) -> Value {
    json!({ "threadId": thread, "prompt": format!("say {n}"), "when-busy": "queue", "wait": wait })
}

/// Puts prompts in line that nobody waits for; their handles.
fn queued(host: &mut Host, thread: &Value, count: usize) -> Vec<Value> {
    let one = |n| {
        // Who waits a little is handed back as well.
        let told = host.structured("codex-reply", arguments(thread, n, if n == 0 { 0.05 } else { 0.0 }));
        assert_eq!((&told["status"], &told["ahead"]), (&json!("queued"), &json!(n)), "{told}");
        assert!(told["turnId"].as_str().unwrap().starts_with("queued-"), "{told}");
        told["turnId"].clone()
    };
    (0..count).map(one).collect()
}

fn wait(host: &mut Host, thread: &Value, turn: &Value, wait: u32) -> Value {
    host.call("codex-wait", json!({ "threadId": thread, "turnId": turn, "wait": wait }))
}

fn cancel(host: &mut Host, thread: &Value, turn: &Value) -> Value {
    host.call("codex-cancel", json!({ "threadId": thread, "turnId": turn }))
}

fn done(host: &mut Host, thread: &Value, handle: &Value, n: usize) -> Value {
    let own = wait(host, thread, handle, 60)["structuredContent"].clone();
    assert_eq!((&own["status"], &own["content"]), (&json!("completed"), &json!(n.to_string())), "{own}");
    own["turnId"].clone()
}

/// That there is no such turn, and what to do.
fn unknown(result: &Value) {
    assert_eq!(result["structuredContent"]["error"]["code"], "turn_unknown", "{result}");
    let words = result["content"][0]["text"].as_str().unwrap();
    assert!(words.contains("taken out") && words.contains("lost") && words.contains("again"), "{words}");
}

/// Each of three has its own answer by its handle, in whatever order they ask, also after a restart.
#[test]
fn each_in_line_has_its_own_answer() {
    let place = Place::new();
    let mut host = Setup::fake(&place).start();
    let (thread, decide) = asking(&mut host);
    let handles = queued(&mut host, &thread, 3);
    for (n, handle) in handles.iter().enumerate() {
        let waits = wait(&mut host, &thread, handle, 0)["structuredContent"].clone();
        assert_eq!(
            (&waits["status"], &waits["ahead"], &waits["turnId"]),
            (&json!("queued"), &json!(n), handle),
            "{waits}"
        );
    }
    host.structured("codex-approve", decide);
    let turns: Vec<_> =
        [2, 0, 1].into_iter().map(|n| (n, done(&mut host, &thread, &handles[n], n))).collect();
    drop(host);
    let mut host = Setup::fake(&place).start();
    for (n, turn) in turns {
        assert_eq!(done(&mut host, &thread, &handles[n], n), turn);
        assert_eq!(done(&mut host, &thread, &turn, n), turn, "by its own name too");
    }
}

/// One is taken out by its handle: whoever waits for it hears so, and all others go on.
#[test]
fn one_is_taken_out_alone() {
    let place = Place::new();
    let mut host = Setup::fake(&place).start();
    let (thread, running) = stalled(&mut host);
    let handles = queued(&mut host, &thread, 3);
    let follows = json!({ "threadId": thread, "turnId": handles[1], "wait": 60 });
    let follows = host.post("tools/call", json!({ "name": "codex-wait", "arguments": follows }));
    let out = cancel(&mut host, &thread, &handles[1]);
    let told = &out["structuredContent"];
    assert_eq!((&told["status"], &told["turnId"]), (&json!("interrupted"), &handles[1]), "{out}");
    assert!(out["content"][0]["text"].as_str().unwrap().contains("taken out"), "{out}");
    unknown(&host.answer(follows)["result"]);
    unknown(&wait(&mut host, &thread, &handles[1], 60));
    let again = cancel(&mut host, &thread, &handles[1]);
    assert!(again["content"][0]["text"].as_str().unwrap().contains("nothing was cancelled"), "{again}");
    let warned = host.events(&thread).into_iter().find(|event| event["type"] == "warning").unwrap();
    assert_eq!(warned["runs"], json!([handles[1]]), "{warned}");
    for (ahead, n) in [(0, 0), (1, 2)] {
        let waits = wait(&mut host, &thread, &handles[n], 0)["structuredContent"].clone();
        assert_eq!((&waits["status"], &waits["ahead"]), (&json!("queued"), &json!(ahead)), "{waits}");
    }

    // The one that runs is ended by its name, and nothing else.
    let ended = cancel(&mut host, &thread, &running)["structuredContent"].clone();
    assert_eq!((&ended["status"], &ended["turnId"]), (&json!("interrupted"), &running), "{ended}");
    done(&mut host, &thread, &handles[0], 0);
    done(&mut host, &thread, &handles[2], 2);
    for ended in [&running, &handles[0]] {
        let idle = cancel(&mut host, &thread, ended);
        assert!(idle["content"][0]["text"].as_str().unwrap().contains("not running"), "{idle}");
    }
}

/// Who still waits with its call hears that it was taken out; a run that runs is ended by its name; the name of a
/// caller is a handle too.
#[test]
fn a_run_is_ended_by_its_name_wherever_it_is() {
    let place = Place::new();
    let mut host = Setup::fake(&place).start();
    let (thread, running) = stalled(&mut host);
    let keyed = |prompt: &str, key: &str, wait: u32| json!({ "threadId": thread, "prompt": prompt, "when-busy": "queue", "key": key, "wait": wait });
    let told = host.structured("codex-reply", keyed("stall", "mine", 0));
    assert_eq!((&told["status"], &told["turnId"]), (&json!("queued"), &json!("mine")), "{told}");
    let call = json!({ "name": "codex-reply", "arguments": keyed("say x", "other", 60) });
    let waiting = host.post("tools/call", call);
    // Not before it is in line.
    let line =
        |host: &mut Host| wait(host, &thread, &json!("other"), 0)["structuredContent"]["ahead"].clone();
    while line(&mut host) != 1 {}
    cancel(&mut host, &thread, &json!("other"));
    let out = host.answer(waiting)["result"].clone();
    assert_eq!(out["structuredContent"]["error"]["code"], "cancelled", "{out}");
    unknown(&wait(&mut host, &thread, &json!("other"), 60));

    cancel(&mut host, &thread, &running);
    let started = |host: &mut Host| {
        let waits = wait(host, &thread, &json!("mine"), 0)["structuredContent"].clone();
        (waits["status"] == "running" && waits["turnId"] != "mine").then(|| waits["turnId"].clone())
    };
    let own = std::iter::repeat_with(|| started(&mut host)).flatten().next().unwrap();
    let ended = cancel(&mut host, &thread, &json!("mine"))["structuredContent"].clone();
    assert_eq!((&ended["status"], &ended["turnId"]), (&json!("interrupted"), &own), "{ended}");
}

/// A handle is one of its own session, and no other's.
#[test]
fn the_handle_of_another_session_is_refused() {
    let place = Place::new();
    let mut host = Setup::fake(&place).start();
    let ((one, _), (two, turn)) = (stalled(&mut host), stalled(&mut host));
    let handles = queued(&mut host, &one, 1);
    unknown(&wait(&mut host, &two, &handles[0], 60));
    unknown(&cancel(&mut host, &two, &handles[0]));
    unknown(&cancel(&mut host, &one, &turn));
    let both = json!({ "threadId": one, "turnId": handles[0], "archive": true });
    let refused = host.call("codex-cancel", both);
    assert_eq!(refused["structuredContent"]["error"]["code"], "bad_arguments", "{refused}");
    let waits = wait(&mut host, &one, &handles[0], 0)["structuredContent"].clone();
    assert_eq!(waits["status"], "queued", "it waits on: {waits}");
    assert_eq!(wait(&mut host, &two, &turn, 0)["structuredContent"]["status"], "running");
}

/// What waited in line of a bridge that was killed is named, and whoever asks for it is told to send it again.
#[test]
fn what_is_lost_with_its_bridge_is_named() {
    let place = Place::new();
    let mut host = Setup::fake(&place).alone().start();
    let (thread, decide) = asking(&mut host);
    let first = queued(&mut host, &thread, 1);
    host.structured("codex-approve", decide);
    done(&mut host, &thread, &first[0], 0);
    let running = json!({ "threadId": thread, "prompt": "stall", "wait": 0 });
    assert_eq!(host.structured("codex-reply", running)["status"], "running");
    let handles = queued(&mut host, &thread, 2);
    host.child.kill().unwrap();
    host.ended();

    let mut host = Setup::fake(&place).alone().start();
    for handle in &handles {
        unknown(&wait(&mut host, &thread, handle, 60));
    }
    done(&mut host, &thread, &first[0], 0);
    host.structured("codex-wait", json!({ "threadId": thread }));
    let events = host.events(&thread);
    let warned: Vec<_> = events.iter().filter(|event| event["type"] == "warning").collect();
    assert_eq!(warned.len(), 1, "{warned:?}");
    assert_eq!(warned[0]["runs"], json!(handles), "what had begun is not among them: {warned:?}");
    assert!(warned[0]["message"].as_str().unwrap().contains(handles[1].as_str().unwrap()), "{warned:?}");
}

/// Also from another bridge on the same journal, which asks the one that has the line.
#[test]
#[cfg(unix)]
fn another_bridge_takes_one_out_and_waits_for_one() {
    let place = Place::new();
    let (mut one, mut two) = (Setup::fake(&place).alone().start(), Setup::fake(&place).alone().start());
    let (thread, running) = stalled(&mut one);
    let handles = queued(&mut one, &thread, 3);
    let out = cancel(&mut two, &thread, &handles[1]);
    assert!(out["content"][0]["text"].as_str().unwrap().contains("taken out"), "{out}");
    unknown(&wait(&mut two, &thread, &handles[1], 60));
    let waits = wait(&mut two, &thread, &handles[0], 0)["structuredContent"].clone();
    assert_eq!((&waits["status"], &waits["turnId"]), (&json!("running"), &handles[0]), "{waits}");
    let ended = cancel(&mut two, &thread, &running)["structuredContent"].clone();
    assert_eq!((&ended["status"], &ended["turnId"]), (&json!("interrupted"), &running), "{ended}");
    for n in [0, 2] {
        done(&mut two, &thread, &handles[n], n);
    }
}

/// The task of a prompt in line is there at once, says where it stands, and can be cancelled alone.
#[test]
fn a_task_in_line_is_handed_out() {
    let place = Place::new();
    let tasks = json!({ "elicitation": {}, "extensions": { "io.modelcontextprotocol/tasks": {} } });
    let mut host = Setup::fake(&place).modern(tasks);
    let ask = |host: &mut Host, method: &str, params: Value| host.request(method, params)["result"].clone();
    let (thread, running) = stalled(&mut host);
    let mut made = |n: usize| {
        let mut arguments = arguments(&thread, n, 0.0);
        arguments.as_object_mut().unwrap().remove("wait");
        let task = ask(&mut host, "tools/call", json!({ "name": "codex-reply", "arguments": arguments }));
        assert_eq!((&task["resultType"], &task["status"]), (&json!("task"), &json!("working")), "{task}");
        assert!(task["statusMessage"].as_str().unwrap().contains(&format!("{n} ahead")), "{task}");
        json!({ "taskId": task["taskId"] })
    };
    let made: Vec<_> = (0..3).map(&mut made).collect();
    let seen = ask(&mut host, "tasks/get", made[1].clone());
    assert!(seen["statusMessage"].as_str().unwrap().contains("1 ahead"), "{seen}");
    ask(&mut host, "tasks/cancel", made[0].clone());
    assert_eq!(ask(&mut host, "tasks/get", made[0].clone())["status"], "cancelled");
    let seen = ask(&mut host, "tasks/get", made[1].clone());
    assert!(seen["statusMessage"].as_str().unwrap().contains("0 ahead"), "{seen}");
    cancel(&mut host, &thread, &running);
    for (n, task) in made.iter().enumerate().skip(1) {
        let ended = |host: &mut Host| {
            let seen = ask(host, "tasks/get", task.clone());
            (seen["status"] == "completed").then(|| seen["result"]["structuredContent"].clone())
        };
        let own = std::iter::repeat_with(|| ended(&mut host)).flatten().next().unwrap();
        assert_eq!((&own["status"], &own["content"]), (&json!("completed"), &json!(n.to_string())), "{own}");
    }
}

/// What waits for a place among the turns of all sessions is taken out by its key alike, and ends no other.
#[test]
fn one_that_waits_for_a_place_is_taken_out() {
    let place = Place::new();
    let mut host = Setup::fake(&place).env("CODEX_BRIDGE_LIMITS_RUNNING", "1").start();
    let (first, running) = stalled(&mut host);
    let told = host.structured("codex", json!({ "prompt": "say x", "key": "k", "wait": 0 }));
    assert_eq!((&told["status"], &told["turnId"]), (&json!("queued"), &json!("k")), "{told}");
    let thread = &told["threadId"];
    let waits = wait(&mut host, thread, &json!("k"), 0)["structuredContent"].clone();
    assert_eq!((&waits["status"], &waits["ahead"]), (&json!("queued"), &json!(0)), "{waits}");
    let out = cancel(&mut host, thread, &json!("k"));
    assert!(out["content"][0]["text"].as_str().unwrap().contains("taken out"), "{out}");
    let gone = wait(&mut host, thread, &json!("k"), 60);
    assert_eq!(gone["structuredContent"]["error"]["code"], "cancelled", "{gone}");
    assert_eq!(wait(&mut host, &first, &running, 0)["structuredContent"]["status"], "running");
    let again = host.structured("codex", json!({ "prompt": "say x", "key": "k", "wait": 0 }));
    assert_eq!(again["status"], "queued", "sent again it waits again: {again}");
    cancel(&mut host, &first, &running);
    let own = wait(&mut host, &again["threadId"], &json!("k"), 60)["structuredContent"].clone();
    assert_eq!((&own["status"], &own["content"]), (&json!("completed"), &json!("x")), "{own}");
}

/// The compaction that goes before a prompt is taken out with it.
#[test]
fn a_compaction_goes_with_its_prompt() {
    let place = Place::new();
    let mut host = Setup::fake(&place).start();
    let (thread, _) = stalled(&mut host);
    let mut compact = arguments(&thread, 1, 0.0);
    compact["compact"] = json!(true);
    let told = host.structured("codex-reply", compact);
    assert_eq!((&told["status"], &told["ahead"]), (&json!("queued"), &json!(1)), "{told}");
    cancel(&mut host, &thread, &told["turnId"]);
    queued(&mut host, &thread, 2);
}

//! Sessions of whichever program: listed, continued, copied, named, archived; found again by the name of their run.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Stage, version};
use crate::common::Host;

fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().unwrap()
}

fn kinds(events: &[Value], origin: Option<&str>) -> Vec<String> {
    let of = events.iter().filter(|event| event["origin"].as_str() == origin);
    of.map(|event| event["type"].as_str().unwrap().to_owned()).collect()
}

/// What the CLI did on a thread is in its events, once, before what is done here; and the other way round the
/// CLI goes on where the bridge left off.
#[test]
fn a_thread_goes_to_and_fro_between_the_cli_and_the_bridge() {
    let stage = Stage::new();
    let thread = stage.of_the_cli(&stage.place.work(), &["RUN echo by-the-cli\nSAY of the cli"]);
    let mut host = stage.host().alone().start();
    let next = host.structured("codex-reply", json!({ "prompt": "SAY here", "threadId": thread }));
    assert_eq!((&next["content"], &next["status"]), (&json!("here"), &json!("completed")), "{next}");
    let events = host.events(&thread);
    assert_eq!(
        kinds(&events, Some("codex")),
        ["turn_started", "user_message", "tool_call", "tool_result", "assistant_message", "turn_finished"]
    );
    let told = |name: &str, member: &str| {
        let event = events.iter().find(|e| e["type"] == name && e["origin"] == "codex").unwrap();
        event[member].clone()
    };
    assert!(told("tool_result", "output").as_str().unwrap().contains("by-the-cli"));
    assert_eq!(told("assistant_message", "text"), "of the cli");
    let seqs: Vec<_> = events.iter().map(|e| e["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>());
    let last = events.iter().rfind(|e| e["type"] == "turn_started").unwrap();
    assert_eq!((&last["turnId"], last.get("origin")), (&next["turnId"], None), "the bridge's own comes last");

    host.close_stdin();
    host.ended();
    assert_eq!(stage.cli_resumes(&thread, "SAY and back").as_deref(), Ok("and back"));
    let mut host = stage.host().alone().start();
    let next = host.structured("codex-reply", json!({ "prompt": "SAY again", "threadId": thread }));
    assert_eq!(next["content"], "again", "{next}");
    let events = host.events(&thread);
    let said: Vec<_> =
        events.iter().filter(|e| e["type"] == "assistant_message").map(|e| &e["text"]).collect();
    assert_eq!(said, ["of the cli", "here", "and back", "again"], "each once, in order");
}

/// codex frees a thread a minute after it was let go; the bridge lets it go when it was at rest for long enough.
/// codex 0.165 keeps it for as long as it runs: then the bridge must end first.
#[test]
fn the_cli_takes_a_session_while_the_bridge_lives() {
    let stage = Stage::new();
    let mut host = stage.host().alone().env("CODEX_BRIDGE_CODEX_RELEASE_AFTER", "1").start();
    let thread = host.structured("codex", json!({ "prompt": "SAY one" }))["threadId"].clone();
    let held = stage.cli_resumes(&thread, "SAY too soon").unwrap_err();
    assert!(held.contains("active writer"), "{held}");
    let until = Instant::now() + Duration::from_secs(100);
    let keeps = version() == "0.165.0";
    if keeps {
        let page = json!({ "threadId": thread, "types": ["session_finished"], "wait": 60 });
        assert_eq!(host.structured("codex-events", page)["events"][0]["reason"], "released");
        assert!(stage.cli_resumes(&thread, "SAY x").unwrap_err().contains("active writer"));
        host.close_stdin();
        host.ended();
    }
    let said = loop {
        match stage.cli_resumes(&thread, "SAY from the terminal") {
            Ok(said) => break said,
            Err(error) => assert!(Instant::now() < until, "{error}"),
        }
    };
    assert_eq!(said, "from the terminal");
    if keeps {
        host = stage.host().alone().start();
    }
    let next = host.structured("codex-reply", json!({ "prompt": "SAY two", "threadId": thread }));
    assert_eq!(next["content"], "two", "{next}");
    let events = host.events(&thread);
    let said: Vec<_> =
        events.iter().filter(|e| e["type"] == "assistant_message").map(|e| &e["text"]).collect();
    assert_eq!(said, ["one", "from the terminal", "two"]);
}

/// One that another program has is refused with what to do; a copy of it goes on.
#[test]
fn a_held_thread_is_explained_and_a_copy_goes_on() {
    let stage = Stage::new();
    let mut holder = stage.host().alone().start();
    let thread = holder.structured("codex", json!({ "prompt": "SAY mine" }))["threadId"].clone();
    // Another journal: to it this is any other program.
    let other = stage.place.root.join("other.db");
    let mut host = stage.host().alone().env("CODEX_BRIDGE_JOURNAL_PATH", other.to_str().unwrap()).start();
    let held = host.call("codex-reply", json!({ "prompt": "SAY x", "threadId": thread }));
    assert_eq!(held["structuredContent"]["error"]["code"], "thread_held", "{held}");
    assert!(text(&held).contains("fork") && text(&held).contains("latest"), "{held}");
    let copied =
        host.call("codex-reply", json!({ "prompt": "SAY copied", "threadId": thread, "fork": "latest" }));
    let copy = &copied["structuredContent"];
    assert_eq!((&copy["content"], &copy["status"]), (&json!("copied"), &json!("completed")), "{copy}");
    assert!(copy["threadId"] != thread && text(&copied).contains(thread.as_str().unwrap()), "{copied}");
    let started = host.events(&copy["threadId"])[0].clone();
    assert_eq!((&started["type"], &started["forkedFrom"]), (&json!("session_started"), &thread));
    assert_eq!(
        holder.structured("codex-reply", json!({ "prompt": "SAY still", "threadId": thread }))["content"],
        "still"
    );
}

/// A copy ends with the turn that is named, and has what its session was given.
#[test]
fn a_copy_has_the_turns_up_to_one_and_the_settings() {
    let stage = Stage::new();
    let mut host = stage.host().start();
    let server = json!({ "mine": { "command": env!("CARGO_BIN_EXE_fake-mcp-server") } });
    let call = json!({ "prompt": "SAY first words", "sandbox": "workspace-write", "approval-policy": "never",
        "effort": "high", "developer-instructions": "be brief", "mcp": { "add": server } });
    let first = host.structured("codex", call);
    let thread = first["threadId"].clone();
    host.structured(
        "codex-reply",
        json!({ "prompt": "SAY second words", "threadId": thread, "effort": "low" }),
    );
    let copy = json!({ "prompt": "RUN echo x > of-the-copy\nMCP mine echo {}\nSAY done", "threadId": thread, "fork": first["turnId"] });
    let copy = host.structured("codex-reply", copy);
    assert_eq!(copy["content"], "done", "{copy}");
    assert!(stage.place.work().join("of-the-copy").exists(), "it has the sandbox");
    let events = host.events(&copy["threadId"]);
    assert!(events.iter().any(|e| e["type"] == "tool_call" && e["server"] == "mine"), "and the server");
    let shown = host.structured("codex-sessions", json!({ "threadId": copy["threadId"] }));
    let prompts: Vec<_> =
        shown["turns"].as_array().unwrap().iter().map(|t| t["prompt"].as_str().unwrap()).collect();
    assert!(prompts.len() == 2 && prompts[1] == "SAY first words", "{shown}");
    assert_eq!(shown["sessions"][0]["forkedFrom"], thread, "{shown}");

    let wrong = host.call(
        "codex-reply",
        json!({ "prompt": "x", "threadId": thread, "fork": "01a21ccd-c550-7502-b798-000000000000" }),
    );
    assert_eq!(wrong["structuredContent"]["error"]["code"], "turn_unknown", "{wrong}");
    assert!(text(&wrong).contains("codex-sessions"), "{wrong}");
}

/// The list has the threads of all programs; those at work first.
#[test]
fn all_threads_are_listed_and_can_be_named_and_archived() {
    let stage = Stage::new();
    let of_the_cli = stage.of_the_cli(&stage.place.work(), &["SAY of the cli"]);
    let mut host = stage.host().start();
    let empty = host.structured("codex-sessions", json!({ "cwd": "/nowhere" }));
    assert_eq!(empty, json!({ "sessions": [] }));
    let asks = json!({ "prompt": "ESCALATE touch x\nSAY done", "approval-policy": "on-request" });
    let asks = host.structured("codex", asks);
    assert_eq!(asks["status"], "needs_decision", "{asks}");
    let named =
        host.structured("codex", json!({ "prompt": "SAY hello", "name": "My name" }))["threadId"].clone();
    let all = host.structured("codex-sessions", json!({}))["sessions"].as_array().unwrap().clone();
    let ids: Vec<_> = all.iter().map(|one| one["threadId"].clone()).collect();
    assert_eq!(ids, [asks["threadId"].clone(), named.clone(), of_the_cli.clone()], "{all:?}");
    assert_eq!(all[0]["decisions"][0]["approvalId"], asks["decisions"][0]["approvalId"]);
    assert_eq!((&all[1]["title"], &all[1]["source"]), (&json!("My name"), &json!("bridge")));
    assert_eq!((&all[2]["title"], &all[2]["source"]), (&json!("SAY of the cli"), &json!("exec")));
    assert!(all.iter().all(|one| one["cwd"] == stage.place.work().to_str().unwrap()), "{all:?}");
    let waits = host.structured("codex-sessions", json!({ "status": "needs_decision" }));
    assert_eq!(waits["sessions"].as_array().unwrap().len(), 1, "{waits}");

    let page = host.structured("codex-sessions", json!({ "limit": 1, "status": "idle" }));
    assert!(page["cursor"].is_string(), "{page}");
    let archived = host.structured("codex-cancel", json!({ "threadId": named, "archive": true }));
    assert_eq!(archived["status"], "archived", "{archived}");
    let left = host.structured("codex-sessions", json!({ "status": "idle" })).to_string();
    assert!(!left.contains(named.as_str().unwrap()), "{left}");
    let put_away = host.structured("codex-sessions", json!({ "status": "archived" }));
    assert_eq!(put_away["sessions"][0]["threadId"], named, "{put_away}");
    let back =
        host.structured("codex-reply", json!({ "prompt": "SAY back", "threadId": named, "name": "Another" }));
    assert_eq!(back["content"], "back", "{back}");
    let shown = host.structured("codex-sessions", json!({ "threadId": named }));
    assert_eq!(shown["sessions"][0]["title"], "Another", "{shown}");
    let turns = shown["turns"].as_array().unwrap();
    assert_eq!((turns.len(), &turns[0]["turnId"]), (2, &back["turnId"]), "the latest first: {shown}");
    // One that is at work is ended first.
    host.structured("codex-cancel", json!({ "threadId": asks["threadId"], "archive": true }));
    let wait = host.structured("codex-wait", json!({ "threadId": asks["threadId"] }));
    assert_eq!(wait["status"], "interrupted", "{wait}");
    let unknown = host.call("codex-sessions", json!({ "threadId": "01a21ccd-c550-7502-b798-000000000000" }));
    assert_eq!(unknown["structuredContent"]["error"]["code"], "thread_unknown", "{unknown}");
}

/// The bridge is killed between two replies, ten times.
#[test]
fn the_conversation_outlives_ten_kills() {
    let stage = Stage::new();
    let mut host = stage.host().alone().start();
    let thread = host.structured("codex", json!({ "prompt": "SAY 0" }))["threadId"].clone();
    for n in 1..=10 {
        host.child.kill().unwrap();
        host.child.wait().unwrap();
        host = stage.host().alone().start();
        let next =
            host.structured("codex-reply", json!({ "prompt": format!("SAY {n}"), "threadId": thread }));
        assert_eq!(
            (&next["content"], &next["status"]),
            (&json!(n.to_string()), &json!("completed")),
            "{next}"
        );
    }
    let events = host.events(&thread);
    let said: Vec<_> =
        events.iter().filter(|e| e["type"] == "assistant_message").map(|e| e["text"].clone()).collect();
    assert_eq!(
        said,
        (0..=10).map(|n| json!(n.to_string())).collect::<Vec<_>>(),
        "nothing twice, nothing missing"
    );
}

/// A thread that began no turn is nothing to codex: another takes its place, with what it was given.
#[test]
fn a_session_that_never_began_starts_anew() {
    let stage = Stage::new();
    let mut host = stage.host().alone().env("CODEX_BRIDGE_LIMITS_RUNNING", "1").start();
    host.structured("codex", json!({ "prompt": "HANG", "wait": 0 }));
    let call =
        json!({ "prompt": "SAY never", "sandbox": "workspace-write", "approval-policy": "never", "wait": 0 });
    let queued = host.structured("codex", call);
    assert_eq!(queued["status"], "queued", "{queued}");
    host.child.kill().unwrap();
    host.child.wait().unwrap();
    let mut host = stage.host().alone().start();
    let next = json!({ "prompt": "RUN echo x > anew\nSAY anew", "threadId": queued["threadId"] });
    let next = host.call("codex-reply", next);
    assert_eq!(next["structuredContent"]["content"], "anew", "{next}");
    assert!(next["structuredContent"]["threadId"] != queued["threadId"], "{next}");
    assert!(text(&next).contains(queued["threadId"].as_str().unwrap()), "it is said: {next}");
    assert!(stage.place.work().join("anew").exists(), "it has the sandbox");
}

#[test]
fn a_long_thread_is_compacted_before_it_goes_on() {
    let stage = Stage::new();
    let mut host = stage.host().start();
    let thread = host.structured("codex", json!({ "prompt": "SAY one" }))["threadId"].clone();
    let next =
        host.structured("codex-reply", json!({ "prompt": "SAY two", "threadId": thread, "compact": true }));
    assert_eq!((&next["content"], &next["status"]), (&json!("two"), &json!("completed")), "{next}");
    let events = host.events(&thread);
    let compaction = events.iter().find(|e| e["type"] == "tool_result" && e["tool"] == "other").unwrap();
    let turns: Vec<_> = events.iter().filter(|e| e["type"] == "turn_started").map(|e| &e["turnId"]).collect();
    assert_eq!((turns.len(), turns[1]), (3, &compaction["turnId"]), "a turn of its own before the other");
    assert_eq!(turns[2], &next["turnId"]);
}

fn keyed(host: &mut Host, thread: Option<&Value>, prompt: &str, key: &str) -> Value {
    let mut arguments = json!({ "prompt": prompt, "key": key });
    if thread.is_none() {
        arguments["sandbox"] = json!("workspace-write");
    }
    let tool = match thread {
        Some(thread) => {
            arguments["threadId"] = thread.clone();
            "codex-reply"
        }
        None => "codex",
    };
    host.call(tool, arguments)
}

/// The same call, made again, finds its run: at once, after a restart, and after a kill in the middle of it.
#[test]
fn the_same_key_is_the_same_run() {
    let stage = Stage::new();
    let mut host = stage.host().alone().start();
    let work = "RUN echo once >> once\nSAY one";
    let first = keyed(&mut host, None, work, "k1")["structuredContent"].clone();
    let thread = first["threadId"].clone();
    let again = keyed(&mut host, None, work, "k1")["structuredContent"].clone();
    assert_eq!(
        (&again["turnId"], &again["content"], &again["threadId"]),
        (&first["turnId"], &json!("one"), &thread)
    );
    let other = keyed(&mut host, None, "SAY something else", "k1");
    assert_eq!(other["structuredContent"]["error"]["code"], "key_taken", "{other}");
    assert!(text(&other).contains("k1"), "{other}");
    let reply = keyed(&mut host, Some(&thread), "SAY two", "k2")["structuredContent"].clone();
    assert_eq!(reply["content"], "two", "{reply}");
    host.child.kill().unwrap();
    host.child.wait().unwrap();

    let mut host = stage.host().alone().start();
    let again = keyed(&mut host, Some(&thread), "SAY two", "k2")["structuredContent"].clone();
    assert_eq!((&again["turnId"], &again["content"]), (&reply["turnId"], &json!("two")), "{again}");
    let again = keyed(&mut host, None, work, "k1")["structuredContent"].clone();
    assert_eq!((&again["turnId"], &again["content"]), (&first["turnId"], &json!("one")), "{again}");
    let once = std::fs::read_to_string(stage.place.work().join("once")).unwrap();
    assert_eq!(once, "once\n", "the work was done once");

    // Killed while it runs: the run is found, ended with its bridge.
    let arguments = json!({ "prompt": "HANG", "key": "k3", "wait": 0, "sandbox": "workspace-write" });
    let running = host.structured("codex", arguments);
    assert_eq!(running["status"], "running", "{running}");
    host.child.kill().unwrap();
    host.child.wait().unwrap();
    let mut host = stage.host().alone().start();
    let ended = keyed(&mut host, None, "HANG", "k3")["structuredContent"].clone();
    assert_eq!((&ended["turnId"], &ended["status"]), (&running["turnId"], &json!("interrupted")), "{ended}");

    // What codex refused may be tried again.
    let missing = json!({ "prompt": "SAY x", "key": "k4", "cwd": "missing" });
    assert_eq!(host.call("codex", missing)["isError"], true);
    std::fs::create_dir(stage.place.work().join("missing")).unwrap();
    let done = host.structured("codex", json!({ "prompt": "SAY x", "key": "k4", "cwd": "missing" }));
    assert_eq!(done["content"], "x", "{done}");
}

/// Two callers with one key at once: one run.
#[test]
fn two_with_one_key_at_once_are_one_run() {
    let stage = Stage::new();
    let mut host = stage.host().start();
    let call = json!({ "name": "codex", "arguments": { "prompt": "SAY one", "key": "same" } });
    let calls: Vec<_> = (0..5).map(|_| host.post("tools/call", call.clone())).collect();
    let answers: Vec<_> =
        calls.into_iter().map(|id| host.answer(id)["result"]["structuredContent"].clone()).collect();
    for answer in &answers {
        assert_eq!(
            (&answer["content"], &answer["turnId"]),
            (&json!("one"), &answers[0]["turnId"]),
            "{answers:?}"
        );
    }
}

/// Fifty replies at once: each has its answer; those in line have their own turn and their own message.
#[test]
fn fifty_replies_at_once_have_fifty_answers() {
    let stage = Stage::new();
    let mut host = stage.host().start();
    for when in ["reject", "steer", "queue"] {
        let thread = host.structured("codex", json!({ "prompt": "SAY first" }))["threadId"].clone();
        let post = |n: usize, host: &mut Host| {
            let arguments =
                json!({ "threadId": thread, "prompt": format!("SAY {n}"), "when-busy": when, "wait": 60 });
            host.post("tools/call", json!({ "name": "codex-reply", "arguments": arguments }))
        };
        let calls: Vec<_> = (0..50).map(|n| post(n, &mut host)).collect();
        let answers: Vec<_> =
            calls.into_iter().map(|id| host.answer(id)["result"]["structuredContent"].clone()).collect();
        let done = answers.iter().filter(|answer| answer["status"] == "completed").count();
        let busy = answers.iter().filter(|answer| answer["error"]["code"] == "busy").count();
        assert!(done + busy == 50 && (busy > 0) == (when == "reject"), "{when}: {answers:?}");
        let events = host.events(&thread);
        let of = |turn: &Value, kind: &str| {
            let of = events.iter().filter(|event| event["turnId"] == *turn && event["type"] == kind);
            of.map(|event| event["text"].clone()).collect::<Vec<_>>()
        };
        for (n, answer) in answers.iter().enumerate().filter(|(_, answer)| answer["status"] == "completed") {
            let said = of(&answer["turnId"], "user_message");
            let own = json!(format!("SAY {n}"));
            assert!(said.contains(&own), "{when} {n}: its message is in its turn: {said:?}");
            if when == "queue" {
                assert_eq!((said.len(), &answer["content"]), (1, &json!(n.to_string())), "{answer}");
            }
        }
        if when == "queue" {
            assert_eq!(events.iter().filter(|event| event["type"] == "turn_finished").count(), 51);
        }
    }
}

/// A prompt of a key whose bridge was killed while it waited: several who call again begin it once.
#[test]
fn a_named_run_that_never_began_is_begun_once() {
    let stage = Stage::new();
    let mut host = stage.host().alone().start();
    let thread = host.structured("codex", json!({ "prompt": "HANG", "wait": 0 }))["threadId"].clone();
    let call =
        json!({ "prompt": "SAY later", "threadId": thread, "when-busy": "queue", "key": "k", "wait": 0 });
    assert_eq!(host.structured("codex-reply", call.clone())["status"], "queued");
    host.child.kill().unwrap();
    host.child.wait().unwrap();
    let mut host = stage.host().alone().start();
    let mut again = call;
    again["wait"] = json!(60);
    let again = json!({ "name": "codex-reply", "arguments": again });
    let calls: Vec<_> = (0..4).map(|_| host.post("tools/call", again.clone())).collect();
    let answers: Vec<_> =
        calls.into_iter().map(|id| host.answer(id)["result"]["structuredContent"].clone()).collect();
    for answer in &answers {
        assert_eq!(
            (&answer["content"], &answer["turnId"]),
            (&json!("later"), &answers[0]["turnId"]),
            "{answers:?}"
        );
    }
    let begun =
        host.events(&thread).iter().filter(|e| e["type"] == "turn_started" && e["key"] == "k").count();
    assert_eq!(begun, 1);
}

/// What the CLI once said in the same words is no run of a key, and a bridge whose call fails frees no other's name.
#[test]
fn a_name_belongs_to_its_run() {
    let stage = Stage::new();
    let thread = stage.of_the_cli(&stage.place.work(), &["SAY same words"]);
    let mut host = stage.host().alone().start();
    let first = keyed(&mut host, Some(&thread), "SAY same words", "k")["structuredContent"].clone();
    let again = keyed(&mut host, Some(&thread), "SAY same words", "k")["structuredContent"].clone();
    assert_eq!(
        (&first["status"], &first["turnId"]),
        (&json!("completed"), &again["turnId"]),
        "{first} {again}"
    );

    let busy = host.structured("codex", json!({ "prompt": "HANG", "wait": 0 }))["threadId"].clone();
    let queued =
        json!({ "prompt": "SAY mine", "threadId": busy, "when-busy": "queue", "key": "q", "wait": 0 });
    assert_eq!(host.structured("codex-reply", queued.clone())["status"], "queued");
    let mut second = stage.host().alone().start();
    let waits = second.structured("codex-reply", queued.clone());
    assert_eq!(waits["status"], "running", "its run is yet to begin, elsewhere: {waits}");
    let mine = host.structured("codex-reply", queued);
    assert_eq!(mine["status"], "queued", "the name is still its run's: {mine}");
}

/// With folders limited: threads within go on and are copied, what lies outside is neither shown nor touched.
#[test]
fn limits_of_folders_hold_for_other_programs_threads() {
    let stage = Stage::new();
    let secret = stage.place.root.join("secret");
    std::fs::create_dir(&secret).unwrap();
    let inside = stage.of_the_cli(&stage.place.work(), &["SAY inside"]);
    let outside = stage.of_the_cli(&secret, &["SAY a secret"]);
    let roots = format!("[{:?}]", stage.place.work());
    let mut host = stage.host().env("CODEX_BRIDGE_LIMITS_ROOTS", &roots).start();
    let copy =
        host.structured("codex-reply", json!({ "prompt": "SAY copy", "threadId": inside, "fork": "latest" }));
    assert_eq!(copy["content"], "copy", "{copy}");
    let next = host.structured("codex-reply", json!({ "prompt": "SAY next", "threadId": inside }));
    assert_eq!(next["content"], "next", "{next}");
    let all = host.structured("codex-sessions", json!({})).to_string();
    assert!(all.contains(inside.as_str().unwrap()) && !all.contains("secret"), "{all}");
    for (tool, more) in [
        ("codex-reply", json!({ "prompt": "SAY x" })),
        ("codex-reply", json!({ "prompt": "SAY x", "fork": "latest" })),
        ("codex-sessions", json!({})),
        ("codex-cancel", json!({ "archive": true })),
    ] {
        let mut arguments = more;
        arguments["threadId"] = outside.clone();
        let refused = host.call(tool, arguments);
        assert_eq!(refused["isError"], true, "{tool}: {refused}");
        assert!(!refused.to_string().contains("a secret"), "{refused}");
    }
    drop(host);
    let mut free = stage.host().start();
    let all = free.structured("codex-sessions", json!({}))["sessions"].as_array().unwrap().clone();
    assert_eq!(all.len(), 3, "no copy was left of what was refused: {all:?}");
}

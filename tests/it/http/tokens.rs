//! What a token gives, and that the file of them counts as it is now.

use std::time::Instant;

use serde_json::{Value, json};

use crate::common::http::{Client, Served, write_tokens};
use crate::common::{PATIENCE, Place, Setup};

fn code(result: &Value) -> &str {
    result["structuredContent"]["error"]["code"].as_str().unwrap_or_else(|| panic!("{result}"))
}

fn tools(client: &mut Client) -> Vec<String> {
    let listed = client.request("tools/list", json!({}));
    let tools = listed["result"]["tools"].as_array().unwrap().iter();
    tools.map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn rights_decide_which_tools_there_are() {
    let place = Place::new();
    let tokens = [
        ("runs", "rights = [\"run\"]"),
        ("decides", "rights = [\"decide\", \"read\"]\nsessions = \"all\""),
        ("reads", "rights = [\"read\"]\nsessions = \"all\""),
    ];
    let served = Served::start(&Setup::fake(&place), &tokens);
    let client = |name| served.client(name).modern(json!({ "elicitation": { "form": {} } }));
    let (mut runs, mut decides, mut reads) = (client("runs"), client("decides"), client("reads"));
    assert_eq!(tools(&mut runs), ["codex", "codex-reply", "codex-review", "codex-cancel"]);
    assert_eq!(tools(&mut decides), ["codex-wait", "codex-events", "codex-approve", "codex-sessions"]);
    assert_eq!(tools(&mut reads), ["codex-wait", "codex-events", "codex-sessions"]);
    // Nobody is asked who may not decide, though his host could ask him.
    let asked = runs.structured("codex", json!({ "prompt": "ask-command true", "wait": 50 }));
    let (thread, id) = (&asked["threadId"], &asked["decisions"][0]["approvalId"]);
    let approve = json!({ "approvalId": id, "decision": "approve" });
    for client in [&mut runs, &mut reads] {
        assert_eq!(code(&client.call("codex-approve", approve.clone())), "not_allowed");
    }
    assert_eq!(code(&reads.call("codex", json!({ "prompt": "say x" }))), "not_allowed");
    assert_eq!(code(&reads.call("codex-cancel", json!({ "threadId": thread }))), "not_allowed");
    assert_eq!(code(&runs.call("codex-wait", json!({ "threadId": thread }))), "not_allowed");
    let uri = json!({ "uri": "codex://sessions" });
    assert!(runs.request("resources/read", uri.clone())["error"].is_object());
    assert!(reads.request("resources/read", uri)["result"].is_object());
    let done = decides.structured("codex-approve", approve);
    assert_eq!(done["status"], "completed", "{done}");
}

#[test]
fn folders_and_sandbox_of_a_token_are_limits() {
    let place = Place::new();
    let work = place.work();
    std::fs::create_dir(work.join("mine")).unwrap();
    let mine = work.join("mine").canonicalize().unwrap();
    let more = format!("roots = [{:?}]\nsandbox = \"read-only\"", mine.to_str().unwrap());
    let served = Served::start(&Setup::fake(&place), &[("alice", &more), ("owner", "sessions = \"all\"")]);
    let mut alice = served.client("alice").modern(json!({}));
    let call = |more: Value| {
        let mut all = json!({ "prompt": "say done", "wait": 50 });
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    let within = json!({ "cwd": mine, "sandbox": "read-only" });
    assert_eq!(alice.structured("codex", call(within))["content"], "done");
    for outside in [
        json!({ "cwd": work, "sandbox": "read-only" }),
        json!({ "cwd": mine, "sandbox": "workspace-write" }),
        json!({ "cwd": mine, "sandbox": "read-only", "config": { "shell_environment_policy.inherit": "all" } }),
        json!({ "cwd": mine, "sandbox": "read-only", "mcp": { "add": { "x": { "command": "true" } } } }),
    ] {
        assert_eq!(code(&alice.call("codex", call(outside.clone()))), "limit", "{outside}");
    }
    // A token without limits of its own may not bring servers or any key either, since it is over the network.
    let mut owner = served.client("owner").modern(json!({}));
    assert_eq!(owner.structured("codex", call(json!({})))["content"], "done");
    let servers = json!({ "mcp": { "add": { "x": { "command": "true" } } } });
    assert_eq!(code(&owner.call("codex", call(servers))), "limit");
}

#[test]
fn each_sees_his_own_and_one_may_see_all() {
    let place = Place::new();
    let served = Served::start(&Setup::fake(&place), &super::PEOPLE);
    let client = |name| served.client(name).modern(json!({}));
    let (mut alice, mut bob, mut owner) = (client("alice"), client("bob"), client("owner"));
    let first = alice.structured("codex", json!({ "prompt": "say one", "wait": 50 }))["threadId"].clone();
    let second = bob.structured("codex", json!({ "prompt": "say two", "wait": 50 }))["threadId"].clone();
    let seen = |client: &mut Client| {
        let listed = client.structured("codex-sessions", json!({}));
        let all = listed["sessions"].as_array().unwrap().iter().map(|one| one["threadId"].clone());
        let mut all: Vec<_> = all.filter(|thread| *thread == first || *thread == second).collect();
        all.sort_by_key(Value::to_string);
        let read = client.request("resources/read", json!({ "uri": "codex://sessions" }));
        let text = read["result"]["contents"][0]["text"].as_str().unwrap();
        for thread in [&first, &second] {
            assert_eq!(text.contains(thread.as_str().unwrap()), all.contains(thread), "{text}");
        }
        all
    };
    assert_eq!(seen(&mut alice), std::slice::from_ref(&first));
    assert_eq!(seen(&mut bob), std::slice::from_ref(&second));
    // codex's own list has none of the fake's threads: what it does not have is not lost to who sees all.
    let mut both = [first.clone(), second.clone()];
    both.sort_by_key(Value::to_string);
    let read = owner.request("resources/read", json!({ "uri": "codex://sessions" }));
    let text = read["result"]["contents"][0]["text"].as_str().unwrap();
    assert!(both.iter().all(|thread| text.contains(thread.as_str().unwrap())), "{text}");
}

#[test]
fn the_file_counts_as_it_is_now() {
    let place = Place::new();
    let served = Served::start(&Setup::fake(&place), &[("alice", ""), ("bob", "")]);
    let mut bob = served.client("bob").legacy(json!({}));
    let status = |name: &str| {
        let mut client = served.client(name).modern(json!({}));
        client.open("tools/list", json!({})).status
    };
    assert_eq!((status("alice"), status("bob"), status("carol")), (200, 200, 401));
    write_tokens(&place, &[("alice", "rights = [\"read\"]"), ("carol", "")]);
    until(|| status("bob") == 401);
    assert_eq!((status("alice"), status("carol")), (200, 200));
    assert_eq!(tools(&mut served.client("alice").modern(json!({}))).len(), 3);
    assert_eq!(bob.open("tools/list", json!({})).status, 401);
    // One that cannot be used changes nothing.
    std::fs::write(place.root.join("tokens.toml"), "[[token]]\nname = \"x\"\n").unwrap();
    until(|| served.logged().contains("the tokens stay as they were"));
    assert_eq!((status("alice"), status("carol")), (200, 200));
}

#[test]
fn one_who_comes_too_often_waits() {
    let place = Place::new();
    let served = Served::start(&Setup::fake(&place), &[("alice", "requests = 3"), ("bob", "")]);
    let ask = |name: &str| served.client(name).modern(json!({})).open("tools/list", json!({}));
    let all: Vec<_> = (0..5).map(|_| ask("alice")).collect();
    assert_eq!(all.iter().map(|reply| reply.status).collect::<Vec<_>>(), [200, 200, 200, 429, 429]);
    let wait: u64 = all[4].headers["retry-after"].parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(ask("bob").status, 200);
}

fn until(mut good: impl FnMut() -> bool) {
    let late = Instant::now() + PATIENCE;
    while !good() {
        assert!(Instant::now() < late);
        std::thread::yield_now();
    }
}

/// Whose turn it is counts, and not whose session.
#[test]
fn a_turn_spends_the_share_of_who_asks_for_it() {
    let place = Place::new();
    let served = Served::start(&Setup::fake(&place), &[("a", ""), ("b", "sessions = \"all\"\nrunning = 1")]);
    let (mut a, mut b) = (served.client("a").modern(json!({})), served.client("b").modern(json!({})));
    let theirs = a.structured("codex", json!({ "prompt": "say done", "wait": 50 }))["threadId"].clone();
    let first = b.structured("codex", json!({ "prompt": "stall", "wait": 0 }));
    assert_eq!(first["status"], "running", "{first}");
    let reply = b.structured("codex-reply", json!({ "threadId": theirs, "prompt": "say more", "wait": 0 }));
    assert_eq!(reply["status"], "queued", "{reply}");
    // It takes nothing from whose session it is.
    assert_eq!(a.structured("codex", json!({ "prompt": "say on", "wait": 50 }))["content"], "on");
    b.structured("codex-cancel", json!({ "threadId": first["threadId"] }));
    assert_eq!(b.structured("codex-wait", json!({ "threadId": theirs, "wait": 50 }))["content"], "more");
}

#[test]
fn two_who_name_a_run_alike_in_one_session_are_told() {
    let place = Place::new();
    let served = Served::start(&Setup::fake(&place), &super::PEOPLE);
    let client = |name| served.client(name).modern(json!({}));
    let (mut alice, mut owner) = (client("alice"), client("owner"));
    let thread = alice.structured("codex", json!({ "prompt": "say one", "wait": 50 }))["threadId"].clone();
    let named =
        |text: &str| json!({ "threadId": thread, "prompt": format!("say {text}"), "key": "k", "wait": 50 });
    assert_eq!(owner.structured("codex-reply", named("two"))["content"], "two");
    assert_eq!(code(&alice.call("codex-reply", named("three"))), "key_taken");
    assert_eq!(owner.structured("codex-reply", named("two"))["content"], "two");
}

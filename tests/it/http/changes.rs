//! The file of tokens changes while work is under way; and what one token does to another's.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::PEOPLE;
use crate::common::http::{Client, Reply, Served, heard, request, token, write_tokens};
use crate::common::{PATIENCE, Place, Setup};

/// Who looks on.
const OWNER: (&str, &str) = PEOPLE[2];

/// A blocking call that does not end by itself, and its session.
fn stall(served: &Served, client: &mut Client) -> (thread::JoinHandle<(u16, Option<Value>)>, Value) {
    let message = client
        .message("tools/call", json!({ "name": "codex", "arguments": { "prompt": "stall", "wait": 50 } }));
    let caller = client.clone();
    let call = thread::spawn(move || {
        let mut reply = caller.send(&message);
        (reply.status, reply.message())
    });
    let mut owner = served.client("owner").modern(json!({}));
    loop {
        let listed = owner.structured("codex-sessions", json!({ "status": "running" }));
        if let Some(one) = listed["sessions"].get(0) {
            return (call, one["threadId"].clone());
        }
    }
}

/// What the page of somebody is told, from now on.
fn news(served: &Served, name: &str) -> Reply {
    let mut news = served.client(name).http("GET", "/api/news", &[], "");
    assert_eq!((news.status, news.message()), (200, Some(json!({}))));
    news
}

fn status(served: &Served, name: &str) -> u16 {
    served.client(name).modern(json!({})).open("tools/list", json!({})).status
}

#[test]
fn more_or_less_at_once_ends_nothing_and_another_right_ends_what_is_open_but_no_turn() {
    for modern in [true, false] {
        let place = Place::new();
        let served = Served::start(&Setup::fake(&place), &PEOPLE);
        let alice = served.client("alice");
        let mut alice = if modern { alice.modern(json!({})) } else { alice.legacy(json!({})) };
        let (call, thread) = stall(&served, &mut alice);
        // How much at once.
        write_tokens(&place, &[("alice", "share = 3\nrequests = 50000"), OWNER]);
        while status(&served, "bob") != 401 {}
        assert!(!call.is_finished());
        // What he may do.
        write_tokens(&place, &[("alice", "rights = [\"read\"]"), OWNER]);
        let (status, words) = call.join().unwrap();
        assert!(
            status == 503 || words.as_ref().is_none_or(|words| words.get("result").is_none()),
            "{words:?}"
        );
        let mut owner = served.client("owner").modern(json!({}));
        let seen = owner.structured("codex-wait", json!({ "threadId": thread, "wait": 1 }));
        assert_eq!(seen["status"], "running", "its turn goes on: {seen}");
    }
}

#[test]
fn a_token_that_is_replaced_ends_what_the_old_one_has_open() {
    let place = Place::new();
    let served = Served::start(&Setup::fake(&place), &PEOPLE);
    let mut open = news(&served, "alice");
    let path = place.root.join("tokens.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace(&token("alice"), &token("other"))).unwrap();
    assert_eq!(open.message(), None);
    assert_eq!((status(&served, "alice"), status(&served, "other")), (401, 200));
}

/// One who is taken out while his request still comes.
#[test]
fn a_request_that_began_with_a_good_token_does_nothing_once_it_is_none() {
    let place = Place::new();
    let served = Served::start(&Setup::fake(&place), &PEOPLE);
    let mut alice = served.client("alice").modern(json!({}));
    let asked = alice.structured("codex", json!({ "prompt": "ask-command touch made.txt", "wait": 50 }));
    let id = asked["decisions"][0]["approvalId"].as_str().unwrap();
    let bearer = format!("Bearer {}", token("alice"));
    let body = json!({ "decision": "approve" }).to_string();
    let bytes = request(
        served.address,
        "POST",
        &format!("/api/decisions/{id}"),
        &[("authorization", &bearer)],
        &body,
    );
    let mut stream = TcpStream::connect(served.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(&bytes[..bytes.len() - 1]).unwrap();
    write_tokens(&place, &[OWNER]);
    while status(&served, "alice") != 401 {}
    stream.write_all(&bytes[bytes.len() - 1..]).unwrap();
    assert_eq!(heard(stream).unwrap().status, 401);
    let mut owner = served.client("owner").modern(json!({}));
    let seen = owner.structured("codex-wait", json!({ "threadId": asked["threadId"], "wait": 0 }));
    assert_eq!(seen["status"], "needs_decision", "{seen}");
}

/// Calls that block, however they are sent, take nothing from another token.
#[test]
fn calls_that_block_hold_no_room_of_others() {
    let place = Place::new();
    let served = Served::start(&Setup::fake(&place), &PEOPLE);
    let mut alice = served.client("alice").modern(json!({}));
    let mut open = Vec::new();
    for _ in 0..20 {
        let message = json!({ "name": "codex", "arguments": { "prompt": "stall", "wait": 50 } });
        let message = alice.message("tools/call", message);
        let text = String::from_utf8(alice.bytes(&message)).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let length = format!("content-length: {}", body.len());
        let head = head.replace(&length, "transfer-encoding: chunked");
        let mut stream = TcpStream::connect(served.address).unwrap();
        write!(stream, "{head}\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len()).unwrap();
        open.push(stream);
    }
    let mut owner = served.client("owner").modern(json!({}));
    let running = |owner: &mut Client| {
        owner.structured("codex-sessions", json!({ "status": "running", "limit": 50 }))["sessions"]
            .as_array()
            .unwrap()
            .len()
    };
    while running(&mut owner) < 20 {}
    let mut bob = served.client("bob").modern(json!({}));
    assert_eq!(bob.structured("codex", json!({ "prompt": "say done", "wait": 50 }))["content"], "done");
}

/// One token has a part of all connections, and no more.
#[test]
fn one_token_cannot_hold_all_connections() {
    let place = Place::new();
    let setup = Setup::fake(&place).env("CODEX_BRIDGE_HTTP_CONNECTIONS", "40");
    let served = Served::start(&setup, &PEOPLE);
    let open: Vec<_> = (0..10).map(|_| news(&served, "alice")).collect();
    let more = served.client("alice").http("GET", "/api/news", &[], "");
    assert_eq!(more.status, 429);
    assert_eq!(status(&served, "bob"), 200);
    drop(open);
    while status(&served, "alice") != 200 {}
}

/// What another does is no news.
#[test]
fn who_sees_his_own_alone_hears_nothing_of_others() {
    let place = Place::new();
    let served = Served::start(&Setup::fake(&place), &PEOPLE);
    let mut bob = news(&served, "bob");
    let mut owner = news(&served, "owner");
    let mut alice = served.client("alice").modern(json!({}));
    alice.structured("codex", json!({ "prompt": "say done", "wait": 50 }));
    assert_eq!(owner.message(), Some(json!({})));
    // Whatever was told by then came before the word of his own turn.
    let mut own = served.client("bob").modern(json!({}));
    own.structured("codex", json!({ "prompt": "stall", "wait": 0 }));
    assert_eq!(bob.message(), Some(json!({})));
    let read = own.request("resources/read", json!({ "uri": "codex://sessions" }));
    assert!(read["result"]["contents"][0]["text"].as_str().unwrap().contains("stall"), "{read}");
}

#[test]
fn a_folder_outside_of_a_tokens_own_is_not_told_from_none() {
    let place = Place::new();
    let mine = place.work().join("mine");
    std::fs::create_dir(&mine).unwrap();
    let more = format!("roots = [{:?}]", mine.canonicalize().unwrap().to_str().unwrap());
    let served = Served::start(&Setup::fake(&place), &[("alice", &more)]);
    let mut alice = served.client("alice").modern(json!({}));
    let mut said = |cwd: &str| {
        let refused = alice.call("codex", json!({ "prompt": "say x", "cwd": cwd }));
        refused["structuredContent"]["error"]["message"].as_str().unwrap().replace(cwd, "CWD")
    };
    assert_eq!(said("/etc"), said("/there-is-no-such-folder"));
}

#[test]
fn a_permanent_rule_takes_a_token_that_sees_all() {
    let place = Place::new();
    let setup = Setup::fake(&place)
        .env("CODEX_BRIDGE_APPROVALS_AGENT", "[\"approve\", \"approve-always\", \"decline\"]");
    let served = Served::start(&setup, &PEOPLE);
    let mut alice = served.client("alice").modern(json!({}));
    let asked = alice.structured("codex", json!({ "prompt": "ask-command cargo test", "wait": 50 }));
    let id = asked["decisions"][0]["approvalId"].as_str().unwrap();
    let refused = alice.call("codex-approve", json!({ "approvalId": id, "decision": "approve-always" }));
    assert_eq!(refused["structuredContent"]["error"]["code"], "not_allowed", "{refused}");
    let body = json!({ "decision": "approve-always" }).to_string();
    let path = format!("/api/decisions/{id}");
    assert_eq!(alice.http("POST", &path, &[], &body).status, 400);
    let owner = served.client("owner");
    assert_eq!(owner.http("POST", &path, &[], &body).status, 200);
}

/// A host that only listens is no reason to wait for at the end.
#[test]
fn a_subscription_holds_the_end_up_by_nothing() {
    let place = Place::new();
    let setup = Setup::fake(&place).env("CODEX_BRIDGE_HTTP_DRAIN", "60s");
    let mut served = Served::start(&setup, &PEOPLE);
    let mut alice = served.client("alice").modern(json!({}));
    let listen = json!({ "notifications": { "resourcesListChanged": true } });
    let mut open = alice.open("subscriptions/listen", listen);
    assert!(open.message().is_some());
    let begun = std::time::Instant::now();
    served.terminate();
    assert_eq!(served.ended(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    let mut rest = String::new();
    let _ = open.body.read_to_string(&mut rest);
}

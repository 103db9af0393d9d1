//! More than anybody can take: from codex, and from hosts. What is too much is left out and said; nobody else waits,
//! and the bridge stays small.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::common::{Place, Setup};
use crate::daemon::daemons;
use crate::memory::{Long, MEMORY, peak};

/// A tenth of the longest line: nobody has held it. The longest that is taken has 64 MiB.
const TENTH: u64 = 100_000_000;

#[test]
fn slow_a_line_of_a_gigabyte_from_codex() {
    let place = Place::new();
    let prompt = json!({ "prompt": "long 1000000000\nsay fine", "wait": 50 });
    let long = Long::run(Setup::fake(&place).alone().start(), &prompt);
    assert_eq!(long.result["content"], "fine");
    assert!(long.peak() < TENTH, "the bridge took {} bytes", long.peak());
}

/// All of it is there in pieces; as a whole it comes twice more, in lines that are too long to be taken.
#[test]
fn slow_an_answer_of_a_hundred_megabytes() {
    let place = Place::new();
    let prompt = json!({ "prompt": "answer 100000000", "wait": 50 });
    let long = Long::run(Setup::fake(&place).alone().start(), &prompt);
    assert!(long.result["content"].as_str().unwrap().contains("[cut: "), "{}", long.result);
    let output = Setup::fake(&place).command().args(["events", "--json", &long.thread]).output().unwrap();
    assert!(output.stdout.len() > 100_000_000, "{}", output.stdout.len());
    assert!(long.peak() < TENTH, "the bridge took {} bytes", long.peak());
}

/// Through the process of the host, to the one in the background.
#[test]
fn slow_a_line_of_a_gigabyte_from_a_host() {
    let place = Place::new();
    let mut host = Setup::fake(&place).shared().start();
    host.say(br#"{"jsonrpc":"2.0","id":"long","method":"tools/call","params":{"name":"codex","arguments":{"prompt":""#);
    let piece = vec![b'x'; 1 << 20];
    for _ in 0..1000 {
        host.say(&piece);
    }
    host.say(b"\"}}}\n");
    let answer = host.find(|message| message["id"] == "long");
    assert_eq!(answer["error"]["code"], -32600, "{answer}");
    assert_eq!(host.structured("codex", json!({ "prompt": "say fine" }))["content"], "fine");
    let [daemon] = daemons(&place)[..] else { panic!() };
    for (who, pid) in [("the process of the host", host.child.id()), ("the bridge", daemon.unsigned_abs())] {
        assert!(peak(pid) < TENTH, "{who} took {} bytes", peak(pid));
    }
}

/// What it has asked for fills its pipe; others go on, and it finds all of it there.
#[test]
fn a_host_that_takes_no_answers_slows_nobody() {
    let place = Place::new();
    let mut other = Setup::fake(&place).shared().start();
    let run = json!({ "prompt": format!("flood 2000\nsay {}", "x".repeat(40_000)) });
    let thread = other.structured("codex", run)["threadId"].clone();
    let setup = Setup::fake(&place).shared();
    let mut deaf = setup.command().stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut stdin, stdout) = (deaf.stdin.take().unwrap(), deaf.stdout.take().unwrap());
    let mut say = |message: Value| writeln!(stdin, "{message}").unwrap();
    let info = json!({ "name": "deaf", "version": "1" });
    let hello = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": info });
    say(json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello }));
    say(json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
    let look = json!({ "name": "codex-events", "arguments": { "threadId": thread, "detail": "full", "limit": 1000 } });
    // 200 answers of up to 24 KiB: its pipe has 64.
    for id in 1..=200 {
        say(json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": look }));
    }
    for n in 0..50 {
        let done = other.structured("codex", json!({ "prompt": format!("say {n}") }));
        assert_eq!(done["content"], n.to_string());
    }
    let mut answered = std::collections::BTreeSet::new();
    for line in BufReader::new(stdout).lines() {
        let message: Value = serde_json::from_str(&line.unwrap()).unwrap();
        if let Some(id) = message["id"].as_u64().filter(|_| message.get("result").is_some()) {
            assert_ne!(message["result"]["isError"], true, "{message}");
            answered.insert(id);
        }
        if answered.len() == 201 {
            break;
        }
    }
    drop(stdin);
    // It may have had one more word for it.
    deaf.wait().unwrap();
    let [daemon] = daemons(&place)[..] else { panic!() };
    assert!(peak(daemon.unsigned_abs()) < MEMORY, "{}", peak(daemon.unsigned_abs()));
}

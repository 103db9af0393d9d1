//! `codex-bridge events` and `sessions`: what another process does, seen from a terminal.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::common::terminal::{refused, said, terminal};
use crate::common::{Host, Place, Setup};

/// A prompt with a bit of everything that needs nobody's answer.
const TASK: &str = "deltas 3\nflood 5\nsay Two lines are here,\u{1b}[31m and they tell more than one does.";

fn run(host: &mut Host, prompt: &str) -> String {
    let result = host.structured("codex", json!({ "prompt": prompt }));
    result["threadId"].as_str().unwrap().to_owned()
}

/// What is another each time, as what it is: times, ids, folders, how long it took.
fn normal(place: &Place, text: &str) -> String {
    let text = text.replace(&place.work().display().to_string(), "[work]");
    let mut ids: HashMap<String, String> = HashMap::new();
    let word = |word: &str| {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        let hex = |text: &str| text.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
        let is_time = bare.len() == 8 && bare.bytes().filter(|b| *b == b':').count() == 2;
        let lasts = bare.ends_with("ms") && bare.trim_end_matches("ms").parse::<u32>().is_ok()
            || bare.ends_with('s') && bare.trim_end_matches('s').parse::<u32>().is_ok();
        let is_id = bare.strip_prefix("apr_").is_some_and(hex) || (bare.len() >= 8 && hex(bare));
        let new = if is_time {
            "hh:mm:ss".to_owned()
        } else if lasts {
            "[t]".to_owned()
        } else if is_id {
            let next = format!("[id {}]", ids.len() + 1);
            ids.entry(bare.to_owned()).or_insert(next).clone()
        } else {
            return word.to_owned();
        };
        word.replace(bare, &new)
    };
    let mut word = word;
    let line = |line: &str| line.split(' ').map(&mut word).collect::<Vec<_>>().join(" ");
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// A follower, and its lines.
struct Follower {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Follower {
    fn start(place: &Place, args: &[&str]) -> Self {
        let mut child = terminal(place, args).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// Of a session with one turn behind it; what it has shown so far.
    fn of_a_turn(place: &Place, host: &mut Host) -> (String, Self, Vec<Value>) {
        let thread = run(host, "say first");
        let mut follower = Self::start(place, &["events", "-f", &thread, "--json"]);
        let mut seen = Vec::new();
        follower.turn(&mut seen);
        (thread, follower, seen)
    }

    fn event(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line:?}"))
    }

    /// The events up to the end of a turn.
    fn turn(&mut self, into: &mut Vec<Value>) {
        loop {
            into.push(self.event());
            if into.last().unwrap()["type"] == "turn_finished" {
                return;
            }
        }
    }

    /// Its exit code, and what it said on stderr.
    fn ended(mut self) -> (Option<i32>, String) {
        let status = self.child.wait().unwrap();
        let mut words = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut words).unwrap();
        (status.code(), words)
    }
}

#[test]
fn the_look_of_a_session() {
    let place = Place::new();
    let mut host = Setup::fake(&place).start();
    let asked =
        host.structured("codex", json!({ "prompt": format!("{TASK}\nask-command touch x\nask-file a.txt") }));
    let thread = asked["threadId"].as_str().unwrap();
    let answer = |open: &Value, decision: &str| json!({ "approvalId": open["decisions"][0]["approvalId"], "decision": decision, "reason": "as you like" });
    let asked = host.structured("codex-approve", answer(&asked, "approve"));
    let done = host.structured("codex-approve", answer(&asked, "decline"));
    assert_eq!(done["status"], "completed", "{done}");
    host.call("codex-reply", json!({ "threadId": thread, "prompt": "fail no luck" }));

    let seen = said(&place, &["events", thread], "");
    assert_eq!((seen.code, seen.err.as_str()), (0, ""), "{seen:?}");
    insta::assert_snapshot!(normal(&place, &seen.out));
    let full = said(&place, &["events", "--full", thread, "--types", "assistant_delta,turn_finished"], "");
    let labels: Vec<_> = full.out.lines().map(|line| line.split_whitespace().nth(1).unwrap()).collect();
    assert!(labels.contains(&"delta") && labels.ends_with(&["turn"]), "{full:?}");
    assert!(labels.iter().all(|label| ["delta", "turn"].contains(label)), "{full:?}");
    let after = said(&place, &["events", thread, "--after", "3"], "");
    assert!(seen.out.ends_with(&after.out) && after.out.len() < seen.out.len(), "{after:?}");
}

#[test]
fn a_number_that_is_not_there_yet_is_named_with_the_last() {
    let place = Place::new();
    let mut host = Setup::fake(&place).start();
    let thread = run(&mut host, "say first");
    let last = host.events(&json!(thread)).len();
    for follow in
        [&["events", &thread, "--after", "999999"][..], &["events", "-f", &thread, "--after", "999999"]]
    {
        refused(&place, follow, &["has no event 999999", &format!("its last is {last}")]);
    }
    let at_the_end = said(&place, &["events", &thread, "--after", &last.to_string()], "");
    assert_eq!((at_the_end.code, at_the_end.out.as_str()), (0, ""), "{at_the_end:?}");
}

#[test]
fn as_json_it_is_what_the_tool_gives() {
    let place = Place::new();
    let mut host = Setup::fake(&place).start();
    let thread = run(&mut host, TASK);
    let told = host.events(&json!(thread));
    let printed = said(&place, &["events", &thread, "--json"], "");
    assert_eq!((printed.code, printed.err.as_str()), (0, ""));
    let printed: Vec<Value> = printed.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(printed.iter().all(|event| event["threadId"] == thread.as_str()));
    assert_eq!(printed, told);
}

#[test]
fn it_follows_what_another_process_does() {
    let place = Place::new();
    let mut host = Setup::fake(&place).start();
    let (thread, mut follower, mut seen) = Follower::of_a_turn(&place, &mut host);
    // Asked in between, and answered from a terminal too: all of it is in one order.
    let prompt = format!("{TASK}\ndeltas 2000\nflood 2000\nsay last");
    host.structured("codex-reply", json!({ "threadId": thread, "prompt": prompt }));
    follower.turn(&mut seen);
    host.structured("codex-reply", json!({ "threadId": thread, "prompt": "say again" }));
    follower.turn(&mut seen);
    assert_eq!(seen, host.events(&json!(thread)), "each once, in order");

    #[cfg(unix)]
    {
        let pid = follower.child.id().to_string();
        assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        assert_eq!(follower.ended(), (Some(0), String::new()));
    }
    #[cfg(not(unix))]
    follower.child.kill().unwrap();
}

#[test]
fn most_lines_come_within_200_ms_of_the_hosts_own_notice() {
    let place = Place::new();
    let mut host = Setup::fake(&place).start();
    let (thread, mut follower, mut seen) = Follower::of_a_turn(&place, &mut host);
    let (send, lags) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || {
        for _ in 0..5 {
            follower.turn(&mut seen);
            send.send(Instant::now()).unwrap();
        }
        follower
    });
    let lags: Vec<Duration> = (0..5)
        .map(|n| {
            host.structured("codex-reply", json!({ "threadId": thread, "prompt": format!("say {n}") }));
            let told = Instant::now();
            lags.recv().unwrap().saturating_duration_since(told)
        })
        .collect();
    println!("the lines came after {lags:?}");
    let quick = lags.iter().filter(|lag| **lag < Duration::from_millis(200)).count();
    assert!(quick >= 3, "{lags:?}");
    let mut follower = reader.join().unwrap();
    follower.child.kill().unwrap();
    follower.ended();
}

#[test]
fn a_reader_that_goes_ends_it_quietly() {
    let place = Place::new();
    let mut host = Setup::fake(&place).start();
    let thread = run(&mut host, TASK);
    for args in [&["events", "-f", &thread][..], &["events", "-f", &thread, "--json"], &["events", &thread]] {
        let mut follower = Follower::start(&place, args);
        let mut line = String::new();
        follower.lines.read_line(&mut line).unwrap();
        assert!(!line.is_empty());
        // As `head -1` does; no event comes any more, and it ends all the same.
        let Follower { child, lines } = follower;
        drop(lines);
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]), "{args:?}");
    }
}

#[test]
fn sessions_by_what_a_person_calls_them() {
    let place = Place::new();
    refused(&place, &["events", "last"], &["there is no session in the journal", "makes one"]);
    refused(&place, &["events", "-f", "0199"], &["no session `0199`", "`codex-bridge sessions`"]);
    assert_eq!(said(&place, &["sessions"], "").out, "there is no session yet\n");
    assert_eq!(said(&place, &["sessions", "--json"], "").out, "");
    assert!(!place.root.join("state").exists(), "who only looks makes no journal");

    let mut host = Setup::fake(&place).start();
    let (first, last) = (run(&mut host, "say first"), run(&mut host, "say last"));
    refused(&place, &["events", "nope"], &["no session `nope`"]);
    refused(&place, &["events", ""], &["no session ``"]);
    refused(&place, &["events", &first[..1]], &["begins the ids of 2 sessions", &first, &last]);
    refused(&place, &["events", &first, "--types", "tool_cal"], &["invalid value 'tool_cal'", "tool_call"]);
    let whole = said(&place, &["events", &first], "");
    assert_eq!(said(&place, &["events", &first[..first.len() - 1]], "").out, whole.out);
    assert_eq!(said(&place, &["events", "last"], "").out, said(&place, &["events", &last], "").out);
    assert!(said(&place, &["events", "last"], "").out.contains("say last"));

    // It left nothing behind, beside what the bridge has.
    let owners = std::fs::read_dir(place.root.join("state").join("journal.owners")).unwrap().count();
    assert_eq!(owners, 1, "a reader is no owner");
}

#[test]
fn the_table_of_sessions() {
    let place = Place::new();
    let mut killed = Setup::fake(&place).alone().start();
    killed.structured("codex", json!({ "prompt": "stall\nnever ends", "wait": 0 }));
    killed.child.kill().unwrap();
    killed.ended();
    // Ended by the bridge that comes next, and open at the one after it.
    let mut host = Setup::fake(&place).alone().start();
    let open = host.structured("codex", json!({ "prompt": "ask-command touch x" }));
    run(&mut host, "say a long prompt: what does the table do with a title that is longer than others are?");
    host.structured("codex", json!({ "prompt": "stall", "model": "gpt-6", "wait": 0 }));
    let mut killed = Setup::fake(&place).alone().start();
    killed.structured("codex", json!({ "prompt": "stall\nits bridge is killed", "wait": 0 }));
    // The one that lives ends it, once it can write.
    let held = crate::common::hold(&place);
    killed.child.kill().unwrap();
    killed.ended();

    let seen = said(&place, &["sessions"], "");
    assert_eq!((seen.code, seen.err.as_str()), (0, ""));
    let words = normal(&place, &seen.out);
    insta::assert_snapshot!(words.lines().map(squeezed).collect::<Vec<_>>().join("\n"));

    let lines = said(&place, &["sessions", "--json", "--limit", "2"], "").out;
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(lines[0]["threadId"], open["threadId"]);
    assert_eq!((&lines[0]["status"], &lines[1]["status"]), (&json!("needs_decision"), &json!("stale")));
    assert_eq!(lines[0]["decisions"][0]["approvalId"], open["decisions"][0]["approvalId"]);
    let resource = host.request("resources/read", json!({ "uri": "codex://sessions" }));
    let resource: Value =
        serde_json::from_str(resource["result"]["contents"][0]["text"].as_str().unwrap()).unwrap();
    let same =
        resource["sessions"].as_array().unwrap().iter().find(|s| s["threadId"] == lines[1]["threadId"]);
    assert_eq!(same.unwrap()["status"], "stale", "a host sees what a terminal does");
    drop(held);
}

/// Columns are as wide as what is in them, which ids and ages are a part of.
fn squeezed(line: &str) -> String {
    let indent: String = line.chars().take_while(|c| *c == ' ').collect();
    indent + &line.split_whitespace().collect::<Vec<_>>().join(" ")
}

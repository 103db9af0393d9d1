//! Many at once: none is lost, none is mixed up with another, each has his share, and those who read nothing hold nobody
//! up.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::common::http::Served;
use crate::common::{Place, Setup};

/// Who shares the bridge.
const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

const CLIENTS: usize = 200;
const TURNS: usize = 1000;

fn start(place: &Place) -> Served {
    let setup = Setup::fake(place)
        .env("CODEX_BRIDGE_LIMITS_RUNNING", "8")
        .env("CODEX_BRIDGE_LIMITS_QUEUE", "1000")
        .env("CODEX_BRIDGE_LIMITS_SESSIONS", "2000")
        .env("CODEX_BRIDGE_HTTP_REQUESTS", "100000");
    Served::start(&setup, &NAMES.map(|name| (name, "")))
}

/// Done-when 2, the first half: 200 clients at once, 1,000 turns.
#[test]
fn slow_two_hundred_clients_are_all_answered() {
    let place = Place::new();
    let served = start(&place);
    // One who comes first with all of his, and others who come after him: all have the same.
    let (barrier, ended) = (Barrier::new(CLIENTS), Mutex::new(Vec::new()));
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for n in 0..CLIENTS {
            let (served, barrier, ended, next) = (&served, &barrier, &ended, &next);
            scope.spawn(move || {
                let name = NAMES[n % NAMES.len()];
                let client = served.client(name);
                let mut client = if n % 2 == 0 { client.modern(json!({})) } else { client.legacy(json!({})) };
                barrier.wait();
                for turn in 0..TURNS / CLIENTS {
                    let text = format!("{name} {n} {turn}");
                    let prompt = json!({ "prompt": format!("say {text}"), "wait": 600 });
                    let done = client.structured("codex", prompt);
                    assert_eq!(done["content"], text.as_str(), "none is mixed up: {done}");
                    ended.lock().unwrap().push((next.fetch_add(1, Ordering::Relaxed), name));
                }
            });
        }
    });
    let ended = ended.into_inner().unwrap();
    assert_eq!(ended.len(), TURNS, "none is lost");
    // While all have turns that wait.
    let half = ended.iter().filter(|(at, _)| *at < TURNS / 2);
    let mut counts = BTreeMap::new();
    half.for_each(|(_, name)| *counts.entry(*name).or_insert(0) += 1);
    let (least, most) = (counts.values().min().unwrap(), counts.values().max().unwrap());
    assert!(f64::from(*most) <= f64::from(*least) * 1.2, "fair: {counts:?}");
}

/// One who fills the line is no reason for others to wait for all of it.
#[test]
fn one_who_comes_with_many_does_not_starve_the_others() {
    let place = Place::new();
    let setup =
        Setup::fake(&place).env("CODEX_BRIDGE_LIMITS_RUNNING", "2").env("CODEX_BRIDGE_LIMITS_QUEUE", "64");
    let served = Served::start(&setup, &NAMES.map(|name| (name, "")));
    let order = Arc::new(Mutex::new(Vec::new()));
    let call = |name: &'static str, text: &str| {
        let (mut client, order) = (served.client(name).modern(json!({})), order.clone());
        let prompt = text.to_owned();
        thread::spawn(move || {
            let done = client.structured("codex", json!({ "prompt": prompt, "wait": 60 }));
            order.lock().unwrap().push(name);
            done
        })
    };
    let mut all: Vec<_> = (0..30).map(|_| call("a", "run sleep 0.2\nsay done")).collect();
    // Until they wait: a queued one says how many are before it.
    let place = loop {
        let mut late = served.client("a").modern(json!({}));
        let queued = late.structured("codex", json!({ "prompt": "say last", "wait": 0 }));
        if queued["status"] == "queued" {
            break queued;
        }
    };
    assert!(place["ahead"].as_u64().is_some_and(|ahead| ahead < 64), "{place}");
    all.push(call("b", "say done"));
    for done in all {
        assert_eq!(done.join().unwrap()["status"], "completed");
    }
    let order = order.lock().unwrap();
    let at = order.iter().position(|name| *name == "b").unwrap();
    assert!(at < 20, "b was not behind all of a: {order:?}");
}

/// How long a turn takes in each of these, in the middle. In turn, so that whatever else the machine does counts for both.
fn medians(both: [&Served; 2], turns: usize) -> [Duration; 2] {
    let mut clients = both.map(|served| served.client("a").modern(json!({})));
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..turns {
        for (client, times) in clients.iter_mut().zip(&mut times) {
            let begun = Instant::now();
            client.structured("codex", json!({ "prompt": "say done", "wait": 50 }));
            times.push(begun.elapsed());
        }
    }
    times.map(|mut times| {
        times.sort_unstable();
        times[turns / 2]
    })
}

/// Done-when 2, the second half: 50 clients that read nothing of what they asked for. They hold nobody up, and are cut off.
#[cfg(target_os = "linux")]
#[test]
fn slow_clients_that_read_nothing_hold_nobody_up() {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    let (place, other) = (Place::new(), Place::new());
    let (served, calm) = (start(&place), start(&other));
    let mut stalled: Vec<TcpStream> = Vec::new();
    for n in 0..50 {
        let mut client = served.client(NAMES[1 + n % 4]).modern(json!({}));
        let mut stream = TcpStream::connect(served.address).unwrap();
        // More answers than the system holds for one who does not read.
        for _ in 0..800 {
            let message = client.message("tools/list", json!({}));
            let bytes = String::from_utf8(client.bytes(&message)).unwrap();
            stream.write_all(bytes.replacen("connection: close\r\n", "", 1).as_bytes()).unwrap();
        }
        stalled.push(stream);
    }
    // Until nothing more is written to any of them, and the bridge is at rest.
    let ticks = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", served.child.id())).unwrap();
        let fields: Vec<_> = stat.split(' ').collect();
        fields[13].parse::<u64>().unwrap() + fields[14].parse::<u64>().unwrap()
    };
    let mut last = 0;
    while last != ticks() {
        last = ticks();
        // That it does nothing shows only in a span of time.
        thread::sleep(Duration::from_millis(200));
    }
    let [with, without] = medians([&served, &calm], 60);
    assert!(with < without * 2, "{with:?} with them, {without:?} without");
    let patience = Timespec { tv_sec: 60, tv_nsec: 0 };
    for stream in &stalled {
        let mut fds = [PollFd::new(stream, PollFlags::RDHUP)];
        assert_eq!(poll(&mut fds, Some(&patience)).unwrap(), 1, "who reads nothing is cut off");
    }
    let mut client = served.client("b").modern(json!({}));
    assert_eq!(client.structured("codex", json!({ "prompt": "say done", "wait": 50 }))["content"], "done");
}

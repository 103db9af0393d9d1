//! What passes, what is owed, and what a host hears when its bridge dies.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::{Value, json};

use super::{Bridges, Ended, pump};

/// A host, and the bridges that it is given one after the other.
struct Both {
    input: Option<UnixStream>,
    output: BufReader<UnixStream>,
    bridges: Receiver<UnixStream>,
    /// Whether a bridge that says nothing lives.
    answers: Arc<AtomicBool>,
    pump: JoinHandle<Ended>,
}

impl Both {
    fn start(bridges: usize) -> Self {
        let (input, in_pump) = UnixStream::pair().unwrap();
        let (output, out_pump) = UnixStream::pair().unwrap();
        let (to, found) = channel();
        let live = Arc::new(AtomicBool::new(true));
        let answers = live.clone();
        let mut left = bridges;
        let mut reach = move || {
            if left == 0 {
                return Err("none is left".to_owned());
            }
            left -= 1;
            let (ours, theirs) = UnixStream::pair().unwrap();
            to.send(theirs).unwrap();
            Ok(ours)
        };
        let first = reach().unwrap();
        let answers = Arc::new(move || answers.load(Ordering::SeqCst));
        let bridges = Bridges { reach: Box::new(reach), answers, quiet: Duration::from_millis(20) };
        let run = move || pump(first, bridges, OwnedFd::from(in_pump), OwnedFd::from(out_pump));
        let pump = thread::spawn(run);
        Self { input: Some(input), output: BufReader::new(output), bridges: found, answers: live, pump }
    }

    fn bridge(&self) -> BufReader<UnixStream> {
        BufReader::new(self.bridges.recv().unwrap())
    }

    fn say(&mut self, words: &str) {
        self.input.as_ref().unwrap().write_all(words.as_bytes()).unwrap();
    }

    fn hear(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line:?}"))
    }
}

fn line(bridge: &mut BufReader<UnixStream>) -> String {
    let mut line = String::new();
    bridge.read_line(&mut line).unwrap();
    line
}

fn answer(bridge: &BufReader<UnixStream>, words: &str) {
    bridge.get_ref().write_all(words.as_bytes()).unwrap();
}

#[test]
fn bytes_pass_both_ways_and_the_hosts_end_is_the_end() {
    let mut both = Both::start(1);
    let mut bridge = both.bridge();
    let long = format!("{{\"id\":1,\"method\":\"m\",\"params\":\"{}\"}}\n", "x".repeat(300_000));
    let words = long.clone();
    let mut input = both.input.as_ref().unwrap().try_clone().unwrap();
    let writer = thread::spawn(move || input.write_all(words.as_bytes()).unwrap());
    assert_eq!(line(&mut bridge), long);
    writer.join().unwrap();
    answer(&bridge, "{\"id\":1,\"result\":{}}\n");
    assert_eq!(both.hear(), json!({ "id": 1, "result": {} }));
    both.input = None;
    let mut rest = String::new();
    bridge.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
    // What it says after the end of its input is heard.
    answer(&bridge, "{\"last\":true}\n");
    drop(bridge);
    assert_eq!(both.hear(), json!({ "last": true }));
    assert!(matches!(both.pump.join().unwrap(), Ended::Host));
}

#[test]
fn a_bridge_that_dies_leaves_no_request_without_an_answer() {
    let mut both = Both::start(2);
    let mut bridge = both.bridge();
    both.say("{\"id\":0,\"method\":\"initialize\",\"params\":{}}\n");
    line(&mut bridge);
    answer(&bridge, "{\"id\":0,\"result\":{}}\n");
    both.hear();
    both.say("{\"method\":\"notifications/initialized\"}\n");
    both.say("{\"id\":1,\"method\":\"resources/subscribe\",\"params\":{\"uri\":\"codex://a\"}}\n");
    both.say("{\"id\":2,\"method\":\"resources/subscribe\",\"params\":{\"uri\":\"codex://b\"}}\n");
    both.say("{\"id\":3,\"method\":\"resources/unsubscribe\",\"params\":{\"uri\":\"codex://a\"}}\n");
    (0..4).for_each(|_| drop(line(&mut bridge)));
    (1..4).for_each(|id| answer(&bridge, &format!("{{\"id\":{id},\"result\":{{}}}}\n")));
    (1..4).for_each(|_| drop(both.hear()));
    both.say("{\"id\":\"call\",\"method\":\"tools/call\"}\n");
    line(&mut bridge);
    answer(&bridge, "{\"id\":9,\"method\":\"elicitation/create\"}\n");
    assert_eq!(both.hear()["id"], 9);
    // In the middle of a line.
    answer(&bridge, "{\"id\":\"call\",\"res");
    drop(bridge);
    let mut broken = String::new();
    both.output.read_line(&mut broken).unwrap();
    assert_eq!(broken, "{\"id\":\"call\",\"res\n");
    assert_eq!(both.hear()["params"]["requestId"], 9, "its dialog is withdrawn");
    let error = both.hear();
    assert_eq!((&error["id"], &error["error"]["code"]), (&json!("call"), &json!(-32000)));
    assert!(error["error"]["message"].as_str().unwrap().contains("codex-sessions"), "{error}");
    // The next word goes to another, which hears first who speaks; its answers to that are nobody's.
    both.say("{\"id\":5,\"method\":\"tools/call\"}\n");
    let mut bridge = both.bridge();
    let heard: Vec<Value> = (0..4).map(|_| serde_json::from_str(&line(&mut bridge)).unwrap()).collect();
    let methods: Vec<_> = heard.iter().map(|message| message["method"].as_str().unwrap()).collect();
    assert_eq!(methods, ["initialize", "notifications/initialized", "resources/subscribe", "tools/call"]);
    assert_eq!(heard[2]["params"]["uri"], "codex://b");
    answer(&bridge, "{\"id\":0,\"result\":{}}\n{\"method\":\"notice\"}\n{\"id\":2,\"res");
    assert_eq!(both.hear()["method"], "notice");
    answer(&bridge, "ult\":{}}\n{\"id\":5,\"result\":{}}\n");
    assert_eq!(both.hear()["id"], 5);
    // No other is left.
    drop(bridge);
    both.say("{\"id\":6,\"method\":\"tools/list\"}\n{\"method\":\"notifications/x\"}\n{\"id\":7,\"method\":\"ping\"}\n");
    for id in [6, 7] {
        let error = both.hear();
        assert_eq!(error["id"], id);
        assert!(error["error"]["message"].as_str().unwrap().contains("ended"), "{error}");
    }
    both.input = None;
    assert!(matches!(both.pump.join().unwrap(), Ended::Host));
}

#[test]
fn a_host_that_hears_nothing_any_more_ends_it() {
    let Both { input, output, bridges, pump, .. } = Both::start(2);
    let bridge = bridges.recv().unwrap();
    drop(output);
    (&bridge).write_all(b"{\"method\":\"x\"}\n").unwrap();
    assert!(matches!(pump.join().unwrap(), Ended::Output(_)));
    // Though it may go on to speak.
    drop(input);
    let mut rest = String::new();
    (&bridge).read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "", "and the bridge hears its end");
}

/// One that owes an answer, says nothing and does not answer who comes anew is as good as dead.
#[test]
fn a_bridge_that_hangs_is_left() {
    let mut both = Both::start(2);
    let mut first = both.bridge();
    let ask = |id: u32| format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"tools/call\"}}\n");
    both.say(&ask(1));
    assert_eq!(line(&mut first), ask(1));
    // It is slow, and lives.
    first.get_mut().write_all(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n").unwrap();
    assert_eq!(both.hear()["id"], 1);
    both.answers.store(false, Ordering::SeqCst);
    // It owes nothing: it is not asked for anything.
    both.say("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\"}\n");
    line(&mut first);
    both.say(&ask(2));
    let refused = both.hear();
    assert_eq!((&refused["id"], &refused["error"]["code"]), (&json!(2), &json!(-32000)));
    assert!(refused["error"]["message"].as_str().unwrap().contains("codex-bridge daemon stop"), "{refused}");
    both.answers.store(true, Ordering::SeqCst);
    both.say(&ask(3));
    let mut second = both.bridge();
    assert_eq!(line(&mut second), ask(3));
}

/// The second of two with one id is refused by the bridge; the first is still owed.
#[test]
fn an_id_that_was_refused_a_second_time_is_still_owed_once() {
    let mut both = Both::start(1);
    let mut bridge = both.bridge();
    let ask = "{\"jsonrpc\":\"2.0\",\"id\":\"same\",\"method\":\"tools/call\"}\n";
    for _ in 0..2 {
        both.say(ask);
        assert_eq!(line(&mut bridge), ask);
    }
    let refused = b"{\"jsonrpc\":\"2.0\",\"id\":\"same\",\"error\":{\"code\":-32600,\"message\":\"m\"}}\n";
    bridge.get_mut().write_all(refused).unwrap();
    assert_eq!(both.hear()["error"]["code"], -32600);
    drop(bridge);
    let lost = both.hear();
    assert_eq!((&lost["id"], &lost["error"]["code"]), (&json!("same"), &json!(-32000)));
}

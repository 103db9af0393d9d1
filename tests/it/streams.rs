//! The stream of events under stress: readers and writers that are killed.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::common::{Host, Place, Setup};

/// Numbers that look random and are the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

/// A reader that is killed 200 times, and comes back each time behind the last event that it has, ends
/// with exactly the journal's sequence.
#[test]
fn a_reader_that_is_killed_again_and_again_misses_nothing() {
    const TIMES: usize = 200;
    let place = Place::new();
    let mut host = Setup::fake(&place).start();
    let run =
        host.structured("codex", json!({ "prompt": "deltas 20000\nask-command true\nsay end", "wait": 0 }));
    let thread = run["threadId"].as_str().unwrap().to_owned();
    let (mut seen, mut dice, mut decided) = (Vec::<Value>::new(), Dice(7), false);
    for n in 0..=TIMES {
        let after = seen.last().map_or(0, |event| event["seq"].as_u64().unwrap()).to_string();
        let args = ["events", "--json", "--follow", "--after", &after, &thread];
        let mut reader = Setup::fake(&place).args(&args).command();
        let mut reader = reader.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(reader.stdout.take().unwrap()).lines();
        let wanted = if n == TIMES { usize::MAX } else { dice.below(3) as usize };
        let over = |seen: &[Value]| seen.last().is_some_and(|event| event["type"] == "turn_finished");
        for _ in 0..wanted {
            if over(&seen) {
                break;
            }
            seen.push(serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap());
            let asked = seen.last().filter(|event| event["type"] == "permission_request" && !decided);
            // Late, so that readers come and go while the turn runs.
            if let Some(id) = asked.map(|event| event["approvalId"].clone()) {
                decided = true;
                host.structured(
                    "codex-approve",
                    json!({ "approvalId": id, "decision": "approve", "wait": 0 }),
                );
            }
        }
        reader.kill().unwrap();
        reader.wait().unwrap();
    }
    let seqs = seen.iter().map(|event| event["seq"].as_u64().unwrap()).collect::<Vec<_>>();
    assert_eq!(seqs, (1..=seen.len() as u64).collect::<Vec<_>>(), "no gap, no double");
    assert_eq!(seen.last().unwrap()["type"], "turn_finished");
    let whole = Setup::fake(&place).args(&["events", "--json", &thread]).command().output().unwrap();
    let whole = String::from_utf8(whole.stdout).unwrap();
    let whole: Vec<Value> = whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(seen[..], whole[..seen.len()], "exactly what the journal has");
    let pieces = seen.iter().filter(|event| event["type"] == "assistant_delta");
    let text: String = pieces.map(|event| event["text"].as_str().unwrap()).collect();
    let deltas = text.split_whitespace().filter(|word| word.starts_with('d') && word.len() > 1);
    assert!(deltas.map(str::to_owned).eq((0..20_000).map(|n| format!("d{n}"))), "every delta is in it");
}

/// The writer is killed in the middle: what a host had been told is there afterwards, as it was told.
#[test]
fn what_a_host_was_told_outlives_a_killed_writer() {
    let place = Place::new();
    let mut dice = Dice(11);
    for _ in 0..20 {
        let mut host = Setup::fake(&place).alone().start();
        let run = host.structured("codex", json!({ "prompt": "deltas 20000\nflood 3000\nstall", "wait": 0 }));
        let (mut told, mut after) = (Vec::<Value>::new(), json!(0));
        for _ in 0..=dice.below(12) {
            let page = json!({ "threadId": run["threadId"], "after": after, "detail": "full", "wait": 1, "limit": 3 });
            let page = host.structured("codex-events", page);
            told.extend(page["events"].as_array().unwrap().iter().cloned());
            after = page["next"].clone();
        }
        host.child.kill().unwrap();
        host.ended();
        let mut next = Setup::fake(&place).alone().start();
        let kept = next.events(&run["threadId"]);
        let kept: Vec<Value> = kept.into_iter().take(told.len()).collect();
        assert_eq!(kept, told);
    }
}

/// The bytes of an event, as the resource gives it and, up to where it is too much for a test, as
/// `codex-events` does piece by piece.
fn whole(host: &mut Host, thread: &Value, event: &Value) -> usize {
    let as_event = host.whole_event(thread.as_str().unwrap(), &event["seq"]);
    assert_eq!((&as_event["seq"], &as_event["type"]), (&event["seq"], &event["type"]));
    let whole = serde_json::to_string(&as_event).unwrap();
    let uri = format!("codex://sessions/{}/events/{}", thread.as_str().unwrap(), event["seq"]);
    let read = host.request("resources/read", json!({ "uri": uri }));
    if whole.len() > 256 << 10 {
        assert!(read["error"]["message"].as_str().unwrap().contains("?from=0"), "{read}");
    } else {
        let text = read["result"]["contents"][0]["text"].as_str().unwrap();
        assert_eq!(serde_json::from_str::<Value>(text).unwrap(), as_event);
    }
    let (mut text, mut from) = (String::new(), json!(0));
    for _ in 0..20 {
        let after = event["seq"].as_u64().unwrap() - 1;
        let part = json!({ "threadId": thread, "after": after, "from": from });
        let page = host.structured("codex-events", part);
        text.push_str(page["part"]["text"].as_str().unwrap());
        assert_eq!(page["part"]["bytes"], whole.len());
        from = page["part"]["next"].clone();
        if from.is_null() {
            assert_eq!(page["next"], event["seq"]);
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), as_event);
            return whole.len();
        }
    }
    assert!(text.len() > 50_000, "{}", text.len());
    whole.len()
}

/// More than fits, from codex's side: no result is above its budget, each says where the rest is, and
/// the bridge stays small.
#[test]
fn what_is_too_long_is_cut_with_a_pointer_to_the_rest() {
    const BUDGET: usize = 24 * 1024;
    let place = Place::new();
    let mut host = Setup::fake(&place).start();
    for prompt in
        ["output 1048576\nsay done", "output 10000000\nsay done", "diff 2000000\nsay done", "deltas 100000"]
    {
        let result = host.call("codex", json!({ "prompt": prompt }));
        assert!(result.to_string().len() <= BUDGET, "{prompt}: {}", result.to_string().len());
        let thread = result["structuredContent"]["threadId"].clone();
        if prompt.starts_with("deltas") {
            assert!(result["structuredContent"]["content"].as_str().unwrap().contains("[cut:"), "{prompt}");
        }
        let (mut after, mut cut) = (json!(0), false);
        loop {
            let page = json!({ "threadId": thread, "after": after, "detail": "full", "limit": 1000 });
            let page = host.call("codex-events", page);
            assert!(page.to_string().len() <= BUDGET, "{prompt}: {}", page.to_string().len());
            let page = &page["structuredContent"];
            for event in page["events"].as_array().unwrap().iter().filter(|event| event.get("cut").is_some())
            {
                assert!(page["note"].as_str().unwrap().contains("`from`"), "{page}");
                cut = true;
                assert_eq!(whole(&mut host, &thread, event), event["cut"], "{prompt}: all of it can be read");
            }
            after = page["next"].clone();
            if page["more"] != true {
                break;
            }
        }
        assert!(cut, "{prompt}: nothing was cut, or it does not say so");
    }
}

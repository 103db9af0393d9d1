//! The fault matrix where the real codex can be made to show the fault; `tests/it/matrix.rs` has the others, and how
//! a row is read.

use rustix::process::Signal;
use serde_json::{Value, json};

use super::{Stage, codex};
use crate::common::{Host, Setup, children, none_left};
use crate::daemon::{daemons, kill};
use crate::matrix::{all, state, whole};

/// A fault, what must become of the call that it meets, and how it is made.
struct Row {
    fault: &'static str,
    prompt: &'static str,
    health: &'static str,
    make: fn(&Stage),
    ends: &'static str,
}

const RUNS: &str = "RUN touch begun; sleep 300\nSAY done";

const ROWS: &[Row] = &[
    Row {
        fault: "codex is killed while the model thinks",
        prompt: "HANG",
        health: "30s",
        make: |stage| kill(the_codex(stage), Signal::KILL),
        ends: "interrupted codex_lost; next completed on",
    },
    Row {
        fault: "codex is killed while a command runs",
        prompt: RUNS,
        health: "30s",
        make: |stage| kill(the_codex(stage), Signal::KILL),
        ends: "interrupted codex_lost; next completed on",
    },
    Row {
        fault: "codex is killed with an approval open",
        prompt: "ASK",
        health: "30s",
        make: |stage| kill(the_codex(stage), Signal::KILL),
        ends: "interrupted codex_lost; next completed on",
    },
    Row {
        fault: "codex is told to end while a command runs",
        prompt: RUNS,
        health: "30s",
        make: |stage| kill(the_codex(stage), Signal::TERM),
        ends: "interrupted codex_lost; next completed on",
    },
    Row {
        fault: "codex hangs while a command runs",
        prompt: RUNS,
        health: "300ms",
        make: |stage| kill(the_codex(stage), Signal::STOP),
        ends: "interrupted codex_lost; next completed on",
    },
    Row {
        fault: "the bridge in the background is killed while a command runs",
        prompt: RUNS,
        health: "30s",
        make: |stage| kill(the_daemon(stage), Signal::KILL),
        ends: "error -32000; interrupted host_gone; next completed on",
    },
    Row {
        fault: "the bridge in the background is killed with an approval open",
        prompt: "ASK",
        health: "30s",
        make: |stage| kill(the_daemon(stage), Signal::KILL),
        ends: "error -32000; interrupted host_gone; next completed on",
    },
    Row {
        fault: "the bridge in the background is told to end while a command runs",
        prompt: RUNS,
        health: "30s",
        make: |stage| kill(the_daemon(stage), Signal::TERM),
        ends: "error -32000; interrupted host_gone; next completed on",
    },
];

fn the_daemon(stage: &Stage) -> i32 {
    let [pid] = daemons(&stage.place)[..] else { panic!() };
    pid
}

fn the_codex(stage: &Stage) -> i32 {
    let [pid] = children(the_daemon(stage).unsigned_abs())[..] else { panic!() };
    pid.cast_signed()
}

/// Waits until codex is where the fault is to meet it.
fn at_work(stage: &Stage, host: &mut Host, thread: &Value, prompt: &str) {
    if prompt == RUNS {
        while !stage.place.work().join("begun").exists() {
            std::thread::yield_now();
        }
    } else if prompt == "ASK" {
        host.call("codex-wait", json!({ "threadId": thread, "wait": 50 }));
    } else {
        // codex has written the thread down by then; of one that it has not it knows nothing any more.
        let said = json!({ "threadId": thread, "types": ["user_message"], "wait": 50 });
        host.structured("codex-events", said);
    }
}

fn run(row: &Row) -> String {
    let stage = Stage::new();
    let mark = format!("CODEX_TEST_ROW={}", stage.place.root.display());
    let setup = || {
        Setup::with(&stage.place, codex())
            .shared()
            .env("CODEX_TEST_ROW", stage.place.root.to_str().unwrap())
            .env("CODEX_BRIDGE_CODEX_HEALTH", row.health)
    };
    let mut host = setup().start();
    let (prompt, policy) =
        if row.prompt == "ASK" { ("RUN touch x\nSAY done", "untrusted") } else { (row.prompt, "never") };
    let arguments =
        json!({ "prompt": prompt, "approval-policy": policy, "sandbox": "danger-full-access", "wait": 0 });
    let thread = host.structured("codex", arguments)["threadId"].clone();
    at_work(&stage, &mut host, &thread, row.prompt);
    let wait = if row.prompt == "ASK" {
        // Only a change of the session ends this call.
        let last = host.events(&thread).last().unwrap()["seq"].clone();
        json!({ "name": "codex-events", "arguments": { "threadId": thread, "after": last, "types": ["turn_finished"], "wait": 50 } })
    } else {
        json!({ "name": "codex-wait", "arguments": { "threadId": thread, "wait": 50 } })
    };
    let call = host.post("tools/call", wait);
    // The call is there before the fault is.
    host.request("ping", json!({}));
    (row.make)(&stage);
    let answer = host.answer(call);
    let mut seen = Vec::new();
    if answer.get("error").is_some() {
        seen.push(format!("error {}", answer["error"]["code"]));
    } else if answer["result"]["structuredContent"]["status"] == "running" {
        seen.push("running".to_owned());
    }
    seen.push(state(&host.call("codex-wait", json!({ "threadId": thread, "wait": 50 }))));
    let after = json!({ "threadId": thread, "prompt": "SAY on", "wait": 50 });
    seen.push(format!("next {}", state(&host.call("codex-reply", after))));
    whole(&host.events(&thread));
    host.close_stdin();
    host.ended();
    let stopped = setup().command().args(["daemon", "stop"]).output().unwrap();
    assert!(stopped.status.success(), "{stopped:?}");
    none_left(&mark, std::time::Duration::from_secs(2));
    seen.join("; ")
}

#[test]
fn what_becomes_of_each_fault() {
    all(ROWS, |row| (row.fault, row.ends), run);
}

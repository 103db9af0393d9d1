//! A bridge in the background and the real codex: what outlives a host, and what that costs.

#[cfg(target_os = "linux")]
use std::time::Instant;

use serde_json::{Value, json};

use super::{Stage, codex};
#[cfg(target_os = "linux")]
use crate::common::PATIENCE;
use crate::common::{Host, Setup};

fn kill(mut host: Host) {
    host.child.kill().unwrap();
    host.child.wait().unwrap();
}

fn setup(stage: &Stage) -> Setup<'_> {
    Setup::with(&stage.place, codex()).shared()
}

/// What the host that dies was at.
#[derive(Clone, Copy, Debug)]
enum At {
    /// codex waits for an answer that nobody was asked for.
    Question,
    /// The host shows a dialog.
    Dialog,
    /// A command runs.
    Command,
}

/// Fifty times: a host is killed, and another one goes on where it was.
#[test]
fn slow_a_task_outlives_its_host_fifty_times() {
    let stage = Stage::new();
    for round in 0..50 {
        let at = [At::Question, At::Dialog, At::Command][round % 3];
        outlives(&stage, at, round);
    }
}

fn outlives(stage: &Stage, at: At, round: usize) {
    let file = format!("made-{round}");
    let go_on = stage.place.root.join(format!("go-{round}"));
    let (policy, prompt) = match at {
        At::Question | At::Dialog => ("untrusted", format!("RUN touch {file}\nSAY done {round}")),
        At::Command => {
            let wait = format!("until [ -e {} ]; do sleep 0.01; done; touch {file}", go_on.display());
            ("never", format!("RUN {wait}\nSAY done {round}"))
        }
    };
    let arguments =
        json!({ "prompt": prompt, "approval-policy": policy, "sandbox": "danger-full-access", "wait": 0 });
    let mut first =
        if matches!(at, At::Dialog) { setup(stage).elicits().start() } else { setup(stage).start() };
    let begun = first.structured("codex", arguments);
    let thread = begun["threadId"].clone();
    match at {
        At::Question => {
            let open = first.structured("codex-wait", json!({ "threadId": thread, "wait": 60 }));
            assert_eq!(open["status"], "needs_decision", "{open}");
        }
        At::Dialog => {
            first.post(
                "tools/call",
                json!({ "name": "codex-wait", "arguments": { "threadId": thread, "wait": 60 } }),
            );
            first.asked("elicitation/create");
        }
        At::Command => while !runs(&mut first, &thread) {},
    }
    kill(first);
    let mut second = setup(stage).start();
    let listed = second.structured("codex-sessions", json!({ "limit": 1 }));
    assert_eq!(listed["sessions"][0]["threadId"], thread, "{at:?}: {listed}");
    let result = match at {
        At::Question | At::Dialog => {
            assert_eq!(listed["sessions"][0]["status"], "needs_decision", "{listed}");
            let open = second.structured("codex-wait", json!({ "threadId": thread, "wait": 0 }));
            let id = &open["decisions"][0]["approvalId"];
            second.structured("codex-approve", json!({ "approvalId": id, "decision": "approve", "wait": 60 }))
        }
        At::Command => {
            std::fs::write(&go_on, "").unwrap();
            second.structured("codex-wait", json!({ "threadId": thread, "wait": 60 }))
        }
    };
    assert_eq!(
        (&result["status"], &result["content"]),
        (&json!("completed"), &json!(format!("done {round}"))),
        "{at:?}"
    );
    assert!(stage.place.work().join(&file).exists(), "{at:?}: the command has not run");
}

fn runs(host: &mut Host, thread: &Value) -> bool {
    host.events(thread).iter().any(|event| event["type"] == "tool_call")
}

/// Variables of a host reach its commands, and those of another do not.
#[test]
fn each_hosts_commands_have_its_own_variables() {
    let stage = Stage::new();
    let say = "RUN echo \"[$VIRTUAL_ENV] [$ONLY_MINE]\"\nSAY done";
    let arguments =
        json!({ "prompt": say, "sandbox": "danger-full-access", "approval-policy": "never", "wait": 60 });
    let output = |setup: Setup<'_>| {
        let mut host = setup.start();
        let thread = host.structured("codex", arguments.clone())["threadId"].clone();
        let events = host.events(&thread);
        let result = events.iter().find(|event| event["type"] == "tool_result").unwrap();
        result["output"].as_str().unwrap().to_owned()
    };
    let first = output(setup(&stage).env("VIRTUAL_ENV", "/one").env("ONLY_MINE", "yes"));
    let second = output(setup(&stage).env("VIRTUAL_ENV", "/two"));
    assert!(first.contains("[/one] [yes]"), "{first}");
    assert!(second.contains("[/two] []"), "{second}");
    assert_eq!(crate::daemon::daemons(&stage.place).len(), 1, "they share one");
}

/// Ten hosts need less than 1.6 times the memory of one: pages that processes share count once.
#[test]
#[cfg(target_os = "linux")]
fn ten_hosts_need_little_more_than_one() {
    let stage = Stage::new();
    let mut hosts = Vec::new();
    let mut one = 0;
    for n in 0..10 {
        let mut host = setup(&stage).start();
        assert_eq!(
            host.structured("codex", json!({ "prompt": format!("SAY {n}"), "wait": 60 }))["content"],
            n.to_string()
        );
        hosts.push(host);
        if n == 0 {
            one = least(&stage, &hosts);
        }
    }
    // codex starts programs of its own beside a turn, which come and go.
    let until = Instant::now() + PATIENCE;
    let mut ten = least(&stage, &hosts);
    while ten * 10 >= one * 16 && Instant::now() < until {
        ten = ten.min(least(&stage, &hosts));
    }
    assert!(ten * 10 < one * 16, "ten hosts: {ten} KiB, one: {one} KiB");
}

/// The least of several looks.
#[cfg(target_os = "linux")]
fn least(stage: &Stage, hosts: &[Host]) -> u64 {
    (0..10).map(|_| memory(stage, hosts)).min().unwrap()
}

/// What the hosts' processes, the daemon and all below it hold, in KiB.
#[cfg(target_os = "linux")]
fn memory(stage: &Stage, hosts: &[Host]) -> u64 {
    let mut all: Vec<i32> = hosts.iter().map(|host| i32::try_from(host.child.id()).unwrap()).collect();
    all.extend(crate::daemon::daemons(&stage.place));
    let mut at = 0;
    while let Some(pid) = all.get(at).copied() {
        at += 1;
        let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
        let children = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
        all.extend(children.flat_map(|text| {
            text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<i32>>()
        }));
    }
    let of = |pid: &i32| {
        let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:")).unwrap_or("0 kB");
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap()
    };
    all.iter().map(of).sum()
}

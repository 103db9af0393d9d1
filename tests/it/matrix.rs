//! The fault matrix: each row is a fault and the state that it must end in. What holds after every row besides: the
//! next call of the same host works, each turn that began has ended, each question has one decision, no number of an
//! event is missing, and when host and daemon have gone no process is left.

mod codex;
#[cfg(unix)]
mod daemon;
mod host;
#[cfg(unix)]
mod journal;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::thread;

use serde_json::{Value, json};

use crate::common::{Host, Place};

/// A fault that is told by data: how codex is broken, what it is asked for, and what must become of that.
struct Row {
    fault: &'static str,
    /// `METHOD WORD` for the fault of a request, as in `tests/support/fake-app-server/fault.rs`.
    at: &'static str,
    env: &'static [(&'static str, &'static str)],
    prompt: &'static str,
    ends: &'static str,
}

/// Does all of them, a few at a time, and compares.
pub fn all<T: Sync>(
    rows: &[T],
    fault: fn(&T) -> (&'static str, &'static str),
    run: impl Fn(&T) -> String + Sync,
) {
    assert!(!rows.is_empty());
    let (next, wrong) = (Mutex::new(rows.iter()), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let Some(row) = next.lock().unwrap().next() else { break };
                    let (name, ends) = fault(row);
                    let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(row)));
                    let seen = seen.unwrap_or_else(|_| "the row failed, see above".to_owned());
                    if seen != ends {
                        wrong
                            .lock()
                            .unwrap()
                            .push(format!("{name}:\n     must end: {ends}\n     has ended: {seen}"));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

/// A result in few words: its state, its error, what was said.
pub fn state(result: &Value) -> String {
    let told = &result["structuredContent"];
    let code = told["error"]["code"].as_str();
    let words = [told["status"].as_str(), code, told["content"].as_str()];
    let words: Vec<_> = words.into_iter().flatten().filter(|word| !word.is_empty()).collect();
    assert!(!words.is_empty(), "{result}");
    words.join(" ")
}

/// What the next call of this host comes to, in the same session where there is one.
fn next(host: &mut Host, thread: &Value) -> String {
    let prompt = json!({ "prompt": "say on", "wait": 50 });
    let result = if thread.as_str().is_some_and(|thread| !thread.is_empty()) {
        let mut arguments = prompt;
        arguments["threadId"] = thread.clone();
        host.call("codex-reply", arguments)
    } else {
        host.call("codex", prompt)
    };
    state(&result)
}

/// What always holds of the events of a session whose turns are over.
pub fn whole(events: &[Value]) {
    let of = |kind: &str| {
        let all =
            events.iter().filter(|event| event["type"] == kind).map(|event| event["turnId"].to_string());
        all.collect::<Vec<_>>()
    };
    // One that never began has no name.
    let mut finished = of("turn_finished");
    finished.retain(|turn| turn != "null");
    assert_eq!(of("turn_started"), finished, "{events:?}");
    let mut decided = BTreeMap::new();
    for event in events {
        let id = event["approvalId"].to_string();
        match event["type"].as_str().unwrap() {
            "permission_request" => assert_eq!(decided.insert(id, 0), None, "{event}"),
            "permission_decision" => *decided.get_mut(&id).unwrap() += 1,
            _ => {}
        }
    }
    assert!(decided.values().all(|times| *times == 1), "{decided:?} {events:?}");
    let seqs: Vec<_> = events.iter().map(|event| event["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, (1..=events.len() as u64).collect::<Vec<_>>());
}

/// Ends a host, and its daemon, of which no process may be left.
fn ends(place: &Place, mut host: Host, mark: &str) {
    host.close_stdin();
    host.ended();
    #[cfg(unix)]
    crate::daemon::errand(place, "stop");
    #[cfg(target_os = "linux")]
    crate::common::none_left(mark, std::time::Duration::from_secs(2));
    let _ = (place, mark);
}

/// A fault that a test makes itself.
struct Case {
    fault: &'static str,
    ends: &'static str,
    run: fn(&Place) -> String,
}

/// Does all of them, each in a place of its own.
fn cases(cases: &[Case]) {
    all(cases, |case| (case.fault, case.ends), |case| (case.run)(&Place::new()));
}

/// Asks codex for something in a new session.
fn ask(host: &mut Host, prompt: &str) -> Value {
    host.call("codex", json!({ "prompt": prompt, "wait": 50 }))
}

/// The same, in few words.
fn asked(host: &mut Host, prompt: &str) -> String {
    state(&ask(host, prompt))
}

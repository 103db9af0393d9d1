//! codex is broken: at its start, at a request, in a turn.

use serde_json::json;

use super::{Row, all, ends, next, state, whole};
use crate::common::{Place, Setup};

/// What a row does not say.
const USUAL: Row = Row { fault: "", at: "", env: &[], prompt: "say done", ends: "" };

/// Breaks codex as the row says, and asks it.
fn run(row: &Row) -> String {
    let place = Place::new();
    let fault = place.root.join("fault");
    if !row.at.is_empty() {
        std::fs::write(&fault, row.at).unwrap();
    }
    let mut setup = Setup::fake(&place)
        .env("CODEX_FAKE_FAULT", fault.to_str().unwrap())
        .env("CODEX_TEST_ROW", place.root.to_str().unwrap());
    for (name, value) in row.env {
        setup = setup.env(name, value);
    }
    let mut host = setup.start();
    let result = host.call("codex", json!({ "prompt": row.prompt, "wait": 50 }));
    let mut thread = result["structuredContent"]["threadId"].clone();
    let mut seen = state(&result);
    // Asked, and left without an answer.
    while seen.starts_with("needs_decision") || seen.starts_with("running") {
        seen = state(&host.call("codex-wait", json!({ "threadId": thread, "wait": 50 })));
    }
    let seen = format!("{seen}; next {}", next(&mut host, &thread));
    if thread.as_str().is_none_or(str::is_empty) {
        thread = host.structured("codex-sessions", json!({}))["sessions"][0]["threadId"].clone();
    }
    whole(&host.events(&thread));
    assert!(!fault.exists(), "the fault has not happened");
    ends(&place, host, &format!("CODEX_TEST_ROW={}", place.root.display()));
    seen
}

const AT_A_REQUEST: &[Row] = &[
    Row {
        fault: "ends at its start",
        at: "start die",
        ends: "failed codex_start_failed; next completed on",
        ..USUAL
    },
    Row {
        fault: "ends at initialize",
        at: "initialize die",
        ends: "failed codex_start_failed; next completed on",
        ..USUAL
    },
    Row {
        fault: "ends in the middle of its first line",
        at: "initialize mid-line",
        ends: "failed codex_start_failed; next completed on",
        ..USUAL
    },
    Row {
        fault: "refuses initialize",
        at: "initialize error",
        ends: "failed codex_start_failed; next completed on",
        ..USUAL
    },
    Row {
        fault: "answers initialize with null",
        at: "initialize null",
        ends: "completed done; next completed on",
        ..USUAL
    },
    Row {
        fault: "answers initialize late",
        at: "initialize late",
        ends: "completed done; next completed on",
        ..USUAL
    },
    Row {
        fault: "answers a stranger first",
        at: "initialize strange",
        ends: "completed done; next completed on",
        ..USUAL
    },
    Row {
        fault: "ends at thread/start",
        at: "thread/start die",
        ends: "failed codex_lost; next completed on",
        ..USUAL
    },
    Row {
        fault: "ends in the middle of the answer to thread/start",
        at: "thread/start mid-line",
        ends: "failed codex_lost; next completed on",
        ..USUAL
    },
    Row {
        fault: "refuses thread/start",
        at: "thread/start error",
        ends: "failed codex_refused; next completed on",
        ..USUAL
    },
    Row {
        fault: "answers thread/start with null",
        at: "thread/start null",
        ends: "failed codex_protocol; next completed on",
        ..USUAL
    },
    Row {
        fault: "answers thread/start with wrong types",
        at: "thread/start wrong",
        ends: "failed codex_protocol; next completed on",
        ..USUAL
    },
    Row {
        fault: "refuses thread/start in an odd form",
        at: "thread/start odd-error",
        ends: "failed codex_refused; next completed on",
        ..USUAL
    },
    Row {
        fault: "answers thread/start twice, first wrong",
        at: "thread/start twice",
        ends: "failed codex_protocol; next completed on",
        ..USUAL
    },
    Row {
        fault: "answers thread/start late",
        at: "thread/start late",
        ends: "completed done; next completed on",
        ..USUAL
    },
    Row {
        fault: "ends at turn/start",
        at: "turn/start die",
        ends: "failed codex_lost; next completed on",
        ..USUAL
    },
    Row {
        fault: "ends in the middle of the answer to turn/start",
        at: "turn/start mid-line",
        ends: "failed codex_lost; next completed on",
        ..USUAL
    },
    Row {
        fault: "refuses turn/start",
        at: "turn/start error",
        ends: "failed codex_refused; next completed on",
        ..USUAL
    },
    Row {
        fault: "answers turn/start with wrong types",
        at: "turn/start wrong",
        ends: "failed codex_protocol; next completed on",
        ..USUAL
    },
    Row {
        fault: "answers turn/start late",
        at: "turn/start late",
        ends: "completed done; next completed on",
        ..USUAL
    },
];

const IN_A_TURN: &[Row] = &[
    Row {
        fault: "ends in a turn",
        prompt: "deltas 5\ndie",
        ends: "interrupted codex_lost d0 d1 d2 d3 d4 ; next completed on",
        ..USUAL
    },
    Row {
        fault: "ends in the middle of a line",
        prompt: "deltas 5\ndie-mid-line",
        ends: "interrupted codex_lost d0 d1 d2 d3 d4 ; next completed on",
        ..USUAL
    },
    Row {
        fault: "ends with an approval open",
        prompt: "die-asking true",
        ends: "interrupted codex_lost; next completed on",
        ..USUAL
    },
    Row {
        fault: "ends while a command runs",
        prompt: "sleep-command\ndie",
        ends: "interrupted codex_lost; next completed on",
        ..USUAL
    },
    Row {
        fault: "ends after 4 MB on stderr",
        prompt: "stderr 4000000\ndie",
        ends: "interrupted codex_lost; next completed on",
        ..USUAL
    },
    Row {
        fault: "says what is no JSON",
        prompt: "raw this is no json {[\nsay fine",
        ends: "completed fine; next completed on",
        ..USUAL
    },
    Row {
        fault: "says what is no UTF-8",
        prompt: "bytes ff fe 7b 22 c3 28\nsay fine",
        ends: "completed fine; next completed on",
        ..USUAL
    },
    Row {
        fault: "says JSON that is no object",
        prompt: "raw [1,2]\nraw 7\nraw null\nraw \nsay fine",
        ends: "completed fine; next completed on",
        ..USUAL
    },
    Row {
        fault: "tells of an unknown method",
        prompt: r#"raw {"method":"some/new","params":{"threadId":"$T","turnId":"$U"}}
say fine"#,
        ends: "completed fine; next completed on",
        ..USUAL
    },
    Row {
        fault: "asks an unknown method",
        prompt: "ask-unknown\nsay fine",
        ends: "completed fine; next completed on",
        ..USUAL
    },
    Row {
        fault: "has an item of an unknown kind",
        prompt: r#"raw {"method":"item/completed","params":{"threadId":"$T","turnId":"$U","item":{"type":"brandNew","id":"n"}}}
say fine"#,
        ends: "completed fine; next completed on",
        ..USUAL
    },
    Row {
        fault: "has an item of a wrong type",
        prompt: r#"raw {"method":"item/completed","params":{"threadId":"$T","turnId":"$U","item":7}}
raw {"method":"item/agentMessage/delta","params":{"threadId":"$T","turnId":"$U","itemId":5,"delta":[]}}
raw {"method":"item/completed","params":[]}
say fine"#,
        ends: "completed fine; next completed on",
        ..USUAL
    },
    Row {
        fault: "asks with wrong types",
        prompt: r#"raw {"id":"q","method":"item/commandExecution/requestApproval","params":{"threadId":"$T","turnId":7}}
say fine"#,
        ends: "completed fine; next completed on",
        ..USUAL
    },
    Row {
        fault: "asks for a thread that there is not",
        prompt: r#"raw {"id":"q","method":"item/commandExecution/requestApproval","params":{"threadId":"none","turnId":"$U","itemId":"i"}}
say fine"#,
        ends: "completed fine; next completed on",
        ..USUAL
    },
    Row {
        fault: "asks two things with one id",
        prompt: r#"raw {"id":"q","method":"item/fileChange/requestApproval","params":{"threadId":"$T","turnId":"$U","itemId":"i","startedAtMs":1}}
raw {"id":"q","method":"item/fileChange/requestApproval","params":{"threadId":"$T","turnId":"$U","itemId":"k","startedAtMs":1}}
say fine"#,
        ends: "completed fine; next completed on",
        ..USUAL
    },
    Row {
        fault: "answers what nobody has asked",
        prompt: r#"raw {"id":987654,"result":{}}
raw {"id":"x","error":{"code":1,"message":"m"}}
raw {"id":null,"result":{}}
say fine"#,
        ends: "completed fine; next completed on",
        ..USUAL
    },
    Row {
        fault: "speaks of another thread",
        prompt: r#"raw {"method":"turn/completed","params":{"threadId":"01a207be-370a-7db2-8860-ae70b4990000","turn":{"id":"$U","status":"completed","items":[]}}}
say fine"#,
        ends: "completed fine; next completed on",
        ..USUAL
    },
    Row {
        fault: "ends another turn",
        prompt: r#"raw {"method":"turn/completed","params":{"threadId":"$T","turn":{"id":"01a207be-370a-7db2-8860-ae70b4990000","status":"failed","items":[],"error":null}}}
say fine"#,
        ends: "completed fine; next completed on",
        ..USUAL
    },
    Row {
        fault: "says the end twice",
        prompt: "duplicate-completed\nsay fine",
        ends: "completed fine; next completed on",
        ..USUAL
    },
    Row {
        fault: "ends a turn in a state that nobody knows",
        prompt: r#"say fine
raw {"method":"turn/completed","params":{"threadId":"$T","turn":{"id":"$U","status":"vanished","items":[],"error":null}}}"#,
        ends: "failed fine; next completed on",
        ..USUAL
    },
    Row {
        fault: "says a line of 70 MB",
        prompt: "long 70000000\nsay fine",
        ends: "completed fine; next completed on",
        ..USUAL
    },
    Row {
        fault: "floods",
        prompt: "flood 20000\nsay fine",
        ends: "completed fine; next completed on",
        ..USUAL
    },
    Row {
        fault: "only tries again",
        prompt: "retry-for-ever Reconnecting... 2/5",
        env: &[("CODEX_BRIDGE_CODEX_STALL", "300ms")],
        ends: "failed codex_stalled; next completed on",
        ..USUAL
    },
];

/// Each takes as long as the bridge gives codex for such a request.
const WITHOUT_AN_ANSWER: &[Row] = &[
    Row {
        fault: "never answers initialize",
        at: "initialize never",
        ends: "failed codex_start_failed; next completed on",
        ..USUAL
    },
    Row {
        fault: "never answers thread/start",
        at: "thread/start never",
        ends: "failed codex_slow; next completed on",
        ..USUAL
    },
    Row {
        fault: "never answers turn/start",
        at: "turn/start never",
        ends: "failed codex_silent; next completed on",
        ..USUAL
    },
    Row {
        fault: "never answers config/read",
        at: "config/read never",
        ends: "failed codex_slow; next completed on",
        ..USUAL
    },
];

#[test]
fn slow_codex_never_answers() {
    all(WITHOUT_AN_ANSWER, |row| (row.fault, row.ends), run);
}

#[test]
fn codex_is_broken_at_a_request() {
    all(AT_A_REQUEST, |row| (row.fault, row.ends), run);
}

#[test]
fn codex_is_broken_in_a_turn() {
    all(IN_A_TURN, |row| (row.fault, row.ends), run);
}

//! Replies to a session that is at work: refused, added to the turn that runs, or in line for one of their own.

use serde_json::{Value, json};

use crate::common::{Host, Place, Setup};

/// A session whose turn runs until it is cancelled.
fn stalled(host: &mut Host) -> Value {
    host.structured("codex", json!({ "prompt": "stall", "wait": 0 }))["threadId"].clone()
}

fn reply(host: &mut Host, thread: &Value, n: usize, when: &str) -> u64 {
    let arguments =
        json!({ "threadId": thread, "prompt": format!("say {n}"), "when-busy": when, "wait": 60 });
    host.post("tools/call", json!({ "name": "codex-reply", "arguments": arguments }))
}

/// Fifty at once for one session: each has its answer, whatever they want done.
#[test]
fn fifty_at_once_have_fifty_answers() {
    for (when, own) in [("reject", false), ("steer", false), ("queue", true)] {
        let place = Place::new();
        let mut host = Setup::fake(&place).start();
        let thread = host.structured("codex", json!({ "prompt": "say first" }))["threadId"].clone();
        let calls: Vec<_> = (0..50).map(|n| reply(&mut host, &thread, n, when)).collect();
        let answers: Vec<_> = calls.into_iter().map(|id| host.answer(id)["result"].clone()).collect();
        let done: Vec<_> =
            answers.iter().filter(|a| a["structuredContent"]["status"] == "completed").collect();
        let busy = answers.iter().filter(|a| a["structuredContent"]["error"]["code"] == "busy").count();
        assert_eq!(done.len() + busy, 50, "{when}: {answers:?}");
        assert!(!done.is_empty() && (busy > 0) == (when == "reject"), "{when}: {busy}");
        if own {
            let turns: std::collections::BTreeSet<_> =
                done.iter().map(|a| a["structuredContent"]["turnId"].to_string()).collect();
            assert_eq!(turns.len(), 50, "each has its own turn");
            let events = host.events(&thread);
            for (n, answer) in answers.iter().enumerate() {
                let (turn, content) =
                    (&answer["structuredContent"]["turnId"], &answer["structuredContent"]["content"]);
                assert_eq!(*content, n.to_string(), "and its own answer");
                let own: Vec<_> = events.iter().filter(|event| event["turnId"] == *turn).collect();
                let said = own.iter().filter(|e| e["type"] == "user_message").map(|e| e["text"].clone());
                assert_eq!(said.collect::<Vec<_>>(), [json!(format!("say {n}"))], "and its own message");
                let seq = |event: &Value| event["seq"].as_u64().unwrap();
                let (first, last) = (seq(own[0]), seq(own[own.len() - 1]));
                let between = events.iter().filter(|event| (first..=last).contains(&seq(event)));
                assert!(between.clone().all(|event| event["turnId"] == *turn), "one turn after the other");
                assert_eq!(
                    (&own[0]["type"], &own[own.len() - 1]["type"]),
                    (&json!("turn_started"), &json!("turn_finished"))
                );
            }
        }
    }
}

#[test]
fn what_is_added_to_a_turn_is_in_it() {
    let place = Place::new();
    let mut host = Setup::fake(&place).start();
    let thread = stalled(&mut host);
    let arguments = json!({ "threadId": thread, "prompt": "more", "when-busy": "steer", "wait": 0 });
    let result = host.call("codex-reply", arguments);
    let told = &result["structuredContent"];
    assert_eq!((&told["status"], &told["sent"]), (&json!("running"), &json!("steered")), "{told}");
    let first = host.events(&thread);
    let turn = &first.iter().find(|e| e["type"] == "turn_started").unwrap()["turnId"];
    assert_eq!(&told["turnId"], turn, "no turn of its own");
    let words = result["content"][0]["text"].as_str().unwrap();
    assert!(words.contains("added to the turn"), "{words}");

    let fixed = json!({ "threadId": thread, "prompt": "x", "when-busy": "steer", "model": "m" });
    let refused = host.call("codex-reply", fixed);
    let words = refused["content"][0]["text"].as_str().unwrap();
    assert!(words.contains("`model`") && words.contains("queue"), "{words}");
}

/// Who does not wait hears where it stands; codex-wait follows to the end of all; codex-cancel takes all out.
#[test]
fn who_waits_in_line_can_be_followed_and_taken_out() {
    let place = Place::new();
    let mut host = Setup::fake(&place).start();
    let thread = stalled(&mut host);
    for (n, ahead) in [("one", 0), ("two", 1)] {
        let arguments =
            json!({ "threadId": thread, "prompt": format!("say {n}"), "when-busy": "queue", "wait": 0 });
        let told = host.structured("codex-reply", arguments);
        assert_eq!((&told["status"], &told["ahead"]), (&json!("queued"), &json!(ahead)), "{told}");
    }
    let waiting = host.post(
        "tools/call",
        json!({ "name": "codex-reply", "arguments": { "threadId": thread, "prompt": "say three", "when-busy": "queue", "key": "three", "wait": 60 } }),
    );
    // Not before it is in line.
    let third = json!({ "threadId": thread, "turnId": "three", "wait": 0 });
    while host.call("codex-wait", third.clone())["structuredContent"]["ahead"] != 2 {}
    let refused = host.call("codex-reply", json!({ "threadId": thread, "prompt": "say five" }));
    assert_eq!(refused["structuredContent"]["error"]["code"], "busy", "{refused}");
    let words = refused["content"][0]["text"].as_str().unwrap();
    assert!(words.contains("when-busy") && words.contains("codex-wait"), "{words}");

    let cancelled = host.structured("codex-cancel", json!({ "threadId": thread }));
    assert_eq!(cancelled["status"], "interrupted", "{cancelled}");
    let taken_out = host.answer(waiting)["result"].clone();
    assert_eq!(taken_out["structuredContent"]["error"]["code"], "cancelled", "{taken_out}");
    let events = host.events(&thread);
    assert_eq!(events.iter().filter(|e| e["type"] == "turn_started").count(), 1, "{events:?}");
    let said = events.iter().filter(|e| e["type"] == "warning").map(|e| e["message"].to_string());
    let said = said.collect::<String>();
    for prompt in ["say one", "say two"] {
        assert!(said.contains(prompt), "what became of it is in the journal: {said}");
    }

    // All that waits is followed: by then the last has its answer.
    let go = json!({ "prompt": "ask-command touch x", "approval-policy": "untrusted", "wait": 10 });
    let asks = host.structured("codex", go);
    let thread = asks["threadId"].clone();
    let arguments = json!({ "threadId": thread, "prompt": "say last", "when-busy": "queue", "wait": 0 });
    assert_eq!(host.structured("codex-reply", arguments)["status"], "queued");
    let decide =
        json!({ "approvalId": asks["decisions"][0]["approvalId"], "decision": "approve", "wait": 60 });
    let own = host.structured("codex-approve", decide);
    assert_eq!((&own["turnId"], &own["status"]), (&asks["turnId"], &json!("completed")), "{own}");
    let last = host.structured("codex-wait", json!({ "threadId": thread, "wait": 60 }));
    assert_eq!((&last["content"], &last["status"]), (&json!("last"), &json!("completed")), "{last}");
}

/// One place for turns: what waits in a session gives the place of the turn before it back, also where other
/// sessions wait; and who began a turn hears of its end, whatever waits behind it.
#[test]
fn who_waits_in_line_gives_the_place_back() {
    let place = Place::new();
    let mut host = Setup::fake(&place).env("CODEX_BRIDGE_LIMITS_RUNNING", "1").start();
    let go = json!({ "prompt": "ask-command touch x", "approval-policy": "untrusted", "wait": 10 });
    let asks = host.structured("codex", go);
    let thread = asks["threadId"].clone();
    let queued = |n: usize, host: &mut Host| {
        let arguments =
            json!({ "threadId": thread, "prompt": format!("say {n}"), "when-busy": "queue", "wait": 60 });
        host.post("tools/call", json!({ "name": "codex-reply", "arguments": arguments }))
    };
    let calls: Vec<_> = (0..3).map(|n| queued(n, &mut host)).collect();
    let other = host
        .post("tools/call", json!({ "name": "codex", "arguments": { "prompt": "say other", "wait": 60 } }));
    let decide =
        json!({ "approvalId": asks["decisions"][0]["approvalId"], "decision": "approve", "wait": 60 });
    let own = host.structured("codex-approve", decide);
    assert_eq!((&own["turnId"], &own["status"]), (&asks["turnId"], &json!("completed")), "{own}");
    for (n, id) in calls.into_iter().enumerate() {
        let done = host.answer(id)["result"]["structuredContent"].clone();
        assert_eq!(
            (&done["status"], &done["content"]),
            (&json!("completed"), &json!(n.to_string())),
            "{done}"
        );
    }
    let other = host.answer(other)["result"]["structuredContent"].clone();
    assert_eq!((&other["status"], &other["content"]), (&json!("completed"), &json!("other")), "{other}");
}

/// The list goes on page by page, within the budget, those at work first.
#[test]
fn those_at_work_come_in_pages() {
    let place = Place::new();
    let mut host = Setup::fake(&place).env("CODEX_BRIDGE_LIMITS_RUNNING", "10").start();
    for _ in 0..5 {
        stalled(&mut host);
    }
    let (mut seen, mut cursor) = (Vec::new(), None::<Value>);
    for size in [2, 2, 1] {
        let mut page = json!({ "status": "running", "limit": 2 });
        if let Some(cursor) = cursor {
            page["cursor"] = cursor;
        }
        let page = host.structured("codex-sessions", page);
        let sessions = page["sessions"].as_array().unwrap().clone();
        assert_eq!(sessions.len(), size, "{page}");
        seen.extend(sessions.iter().map(|one| one["threadId"].to_string()));
        cursor = page.get("cursor").cloned();
    }
    assert_eq!(cursor, None);
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 5, "each once");
}

/// What a caller must know besides is said too where its turn has not begun: that a copy goes on.
#[test]
fn a_copy_that_waits_says_that_it_is_one() {
    let place = Place::new();
    let mut host = Setup::fake(&place).env("CODEX_BRIDGE_LIMITS_RUNNING", "1").start();
    let thread = host.structured("codex", json!({ "prompt": "say one" }))["threadId"].clone();
    stalled(&mut host);
    let copy = json!({ "threadId": thread, "prompt": "say two", "fork": "latest", "wait": 0 });
    let copy = host.call("codex-reply", copy);
    assert_eq!(copy["structuredContent"]["status"], "queued", "{copy}");
    let words = copy["content"][0]["text"].as_str().unwrap();
    assert!(words.contains("copy of session") && words.contains(thread.as_str().unwrap()), "{words}");
}

/// A prompt that waits for its own session's turn is in the line of all sessions.
#[test]
fn the_limit_of_the_line_counts_prompts_of_a_session() {
    let place = Place::new();
    let setup = Setup::fake(&place).env("CODEX_BRIDGE_LIMITS_RUNNING", "1");
    let mut host = setup.env("CODEX_BRIDGE_LIMITS_QUEUE", "2").start();
    let thread = stalled(&mut host);
    let queue = |host: &mut Host, n: usize| {
        let prompt = format!("say {n}");
        let arguments = json!({ "threadId": thread, "prompt": prompt, "when-busy": "queue", "wait": 0 });
        host.structured("codex-reply", arguments)
    };
    assert_eq!(queue(&mut host, 1)["status"], "queued");
    let other = host
        .post("tools/call", json!({ "name": "codex", "arguments": { "prompt": "say other", "wait": 0 } }));
    assert_eq!(host.answer(other)["result"]["structuredContent"]["status"], "queued");
    let prompt = json!({ "threadId": thread, "prompt": "say 2", "when-busy": "queue", "wait": 0 });
    for (tool, arguments) in [("codex-reply", prompt), ("codex", json!({ "prompt": "say more", "wait": 5 }))]
    {
        let full = host.call(tool, arguments);
        assert_eq!(full["structuredContent"]["error"]["code"], "queue_full", "{full}");
    }
    // What was taken out makes room again.
    host.call("codex-cancel", json!({ "threadId": thread }));
    let next =
        host.structured("codex-reply", json!({ "threadId": thread, "prompt": "say next", "wait": 60 }));
    assert_eq!(next["content"], "next", "{next}");
}

#[test]
fn a_compaction_that_fails_is_told_with_the_result_behind_it() {
    let place = Place::new();
    // Its own prompt waits behind it, also where nobody may wait.
    let setup = Setup::fake(&place).env("CODEX_BRIDGE_LIMITS_RUNNING", "1");
    let mut host = setup.env("CODEX_BRIDGE_LIMITS_QUEUE", "0").start();
    let thread = host.structured("codex", json!({ "prompt": "say one" }))["threadId"].clone();
    let next = json!({ "threadId": thread, "prompt": "say two", "compact": true });
    let next = host.call("codex-reply", next);
    assert_eq!(next["structuredContent"]["content"], "two", "{next}");
    let note = "The session was not compacted: compaction is broken here";
    assert!(next["content"].to_string().contains(note), "{next}");
}

#[test]
fn a_thread_whose_turn_does_not_end_is_not_archived() {
    let place = Place::new();
    let mut host = Setup::fake(&place).start();
    let thread =
        host.structured("codex", json!({ "prompt": "stall", "model": "deaf", "wait": 0 }))["threadId"]
            .clone();
    let refused = host.call("codex-cancel", json!({ "threadId": thread, "archive": true }));
    let error = &refused["structuredContent"]["error"];
    assert_eq!((&error["code"], &refused["isError"]), (&json!("busy"), &json!(true)), "{refused}");
    assert!(error["message"].as_str().unwrap().contains("is not archived"), "{refused}");
}

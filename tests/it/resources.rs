//! Resources, subscriptions and progress, in both eras.

use serde_json::{Value, json};

use crate::common::{Host, PATIENCE, Place, Setup};

fn read(host: &mut Host, uri: &str) -> Value {
    let answer = host.request("resources/read", json!({ "uri": uri }));
    let contents = &answer["result"]["contents"][0];
    assert_eq!(contents["uri"], uri, "{answer}");
    contents.clone()
}

fn object(host: &mut Host, uri: &str) -> Value {
    serde_json::from_str(read(host, uri)["text"].as_str().unwrap()).unwrap()
}

#[test]
fn every_resource_can_be_read() {
    let place = Place::new();
    let mut host = Setup::fake(&place).start();
    let done = host.structured("codex", json!({ "prompt": "ask-file new.txt\nsay done" }));
    let thread = done["threadId"].as_str().unwrap().to_owned();
    let open = object(&mut host, "codex://decisions");
    assert_eq!(open["decisions"][0]["approvalId"], done["decisions"][0]["approvalId"], "{open}");
    assert_eq!(object(&mut host, "codex://sessions")["sessions"][0]["status"], "needs_decision");
    let approve = json!({ "approvalId": done["decisions"][0]["approvalId"], "decision": "approve" });
    host.structured("codex-approve", approve);

    let of = |part: &str| format!("codex://sessions/{thread}{part}");
    let state = object(&mut host, &of(""));
    assert_eq!((&state["content"], &state["session"]["resumed"]), (&json!("done"), &Value::Null), "{state}");
    let page = object(&mut host, &of("/events?after=2&limit=3"));
    let seqs: Vec<_> = page["events"].as_array().unwrap().iter().map(|e| e["seq"].clone()).collect();
    assert_eq!((seqs, &page["more"]), (vec![json!(3), json!(4), json!(5)], &json!(true)), "{page}");
    let transcript = read(&mut host, &of("/transcript"));
    assert_eq!(transcript["mimeType"], "text/markdown");
    let text = transcript["text"].as_str().unwrap();
    for words in [
        "# codex in",
        "## User",
        "**Asked:** Allow codex to change files",
        "**Decided:** approve by agent",
        "## codex\n\ndone",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert_eq!(read(&mut host, &of("/diff"))["mimeType"], "text/x-diff");
    assert!(object(&mut host, "codex://schemas/event")["properties"]["seq"].is_object());
    assert!(object(&mut host, "codex://mcp")["sessions"].is_array());

    let listed = host.request("resources/list", json!({}))["result"]["resources"].clone();
    let uris: Vec<_> =
        listed.as_array().unwrap().iter().map(|r| r["uri"].as_str().unwrap().to_owned()).collect();
    for uri in &uris {
        read(&mut host, uri);
    }
    assert!(uris.contains(&of("/transcript")), "{uris:?}");
    let templates = host.request("resources/templates/list", json!({}));
    assert_eq!(templates["result"]["resourceTemplates"].as_array().unwrap().len(), 5, "{templates}");
}

#[test]
fn what_is_not_there_is_named() {
    let place = Place::new();
    let mut legacy = Setup::fake(&place).start();
    let mut modern = Setup::fake(&place).modern(json!({}));
    for uri in [
        "codex://nothing",
        "file:///etc/passwd",
        "codex://sessions/no-such-thread/events",
        "codex://sessions//diff",
    ] {
        let old = legacy.request("resources/read", json!({ "uri": uri }));
        assert_eq!(old["error"]["code"], -32002, "{old}");
        let new = modern.request("resources/read", json!({ "uri": uri }));
        assert_eq!(new["error"]["code"], -32602, "{new}");
    }
}

/// A legacy host subscribes, follows by reading from its cursor, and sees every event.
#[test]
fn a_legacy_host_follows_by_subscription() {
    let place = Place::new();
    let mut host = Setup::fake(&place).start();
    let run =
        host.structured("codex", json!({ "prompt": "deltas 300\nask-command true\nsay done", "wait": 0 }));
    assert_eq!(
        host.asked("notifications/resources/list_changed")["method"],
        "notifications/resources/list_changed"
    );
    let uri = format!("codex://sessions/{}/events", run["threadId"].as_str().unwrap());
    let subscribed = host.request("resources/subscribe", json!({ "uri": uri }));
    assert_eq!(subscribed["result"], json!({}), "{subscribed}");
    let (mut seen, mut after) = (Vec::new(), json!(0));
    let mut approved = false;
    while seen.last().is_none_or(|e: &Value| e["type"] != "turn_finished") {
        let page = object(&mut host, &format!("{uri}?after={after}&limit=1000"));
        seen.extend(page["events"].as_array().unwrap().iter().cloned());
        after = page["next"].clone();
        let asked = seen.iter().find(|e| e["type"] == "permission_request").cloned();
        match asked {
            Some(asked) if !approved => {
                approved = true;
                let approve = json!({ "approvalId": asked["approvalId"], "decision": "approve" });
                host.post("tools/call", json!({ "name": "codex-approve", "arguments": approve }));
            }
            _ if page["more"] == true || seen.last().is_some_and(|e| e["type"] == "turn_finished") => {}
            _ => {
                let told = host.asked("notifications/resources/updated");
                assert_eq!(told["params"]["uri"], uri, "{told}");
            }
        }
    }
    assert_eq!(seen, host.events(&run["threadId"]));
    host.request("resources/unsubscribe", json!({ "uri": uri }));
}

#[test]
fn a_modern_host_listens() {
    let place = Place::new();
    let mut host = Setup::fake(&place).modern(json!({}));
    let run = host.structured("codex", json!({ "prompt": "ask-command true\nsay done" }));
    let thread = run["threadId"].as_str().unwrap();
    let (transcript, decisions) = (format!("codex://sessions/{thread}/transcript"), "codex://decisions");
    let wanted = json!({ "resourcesListChanged": true, "resourceSubscriptions": [transcript, decisions, "codex://nothing"] });
    let id = host.post("subscriptions/listen", json!({ "notifications": wanted }));
    let accepted = host.asked("notifications/subscriptions/acknowledged");
    let uris = &accepted["params"]["notifications"]["resourceSubscriptions"];
    assert_eq!(*uris, json!([transcript, decisions]), "{accepted}");
    let mut told = std::collections::BTreeSet::new();
    while told.len() < 2 {
        let notice = host.asked("notifications/resources/updated");
        assert_eq!(notice["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], id, "{notice}");
        told.insert(notice["params"]["uri"].as_str().unwrap().to_owned());
    }
    let approve = json!({ "approvalId": run["decisions"][0]["approvalId"], "decision": "approve" });
    host.structured("codex-approve", approve);
    told.clear();
    while told.len() < 2 {
        told.insert(
            host.asked("notifications/resources/updated")["params"]["uri"].as_str().unwrap().to_owned(),
        );
    }
    host.structured("codex", json!({ "prompt": "say another" }));
    host.asked("notifications/resources/list_changed");
    host.send(
        &json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": id } }),
    );
    assert_eq!(host.structured("codex", json!({ "prompt": "say fine" }))["content"], "fine");
}

/// A notice at once, before codex has done anything; and while another bridge does the work.
#[test]
fn a_call_that_waits_for_others_says_so() {
    let place = Place::new();
    let mut deaf = Setup::fake(&place).alone().env("CODEX_FAKE_NO_INITIALIZE", "1").start();
    let with = |name: &str, arguments: Value| json!({ "name": name, "arguments": arguments, "_meta": { "progressToken": name } });
    deaf.post("tools/call", with("codex", json!({ "prompt": "say never" })));
    let told = deaf.asked("notifications/progress");
    assert_eq!(told["params"]["message"], "starting a session of codex", "before codex has said a word");

    let mut host = Setup::fake(&place).alone().start();
    let thread = host.structured("codex", json!({ "prompt": "stall", "wait": 0 }))["threadId"].clone();
    let mut other = Setup::fake(&place).alone().start();
    for (tool, more, words) in [
        ("codex-wait", json!({}), "waiting for the bridge that runs the turn"),
        ("codex-events", json!({ "types": ["raw"] }), "waiting for events"),
    ] {
        let mut arguments = json!({ "threadId": thread, "wait": 1 });
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let id = other.post("tools/call", with(tool, arguments));
        let told = other.asked("notifications/progress");
        assert_eq!(told["params"]["message"], words);
        other.answer(id);
    }
}

/// A host may shake hands twice; it is told of each thing once.
#[test]
fn a_second_handshake_doubles_no_notice() {
    let place = Place::new();
    let mut host = Setup::fake(&place).start();
    for _ in 0..3 {
        host.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
    }
    // A second in which all that is to be told comes.
    host.structured("codex", json!({ "prompt": "stall", "wait": 1 }));
    host.asked("notifications/resources/list_changed");
    assert_eq!(host.heard("notifications/resources/list_changed"), None);
}

/// Nobody reads the session, and who watches hears of its end all the same.
#[test]
fn those_who_watch_hear_that_a_bridge_was_killed() {
    let place = Place::new();
    let (mut owner, mut watcher) = (Setup::fake(&place).alone().start(), Setup::fake(&place).alone().start());
    let open = owner.structured("codex", json!({ "prompt": "ask-command true" }));
    let session = format!("codex://sessions/{}", open["threadId"].as_str().unwrap());
    let uris = [session.as_str(), "codex://decisions", "codex://sessions"];
    for uri in uris {
        assert_eq!(watcher.request("resources/subscribe", json!({ "uri": uri }))["result"], json!({}));
    }
    assert_eq!(object(&mut watcher, "codex://sessions")["sessions"][0]["status"], "needs_decision");
    owner.child.kill().unwrap();
    owner.ended();
    let mut told = std::collections::BTreeSet::new();
    while told.len() < uris.len() {
        let notice = watcher.asked("notifications/resources/updated");
        told.insert(notice["params"]["uri"].as_str().unwrap().to_owned());
    }
    assert_eq!(object(&mut watcher, "codex://decisions")["decisions"], json!([]));
    assert_eq!(object(&mut watcher, "codex://sessions")["sessions"][0]["status"], "idle");
    let seen = watcher.structured("codex-wait", json!({ "threadId": open["threadId"], "wait": 0 }));
    assert_eq!(
        (&seen["status"], &seen["error"]["code"]),
        (&json!("interrupted"), &json!("host_gone")),
        "{seen}"
    );
}

/// What codex does, from the start on, in numbers that grow, at most a few a second.
#[test]
fn a_blocking_call_says_what_codex_does() {
    let place = Place::new();
    let mut host = Setup::fake(&place).env("CODEX_BRIDGE_APPROVALS_DEADLINE", "2").start();
    let call = json!({
        "name": "codex-wait", "arguments": { "threadId": "" }, "_meta": { "progressToken": "p" },
    });
    let run = host.structured("codex", json!({ "prompt": "flood 2000\nsleep-command\nstall", "wait": 0 }));
    let mut call = call;
    call["arguments"] = json!({ "threadId": run["threadId"], "wait": 2 });
    let begun = std::time::Instant::now();
    let id = host.post("tools/call", call);
    let first = host.asked("notifications/progress");
    assert!(begun.elapsed() < std::time::Duration::from_secs(1), "the first comes at once");
    assert_eq!(host.answer(id)["result"]["structuredContent"]["status"], "running");
    let mut notices = vec![first];
    while let Some(more) = host.heard("notifications/progress") {
        notices.push(more);
    }
    let numbers: Vec<f64> = notices.iter().map(|n| n["params"]["progress"].as_f64().unwrap()).collect();
    assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "{numbers:?}");
    assert!(numbers.len() <= 8, "in two seconds: {notices:?}");
    let last = notices.last().unwrap()["params"]["message"].as_str().unwrap().to_owned();
    assert!(last.contains("running `sleep 300`"), "{notices:?}");
    assert!(begun.elapsed() < PATIENCE);
}

//! Tasks, approvals, and many at once.

use serde_json::json;

use super::Stage;

#[test]
fn a_command_and_a_file_change_by_dialog() {
    let stage = Stage::new();
    let mut host = stage.host().elicits().start();
    let prompt = "RUN echo hi > a.txt\nWRITE b.txt hello\nSAY both are there";
    let arguments = json!({ "prompt": prompt, "sandbox": "workspace-write", "approval-policy": "untrusted" });
    let id = host.post("tools/call", json!({ "name": "codex", "arguments": arguments }));
    for wanted in ["echo hi > a.txt", "b.txt"] {
        let dialog = host.asked("elicitation/create");
        assert!(dialog["params"]["message"].as_str().unwrap().contains(wanted), "{dialog}");
        let answer = json!({ "action": "accept", "content": { "decision": "approve" } });
        host.send(&json!({ "jsonrpc": "2.0", "id": dialog["id"], "result": answer }));
    }
    let result = host.answer(id)["result"]["structuredContent"].clone();
    assert_eq!(
        (&result["status"], &result["content"]),
        (&json!("completed"), &json!("both are there")),
        "{result}"
    );
    assert_eq!(result["usage"], json!({ "input": 270, "cached": 30, "output": 45, "reasoning": 15 }));
    assert_eq!(result["changes"][0]["kind"], "add");
    assert_eq!(std::fs::read_to_string(stage.place.work().join("a.txt")).unwrap(), "hi\n");
    assert_eq!(std::fs::read_to_string(stage.place.work().join("b.txt")).unwrap(), "hello\n");
}

/// Each decision by the tool, and what codex made of it.
#[test]
fn each_decision_by_the_tool() {
    let stage = Stage::new();
    let mut host = stage.host().start();
    for (n, (decision, status, written)) in [
        ("approve", "completed", true),
        ("approve-for-session", "completed", true),
        ("decline", "completed", false),
        ("cancel", "interrupted", false),
    ]
    .into_iter()
    .enumerate()
    {
        for step in [format!("RUN touch c{n}"), format!("WRITE f{n} text")] {
            let file = step.split(' ').nth(if step.starts_with("RUN") { 2 } else { 1 }).unwrap().to_owned();
            let arguments =
                json!({ "prompt": step, "sandbox": "workspace-write", "approval-policy": "untrusted" });
            let open = host.structured("codex", arguments);
            assert_eq!(open["status"], "needs_decision", "{open}");
            let answer = json!({ "approvalId": open["decisions"][0]["approvalId"], "decision": decision });
            let done = host.structured("codex-approve", answer);
            assert_eq!(done["status"], status, "{step} {decision}: {done}");
            assert_eq!(stage.place.work().join(&file).exists(), written, "{step} {decision}");
        }
    }
}

#[test]
fn a_one_word_task_is_small() {
    let stage = Stage::new();
    let mut host = stage.host().start();
    let result = host.call("codex", json!({ "prompt": "SAY ok" }));
    assert_eq!(result["structuredContent"]["content"], "ok", "{result}");
    assert!(result["structuredContent"].to_string().len() < 400, "{result}");
    assert!(result.to_string().len() < 700, "{}", result.to_string().len());
}

#[test]
fn twenty_at_once_in_one_codex() {
    let stage = Stage::new();
    let mark = "mark-twenty-8841";
    let mut host = stage.host().alone().env("CODEX_TEST_MARK", mark).start();
    let ids: Vec<_> = (0..20)
        .map(|n| {
            let arguments = json!({ "prompt": format!("STREAM 20\nSAY never {n}") });
            host.post("tools/call", json!({ "name": "codex", "arguments": arguments }))
        })
        .collect();
    let mut threads = std::collections::BTreeSet::new();
    for id in ids {
        let result = host.answer(id)["result"]["structuredContent"].clone();
        assert_eq!(result["status"], "completed", "{result}");
        let events = host.events(&result["threadId"]);
        let seqs: Vec<_> = events.iter().map(|e| e["seq"].as_u64().unwrap()).collect();
        assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>());
        let turn = result["turnId"].clone();
        assert!(events.iter().filter(|e| e.get("turnId").is_some()).all(|e| e["turnId"] == turn));
        threads.insert(result["threadId"].to_string());
    }
    assert_eq!(threads.len(), 20);
    #[cfg(target_os = "linux")]
    {
        let all = crate::common::marked(mark);
        let servers = all.iter().filter(|(_, words)| words.contains("app-server")).count();
        assert_eq!(servers, 1, "{all:?}");
        host.close_stdin();
        assert_eq!(host.ended(), 0);
        crate::common::none_left(mark, std::time::Duration::from_secs(2));
    }
}

#[test]
fn cancel_ends_the_command_too() {
    let stage = Stage::new();
    let mark = "mark-cancel-8842";
    let mut host = stage.host().env("CODEX_TEST_MARK", mark).start();
    let arguments = json!({ "prompt": "RUN sleep 271", "sandbox": "danger-full-access", "approval-policy": "never", "wait": 0 });
    let open = host.structured("codex", arguments);
    let page = json!({ "threadId": open["threadId"], "types": ["tool_call"], "wait": 30 });
    assert_eq!(host.structured("codex-events", page)["events"][0]["command"], "sleep 271");
    let done = host.structured("codex-cancel", json!({ "threadId": open["threadId"] }));
    assert_eq!(done["status"], "interrupted", "{done}");
    #[cfg(target_os = "linux")]
    {
        let until = std::time::Instant::now() + std::time::Duration::from_secs(5);
        while crate::common::marked(mark).iter().any(|(_, words)| words.contains("sleep 271")) {
            assert!(std::time::Instant::now() < until, "{:?}", crate::common::marked(mark));
            std::thread::yield_now();
        }
    }
}

/// The flags of a configuration for `codex mcp-server`, where `-m` did nothing and `-p` made it exit.
#[test]
fn the_flags_reach_codex() {
    let stage = Stage::new();
    let profile = stage.place.root.join("codex-home/mine.config.toml");
    std::fs::write(profile, "model = \"from-profile\"\nsandbox_mode = \"workspace-write\"\n").unwrap();
    let cases: [(&[&str], &str, &str); 4] = [
        (&["-p", "mine", "mcp-server"], "from-profile", "workspace-write"),
        (&["mcp-server", "-m", "from-flag", "-p", "mine"], "from-flag", "workspace-write"),
        (&["-c", "model=from-key", "-s", "read-only"], "from-key", "read-only"),
        (&["-m", "from-flag", "-a", "never", "-s", "danger-full-access"], "from-flag", "danger-full-access"),
    ];
    for (args, model, sandbox) in cases {
        let mut host = stage.host().args(args).start();
        let done = host.structured("codex", json!({ "prompt": "SAY hi" }));
        assert_eq!(done["content"], "hi", "{args:?}: {done}");
        let started = host.events(&done["threadId"])[0].clone();
        assert_eq!((&started["model"], &started["sandbox"]), (&json!(model), &json!(sandbox)), "{args:?}");
        if args.contains(&"-a") {
            assert_eq!(started["approvalPolicy"], "never");
        }
    }
}

/// Bridges that are restarted between two replies: the conversation goes on.
#[test]
fn a_session_goes_on_after_a_restart() {
    let stage = Stage::new();
    let mut first = stage.host().start();
    let thread = first.structured("codex", json!({ "prompt": "SAY one" }))["threadId"].clone();
    first.close_stdin();
    assert_eq!(first.ended(), 0);
    let mut second = stage.host().start();
    let next = second.structured("codex-reply", json!({ "prompt": "SAY two", "threadId": thread }));
    assert_eq!((&next["content"], &next["status"]), (&json!("two"), &json!("completed")), "{next}");
    let seqs: Vec<_> = second.events(&thread).iter().map(|e| e["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>());
}

/// A session that was let go, while codex still has its thread loaded: the next call takes it up again, hears all
/// of its turn, and finds what the session was given.
#[test]
fn a_session_that_was_let_go_goes_on() {
    let stage = Stage::new();
    let mut host = stage.host().env("CODEX_BRIDGE_CODEX_RELEASE_AFTER", "1").start();
    let server = json!({ "mine": { "command": env!("CARGO_BIN_EXE_fake-mcp-server") } });
    let call = json!({ "prompt": "SAY one", "sandbox": "workspace-write", "approval-policy": "never", "mcp": { "add": server } });
    let thread = host.structured("codex", call)["threadId"].clone();
    for n in 0..3 {
        let after = host.events(&thread).last().unwrap()["seq"].clone();
        let page = json!({ "threadId": thread, "after": after, "types": ["session_finished"], "wait": 30 });
        let page = host.structured("codex-events", page);
        let last = host.events(&thread).last().unwrap().clone();
        assert_eq!(
            (&last["type"], &last["reason"]),
            (&json!("session_finished"), &json!("released")),
            "{page}"
        );
        let prompt = format!("RUN echo {n} > again-{n}\nMCP mine echo {{}}\nSAY {n}");
        let done = host.structured("codex-reply", json!({ "threadId": thread, "prompt": prompt }));
        assert_eq!(
            (&done["status"], &done["content"]),
            (&json!("completed"), &json!(n.to_string())),
            "{done}"
        );
        assert!(stage.place.work().join(format!("again-{n}")).exists(), "it has its sandbox");
        let events = host.events(&thread);
        let called = events.iter().filter(|event| event["type"] == "tool_call" && event["server"] == "mine");
        assert_eq!(called.count(), n + 1, "and its server");
    }
}

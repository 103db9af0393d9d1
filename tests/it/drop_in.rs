//! A configuration that was written for `codex mcp-server`, with only the command changed.

use serde_json::{Value, json};

use crate::common::{Place, Setup};

/// The parameters of the removed server, and what it required.
#[test]
fn the_tools_take_what_the_old_ones_took() {
    let place = Place::new();
    let mut host = Setup::fake(&place).args(&["mcp-server"]).start();
    let list = host.request("tools/list", json!({}));
    let tools = list["result"]["tools"].as_array().unwrap().clone();
    let tool = |name: &str| tools.iter().find(|t| t["name"] == name).unwrap();
    let old = [
        "prompt",
        "cwd",
        "model",
        "sandbox",
        "approval-policy",
        "config",
        "base-instructions",
        "developer-instructions",
        "compact-prompt",
    ];
    for name in old {
        assert!(tool("codex")["inputSchema"]["properties"][name].is_object(), "{name}");
    }
    for name in ["prompt", "threadId", "conversationId"] {
        assert!(tool("codex-reply")["inputSchema"]["properties"][name].is_object(), "{name}");
    }
    for name in ["codex", "codex-reply"] {
        assert_eq!(tool(name)["inputSchema"]["required"], json!(["prompt"]), "{name}");
        assert_eq!(tool(name)["outputSchema"]["required"], json!(["threadId", "content"]), "{name}");
    }
    for policy in ["on-request", "never", "untrusted"] {
        let policies =
            tool("codex")["inputSchema"]["properties"]["approval-policy"]["enum"].as_array().unwrap();
        assert!(policies.contains(&json!(policy)));
    }
}

#[test]
fn a_session_as_it_was_recorded() {
    let place = Place::new();
    let mut host =
        Setup::fake(&place).args(&["-m", "gpt-5.5", "-c", "a.b=1", "mcp-server"]).elicits().start();
    let arguments = json!({
        "prompt": "ask-command touch zz.txt\nsay done", "approval-policy": "on-request", "sandbox": "workspace-write",
        "model": "gpt-5.5", "config": { "model_reasoning_effort": "low", "mcp_servers": {} },
    });
    let id = host.post(
        "tools/call",
        json!({ "name": "codex", "arguments": arguments, "_meta": { "progressToken": 7 } }),
    );
    let dialog = host.asked("elicitation/create");
    let meta = &dialog["params"]["_meta"];
    assert_eq!(meta["codex_elicitation"], "exec-approval", "{dialog}");
    assert_eq!(meta["codex_command"], json!(["/bin/bash", "-lc", "touch zz.txt"]));
    assert_eq!(meta["codex_parsed_cmd"], json!([{ "type": "unknown", "cmd": "touch zz.txt" }]));
    for member in ["threadId", "codex_call_id", "codex_cwd", "codex_event_id", "codex_mcp_tool_call_id"] {
        assert!(meta[member].is_string(), "{member} in {dialog}");
    }
    let answer = json!({ "decision": "approved", "action": "accept", "content": {} });
    host.send(&json!({ "jsonrpc": "2.0", "id": dialog["id"], "result": answer }));
    let result = host.answer(id)["result"].clone();
    assert_eq!(result["content"], json!([{ "type": "text", "text": "done" }]), "{result}");
    assert_eq!(result["structuredContent"]["content"], "done");
    let thread = result["structuredContent"]["threadId"].clone();
    let next = host.structured("codex-reply", json!({ "prompt": "say two", "conversationId": thread }));
    assert_eq!((&next["threadId"], &next["content"]), (&thread, &json!("two")));
}

#[test]
fn the_flags_stand_before_and_after_the_word_and_reach_the_session() {
    let cases: [&[&str]; 4] = [
        &["-m", "m-1", "-s", "workspace-write", "-a", "never", "mcp-server"],
        &["mcp-server", "-m", "m-1", "-s", "workspace-write", "-a", "never"],
        &["-p", "mine", "-s", "workspace-write", "mcp-server", "-a", "never"],
        &[
            "-m",
            "m-1",
            "--enable",
            "x",
            "--disable",
            "y",
            "-c",
            "k=v",
            "-s",
            "workspace-write",
            "-a",
            "never",
        ],
    ];
    let place = Place::new();
    let profile = place.root.join("codex-home").join("mine.config.toml");
    std::fs::write(profile, "model = \"m-1\"\n").unwrap();
    for args in cases {
        let mut host = Setup::fake(&place).args(args).start();
        let done = host.structured("codex", json!({ "prompt": "say hi" }));
        let events = host.events(&done["threadId"]);
        let started: &Value = &events[0];
        assert_eq!(started["type"], "session_started");
        if !args.contains(&"-p") {
            assert_eq!(started["model"], "m-1", "{args:?}");
        }
        assert_eq!(started["sandbox"], "workspace-write", "{args:?}");
        assert_eq!(started["approvalPolicy"], "never", "{args:?}");
    }
}

#[test]
fn what_was_broken_is_mended() {
    let place = Place::new();
    let mut first = Setup::fake(&place).args(&["mcp-server"]).start();
    let thread = first.structured("codex", json!({ "prompt": "say one" }))["threadId"].clone();
    first.close_stdin();
    assert_eq!(first.ended(), 0);
    let mut second = Setup::fake(&place).args(&["mcp-server"]).start();
    let on = second.structured("codex-reply", json!({ "prompt": "say two", "threadId": thread }));
    assert_eq!(on["content"], "two", "a session goes on after a restart: {on}");
    let wrong = second.call("codex", json!({ "prompt": "x", "promt": 1 }));
    assert_eq!(wrong["isError"], true);
    assert!(wrong["content"][0]["text"].as_str().unwrap().contains("promt"), "{wrong}");
}

/// An approval that nobody answers, two replies at once, a cancel: each ends.
#[test]
fn what_hung_for_ever_ends() {
    let place = Place::new();
    let setup = Setup::fake(&place).args(&["mcp-server"]).elicits();
    let mut host = setup.env("CODEX_BRIDGE_APPROVALS_DEADLINE", "1").start();
    let call = |prompt: &str| json!({ "name": "codex", "arguments": { "prompt": prompt } });
    let id = host.post("tools/call", call("ask-command sleep 60\nsay on"));
    let dialog = host.asked("elicitation/create");
    let result = host.answer(id)["result"]["structuredContent"].clone();
    assert_eq!((&result["status"], &result["content"]), (&json!("completed"), &json!("on")), "{result}");
    let withdrawn = host.asked("notifications/cancelled");
    assert_eq!(withdrawn["params"]["requestId"], dialog["id"], "{withdrawn}");

    let thread = result["threadId"].clone();
    let reply = |prompt: &str| json!({ "name": "codex-reply", "arguments": { "prompt": prompt, "threadId": thread } });
    let ids = [host.post("tools/call", reply("stall")), host.post("tools/call", reply("stall"))];
    let page = json!({ "threadId": thread, "after": result["next"], "wait": 20, "types": ["turn_started"] });
    assert_eq!(host.structured("codex-events", page)["events"].as_array().unwrap().len(), 1);
    for id in ids {
        let params = json!({ "requestId": id });
        host.send(&json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": params }));
    }
    let ended = host.structured("codex-wait", json!({ "threadId": thread, "wait": 20 }));
    assert_eq!(ended["status"], "interrupted", "{ended}");
    assert_eq!(host.structured("codex", json!({ "prompt": "say fine" }))["content"], "fine");
}

/// `--legacy-events`: who reads `codex/event` sees a turn in the old words, each tied to its call; who does
/// not ask for them gets none.
#[test]
fn the_old_events_for_those_who_read_them() {
    let place = Place::new();
    let mut host = Setup::fake(&place).args(&["mcp-server", "--legacy-events"]).start();
    let call = json!({ "name": "codex", "arguments": { "prompt": "deltas 3" } });
    let id = host.post("tools/call", call);
    let result = host.answer(id)["result"].clone();
    let mut told = Vec::new();
    while let Some(event) = host.heard("codex/event") {
        let meta = &event["params"]["_meta"];
        assert_eq!(
            (&meta["requestId"], &meta["threadId"]),
            (&json!(id), &result["structuredContent"]["threadId"])
        );
        told.push(event["params"]["msg"]["type"].as_str().unwrap().to_owned());
    }
    told.dedup();
    let wanted = [
        "session_configured",
        "task_started",
        "user_message",
        "agent_message_content_delta",
        "agent_message",
        "token_count",
        "task_complete",
    ];
    assert_eq!(told, wanted);
    // A reply tells of its own turn only.
    let reply = json!({ "prompt": "say two", "threadId": result["structuredContent"]["threadId"] });
    host.structured("codex-reply", reply);
    let mut turns = std::collections::BTreeSet::new();
    while let Some(event) = host.heard("codex/event") {
        turns.insert(event["params"]["id"].to_string());
    }
    assert_eq!(turns.len(), 1, "{turns:?}");

    let mut quiet = Setup::fake(&place).args(&["mcp-server"]).start();
    quiet.structured("codex", json!({ "prompt": "say hi" }));
    assert_eq!(quiet.heard("codex/event"), None);
}

//! Each tool, and both ways to answer an approval.

use serde_json::{Value, json};

use crate::common::{Place, Setup};

#[test]
fn a_one_word_task_is_small() {
    let place = Place::new();
    let mut host = Setup::fake(&place).start();
    let result = host.call("codex", json!({ "prompt": "say ok" }));
    let structured = &result["structuredContent"];
    assert_eq!(structured["status"], "completed", "{result}");
    assert_eq!(structured["content"], "ok");
    assert_eq!(result["content"], json!([{ "type": "text", "text": "ok" }]));
    assert!(structured.to_string().len() < 400, "{structured}");
    assert!(result.to_string().len() < 700, "{result}");
}

#[test]
fn tools_list_is_small() {
    let place = Place::new();
    let mut host = Setup::fake(&place).start();
    let list = host.request("tools/list", json!({}));
    assert!(list["result"].to_string().len() < 7500, "{}", list["result"].to_string().len());
    let names: Vec<_> =
        list["result"]["tools"].as_array().unwrap().iter().map(|t| t["name"].clone()).collect();
    assert_eq!(
        names,
        [
            "codex",
            "codex-reply",
            "codex-review",
            "codex-wait",
            "codex-events",
            "codex-approve",
            "codex-cancel",
            "codex-sessions"
        ]
    );
}

#[test]
fn an_approval_by_tool_and_the_events_of_it() {
    let place = Place::new();
    let mut host = Setup::fake(&place).start();
    let asked = host.structured("codex", json!({ "prompt": "ask-command touch x\nsay after" }));
    assert_eq!(asked["status"], "needs_decision", "{asked}");
    let decision = &asked["decisions"][0];
    assert_eq!(decision["kind"], "command");
    assert_eq!(decision["command"], "touch x");
    let options = ["approve", "approve-for-session", "approve-always", "decline", "cancel"];
    assert_eq!(decision["options"], json!(options));
    let approve = json!({ "approvalId": decision["approvalId"], "decision": "approve" });
    let done = host.structured("codex-approve", approve.clone());
    assert_eq!(done["status"], "completed", "{done}");
    let again = host.call("codex-approve", approve);
    assert_eq!(again["isError"], true);
    let words = again["content"][0]["text"].as_str().unwrap().to_owned();
    assert!(words.contains("already decided: approve by the agent"), "{words}");

    let events = host.events(&asked["threadId"]);
    let seqs: Vec<_> = events.iter().map(|e| e["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>());
    for kind in [
        "session_started",
        "user_message",
        "tool_call",
        "permission_request",
        "permission_decision",
        "tool_result",
        "assistant_message",
        "usage",
        "turn_finished",
    ] {
        assert!(events.iter().any(|e| e["type"] == kind), "{kind} in {events:?}");
    }
    let decided = events.iter().find(|e| e["type"] == "permission_decision").unwrap();
    assert_eq!((&decided["by"], &decided["way"]), (&json!("agent"), &json!("codex-approve")));
}

/// What the host answers to the dialog, and what becomes of the turn.
#[test]
fn an_approval_by_dialog() {
    let cases: [(Value, &str, Option<&str>); 7] = [
        (json!({ "action": "accept", "content": {} }), "completed", Some("approve")),
        (
            json!({ "action": "accept", "content": { "decision": "approve-for-session" } }),
            "completed",
            Some("approve-for-session"),
        ),
        (json!({ "action": "accept", "content": { "decision": "cancel" } }), "interrupted", Some("cancel")),
        (json!({ "decision": "approved", "action": "accept", "content": {} }), "completed", Some("approve")),
        (json!({ "decision": "approved" }), "completed", Some("approve")),
        (json!({ "action": "decline" }), "completed", Some("decline")),
        (json!({ "action": "cancel" }), "needs_decision", None),
    ];
    let place = Place::new();
    let mut host = Setup::fake(&place).elicits().start();
    for (answer, status, decision) in cases {
        let id = host
            .post("tools/call", json!({ "name": "codex", "arguments": { "prompt": "ask-command touch x" } }));
        let dialog = host.asked("elicitation/create");
        let message = dialog["params"]["message"].as_str().unwrap();
        assert!(message.contains("touch x"), "{dialog}");
        host.send(&json!({ "jsonrpc": "2.0", "id": dialog["id"], "result": answer }));
        let result = host.answer(id);
        let structured = &result["result"]["structuredContent"];
        assert_eq!(structured["status"], status, "{answer}: {result}");
        let events = host.events(&structured["threadId"]);
        let decided = events.iter().find(|e| e["type"] == "permission_decision");
        assert_eq!(decided.and_then(|d| d["decision"].as_str()), decision, "{answer}");
        assert!(decided.is_none_or(|d| d["by"] == "person"));
    }
}

#[test]
fn file_changes_show_their_diff() {
    let place = Place::new();
    let mut host = Setup::fake(&place).start();
    let asked = host.structured("codex", json!({ "prompt": "ask-file new.txt" }));
    let decision = &asked["decisions"][0];
    assert_eq!(decision["kind"], "file_change", "{asked}");
    assert!(decision["changes"][0]["path"].as_str().unwrap().ends_with("new.txt"), "{decision}");
    assert!(decision["changes"][0]["diff"].is_string(), "{decision}");
    let decline = json!({ "approvalId": decision["approvalId"], "decision": "decline", "reason": "no" });
    assert_eq!(host.structured("codex-approve", decline)["status"], "completed");
}

#[test]
fn a_question_of_a_new_kind_is_declined_and_recorded() {
    let place = Place::new();
    let mut host = Setup::fake(&place).start();
    let done = host.structured("codex", json!({ "prompt": "ask-unknown" }));
    assert_eq!(done["status"], "completed", "{done}");
    let raw = json!({ "threadId": done["threadId"], "types": ["raw"] });
    let page = host.structured("codex-events", raw);
    assert_eq!(page["events"][0]["method"], "request:some/newRequest", "{page}");
}

#[test]
fn reply_goes_on_and_a_busy_session_says_so() {
    let place = Place::new();
    let mut host = Setup::fake(&place).start();
    let first = host.structured("codex", json!({ "prompt": "say one" }));
    let second =
        host.structured("codex-reply", json!({ "prompt": "say two", "threadId": first["threadId"] }));
    assert_eq!((&second["content"], &second["threadId"]), (&json!("two"), &first["threadId"]));
    let old =
        host.structured("codex-wait", json!({ "threadId": first["threadId"], "turnId": first["turnId"] }));
    assert_eq!(old["content"], "one", "{old}");

    let running = host.structured(
        "codex-reply",
        json!({ "prompt": "stall", "conversationId": first["threadId"], "wait": 0 }),
    );
    assert_eq!(running["status"], "running", "{running}");
    let busy = host.call("codex-reply", json!({ "prompt": "say no", "threadId": first["threadId"] }));
    assert_eq!(busy["isError"], true);
    assert_eq!(busy["structuredContent"]["error"]["code"], "busy", "{busy}");
    let ended = host.structured("codex-cancel", json!({ "threadId": first["threadId"] }));
    assert_eq!(ended["status"], "interrupted", "{ended}");
    let idle = host.structured("codex-cancel", json!({ "threadId": first["threadId"] }));
    assert_eq!(idle["status"], "interrupted", "{idle}");
}

#[test]
fn the_host_cancels_its_call_and_the_turn_ends() {
    let place = Place::new();
    let mut host = Setup::fake(&place).start();
    let thread = host.structured("codex", json!({ "prompt": "say hi" }))["threadId"].clone();
    let id = host.post(
        "tools/call",
        json!({ "name": "codex-reply", "arguments": { "prompt": "stall", "threadId": thread } }),
    );
    let page =
        host.structured("codex-events", json!({ "threadId": thread, "wait": 20, "types": ["turn_started"] }));
    assert!(page["next"].as_u64().unwrap() > 0);
    while host.structured("codex-wait", json!({ "threadId": thread, "wait": 0 }))["status"] != "running" {}
    host.send(
        &json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": id } }),
    );
    let ended = host.structured("codex-wait", json!({ "threadId": thread, "wait": 20 }));
    assert_eq!(ended["status"], "interrupted", "{ended}");
}

#[test]
fn twenty_tasks_at_once_each_with_its_own_events() {
    let place = Place::new();
    let mut host = Setup::fake(&place).start();
    let ids: Vec<_> = (0..20)
        .map(|n| {
            host.post(
                "tools/call",
                json!({ "name": "codex", "arguments": { "prompt": format!("deltas 50\nsay task {n}") } }),
            )
        })
        .collect();
    for (n, id) in ids.into_iter().enumerate() {
        let result = host.answer(id);
        let structured = &result["result"]["structuredContent"];
        assert_eq!(structured["content"], format!("task {n}"), "{result}");
        let events = host.events(&structured["threadId"]);
        let seqs: Vec<_> = events.iter().map(|e| e["seq"].as_u64().unwrap()).collect();
        assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>());
    }
}

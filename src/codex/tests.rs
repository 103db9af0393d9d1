//! The recorded wire of the real codex, translated: what it says becomes what a session hears.

use std::path::Path;

use serde_json::{Value, json};

use super::answers::Shape;
use super::asks;
use super::inbound::{Notice, notice};
use super::items::unwrap_shell;
use crate::event::{Answers, Body, Decision, RequestKind};
use crate::session::{AgentAnswer, AgentEvent};

fn capture(name: &str) -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/captures");
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["from"] == "codex").map(|line| line["msg"].clone()).collect()
}

/// What a session hears of a capture, as words.
fn heard(name: &str) -> Vec<String> {
    let mut out = Vec::new();
    for message in capture(name) {
        let Some(method) = message["method"].as_str() else { continue };
        if message.get("id").is_some() {
            let question =
                asks::question(Shape::of(method).unwrap(), &message["params"].to_string()).unwrap();
            out.push(format!("asked {:?}", question.ask.kind));
            continue;
        }
        match notice(method, &message["params"].to_string()) {
            Notice::Session(_, event) => out.push(match *event {
                AgentEvent::Said { body, .. } => body.kind().to_owned(),
                AgentEvent::TurnStarted(_) => "turn_started".into(),
                AgentEvent::TurnEnded { status, .. } => format!("turn_finished {status:?}"),
                AgentEvent::Used { .. } => "usage".into(),
                other => format!("{other:?}"),
            }),
            Notice::Resolved(_, id) => out.push(format!("resolved {id}")),
            Notice::Limits(_) => {}
            Notice::Everyone(body) => out.push(body.kind().to_owned()),
            Notice::Nothing => {}
        }
    }
    out.dedup();
    out
}

#[test]
fn a_command_that_was_approved() {
    assert_eq!(
        heard("command-accept.jsonl"),
        [
            "warning",
            "turn_started",
            "user_message",
            "tool_call",
            "asked Command",
            "resolved 0",
            "tool_result",
            "usage",
            "assistant_delta",
            "assistant_message",
            "usage",
            "turn_finished Completed",
        ]
    );
}

#[test]
fn nothing_in_the_captures_is_unknown_or_unreadable() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/captures");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.starts_with("legacy") {
            continue;
        }
        for message in capture(&name) {
            let Some(method) = message["method"].as_str() else { continue };
            if message.get("id").is_some() {
                let question =
                    asks::question(Shape::of(method).unwrap(), &message["params"].to_string()).unwrap();
                assert_ne!(question.ask.kind, RequestKind::Other, "{name}: {method}");
            } else if let Notice::Session(_, event) = notice(method, &message["params"].to_string())
                && let AgentEvent::Said { body: Body::Raw { method, .. }, .. } = *event
            {
                panic!("{name}: {method} is not known");
            }
        }
    }
}

#[test]
fn answers_have_the_shape_that_codex_wants() {
    let declined = json!({ "action": "decline", "content": null, "_meta": null });
    let accepted = |meta| json!({ "action": "accept", "content": {}, "_meta": meta });
    let rule = json!({ "acceptWithExecpolicyAmendment": { "execpolicy_amendment": ["touch"] } });
    let network = json!({ "network": { "enabled": true } });
    let cases = [
        (Shape::Command, Decision::Approve, None, json!({ "decision": "accept" })),
        (Shape::Command, Decision::ApproveForSession, None, json!({ "decision": "acceptForSession" })),
        (Shape::Command, Decision::ApproveAlways, None, json!({ "decision": rule })),
        (Shape::FileChange, Decision::Decline, None, json!({ "decision": "decline" })),
        (Shape::FileChange, Decision::Cancel, None, json!({ "decision": "cancel" })),
        (Shape::Permissions, Decision::Decline, None, json!({ "permissions": {}, "scope": "turn" })),
        (
            Shape::Permissions,
            Decision::ApproveForSession,
            Some(network.clone()),
            json!({ "permissions": network, "scope": "session" }),
        ),
        (Shape::Elicitation, Decision::Decline, None, declined),
        (Shape::Elicitation, Decision::Approve, None, accepted(Value::Null)),
        (Shape::Elicitation, Decision::ApproveAlways, None, accepted(json!({ "persist": "always" }))),
        (
            Shape::Elicitation,
            Decision::Answer,
            Some(json!({ "c": "blue" })),
            json!({ "action": "accept", "content": { "c": "blue" }, "_meta": null }),
        ),
        (
            Shape::Elicitation,
            Decision::Cancel,
            None,
            json!({ "action": "cancel", "content": null, "_meta": null }),
        ),
        (Shape::UserInput, Decision::Decline, None, json!({ "answers": {} })),
        (
            Shape::UserInput,
            Decision::Answer,
            Some(json!({ "q1": ["A"] })),
            json!({ "answers": { "q1": { "answers": ["A"] } } }),
        ),
    ];
    for (shape, decision, answers, wanted) in cases {
        let answer = AgentAnswer { decision, answers: answers.map(Answers), note: None };
        assert_eq!(shape.answer(answer, Some(rule.clone())), wanted, "{shape:?} {decision:?}");
    }
    let always = AgentAnswer { decision: Decision::ApproveAlways, answers: None, note: None };
    assert_eq!(Shape::Command.answer(always, None), json!({ "decision": "decline" }), "never proposed");
}

/// What each question offers beside `decline` and `cancel`, and what it says.
#[test]
fn questions_offer_what_codex_offers() {
    let ask = |shape, mut params: Value| {
        params["threadId"] = json!("t");
        asks::question(shape, &params.to_string()).unwrap()
    };
    let rule = json!({ "acceptWithExecpolicyAmendment": { "execpolicy_amendment": ["git", "push"] } });
    let listed = ask(
        Shape::Command,
        json!({ "command": "/bin/bash -lc 'git push'", "availableDecisions": ["accept", rule] }),
    );
    assert_eq!(listed.always, Some(rule));
    assert_eq!(listed.ask.subject.proposed_rule, ["git", "push"]);
    assert_eq!(listed.ask.options, [Decision::Approve, Decision::ApproveForSession, Decision::ApproveAlways]);
    let unlisted = ask(Shape::Command, json!({ "command": "x", "proposedExecpolicyAmendment": ["x"] }));
    assert_eq!(unlisted.ask.options, [Decision::Approve, Decision::ApproveForSession]);
    let host = |action: &str| json!({ "applyNetworkPolicyAmendment": { "network_policy_amendment": { "host": "a.org", "action": action } } });
    let network = ask(
        Shape::Command,
        json!({ "command": "curl a.org", "networkApprovalContext": { "host": "a.org", "protocol": "https" },
                "availableDecisions": [host("deny"), host("allow")] }),
    );
    assert_eq!(
        (network.always, network.ask.subject.proposed_rule),
        (Some(host("allow")), vec!["a.org".to_owned()])
    );
    let tool = |persist: Value| {
        json!({ "mode": "form", "serverName": "s", "message": "Allow the s MCP server to run tool \"t\"?",
                "_meta": { "codex_approval_kind": "mcp_tool_call", "tool_name": "t", "persist": persist } })
    };
    for (persist, more) in [("session", Decision::ApproveForSession), ("always", Decision::ApproveAlways)] {
        let one = ask(Shape::Elicitation, tool(json!(persist))).ask;
        assert_eq!(one.options, [Decision::Approve, more], "a word alone");
    }
    assert_eq!(ask(Shape::Elicitation, tool(json!([]))).ask.options, [Decision::Approve]);
    let all = ask(Shape::Elicitation, tool(json!(["session", "always"]))).ask;
    assert_eq!(all.options, [Decision::Approve, Decision::ApproveForSession, Decision::ApproveAlways]);
    let unknown = [
        (Shape::Command, json!({ "kind": "humanCommand", "command": "x" })),
        (Shape::Elicitation, json!({ "mode": "openai/userVerification", "challenge": "x" })),
        (Shape::UserInput, json!({ "questions": 5 })),
    ];
    for (shape, params) in unknown {
        assert_eq!(ask(shape, params.clone()).ask.kind, RequestKind::Other, "{params}");
    }
}

#[test]
fn only_a_whole_shell_wrapper_is_taken_off() {
    let cases = [
        ("/bin/bash -lc 'touch foo.txt'", "touch foo.txt"),
        ("/usr/bin/bash -c 'a && b'", "a && b"),
        ("bash -c 'a && b'", "bash -c 'a && b'"),
        ("/home/repo/bash -lc 'git status'", "/home/repo/bash -lc 'git status'"),
        ("/bin/bash -lc 'echo '\"'\"'x'\"'\"", "echo 'x'"),
        ("/bin/bash -lc 'a' b", "/bin/bash -lc 'a' b"),
        ("/bin/bash -lc 'unfinished", "/bin/bash -lc 'unfinished"),
        ("git status", "git status"),
        ("/tmp/evil -lc 'x'", "/tmp/evil -lc 'x'"),
    ];
    for (line, inner) in cases {
        assert_eq!(unwrap_shell(line), inner, "{line}");
    }
}

/// The lists that are compared with the installed codex are those that the code uses.
#[test]
fn the_lists_of_names_are_complete() {
    use super::protocol::{NOTIFICATIONS, REQUESTS, SERVER_REQUESTS};
    let code = [
        include_str!("calls.rs"),
        include_str!("connection.rs"),
        include_str!("models.rs"),
        include_str!("queries.rs"),
        include_str!("review.rs"),
        include_str!("stop.rs"),
    ]
    .concat();
    let code: String = code.split_whitespace().collect();
    let called = code.split("(peer,\"").skip(1).chain(code.split(".call(\"").skip(1));
    let called: std::collections::BTreeSet<&str> =
        called.filter_map(|rest| rest.split_once('"').map(|(method, _)| method)).collect();
    assert_eq!(called, REQUESTS.iter().copied().collect());
    for method in SERVER_REQUESTS {
        assert!(Shape::of(method).is_some(), "{method}");
    }
    let inbound = include_str!("inbound.rs");
    let arms = &inbound[inbound.find("fn known(").unwrap()..inbound.find("_ if PASSED_OVER").unwrap()];
    let named: std::collections::BTreeSet<&str> = arms
        .split('"')
        .skip(1)
        .step_by(2)
        .filter(|name| name.chars().all(|c| c.is_ascii_alphabetic() || c == '/'))
        .collect();
    assert_eq!(named, NOTIFICATIONS.iter().copied().collect());
}

/// Before 0.169 codex did not give the tool beside its sentence.
#[test]
fn the_sentence_alone_names_the_tool() {
    let asked = |named: Option<&str>, message: &str| {
        let meta =
            json!({ "codex_approval_kind": "mcp_tool_call", "tool_params": { "a": 1 }, "tool_name": named });
        let params =
            json!({ "threadId": "t", "mode": "form", "serverName": "s", "message": message, "_meta": meta });
        let ask = asks::question(Shape::Elicitation, &params.to_string()).unwrap().ask;
        (ask.kind, ask.subject.tool, ask.subject.arguments.is_some())
    };
    let sentence = "Allow the s MCP server to run tool \"t\"?";
    assert_eq!(asked(None, sentence), (RequestKind::McpTool, Some("t".into()), true));
    assert_eq!(asked(Some("t"), sentence), (RequestKind::McpTool, Some("t".into()), true));
    for (named, message) in [
        (Some("other"), sentence),
        (None, "Allow the other MCP server to run tool \"t\"?"),
        (None, "Allow the s MCP server to run tool \"t\"? It is harmless."),
    ] {
        assert_eq!(asked(named, message), (RequestKind::McpForm, None, false), "{message}");
    }
}

/// A server's own question, with what codex writes beside its own: it stays the server's, with its words.
#[test]
fn a_server_cannot_pass_its_question_off_as_codex_s() {
    let meta = json!({ "codex_approval_kind": "mcp_tool_call", "tool_name": "read_docs", "tool_params": {}, "persist": ["always"] });
    let sentence = "Allow the s MCP server to run tool \"read_docs\"?";
    let field = json!({ "type": "object", "properties": { "sure": { "type": "boolean" } } });
    for (message, schema) in [("May I wipe the database?", json!({})), (sentence, field)] {
        let params = json!({
            "threadId": "t", "mode": "form", "serverName": "s", "message": message, "requestedSchema": schema, "_meta": meta,
        });
        let ask = asks::question(Shape::Elicitation, &params.to_string()).unwrap().ask;
        assert_eq!(ask.kind, RequestKind::McpForm, "{message}");
        assert_eq!((ask.subject.message.as_deref(), ask.subject.tool), (Some(message), None));
        assert_eq!(ask.options, [Decision::Approve, Decision::Answer]);
    }
}

#[test]
fn permissions_are_said_in_full() {
    let entry = |path: Value| json!([{ "path": path, "access": "write" }]);
    let cases = [
        (json!({ "network": { "enabled": true } }), "network access"),
        (
            json!({ "network": { "enabled": true }, "fileSystem": { "read": ["/etc"], "write": ["/"], "entries": null } }),
            "network access, read `/etc`, write `/`",
        ),
        (
            json!({ "fileSystem": { "entries": entry(json!({ "type": "path", "path": "/a" })) } }),
            "write `/a`",
        ),
    ];
    for (permissions, words) in cases {
        let params = json!({ "threadId": "t", "permissions": permissions });
        let ask = asks::question(Shape::Permissions, &params.to_string()).unwrap().ask;
        assert_eq!(ask.subject.message.as_deref(), Some(words));
    }
    let hidden = [
        json!({ "type": "special", "value": { "kind": "project_roots", "subpath": "../../.ssh" } }),
        json!({ "type": "special", "value": { "kind": "unknown", "path": "/root/secret" } }),
        json!({ "type": "path", "path": "/a", "else": "/b" }),
    ];
    for path in hidden {
        let params =
            json!({ "threadId": "t", "permissions": { "fileSystem": { "entries": entry(path.clone()) } } });
        let ask = asks::question(Shape::Permissions, &params.to_string()).unwrap().ask;
        assert!(ask.subject.message.unwrap().contains(&path.to_string()), "{path}");
    }
}

/// The rows of a table of `docs/events.md`, by the head of its first column.
fn table(head: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/events.md")).unwrap();
    let rows = text.lines().skip_while(|line| !line.starts_with(&format!("| {head} |"))).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    let cell = |cell: &str| cell.trim().trim_matches('`').to_owned();
    rows.map(|row| row.trim_matches('|').split('|').map(cell).collect()).collect()
}

/// What becomes of a message, as the tables name it.
fn event(method: &str, params: &Value) -> String {
    match notice(method, &params.to_string()) {
        Notice::Session(_, event) => match *event {
            AgentEvent::Said { body, .. } => body.kind().to_owned(),
            AgentEvent::TurnStarted(_) => "turn_started".into(),
            AgentEvent::TurnEnded { .. } => "turn_finished".into(),
            AgentEvent::Used { .. } => "usage".into(),
            other => format!("{other:?}"),
        },
        Notice::Resolved(..) => "resolved".into(),
        Notice::Limits(_) => "limits".into(),
        Notice::Everyone(body) => body.kind().to_owned(),
        Notice::Nothing => "–".into(),
    }
}

#[test]
fn the_tables_of_the_document_are_true() {
    use super::protocol::{NOTIFICATIONS, SERVER_REQUESTS};
    let item = json!({ "id": "i", "type": "agentMessage", "text": "x" });
    let counts = json!({ "inputTokens": 1 });
    // Members of every notification; each reads its own.
    let params = json!({
        "threadId": "t", "turnId": "u", "itemId": "i", "delta": "x", "item": item, "diff": "d", "plan": [],
        "name": "s", "status": "ready", "message": "m", "summary": "w", "requestId": 1, "turn": { "id": "u", "status": "completed" },
        "error": { "message": "m" }, "tokenUsage": { "total": counts, "last": counts },
    });
    let rows = table("Notification");
    let names: Vec<_> = rows.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(names, NOTIFICATIONS);
    for row in &rows {
        let mut params = params.clone();
        if row[0].starts_with("mcpServer") {
            params["error"] = Value::Null;
        }
        let got = event(&row[0], &params);
        match row[0].as_str() {
            "item/completed" => assert_eq!(got, "assistant_message"),
            "item/started" => assert_eq!(got, "–", "a message has no begin"),
            "serverRequest/resolved" => assert_eq!(got, "resolved"),
            name => {
                assert_eq!(got, row[1].split([',', ';', ' ']).next().unwrap().trim_matches('`'), "{name}")
            }
        }
    }
    for row in table("Item") {
        let item =
            json!({ "id": "i", "type": row[0], "text": "x", "summary": ["x"], "content": [], "review": "r" });
        let params = json!({ "threadId": "t", "turnId": "u", "item": item });
        assert_eq!(event("item/started", &params), row[1], "{row:?}");
        assert_eq!(event("item/completed", &params), row[2], "{row:?}");
    }
    let questions = table("Question");
    let names: Vec<_> = questions.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(names, SERVER_REQUESTS);
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/events.md")).unwrap();
    for name in super::inbound::PASSED_OVER {
        assert_eq!(event(name, &params), "–", "{name}");
        assert!(text.contains(&format!("`{name}`")), "{name} is in no table");
    }
    assert_eq!(event("some/newThing", &params), "raw");
    let new = json!({ "threadId": "t", "item": { "id": "i", "type": "somethingNew" } });
    assert_eq!(event("item/completed", &new), "raw");
}

/// What an item of a kind without members of its own is about is in its events.
#[test]
fn an_item_keeps_what_it_is_about() {
    let item = |method: &str, item: Value| {
        let params = json!({ "threadId": "t", "turnId": "u", "item": item });
        let Notice::Session(_, event) = notice(method, &params.to_string()) else { panic!("{params}") };
        let AgentEvent::Said { body, .. } = *event else { panic!("{params}") };
        serde_json::to_value(body).unwrap()
    };
    let search = json!({ "id": "i", "type": "webSearch", "query": "" });
    assert_eq!(item("item/started", search).get("arguments"), None, "it begins without its words");
    let found = json!({ "type": "search", "queries": ["rust"] });
    for (done, about) in [
        (
            json!({ "type": "webSearch", "query": "rust", "action": found }),
            json!({ "query": "rust", "action": found }),
        ),
        (json!({ "type": "imageView", "path": "/a.png" }), json!({ "path": "/a.png" })),
        (
            json!({ "type": "imageGeneration", "status": "failed", "failure": "no", "savedPath": null }),
            json!({ "failure": "no" }),
        ),
        (
            json!({ "type": "collabAgentToolCall", "tool": "spawnAgent", "prompt": "p", "agentsStates": {} }),
            json!({ "prompt": "p" }),
        ),
        (
            json!({ "type": "dynamicToolCall", "tool": "t", "arguments": { "a": 1 }, "contentItems": [{ "x": 1 }] }),
            json!({ "contentItems": [{ "x": 1 }] }),
        ),
        (json!({ "type": "exitedReviewMode", "review": "fine" }), json!("fine")),
    ] {
        let mut done = done;
        done["id"] = json!("i");
        assert_eq!(item("item/completed", done.clone())["result"], about, "{done}");
    }
    let viewed = json!({ "id": "i", "type": "imageView", "path": "/a.png" });
    assert_eq!(item("item/started", viewed)["arguments"], json!({ "path": "/a.png" }));
    let command = json!({ "id": "i", "type": "commandExecution", "command": "x", "source": "agent" });
    assert_eq!(item("item/started", command).get("arguments"), None, "a command has members of its own");
}

#[test]
fn a_warning_that_names_no_session_is_for_all() {
    for (method, params, message) in [
        ("warning", json!({ "threadId": null, "message": "m" }), "m"),
        ("configWarning", json!({ "summary": "s", "details": "d", "path": "/c.toml" }), "/c.toml: s: d"),
        ("configWarning", json!({ "summary": "s", "details": null }), "s"),
    ] {
        let Notice::Everyone(body) = notice(method, &params.to_string()) else { panic!("{params}") };
        assert_eq!(body, Body::warning(message));
    }
    let named = json!({ "threadId": "t", "message": "m" });
    assert!(matches!(notice("warning", &named.to_string()), Notice::Session(..)));
}

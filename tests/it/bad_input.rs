//! Bad input: an error that names the value and the remedy, and a bridge that goes on.

use serde_json::json;

use crate::common::{Place, Setup};

#[test]
fn each_mistake_is_named_with_its_remedy() {
    let place = Place::new();
    let mut host = Setup::fake(&place).start();
    let done = host.structured("codex", json!({ "prompt": "ask-command true", "wait": 20 }));
    let gone = json!({ "approvalId": done["decisions"][0]["approvalId"], "decision": "approve-always" });
    let cases = [
        ("codex", json!({ "prompt": "  " }), &["`prompt`", "empty"][..]),
        ("codex", json!({}), &["`prompt`", "missing"]),
        (
            "codex",
            json!({ "prompt": "x", "cwd": "/does/not/exist" }),
            &["/does/not/exist", "existing folder"],
        ),
        ("codex", json!({ "prompt": "x", "sandbox": "bogus" }), &["bogus", "workspace-write"]),
        ("codex", json!({ "prompt": "x", "sandbx": "read-only" }), &["sandbx", "`sandbox`"]),
        ("codex", json!({ "prompt": 7 }), &["`prompt`", "7"]),
        ("codex-reply", json!({ "prompt": "x", "threadId": "nope" }), &["nope", "codex"]),
        (
            "codex-wait",
            json!({ "threadId": "01a207be-370a-7db2-8860-ae70b4990000" }),
            &["01a207be", "check the `threadId`"],
        ),
        ("codex-events", json!({ "threadId": "nope" }), &["nope", "check the `threadId`"]),
        ("codex-events", json!({ "threadId": "nope", "limit": 0 }), &["limit", "1000"]),
        ("codex-cancel", json!({ "threadId": "nope" }), &["nope"]),
        (
            "codex-approve",
            json!({ "approvalId": "apr_gone", "decision": "approve" }),
            &["apr_gone", "codex-wait"],
        ),
        ("codex-approve", json!({ "approvalId": "x", "decision": "yes" }), &["yes", "approve"]),
        ("codex-approve", gone, &["approve-always", "an agent may not", "`approvals.agent`", "a person can"]),
    ];
    for (tool, arguments, words) in cases {
        let result = host.call(tool, arguments.clone());
        assert_eq!(result["isError"], true, "{tool} {arguments}: {result}");
        let text = result["content"][0]["text"].as_str().unwrap();
        for word in words {
            assert!(text.contains(word), "{tool} {arguments}: `{word}` in: {text}");
        }
    }
    assert_eq!(host.structured("codex", json!({ "prompt": "say fine" }))["content"], "fine");
}

#[test]
fn with_codex_missing_the_server_answers_and_the_call_says_so() {
    let place = Place::new();
    let mut host = Setup::with(&place, "/nowhere/codex".into()).start();
    assert_eq!(host.request("tools/list", json!({}))["result"]["tools"].as_array().unwrap().len(), 8);
    let result = host.call("codex", json!({ "prompt": "x" }));
    assert_eq!(result["isError"], true);
    let text = result["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("/nowhere/codex") && text.contains("npm i -g @openai/codex"), "{text}");
}

/// What is given wrong may be long; the answer is not.
#[test]
fn long_values_are_cut_in_the_answer() {
    let place = Place::new();
    let mut host = Setup::fake(&place).start();
    let long = "x".repeat(100_000);
    let cases = [
        ("codex", json!({ "prompt": "x", "cwd": long })),
        ("codex", json!({ "prompt": format!("fail {long}") })),
        ("codex", json!({ "prompt": format!("say {long}") })),
        ("codex", json!({ "prompt": format!("ask-command {long}") })),
        ("codex-wait", json!({ "threadId": long })),
        ("codex-events", json!({ "threadId": long })),
        ("codex-approve", json!({ "approvalId": long, "decision": "approve" })),
    ];
    for (tool, arguments) in cases {
        let size = host.call(tool, arguments).to_string().len();
        assert!(size <= 24 * 1024, "{tool}: {size}");
    }
}

/// A host that saw the process end instead would show "connection closed" and nothing else.
#[test]
fn with_an_unusable_journal_the_server_answers_and_the_call_says_so() {
    let place = Place::new();
    let file = place.root.join("a-file");
    std::fs::write(&file, "").unwrap();
    let path = file.join("journal.db");
    let mut host = Setup::fake(&place).env("CODEX_BRIDGE_JOURNAL_PATH", path.to_str().unwrap()).start();
    assert_eq!(host.request("tools/list", json!({}))["result"]["tools"].as_array().unwrap().len(), 8);
    let result = host.call("codex", json!({ "prompt": "x" }));
    let text = result["content"][0]["text"].as_str().unwrap();
    assert!(text.contains(path.to_str().unwrap()) && text.contains("journal.path"), "{text}");
}

/// A schema that no check would end by is refused before codex hears of anything.
#[test]
fn a_schema_without_end_starts_nothing() {
    let place = Place::new();
    let mut host = Setup::fake(&place).start();
    let twice = |n: usize| json!({ "allOf": vec![json!({ "$ref": format!("#/$defs/a{}", n + 1) }); 2] });
    let mut doubling: serde_json::Map<_, _> = (0..28).map(|n| (format!("a{n}"), twice(n))).collect();
    doubling.insert("a28".to_owned(), json!({ "type": "string" }));
    for (schema, words) in [
        (json!({ "anyOf": [{ "type": "number" }, { "$ref": "#" }] }), "leads back to itself"),
        (json!({ "$ref": "#/$defs/a0", "$defs": doubling }), "refer to one another less often"),
    ] {
        let refused = host.call("codex", json!({ "prompt": "say never", "output-schema": schema }));
        assert_eq!(refused["structuredContent"]["error"]["code"], "bad_arguments", "{refused}");
        assert!(refused["content"][0]["text"].as_str().unwrap().contains(words), "{refused}");
    }
    let sessions = host.request("resources/read", json!({ "uri": "codex://sessions" }));
    assert_eq!(sessions["result"]["contents"][0]["text"], r#"{"sessions":[]}"#, "no session was begun");
    let tree =
        json!({ "type": "object", "properties": { "c": { "type": "array", "items": { "$ref": "#" } } } });
    let done =
        host.structured("codex", json!({ "prompt": r#"say {"c":[{"c":[]}]}"#, "output-schema": tree }));
    assert_eq!(done["output"], json!({ "c": [{ "c": [] }] }), "{done}");
}

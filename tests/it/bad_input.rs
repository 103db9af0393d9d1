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

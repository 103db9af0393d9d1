//! Reviews by the real codex.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::{Stage, version};
use crate::common::Host;
#[cfg(target_os = "linux")]
use crate::common::{PATIENCE, marked, none_left};

/// A repository with a branch `main`, a commit on top of it, a change that is not committed, and the model's script.
fn repository(folder: &Path, script: &str) -> String {
    let git = |args: &[&str]| {
        let out = Command::new("git").arg("-C").arg(folder).args(args).output().unwrap();
        assert!(out.status.success(), "{args:?}: {out:?}");
        String::from_utf8(out.stdout).unwrap().trim().to_owned()
    };
    git(&["init", "-q", "-b", "main"]);
    git(&["config", "user.email", "a@example.org"]);
    git(&["config", "user.name", "A"]);
    std::fs::write(folder.join("a.txt"), "one\n").unwrap();
    std::fs::write(folder.join("REVIEW.script"), script).unwrap();
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "first"]);
    git(&["switch", "-q", "-c", "work"]);
    std::fs::write(folder.join("a.txt"), "two\n").unwrap();
    git(&["commit", "-q", "-a", "-m", "second"]);
    std::fs::write(folder.join("a.txt"), "three\n").unwrap();
    git(&["rev-parse", "HEAD"])
}

fn finding(priority: Option<u8>) -> Value {
    let mut finding = json!({
        "title": "[P1] Count on", "body": "It was two.\n\nNow it is three.", "confidence_score": 0.9,
        "code_location": { "absolute_file_path": "/w/a.txt", "line_range": { "start": 1, "end": 2 } },
    });
    if let Some(priority) = priority {
        finding["priority"] = json!(priority);
    }
    finding
}

fn answer(findings: &[Value]) -> String {
    let answer = json!({
        "findings": findings, "overall_correctness": "patch is incorrect", "overall_explanation": "It miscounts.",
        "overall_confidence_score": 0.8,
    });
    format!("SAY {answer}\n")
}

fn refused(host: &mut Host, arguments: Value) -> String {
    let result = host.call("codex-review", arguments);
    assert_eq!(result["isError"], true, "{result}");
    result["content"][0]["text"].as_str().unwrap().to_owned()
}

#[test]
fn each_target_is_reviewed_and_its_findings_are_data() {
    let stage = Stage::new();
    let head = repository(&stage.place.work(), &answer(&[finding(Some(1)), finding(Some(3))]));
    let mut host = stage.host().start();
    for (arguments, asked) in [
        (json!({}), "current code changes".to_owned()),
        (json!({ "target": "base", "base": "main" }), "main".to_owned()),
        (json!({ "commit": head }), head.clone()),
    ] {
        let done = host.structured("codex-review", arguments.clone());
        assert_eq!(done["status"], "completed", "{done}");
        let found = &done["output"]["findings"];
        assert_eq!(done["output"]["explanation"], "It miscounts.", "{done}");
        assert_eq!(found.as_array().map(Vec::len), Some(2), "{done}");
        let first = json!({
            "title": "[P1] Count on", "body": "It was two.\n\nNow it is three.", "priority": 1, "file": "/w/a.txt",
            "lines": { "start": 1, "end": 2 },
        });
        assert_eq!(found[0], first);
        assert!(done["content"].as_str().unwrap().contains("[P1] Count on — /w/a.txt:1-2"), "{done}");

        let events = host.events(&done["threadId"]);
        let of = |kind: &str| events.iter().filter(|e| e["type"] == kind).collect::<Vec<_>>();
        assert_eq!(of("session_started")[0]["sandbox"], "read-only");
        assert_eq!(of("session_started")[0]["approvalPolicy"], "never");
        assert_eq!((of("turn_started").len(), of("turn_finished").len()), (1, 1), "{events:?}");
        let turn = &done["turnId"];
        assert!(events.iter().all(|e| e.get("turnId").is_none_or(|of| of == turn)), "{events:?}");
        let words = of("user_message")[0]["text"].as_str().unwrap().to_owned();
        assert!(words.contains(&asked), "{arguments}: {words}");

        // It is a session like any other.
        let waited = host.structured("codex-wait", json!({ "threadId": done["threadId"] }));
        assert_eq!(waited["output"], done["output"]);
        let on =
            host.structured("codex-reply", json!({ "threadId": done["threadId"], "prompt": "SAY fixed" }));
        assert_eq!((&on["content"], on.get("output")), (&json!("fixed"), None), "{on}");
    }
}

#[test]
fn a_review_may_be_of_any_text_and_its_model_may_answer_in_any_form() {
    let stage = Stage::new();
    let mut host = stage.host().start();
    // No repository: what is reviewed is said in words. codex itself reads no review without priorities.
    let raw = answer(&[finding(None)]);
    let done = host.structured("codex-review", json!({ "instructions": raw.trim() }));
    assert_eq!(done["output"]["findings"][0]["priority"], 1, "{done}");
    assert!(done["content"].as_str().unwrap().starts_with('{'), "codex gave it on as it came: {done}");

    let none =
        host.structured("codex-review", json!({ "target": "custom", "instructions": "SAY looks good" }));
    assert_eq!((&none["content"], none.get("output")), (&json!("looks good"), None), "{none}");
}

/// codex keeps a review as two turns, one inside the other; 0.160 does not say so.
#[test]
fn a_review_is_listed_as_one_turn_with_its_prompt() {
    let stage = Stage::new();
    let mut host = stage.host().start();
    let review = host.structured("codex-review", json!({ "instructions": "SAY fine" }));
    let list = host.structured("codex-sessions", json!({ "threadId": review["threadId"] }));
    let of_review = json!({ "turnId": review["turnId"], "status": "completed", "prompt": "SAY fine" });
    if version() == "0.160.0" {
        assert_eq!(list["turns"].as_array().unwrap().len(), 2);
    } else {
        assert_eq!(list["turns"], json!([of_review]));
    }
}

#[test]
fn what_cannot_be_reviewed_is_said_before_anything_starts() {
    let stage = Stage::new();
    // The place of a test lies in a repository itself.
    let above = stage.place.root.to_string_lossy().into_owned();
    let mut host = stage.host().env("GIT_CEILING_DIRECTORIES", &above).start();
    let said = refused(&mut host, json!({}));
    assert!(said.contains("in no work tree of git") && said.contains("instructions"), "{said}");

    repository(&stage.place.work(), "SAY x\n");
    let said = refused(&mut host, json!({ "base": "no-such-branch" }));
    assert!(said.contains("`base` is `no-such-branch`") && said.contains("git branch --all"), "{said}");
    for name in ["0123456789abcdef", "--help", "-x", "HEAD~99", "$(touch x)"] {
        let said = refused(&mut host, json!({ "commit": name }));
        assert!(said.contains(&format!("`commit` is `{name}`")), "{said}");
    }
    for (name, why) in [
        ("main..work", "range"),
        ("..", "range"),
        ("^main", "none of a commit"),
        ("--help", "none of a commit"),
    ] {
        for parameter in ["base", "commit"] {
            let said = refused(&mut host, json!({ parameter: name }));
            assert!(said.contains(&format!("`{parameter}` is `{name}`")) && said.contains(why), "{said}");
        }
    }
    let said = refused(&mut host, json!({ "target": "base" }));
    assert!(said.contains("`base` is missing"), "{said}");
    let listed = host.request("resources/read", json!({ "uri": "codex://sessions" }));
    assert!(!listed.to_string().contains("Review"), "nothing was started: {listed}");
}

/// codex's own `review_model` counts for it above the model of the thread: what runs must be what is said, and
/// what may.
#[test]
fn a_review_runs_with_the_model_that_its_session_names() {
    let stage = Stage::new();
    let config = stage.place.root.join("codex-home/config.toml");
    let own = std::fs::read_to_string(&config).unwrap();
    let ran = |host: &mut Host, more: Value| {
        let mut arguments = json!({ "instructions": "REQUEST model" });
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let done = host.structured("codex-review", arguments);
        assert_eq!(host.events(&done["threadId"])[0]["model"], done["content"], "{done}");
        done["content"].as_str().unwrap().to_owned()
    };
    let of_review = "review_model = \"gpt-5.2\"\n";
    for (own, flags) in [(format!("{of_review}{own}"), vec![]), (own, vec!["-c", "review_model=gpt-5.2"])] {
        std::fs::write(&config, own).unwrap();
        let mut host = stage.host().alone().args(&flags).start();
        assert_eq!(ran(&mut host, json!({})), "gpt-5.2");
        assert_eq!(ran(&mut host, json!({ "model": "gpt-5.4" })), "gpt-5.4");

        let limit = "[\"gpt-5.4\"]";
        let mut host = stage.host().alone().args(&flags).env("CODEX_BRIDGE_LIMITS_MODELS", limit).start();
        let said = refused(&mut host, json!({ "instructions": "SAY x" }));
        assert!(said.contains("limits.models") && said.contains("gpt-5.2"), "{said}");
        assert_eq!(ran(&mut host, json!({ "model": "gpt-5.4" })), "gpt-5.4");
    }
    // It goes on after a restart, also where a call may set no key of that kind.
    let mut host = stage.host().alone().args(&["-c", "review_model=gpt-5.2"]).start();
    let done = host.structured("codex-review", json!({ "instructions": "SAY x", "model": "gpt-5.4" }));
    host.close_stdin();
    host.ended();
    let mut host = stage.host().alone().env("CODEX_BRIDGE_LIMITS_CONFIG", "safe").start();
    // codex 0.160 keeps no model of a thread that has had a review alone.
    let on = host.structured("codex-reply", json!({ "threadId": done["threadId"], "prompt": "SAY on" }));
    assert_eq!(on["content"], "on", "{on}");
}

#[test]
fn a_limit_that_leaves_no_review_says_so() {
    let stage = Stage::new();
    let limited =
        |policies: &str| stage.host().env("CODEX_BRIDGE_LIMITS_APPROVAL_POLICIES", policies).start();
    let said = refused(&mut limited("[\"on-request\"]"), json!({ "instructions": "SAY x" }));
    for words in ["limits.approval_policies (on-request)", "`never`", "no argument changes that"] {
        assert!(said.contains(words), "{words} in {said}");
    }
    let mut host = limited("[\"on-request\", \"never\"]");
    assert_eq!(host.structured("codex-review", json!({ "instructions": "SAY x" }))["content"], "x");
}

#[test]
fn a_review_is_handed_out_and_cancelled_as_any_turn() {
    let stage = Stage::new();
    repository(&stage.place.work(), "HANG\n");
    let mut host = stage.host().start();
    let running = host.structured("codex-review", json!({ "wait": 0 }));
    assert_eq!(running["status"], "running", "{running}");
    let thread = running["threadId"].clone();
    let ended = host.structured("codex-cancel", json!({ "threadId": thread }));
    assert_eq!(ended["status"], "interrupted", "{ended}");
    let on = host.structured("codex-reply", json!({ "threadId": thread, "prompt": "SAY on" }));
    assert_eq!(on["content"], "on", "{on}");
}

/// Once its model has been asked, codex takes an interrupt of another turn than that which it has named.
#[cfg(target_os = "linux")]
#[test]
fn a_review_is_cancelled_in_the_middle_of_its_work() {
    let stage = Stage::new();
    let mark = format!("review-{}", std::process::id());
    let config = stage.place.root.join("codex-home/config.toml");
    let own = std::fs::read_to_string(&config).unwrap();
    std::fs::write(
        &config,
        format!("{own}\n[shell_environment_policy]\nset = {{ TEST_MARK = \"{mark}\" }}\n"),
    )
    .unwrap();
    repository(&stage.place.work(), "RUN sleep 3031\nSAY x\n");
    let mut host = stage.host().start();
    for _ in 0..2 {
        let thread = host.structured("codex-review", json!({ "wait": 0 }))["threadId"].clone();
        let until = std::time::Instant::now() + PATIENCE;
        while !marked(&mark).iter().any(|(_, words)| words.starts_with("sleep ")) {
            assert!(std::time::Instant::now() < until, "{:?}; {:?}", marked(&mark), host.events(&thread));
            std::thread::yield_now();
        }
        let ended = host.structured("codex-cancel", json!({ "threadId": thread }));
        assert_eq!(ended["status"], "interrupted", "{ended}");
        assert_eq!(ended.get("background"), None, "{ended}");
        // codex runs it in a thread of its own that it does not name, so that the bridge cannot wait for this.
        none_left(&mark, PATIENCE);
        let on = host.structured("codex-reply", json!({ "threadId": thread, "prompt": "SAY on" }));
        assert_eq!(on["content"], "on", "{on}");
    }
}

#[test]
fn a_review_writes_nothing() {
    let stage = Stage::new();
    repository(&stage.place.work(), "RUN touch written\nESCALATE touch escalated\nSAY x\n");
    let mut host = stage.host().start();
    let done = host.structured("codex-review", json!({}));
    assert_eq!(done["status"], "completed", "no decision is needed: {done}");
    for name in ["written", "escalated"] {
        assert!(!stage.place.work().join(name).exists(), "{name}");
    }
}

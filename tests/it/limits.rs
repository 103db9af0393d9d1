//! What a call may ask for: attempts to pass the limits, each refused with the limit named, and codex
//! not asked to begin anything.

use std::path::Path;

use serde_json::{Value, json};

use crate::common::{Host, Place, Setup};

/// A place with a workspace that is allowed, and settings that limit everything.
fn limited(place: &Place) -> String {
    let root = place.work();
    for folder in ["allowed/inner", "allowed-not"] {
        std::fs::create_dir_all(root.join(folder)).unwrap();
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink(root.join("allowed-not"), root.join("allowed/link")).unwrap();
    let settings = place.root.join("limits.toml");
    let text = format!(
        "[limits]\nroots = [{:?}]\nsandbox = \"workspace-write\"\nmodels = [\"small\"]\n\
         approval_policies = [\"on-request\", \"untrusted\"]\n",
        root.join("allowed")
    );
    std::fs::write(&settings, text).unwrap();
    settings.to_str().unwrap().to_owned()
}

fn start(place: &Place, settings: &str, args: &[&str]) -> Host {
    let allowed = place.work().join("allowed");
    let all = [&["--settings", settings, "-C", allowed.to_str().unwrap(), "-m", "small"], args].concat();
    Setup::fake(place).args(&all).start()
}

/// It is refused, with the limit and the value in its words; and nothing was begun.
fn refused(host: &mut Host, tool: &str, arguments: &Value, words: &[&str]) {
    let answer = host.call(tool, arguments.clone());
    assert_eq!(answer["isError"], true, "{arguments}: {answer}");
    let text = answer["content"][0]["text"].as_str().unwrap();
    for word in words {
        assert!(text.contains(word), "{arguments}: no {word:?} in {text:?}");
    }
    assert_eq!(answer["structuredContent"]["threadId"], "", "{arguments}: {answer}");
}

#[test]
fn what_a_call_asks_for_stays_within() {
    let place = Place::new();
    let settings = limited(&place);
    let mut host = start(&place, &settings, &["-a", "on-request", "-s", "read-only"]);
    let work = place.work();
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let outside = text(&work.join("allowed-not"));
    let link = text(&work.join("allowed/link"));
    let (roots, sandbox, models) = ("limits.roots", "limits.sandbox", "limits.models");
    let (policies, config) = ("limits.approval_policies", "limits.config");
    let key = |path: &str, value: Value| json!({ "config": { path: value } });
    let attempts = [
        // Folders.
        (json!({ "cwd": outside }), [roots, "allowed-not"]),
        (json!({ "cwd": link }), [roots, "allowed-not"]),
        (json!({ "cwd": "link" }), [roots, "allowed-not"]),
        (json!({ "cwd": ".." }), [roots, "work"]),
        (json!({ "cwd": "inner/../.." }), [roots, "work"]),
        (json!({ "cwd": "inner/../../allowed-not" }), [roots, "allowed-not"]),
        (json!({ "cwd": "/" }), [roots, "`/`"]),
        (json!({ "cwd": "/etc" }), [roots, "/etc"]),
        (json!({ "cwd": "missing" }), ["missing", "cwd"]),
        (json!({ "cwd": "missing/../../allowed-not" }), ["missing", "cwd"]),
        (json!({ "cwd": "~" }), ["~", "cwd"]),
        // Parameters.
        (json!({ "sandbox": "danger-full-access" }), [sandbox, "danger-full-access"]),
        (json!({ "approval-policy": "never" }), [policies, "never"]),
        (json!({ "model": "large" }), [models, "large"]),
        (json!({ "model": "small " }), [models, "small "]),
        (json!({ "model": "SMALL" }), [models, "SMALL"]),
        // Keys of codex's configuration, nested and dotted.
        (key("sandbox_mode", json!("danger-full-access")), [config, "sandbox_mode"]),
        (key("sandbox_mode", json!("read-only")), [config, "sandbox_mode"]),
        (key("sandbox_workspace_write", json!({ "writable_roots": ["/"] })), [config, "writable_roots"]),
        (key("sandbox_workspace_write.writable_roots", json!(["/"])), [config, "writable_roots"]),
        (key("sandbox_workspace_write.network_access", json!(true)), [config, "network_access"]),
        (key("sandbox_workspace_write", json!({})), [config, "sandbox_workspace_write"]),
        (key("sandbox_workspace_write", json!([])), [config, "sandbox_workspace_write"]),
        (key("approval_policy", json!("never")), [config, "approval_policy"]),
        (key("approval_policy", json!({ "granular": { "rules": true } })), [config, "approval_policy"]),
        (key("model", json!("large")), [models, "large"]),
        (key("model", json!(["large"])), [models, "unknown"]),
        (key("model_provider", json!("mine")), [config, "model_provider"]),
        (key("model_providers", json!({ "mine": { "base_url": "http://x" } })), [config, "base_url"]),
        (key("model_providers.mine.env_key", json!("SECRET")), [config, "env_key"]),
        (key("openai_base_url", json!("http://x")), [config, "openai_base_url"]),
        (key("chatgpt_base_url", json!("http://x")), [config, "chatgpt_base_url"]),
        (key("mcp_servers", json!({ "x": { "command": "sh" } })), [config, "mcp_servers"]),
        (key("mcp_servers.x.command", json!("sh")), [config, "mcp_servers"]),
        (key("features", json!({ "unified_exec": true })), [config, "features"]),
        (key("features.unified_exec", json!(true)), [config, "features"]),
        (key("shell_environment_policy", json!({ "inherit": "all" })), [config, "shell_environment_policy"]),
        (key("shell_environment_policy.set.PATH", json!("/x")), [config, "shell_environment_policy"]),
        (key("notify", json!(["sh", "-c", "id"])), [config, "notify"]),
        (key("hooks", json!({ "x": [] })), [config, "hooks"]),
        (key("profile", json!("mine")), [config, "profile"]),
        (key("profiles", json!({ "mine": { "model": "large" } })), [config, "profiles"]),
        (key("projects", json!({ "/": { "trust_level": "trusted" } })), [config, "projects"]),
        (key("default_permissions", json!("full")), [config, "default_permissions"]),
        (key("model_instructions_file", json!("/etc/passwd")), [config, "model_instructions_file"]),
        (key("experimental_compact_prompt_file", json!("/x")), [config, "experimental_compact_prompt_file"]),
        (key("cli_auth_credentials_store", json!("file")), [config, "cli_auth_credentials_store"]),
        (key("model_verbosityx", json!("low")), [config, "model_verbosityx"]),
        (key("Model", json!("large")), [config, "Model"]),
        (key(" model", json!("large")), [config, " model"]),
        (key("model.x", json!("large")), [models, "large"]),
    ];
    assert!(attempts.len() >= 40);
    for (asked, words) in attempts {
        let mut call = asked;
        call["prompt"] = json!("say never");
        refused(&mut host, "codex", &call, &words);
    }
    let sessions = host.request("resources/read", json!({ "uri": "codex://sessions" }));
    assert_eq!(sessions["result"]["contents"][0]["text"], r#"{"sessions":[]}"#, "no session was begun");

    let within = json!({
        "prompt": "say fine", "cwd": "inner", "sandbox": "workspace-write", "approval-policy": "untrusted",
        "config": { "model_verbosity": "low", "model": "small" }, "effort": "low",
    });
    let done = host.structured("codex", within);
    assert_eq!(done["content"], "fine", "{done}");
    let reply = json!({ "prompt": "say never", "threadId": done["threadId"], "model": "large" });
    refused(&mut host, "codex-reply", &reply, &[models, "large"]);
}

/// The bridge's own flags are held to the limits too.
#[test]
fn flags_are_no_way_around() {
    let place = Place::new();
    let settings = limited(&place);
    let outside = place.work().join("allowed-not");
    for (args, words) in [
        (&["-s", "danger-full-access"][..], ["limits.sandbox", "danger-full-access"]),
        (&["-a", "never"], ["limits.approval_policies", "never"]),
        (&["-m", "large"], ["limits.models", "large"]),
        (&["-C", outside.to_str().unwrap()], ["limits.roots", "allowed-not"]),
    ] {
        let allowed = place.work().join("allowed");
        let mut all = vec!["--settings", settings.as_str()];
        if !args.contains(&"-C") {
            all.extend(["-C", allowed.to_str().unwrap()]);
        }
        let mut host = Setup::fake(&place).args(&all).args(args).start();
        refused(&mut host, "codex", &json!({ "prompt": "say never" }), &words);
    }
}

/// A variable narrows what the file allows, and lifts nothing.
#[test]
fn the_environment_is_no_way_around() {
    let place = Place::new();
    let settings = limited(&place);
    let outside = place.work().display().to_string();
    for (variable, value) in [
        ("SANDBOX", "danger-full-access".to_owned()),
        ("ROOTS", "[]".to_owned()),
        ("ROOTS", "[\"/\"]".to_owned()),
        ("ROOTS", format!("[\"{outside}/allowed\", \"{outside}\"]")),
        ("ROOTS", format!("[\"{outside}/allowed/..\"]")),
        #[cfg(unix)]
        ("ROOTS", format!("[\"{outside}/allowed/link\"]")),
        ("MODELS", "[]".to_owned()),
        ("MODELS", "[\"small\", \"large\"]".to_owned()),
        ("APPROVAL_POLICIES", "[\"never\"]".to_owned()),
        ("CONFIG", "any".to_owned()),
        ("CONFIG", "[\"notify\"]".to_owned()),
        ("MCP_ADD", "any".to_owned()),
        ("MCP_ADD", "named".to_owned()),
    ] {
        let variable = format!("CODEX_BRIDGE_LIMITS_{variable}");
        let output = Setup::fake(&place)
            .args(&["--settings", &settings])
            .env(&variable, &value)
            .command()
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        let words = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{variable}={value}: {words}");
        assert!(words.contains(&variable) && words.contains("only narrow"), "{variable}={value}: {words}");
    }
    let narrow = Setup::fake(&place)
        .args(&["--settings", &settings, "-C", &format!("{outside}/allowed"), "-m", "small"])
        .env("CODEX_BRIDGE_LIMITS_SANDBOX", "read-only")
        .env("CODEX_BRIDGE_LIMITS_CONFIG", "[]");
    let mut host = narrow.start();
    let asked = json!({ "prompt": "say never", "sandbox": "workspace-write" });
    refused(&mut host, "codex", &asked, &["limits.sandbox", "`read-only`"]);
    let asked = json!({ "prompt": "say never", "config": { "model_verbosity": "low" } });
    refused(&mut host, "codex", &asked, &["limits.config", "no key"]);
}

/// Turns above `limits.running` wait in line, and say where they stand; more than `limits.queue` are refused.
#[test]
fn turns_wait_in_line() {
    let place = Place::new();
    let setup =
        Setup::fake(&place).env("CODEX_BRIDGE_LIMITS_RUNNING", "1").env("CODEX_BRIDGE_LIMITS_QUEUE", "2");
    let mut host = setup.start();
    let begin = |host: &mut Host, prompt: &str| host.call("codex", json!({ "prompt": prompt, "wait": 0 }));
    let first = begin(&mut host, "stall")["structuredContent"].clone();
    assert_eq!(first["status"], "running", "{first}");
    let mut waiting = Vec::new();
    for ahead in 0..2 {
        let answer = begin(&mut host, &format!("say after {ahead}"));
        let text = answer["content"][0]["text"].as_str().unwrap().to_owned();
        let handle = answer["structuredContent"].clone();
        assert_eq!((&handle["status"], &handle["ahead"]), (&json!("queued"), &json!(ahead)), "{handle}");
        assert!(text.contains("codex-wait") && text.contains("codex-cancel"), "{text}");
        waiting.push(handle["threadId"].clone());
    }
    let full = begin(&mut host, "say never");
    assert_eq!(full["structuredContent"]["error"]["code"], "queue_full", "{full}");
    let text = full["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("limits.running") && text.contains("limits.queue"), "{text}");

    let seen = host.structured("codex-wait", json!({ "threadId": waiting[1], "wait": 0 }));
    assert_eq!((&seen["status"], &seen["ahead"]), (&json!("queued"), &json!(1)), "{seen}");
    let taken_out = host.structured("codex-cancel", json!({ "threadId": waiting[0] }));
    let seen = host.structured("codex-wait", json!({ "threadId": waiting[0], "wait": 0 }));
    for told in [taken_out, seen] {
        let how = (&told["status"], &told["error"]["code"], &told["turnId"]);
        assert_eq!(how, (&json!("interrupted"), &json!("cancelled"), &Value::Null), "{told}");
    }
    let second = begin(&mut host, "say third")["structuredContent"].clone();
    assert_eq!((&second["status"], &second["ahead"]), (&json!("queued"), &json!(1)), "{second}");

    host.structured("codex-cancel", json!({ "threadId": first["threadId"] }));
    for (thread, said) in [(&waiting[1], "after 1"), (&second["threadId"], "third")] {
        let done = host.structured("codex-wait", json!({ "threadId": thread, "wait": 30 }));
        assert_eq!((&done["status"], &done["content"]), (&json!("completed"), &json!(said)), "{done}");
    }
    let never = host.events(&waiting[0]);
    assert!(never.iter().all(|event| event["type"] != "turn_started"), "{never:?}");
}

/// A call that waits to the end waits in line too, and is told.
#[test]
fn a_call_that_waits_sees_where_it_stands() {
    let place = Place::new();
    let mut host = Setup::fake(&place).env("CODEX_BRIDGE_LIMITS_RUNNING", "1").start();
    let first = host.structured("codex", json!({ "prompt": "stall", "wait": 0 }));
    let call = json!({
        "name": "codex", "arguments": { "prompt": "say after", "wait": 30 }, "_meta": { "progressToken": "p" },
    });
    let id = host.post("tools/call", call);
    loop {
        let told = host.asked("notifications/progress");
        if told["params"]["message"].as_str().unwrap().starts_with("starting") {
            host.structured("codex-cancel", json!({ "threadId": first["threadId"] }));
            break;
        }
    }
    assert_eq!(host.answer(id)["result"]["structuredContent"]["content"], "after");
}

/// codex refuses turns that waited in line: who asks later hears that, and not of the turn before.
#[test]
fn a_turn_that_never_began_is_told_as_such() {
    let place = Place::new();
    let setup =
        Setup::fake(&place).env("CODEX_BRIDGE_LIMITS_RUNNING", "1").env("CODEX_FAKE_KEEPS_NOTHING", "1");
    let mut host = setup.start();
    let one = host.structured("codex", json!({ "prompt": "say one" }));
    let dies = host.structured("codex", json!({ "prompt": "ask-command true\ndie" }));
    let reply = json!({ "threadId": one["threadId"], "prompt": "say two", "wait": 0 });
    let second = host.structured("codex-reply", reply);
    let first = host.structured("codex", json!({ "prompt": "say never", "wait": 0 }));
    assert_eq!((&first["status"], &second["status"]), (&json!("queued"), &json!("queued")));
    let approval = &dies["decisions"][0]["approvalId"];
    host.structured("codex-approve", json!({ "approvalId": approval, "decision": "approve" }));
    for thread in [&first["threadId"], &second["threadId"]] {
        let told = host.call("codex-wait", json!({ "threadId": thread, "wait": 30 }));
        let seen = &told["structuredContent"];
        assert_eq!((&seen["status"], &seen["content"]), (&json!("failed"), &json!("")), "{told}");
        assert_eq!((&told["isError"], &seen["turnId"]), (&json!(true), &Value::Null), "{told}");
        let error = &seen["error"];
        assert_eq!((&error["code"], &error["retryable"]), (&json!("codex_lost"), &json!(true)), "{told}");
        assert!(error["remedy"].as_str().unwrap().contains("`codex`"), "{told}");
        let last = host.events(thread).pop().unwrap();
        assert_eq!((&last["type"], &last["turnId"]), (&json!("turn_finished"), &Value::Null), "{last}");
    }
    let again = json!({ "threadId": first["threadId"], "prompt": "say never" });
    let refused = host.call("codex-reply", again);
    assert_eq!(refused["structuredContent"]["error"]["code"], "codex_lost", "{refused}");
    let before = json!({ "threadId": one["threadId"], "turnId": one["turnId"] });
    assert_eq!(host.structured("codex-wait", before)["content"], "one", "the turn before is still there");
}

/// The bridge ends while a call waits in line: the call hears that, and so does who asks the next bridge.
#[cfg(unix)]
#[test]
fn a_turn_in_line_ends_with_its_bridge() {
    let place = Place::new();
    let mut host = Setup::fake(&place).alone().env("CODEX_BRIDGE_LIMITS_RUNNING", "1").start();
    let thread = host.structured("codex", json!({ "prompt": "say one" }))["threadId"].clone();
    host.structured("codex", json!({ "prompt": "stall", "wait": 0 }));
    let arguments = json!({ "threadId": thread, "prompt": "say two" });
    let id = host.post("tools/call", json!({ "name": "codex-reply", "arguments": arguments }));
    let look = json!({ "threadId": thread, "wait": 0 });
    while host.structured("codex-wait", look.clone())["status"] != "queued" {}
    let pid = host.child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let answer = host.answer(id)["result"].clone();
    assert_eq!(answer["isError"], true, "{answer}");
    assert_eq!(host.ended(), 0, "{:?}", host.stderr());
    let mut next = Setup::fake(&place).alone().start();
    let told = next.structured("codex-wait", look);
    assert_eq!((&told["status"], &told["content"]), (&json!("interrupted"), &json!("")), "{told}");
    assert!(["host_gone", "cancelled"].iter().any(|code| told["error"]["code"] == *code), "{told}");
}

/// A cancel that names another turn is none of the turn in line.
#[test]
fn the_cancel_of_another_turn_leaves_the_line() {
    let place = Place::new();
    let tasks = json!({ "extensions": { "io.modelcontextprotocol/tasks": {} } });
    let mut host = Setup::fake(&place).env("CODEX_BRIDGE_LIMITS_RUNNING", "1").modern(tasks);
    let task = host.call("codex", json!({ "prompt": "say one" }))["taskId"].clone();
    assert!(task.is_string());
    let sessions = host.request("resources/read", json!({ "uri": "codex://sessions" }));
    let text = sessions["result"]["contents"][0]["text"].as_str().unwrap().to_owned();
    let thread = serde_json::from_str::<Value>(&text).unwrap()["sessions"][0]["threadId"].clone();
    assert_eq!(host.structured("codex-wait", json!({ "threadId": thread }))["content"], "one");
    host.structured("codex", json!({ "prompt": "stall", "wait": 0 }));
    let reply = json!({ "threadId": thread, "prompt": "say two", "wait": 0 });
    assert_eq!(host.structured("codex-reply", reply)["status"], "queued");
    let cancelled = host.request("tasks/cancel", json!({ "taskId": task }));
    assert!(cancelled.get("result").is_some(), "{cancelled}");
    let seen = host.structured("codex-wait", json!({ "threadId": thread, "wait": 0 }));
    assert_eq!(seen["status"], "queued", "{seen}");
}

/// Many calls at once are no way around the limit, and the one session at rest makes room for one of them.
#[test]
fn no_more_sessions_than_may_be() {
    for (most, rests) in [("1", false), ("2", true)] {
        let place = Place::new();
        let mut host = Setup::fake(&place).env("CODEX_BRIDGE_LIMITS_SESSIONS", most).start();
        if rests {
            host.structured("codex", json!({ "prompt": "say first" }));
        }
        let call = json!({ "name": "codex", "arguments": { "prompt": "stall", "wait": 0 } });
        let calls: Vec<_> = (0..6).map(|_| host.post("tools/call", call.clone())).collect();
        let answers: Vec<_> = calls.into_iter().map(|id| host.answer(id)["result"].clone()).collect();
        let ran = answers.iter().filter(|answer| answer["structuredContent"]["status"] == "running");
        assert_eq!(ran.count().to_string(), most, "{answers:?}");
        let full = |answer: &&Value| answer["structuredContent"]["error"]["code"] == "sessions_full";
        assert_eq!(answers.iter().filter(full).count(), 6 - most.parse::<usize>().unwrap(), "{answers:?}");
    }
}

/// More sessions than may be open: one at rest is let go, and taken up again when it is wanted.
#[test]
fn sessions_at_rest_make_room() {
    let place = Place::new();
    let mut host = Setup::fake(&place).env("CODEX_BRIDGE_LIMITS_SESSIONS", "2").start();
    let first = host.structured("codex", json!({ "prompt": "say first" }))["threadId"].clone();
    host.structured("codex", json!({ "prompt": "stall", "wait": 0 }));
    host.structured("codex", json!({ "prompt": "stall", "wait": 0 }));
    let finished = |host: &mut Host| {
        let page = json!({ "threadId": first, "types": ["session_finished"], "wait": 20 });
        host.structured("codex-events", page)["events"][0]["reason"].clone()
    };
    assert_eq!(finished(&mut host), "released");
    let full = host.call("codex", json!({ "prompt": "say never" }));
    let text = full["content"][0]["text"].as_str().unwrap();
    assert!(full["isError"] == true && text.contains("limits.sessions"), "{full}");
    let waited = host.structured("codex-wait", json!({ "threadId": first }));
    assert_eq!(waited["content"], "first", "its last result is there");
}

/// A session at rest is let go after a while, so that a terminal can take it; a call takes it up again.
#[test]
fn a_session_at_rest_is_let_go() {
    let place = Place::new();
    let mut host = Setup::fake(&place).env("CODEX_BRIDGE_CODEX_RELEASE_AFTER", "1").start();
    let thread = host.structured("codex", json!({ "prompt": "say first" }))["threadId"].clone();
    let busy = host.structured("codex", json!({ "prompt": "ask-command true" }));
    let page = json!({ "threadId": thread, "types": ["session_finished"], "wait": 30 });
    assert_eq!(host.structured("codex-events", page)["events"][0]["reason"], "released");
    for n in 0..3 {
        let done =
            host.structured("codex-reply", json!({ "threadId": thread, "prompt": format!("say {n}") }));
        assert_eq!(
            (&done["status"], &done["content"]),
            (&json!("completed"), &json!(n.to_string())),
            "{done}"
        );
    }
    let started = host.events(&thread).into_iter().filter(|event| event["type"] == "session_started");
    let resumed: Vec<_> = started.map(|event| event["resumed"].clone()).collect();
    assert_eq!(resumed, [Value::Null, json!(true)]);
    let waits = host.structured("codex-wait", json!({ "threadId": busy["threadId"], "wait": 0 }));
    assert_eq!(waits["status"], "needs_decision", "one that waits for an answer stays");
}

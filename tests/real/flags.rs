//! Every flag of codex that is here: what of it reaches the model's request, or what the sandbox then lets
//! happen. `docs/flags.md` names these tests.

mod items;
mod profiles;
mod table;

use serde_json::{Map, Value, json};

use super::{Stage, version};
use crate::common::Host;

/// Members of the model's request, as the model itself says them.
fn requested(host: &mut Host, path: &str, more: &Value) -> String {
    let mut call = json!({ "prompt": format!("REQUEST {path}") });
    call.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_else(Map::new));
    let done = host.structured("codex", call);
    assert_eq!(done["status"], "completed", "{path}: {done}");
    done["content"].as_str().unwrap().to_owned()
}

/// The same with flags of the bridge.
fn with_flags(stage: &Stage, flags: &[&str], path: &str) -> String {
    requested(&mut stage.host().args(flags).start(), path, &json!({}))
}

/// More of codex's own configuration, before its tables.
fn configure(stage: &Stage, text: &str) {
    let path = stage.place.root.join("codex-home/config.toml");
    let before = std::fs::read_to_string(&path).unwrap();
    std::fs::write(path, format!("{text}\n{before}")).unwrap();
}

#[test]
fn the_model_and_its_effort() {
    let stage = Stage::new();
    assert_eq!(with_flags(&stage, &["-m", "gpt-5.4"], "model"), "gpt-5.4");
    let mut host = stage.host().args(&["-m", "gpt-5.4", "-c", "model_reasoning_effort=low"]).start();
    for (more, path, expected) in [
        (json!({}), "reasoning.effort", "low"),
        (json!({ "effort": "high" }), "reasoning.effort", "high"),
        (json!({ "config": { "model_reasoning_effort": "high" } }), "reasoning.effort", "high"),
        (json!({ "model": "gpt-5.5", "config": { "model_verbosity": "high" } }), "text.verbosity", "high"),
        (json!({ "model": "gpt-5.5" }), "model", "gpt-5.5"),
        // What a call says counts above what the flags do, however it says it.
        (json!({ "config": { "model": "gpt-5.5" } }), "model", "gpt-5.5"),
    ] {
        assert_eq!(requested(&mut host, path, &more), expected, "{more}");
    }
    let done = host.structured("codex", json!({ "prompt": "SAY hi" }));
    let more =
        json!({ "threadId": done["threadId"], "prompt": "REQUEST reasoning.effort", "effort": "medium" });
    assert_eq!(host.structured("codex-reply", more)["content"], "medium");
}

#[test]
fn the_service_tier_reaches_the_model() {
    let stage = Stage::new();
    let path = "service_tier";
    assert_eq!(with_flags(&stage, &["-c", "service_tier=flex"], path), "flex");
    let mut host = stage.host().start();
    assert_eq!(requested(&mut host, path, &json!({})), "none");
    assert_eq!(requested(&mut host, path, &json!({ "config": { "service_tier": "flex" } })), "flex");
    // codex's own name for it.
    assert_eq!(requested(&mut host, path, &json!({ "config": { "service_tier": "fast" } })), "priority");
    // Also within limits, since it changes nothing that codex may do.
    let mut limited = stage.host().env("CODEX_BRIDGE_LIMITS_CONFIG", "safe").start();
    assert_eq!(requested(&mut limited, path, &json!({ "config": { "service_tier": "flex" } })), "flex");
}

#[test]
fn the_web_is_searched_as_it_is_asked_for() {
    let stage = Stage::new();
    let path = "tools.web_search.external_web_access";
    assert_eq!(with_flags(&stage, &["--search"], path), "true");
    let mut host = stage.host().args(&["--search"]).start();
    for (mode, expected) in [("live", "true"), ("cached", "false"), ("disabled", "none")] {
        let said = requested(&mut host, path, &json!({ "config": { "web_search": mode } }));
        assert_eq!(said, expected, "{mode}");
    }
}

#[test]
fn features_are_switched() {
    let stage = Stage::new();
    let (path, feature) = ("tools.request_permissions.name", "request_permissions_tool");
    assert_eq!(with_flags(&stage, &[], path), "none");
    assert_eq!(with_flags(&stage, &["--enable", feature], path), "request_permissions");
    let on = format!("features.{feature}=true");
    assert_eq!(with_flags(&stage, &["-c", &on, "--disable", feature], path), "none");
    let mut host = stage.host().start();
    let more = json!({ "config": { "features": { feature: true } } });
    assert_eq!(requested(&mut host, path, &more), "request_permissions");
}

/// codex's built-in provider for a program on this machine, which is the scripted model here.
#[test]
fn a_model_of_this_machine() {
    let stage = Stage::new();
    let host = || stage.host().env("CODEX_OSS_BASE_URL", &stage.model.url());
    let mut oss = host().args(&["--oss", "--local-provider", "ollama"]).start();
    assert_eq!(requested(&mut oss, "model", &json!({})), "gpt-oss:20b");
    let mut named = host().args(&["--oss", "--local-provider", "ollama", "-m", "mine"]).start();
    assert_eq!(requested(&mut named, "model", &json!({})), "mine");
    let mut by_call = host().start();
    let more = json!({ "model": "mine", "config": { "model_provider": "ollama" } });
    assert_eq!(requested(&mut by_call, "model", &more), "mine");
    configure(&stage, "oss_provider = \"ollama\"");
    let mut configured = host().args(&["--oss"]).start();
    assert_eq!(requested(&mut configured, "model", &json!({})), "gpt-oss:20b");

    let unknown = stage
        .host()
        .args(&["--oss", "--local-provider", "nobody"])
        .start()
        .call("codex", json!({ "prompt": "SAY hi" }));
    let text = unknown["content"][0]["text"].as_str().unwrap();
    assert!(
        unknown["isError"] == true && text.contains("`nobody` not found"),
        "codex refuses it by name: {text}"
    );
}

#[test]
fn another_address_of_the_provider() {
    let stage = Stage::new();
    let mut host = stage.host().start();
    let providers = json!({ "mine": {
        "name": "mine", "base_url": stage.model.url(), "env_key": "SCRIPTED_KEY", "wire_api": "responses",
        "supports_websockets": false,
    } });
    let before = stage.model.requests();
    let more = json!({ "config": { "model_provider": "mine", "model_providers": providers } });
    assert_eq!(requested(&mut host, "model", &more), "gpt-5.5");
    assert_eq!(stage.model.requests(), before + 1);
}

#[test]
fn the_source_of_a_thread() {
    let stage = Stage::new();
    let path = "client_metadata.x-codex-turn-metadata";
    let said = with_flags(&stage, &["--thread-source", "my-program"], path);
    assert!(said.contains("my-program"), "{said}");
    assert!(!with_flags(&stage, &[], path).contains("thread_source"));
}

/// Which files a command makes: `beside` and `own` lie outside of the working folder.
fn written(stage: &Stage, flags: &[&str], more: &Value) -> [bool; 3] {
    let files = ["work/in", "beside/new", "own/new"].map(|file| stage.place.root.join(file));
    let prompt = "RUN touch in; touch ../beside/new; touch ../own/new\nSAY done";
    let mut call = json!({ "prompt": prompt });
    call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let done = stage.host().args(flags).start().structured("codex", call);
    assert_eq!(done["content"], "done", "{flags:?}: {done}");
    files.map(|file| std::fs::remove_file(file).is_ok())
}

#[test]
fn more_folders_may_be_written() {
    let stage = Stage::new();
    let root = &stage.place.root;
    for folder in ["beside", "own"] {
        std::fs::create_dir(root.join(folder)).unwrap();
    }
    let (write, never) = (["-s", "workspace-write"], ["-a", "never"]);
    let flags = |more: &[&'static str]| [&write[..], &never[..], more].concat();
    let none = json!({});
    assert_eq!(written(&stage, &flags(&[]), &none), [true, false, false]);
    assert_eq!(written(&stage, &flags(&["--add-dir", "../beside"]), &none), [true, true, false]);
    let both = flags(&["--add-dir", "../beside", "--add-dir", "../own"]);
    assert_eq!(written(&stage, &both, &none), [true, true, true]);
    assert_eq!(
        written(&stage, &["--add-dir", "../beside", "-s", "read-only", "-a", "never"], &none),
        [false; 3],
        "it makes nothing writable by itself"
    );
    let roots = json!({ "config": { "sandbox_workspace_write": { "writable_roots": [root.join("own")] } } });
    assert_eq!(written(&stage, &flags(&[]), &roots), [true, false, true]);
    // As in codex, the flag comes to what is configured.
    assert_eq!(written(&stage, &flags(&["--add-dir", "../beside"]), &roots), [true, true, true]);
}

#[test]
fn the_folder_of_a_session() {
    let stage = Stage::new();
    let other = stage.place.root.join("other");
    std::fs::create_dir(&other).unwrap();
    assert!(!other.join(".git").exists(), "no folder has to be a repository");
    let real = other.canonicalize().unwrap();
    let prompt = "RUN pwd\nECHO";
    let by_flag =
        stage.host().args(&["-C", "../other"]).start().structured("codex", json!({ "prompt": prompt }));
    let by_call = stage.host().start().structured("codex", json!({ "prompt": prompt, "cwd": "../other" }));
    for done in [by_flag, by_call] {
        assert!(done["content"].as_str().unwrap().contains(&real.display().to_string()), "{done}");
    }
}

/// The port of the scripted model is as good as any.
#[test]
fn the_network_is_let_in_where_it_is_asked_for() {
    let stage = Stage::new();
    let address = stage.model.url().replace("http://", "/dev/tcp/").replace(':', "/").replace("/v1", "");
    let prompt = format!("RUN bash -c 'echo > {address}' && echo reached\nECHO");
    for network in [false, true] {
        let call = json!({
            "prompt": prompt, "sandbox": "workspace-write", "approval-policy": "never",
            "config": { "sandbox_workspace_write": { "network_access": network } },
        });
        let done = stage.host().start().structured("codex", call);
        let reached = done["content"].as_str().unwrap().lines().any(|line| line == "reached");
        assert_eq!(reached, network, "{done}");
    }
}

#[test]
fn no_sandbox_and_no_questions() {
    let stage = Stage::new();
    for folder in ["beside", "own"] {
        std::fs::create_dir(stage.place.root.join(folder)).unwrap();
    }
    for flag in ["--dangerously-bypass-approvals-and-sandbox", "--yolo"] {
        assert_eq!(written(&stage, &[flag], &json!({})), [true; 3], "{flag}");
    }
    let more = json!({ "sandbox": "danger-full-access", "approval-policy": "never" });
    assert_eq!(written(&stage, &[], &more), [true; 3]);
    assert_eq!(written(&stage, &[], &json!({ "approval-policy": "never" })), [false; 3]);
}

/// codex's own reviewer asks the model, which answers as the script says; nobody else is asked.
#[test]
fn codexs_reviewer_answers() {
    let stage = Stage::new();
    let by_call = json!({
        "sandbox": "workspace-write", "approval-policy": "on-request",
        "config": { "approvals_reviewer": "auto_review" },
    });
    for (flags, more) in [(&["--approve-for-me"][..], json!({})), (&[], by_call)] {
        for (outcome, file) in [("allow", true), ("deny", false)] {
            let prompt = format!("ESCALATE touch ../outside\nREVIEW {outcome}\nSAY done");
            let mut call = json!({ "prompt": prompt });
            call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let mut host = stage.host().args(flags).elicits().start();
            let done = host.structured("codex", call);
            assert_eq!(done["status"], "completed", "{flags:?}: {done}");
            let made = std::fs::remove_file(stage.place.root.join("outside")).is_ok();
            assert_eq!(made, file, "{flags:?} {outcome}");
            let events = host.events(&done["threadId"]);
            assert!(events.iter().all(|event| event["type"] != "permission_request"), "{events:#?}");
            let warned = |event: &Value| {
                event["type"] == "warning" && event["message"].as_str().unwrap().contains("review")
            };
            assert!(events.iter().any(warned), "what it decided is told: {events:#?}");
            assert_eq!(
                (&events[0]["sandbox"], &events[0]["approvalPolicy"]),
                (&json!("workspace-write"), &json!("on-request"))
            );
        }
    }
}

#[test]
fn hooks_that_nobody_has_trusted() {
    let stage = Stage::new();
    let ran = stage.place.root.join("ran");
    let hook = json!({ "type": "command", "command": format!("touch '{}'", ran.display()) });
    let hooks = json!({ "hooks": { "UserPromptSubmit": [{ "hooks": [hook] }] } });
    std::fs::write(stage.place.root.join("codex-home/hooks.json"), hooks.to_string()).unwrap();
    let flag = "--dangerously-bypass-hook-trust";
    let by_call = json!({ "config": { "bypass_hook_trust": true } });
    for (flags, more, runs) in [(&[][..], json!({}), false), (&[flag], json!({}), true), (&[], by_call, true)]
    {
        requested(&mut stage.host().args(flags).start(), "model", &more);
        assert_eq!(std::fs::remove_file(&ran).is_ok(), runs, "{flags:?} {more}");
    }
}

#[test]
fn keys_that_codex_does_not_know() {
    let stage = Stage::new();
    configure(&stage, "modle = \"x\"");
    assert_eq!(with_flags(&stage, &[], "model"), "gpt-5.5");
    let refused =
        stage.host().args(&["--strict-config"]).start().call("codex", json!({ "prompt": "SAY hi" }));
    let text = refused["content"][0]["text"].as_str().unwrap();
    assert!(refused["isError"] == true && text.contains("modle"), "{refused}");
}

/// What `--trust` saves, for one session and unsaved.
#[test]
fn a_repository_is_trusted_for_one_session() {
    let stage = Stage::new();
    let work = stage.place.work();
    std::fs::create_dir_all(work.join(".codex")).unwrap();
    std::fs::create_dir(work.join(".git")).unwrap();
    std::fs::write(work.join(".codex/config.toml"), "model_reasoning_effort = \"low\"\n").unwrap();
    let config = stage.place.root.join("codex-home/config.toml");
    let before = std::fs::read_to_string(&config).unwrap();
    let mut host = stage.host().start();
    let trusted =
        json!({ "config": { "projects": { work.to_str().unwrap(): { "trust_level": "trusted" } } } });
    assert_eq!(requested(&mut host, "reasoning.effort", &trusted), "low");
    assert_eq!(requested(&mut host, "reasoning.effort", &json!({})), "medium");
    assert_eq!(std::fs::read_to_string(&config).unwrap(), before);
}

#[test]
fn instructions_stand_beside_codexs_own_or_instead_of_them() {
    let stage = Stage::new();
    let mut host = stage.host().start();
    let both = json!({ "base-instructions": "instead", "developer-instructions": "beside" });
    // Where codex puts them in the request has changed since 0.160.
    let [instead, beside] = match version().as_str() {
        "0.160.0" => ["instructions", "input.0.content.0.text"],
        _ => ["input.0.content.0.text", "input.1.content.0.text"],
    };
    assert_eq!(requested(&mut host, instead, &both), "instead");
    assert_eq!(requested(&mut host, beside, &both), "beside");
}

#[test]
fn the_environment_of_commands() {
    let stage = Stage::new();
    let config = json!({ "shell_environment_policy": { "set": { "MARK": "of-the-call" } } });
    let call = json!({ "prompt": "RUN echo mark=$MARK\nECHO", "config": config });
    let done = stage.host().start().structured("codex", call);
    assert!(done["content"].as_str().unwrap().contains("mark=of-the-call"), "{done}");
}

#[test]
fn what_a_turn_did_is_told_as_it_happens() {
    let stage = Stage::new();
    let mut host = stage.host().start();
    let call = json!({
        "prompt": "RUN echo one\nWRITE two.txt two\nSAY three", "sandbox": "workspace-write", "approval-policy": "never",
    });
    let done = host.structured("codex", call);
    assert_eq!(done["content"], "three");
    for member in ["input", "cached", "output", "reasoning"] {
        assert!(done["usage"][member].is_u64(), "{done}");
    }
    assert_eq!(done["changes"].as_array().unwrap().len(), 1, "{done}");
    let events = host.events(&done["threadId"]);
    let has = |kind: &str| events.iter().any(|event| event["type"] == kind);
    for kind in [
        "session_started",
        "turn_started",
        "user_message",
        "tool_call",
        "tool_result",
        "assistant_message",
        "usage",
        "turn_finished",
    ] {
        assert!(has(kind), "{kind}: {events:#?}");
    }
    for tool in ["command", "file_change"] {
        for kind in ["tool_call", "tool_result"] {
            let told = events.iter().any(|event| event["type"] == kind && event["tool"] == tool);
            assert!(told, "{kind} of {tool}: {events:#?}");
        }
    }
    let pieces = host.structured("codex", json!({ "prompt": "STREAM 3" }));
    let events = host.events(&pieces["threadId"]);
    assert!(events.iter().any(|event| event["type"] == "assistant_delta"), "{events:#?}");
    let failed = host.call("codex", json!({ "prompt": "FAIL" }));
    let told = &failed["structuredContent"];
    assert!(told["status"] == "failed" && told["error"]["message"].is_string(), "{failed}");
    let events = host.events(&told["threadId"]);
    let ended = events.iter().find(|event| event["type"] == "turn_finished").unwrap();
    assert!(ended["status"] == "failed" && ended["error"] == told["error"], "{ended}");
    let error = events.iter().find(|event| event["type"] == "error");
    assert!(error.is_some_and(|error| error["message"].is_string()), "{events:#?}");
}

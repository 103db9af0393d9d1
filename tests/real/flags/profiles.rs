//! A profile of codex for one session: `config: {"profile": NAME}`.

use serde_json::{Value, json};

use super::super::Stage;
use super::{requested, with_flags};

fn profile(stage: &Stage, name: &str, text: &str) {
    std::fs::write(stage.place.root.join(format!("codex-home/{name}.config.toml")), text).unwrap();
}

fn named(name: &str) -> Value {
    json!({ "config": { "profile": name } })
}

#[test]
fn a_call_names_one() {
    let stage = Stage::new();
    profile(
        &stage,
        "fast",
        "model = \"gpt-5.4\"\nservice_tier = \"flex\"\nmodel_reasoning_effort = \"low\"\n",
    );
    profile(&stage, "slow", "model_reasoning_effort = \"high\"\nsandbox_mode = \"workspace-write\"\n");
    assert_eq!(with_flags(&stage, &["-p", "fast"], "model"), "gpt-5.4");

    let flags = ["-p", "fast", "-m", "gpt-5.2", "-s", "read-only"];
    let mut host = stage.host().args(&flags).start();
    assert_eq!(requested(&mut host, "reasoning.effort", &json!({})), "low");
    assert_eq!(requested(&mut host, "reasoning.effort", &named("slow")), "high", "above the flag's");
    assert_eq!(requested(&mut host, "model", &json!({})), "gpt-5.2");
    assert_eq!(requested(&mut host, "model", &named("fast")), "gpt-5.4", "what the call says counts");
    let more = json!({ "config": { "profile": "slow", "model_reasoning_effort": "medium" } });
    assert_eq!(requested(&mut host, "reasoning.effort", &more), "medium", "its own keys lie above");
    let more = json!({ "effort": "medium", "config": { "profile": "slow" } });
    assert_eq!(requested(&mut host, "reasoning.effort", &more), "medium");

    let call = json!({ "prompt": "RUN touch new\nSAY done", "approval-policy": "never", "config": { "profile": "slow" } });
    let done = host.structured("codex", call);
    assert!(stage.place.work().join("new").exists(), "its sandbox counts too: {done}");
    host.close_stdin();
    host.ended();
    // What the session was given stays its own, also when the profile has gone.
    std::fs::remove_file(stage.place.root.join("codex-home/slow.config.toml")).unwrap();
    let more = json!({ "threadId": done["threadId"], "prompt": "RUN touch newer\nREQUEST reasoning.effort" });
    assert_eq!(stage.host().start().structured("codex-reply", more)["content"], "high");
    assert!(stage.place.work().join("newer").exists());
}

#[test]
fn its_servers_are_those_of_the_session() {
    let stage = Stage::new();
    let server = env!("CARGO_BIN_EXE_fake-mcp-server");
    profile(&stage, "tools", &format!("[mcp_servers.mine]\ncommand = \"{server}\"\n"));
    let mut host = stage.host().start();
    let call = json!({
        "prompt": "MCP mine echo {\"a\":1}\nECHO", "sandbox": "danger-full-access", "approval-policy": "never",
        "config": { "profile": "tools" },
    });
    let done = host.structured("codex", call.clone());
    assert!(done["content"].as_str().unwrap().contains("answered"), "{done}");
    let events = host.events(&done["threadId"]);
    for kind in ["tool_call", "tool_result"] {
        assert!(events.iter().any(|event| event["type"] == kind && event["tool"] == "mcp"), "{events:#?}");
    }
    let mut limited = stage.host().env("CODEX_BRIDGE_LIMITS_MCP_ADD", "none").start();
    let refused = limited.call("codex", call);
    let text = refused["content"][0]["text"].as_str().unwrap();
    assert!(refused["isError"] == true && text.contains("config.profile") && text.contains("mine"), "{text}");
}

#[test]
fn one_that_cannot_be_used_is_refused_by_name() {
    let stage = Stage::new();
    profile(&stage, "there", "");
    profile(&stage, "other", "profile = \"there\"\n");
    profile(&stage, "broken", "a = = 1\n");
    std::fs::write(stage.place.root.join("outside.config.toml"), "model = \"x\"\n").unwrap();
    let mut host = stage.host().start();
    let home = stage.place.root.join("codex-home").display().to_string();
    for (name, words) in [
        (json!("gone"), vec!["config.profile \"gone\"", "gone.config.toml", &home, "broken, other, there"]),
        (json!("../outside"), vec!["config.profile \"../outside\"", "file name without folders"]),
        (json!("/etc/x"), vec!["file name without folders"]),
        (json!(""), vec!["file name without folders"]),
        (json!(5), vec!["`config.profile` is no text"]),
        (json!("other"), vec!["names another one"]),
        (json!("broken"), vec!["broken.config.toml cannot be used"]),
    ] {
        let refused = host.call("codex", json!({ "prompt": "SAY hi", "config": { "profile": name } }));
        let text = refused["content"][0]["text"].as_str().unwrap();
        assert_eq!(refused["isError"], true, "{name}: {text}");
        for word in words {
            assert!(text.contains(word), "{name}: {word} in {text}");
        }
    }
}

/// Whoever names one need not be whoever wrote it, and hears nothing of what is in it.
#[cfg(unix)]
#[test]
fn what_is_no_profile_is_not_shown_and_holds_nobody_up() {
    let stage = Stage::new();
    profile(&stage, "leak", "model = \"x\"\n[model_providers.x]\nexperimental_bearer_token = \"sk-SECRET\n");
    profile(&stage, "huge", &"# more\n".repeat(200_000));
    let pipe = stage.place.root.join("codex-home/pipe.config.toml");
    assert!(std::process::Command::new("mkfifo").arg(pipe).status().unwrap().success());
    let mut host = stage.host().start();
    for (name, words) in [
        ("leak", "leak.config.toml cannot be used; mend line 3, column"),
        ("huge", "huge.config.toml has more than 1048576 bytes"),
        ("pipe", "pipe.config.toml is no regular file"),
    ] {
        let refused = host.call("codex", json!({ "prompt": "SAY hi", "config": { "profile": name } }));
        let text = refused["content"][0]["text"].as_str().unwrap();
        assert!(refused["isError"] == true && text.contains(words), "{name}: {text}");
        assert!(!text.contains("sk-") && !text.contains("bearer"), "{text}");
    }
}

/// A profile may hold any key. So only who may give any, or is allowed profiles and what is in them, may use one.
#[test]
fn one_is_no_way_around_the_limits() {
    let stage = Stage::new();
    profile(&stage, "wide", "sandbox_mode = \"danger-full-access\"\n");
    profile(&stage, "tier", "service_tier = \"flex\"\n");
    let limited = |keys: &str| stage.host().env("CODEX_BRIDGE_LIMITS_CONFIG", keys).start();
    for name in ["tier", "gone"] {
        let refused =
            limited("safe").call("codex", json!({ "prompt": "SAY hi", "config": { "profile": name } }));
        let text = refused["content"][0]["text"].as_str().unwrap();
        assert!(refused["isError"] == true && text.contains("profile") && !text.contains("wide"), "{text}");
    }
    let keys = "[\"profile\", \"service_tier\"]";
    assert_eq!(requested(&mut limited(keys), "service_tier", &named("tier")), "flex");
    let refused = limited(keys).call("codex", json!({ "prompt": "SAY hi", "config": { "profile": "wide" } }));
    let text = refused["content"][0]["text"].as_str().unwrap();
    assert!(refused["isError"] == true && text.contains("sandbox_mode"), "{text}");
    // With any key, the other limits still hold.
    let mut host = stage
        .host()
        .env("CODEX_BRIDGE_LIMITS_CONFIG", "any")
        .env("CODEX_BRIDGE_LIMITS_SANDBOX", "workspace-write")
        .start();
    let refused = host.call("codex", json!({ "prompt": "SAY hi", "config": { "profile": "wide" } }));
    let text = refused["content"][0]["text"].as_str().unwrap();
    assert!(refused["isError"] == true && text.contains("danger-full-access"), "{text}");
}

/// What codex makes of a wrong profile is told without what stands in it.
#[test]
fn what_stands_in_a_profile_is_in_no_error() {
    const SECRET: &str = "hunter2SECRET";
    let stage = Stage::new();
    let wrong = [
        ("headers", format!("[model_providers.zz]\nname = \"z\"\nhttp_headers = \"{SECRET}\"\n")),
        ("variables", format!("[shell_environment_policy]\nset = \"{SECRET}\"\n")),
        ("sandbox", format!("sandbox_mode = \"{SECRET}\"\n")),
    ];
    let mut host = stage.host().start();
    for (name, text) in &wrong {
        profile(&stage, name, text);
        let answer = host.call("codex", json!({ "prompt": "SAY never", "config": { "profile": name } }));
        assert_eq!(answer["isError"], true, "{name}: {answer}");
        assert!(!answer.to_string().contains(SECRET), "{name}: {answer}");
    }
    // What the caller gave itself helps it to mend that.
    let own =
        json!({ "prompt": "SAY never", "config": { "shell_environment_policy": { "set": "mine-own" } } });
    let answer = host.call("codex", own);
    assert!(answer["isError"] == true && answer.to_string().contains("mine-own"), "{answer}");
}

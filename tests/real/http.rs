//! Over HTTP, with the real codex: the official clients in both eras, Claude Code, and what the limits of a token come to.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use super::Stage;
use crate::common::http::{Served, token};

/// A script of an official client to its good end.
fn client(program: &Path, script: &str, mode: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let stage = Stage::new();
    let served = Served::start(&stage.host(), &[("client", "")]);
    let output = Command::new(program)
        .arg(root.join("tests").join(script))
        .args([mode, &format!("http://{}/mcp", served.address)])
        .env("BRIDGE_TOKEN", token("client"))
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{words}\n{}\n{}",
        String::from_utf8_lossy(&output.stderr),
        served.logged()
    );
    assert!(words.contains("done"), "{words}");
}

fn python(script: &str, mode: &str) {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/python/bin/python");
    assert!(python.exists(), "the Python client is not installed: run scripts/test.sh once");
    client(&python, script, mode);
}

#[test]
fn python_legacy_with_a_dialog() {
    python("python/host.py", "legacy");
}

#[test]
fn python_modern_with_a_retry() {
    python("python/host.py", "retry");
}

#[test]
fn python_modern_with_the_tool() {
    python("python/host.py", "tool");
}

#[test]
fn python_legacy_follows_by_subscription() {
    python("python/follow.py", "legacy");
}

#[test]
fn python_modern_follows_by_subscription() {
    python("python/follow.py", "modern");
}

#[test]
fn typescript_legacy_follows_by_subscription() {
    client(Path::new("node"), "node/follow.mjs", "legacy");
}

#[test]
fn typescript_modern_follows_by_subscription() {
    client(Path::new("node"), "node/follow.mjs", "modern");
}

/// What codex's own configuration makes of a call counts against the token's limits too.
#[test]
fn a_token_limits_what_codex_makes_of_a_call() {
    let stage = Stage::new();
    let config = stage.place.root.join("codex-home/config.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("sandbox_mode = \"workspace-write\"\n{text}")).unwrap();
    let tokens = [("reads", "sandbox = \"read-only\""), ("writes", "")];
    let served = Served::start(&stage.host(), &tokens);
    let call = |name: &str, more: serde_json::Value| {
        let mut arguments = json!({ "prompt": "SAY hello", "wait": 50 });
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        served.client(name).modern(json!({})).call("codex", arguments)["structuredContent"].clone()
    };
    assert_eq!(call("reads", json!({}))["error"]["code"], "limit");
    assert_eq!(call("reads", json!({ "sandbox": "read-only" }))["content"], "hello");
    assert_eq!(call("writes", json!({}))["content"], "hello");
}

/// A real Claude Code, whose model is scripted, delegates to codex and approves what it asks.
#[test]
fn claude_code_runs_a_task_with_an_approval() {
    let node = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/node");
    let claude = node.join("claude/node_modules/.bin/claude");
    assert!(claude.exists(), "Claude Code is not installed: run scripts/test.sh once");
    let mut model =
        Command::new("node").arg(node.join("claude-model.mjs")).stdout(Stdio::piped()).spawn().unwrap();
    let mut port = String::new();
    BufReader::new(model.stdout.take().unwrap()).read_line(&mut port).unwrap();
    let stage = Stage::new();
    let served = Served::start(&stage.host(), &[("claude", "")]);
    let server = json!({
        "type": "http", "url": format!("http://{}/mcp", served.address),
        "headers": { "Authorization": format!("Bearer {}", token("claude")) },
    });
    let config = stage.place.root.join("mcp.json");
    std::fs::write(&config, json!({ "mcpServers": { "codex": server } }).to_string()).unwrap();
    let out = Command::new(claude)
        .args(["-p", "Delegate.", "--strict-mcp-config", "--model", "claude-sonnet-4-5", "--mcp-config"])
        .arg(&config)
        .args(["--allowedTools", "mcp__codex__codex,mcp__codex__codex-approve"])
        .current_dir(stage.place.work())
        .stdin(Stdio::null())
        .env("HOME", stage.place.root.join("claude-home"))
        .envs([
            ("ANTHROPIC_BASE_URL", format!("http://127.0.0.1:{}", port.trim()).as_str()),
            ("ANTHROPIC_API_KEY", "scripted"),
            // Its model is asked at once, with all tools.
            ("ENABLE_TOOL_SEARCH", "false"),
            ("MCP_CONNECTION_NONBLOCKING", "false"),
            ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
            ("DISABLE_AUTOUPDATER", "1"),
        ])
        .output()
        .unwrap();
    let _ = model.kill();
    let _ = model.wait();
    let said = String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success(), "{said}\n{}", String::from_utf8_lossy(&out.stderr));
    assert!(said.contains("codex has ended") && said.contains("completed"), "{said}\n{}", served.logged());
    assert!(stage.place.work().join("made.txt").exists());
}

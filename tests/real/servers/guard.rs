//! codex is never handed the bridge that runs it, and where it is all the same, the depth ends it.

use std::process::Command;

use serde_json::json;

use super::{bridge, filed, own, said, shown, warnings};
#[cfg(target_os = "linux")]
use crate::common::marked;
use crate::real::Stage;

const BRIDGE: &str = env!("CARGO_BIN_EXE_codex-bridge");

#[test]
fn codex_is_not_handed_this_program_by_any_source() {
    let stage = Stage::new();
    let link = stage.place.root.join("some-link");
    #[cfg(unix)]
    std::os::unix::fs::symlink(BRIDGE, &link).unwrap();
    own(&stage, &format!("[mcp_servers.own]\ncommand = {BRIDGE:?}"));
    filed(
        &stage.place,
        &json!({ "mcpServers": { "filed": { "command": "npx", "args": ["-y", "codex-bridge"] } } }),
    );
    let mut host = bridge(&stage).start();
    let call = json!({
        "prompt": "SAY done", "mcp": { "add": { "added": { "command": link } } },
        "config": { "mcp_servers": { "configured": { "command": BRIDGE } } },
    });
    let done = host.structured("codex", call);
    assert_eq!(done["content"], "done", "{done}");
    let told = warnings(&mut host, &done["threadId"]);
    for name in ["own", "filed", "added", "configured"] {
        let named = told.iter().filter(|w| w.contains(&format!("`{name}`"))).count();
        assert_eq!(named, 1, "{name}: {told:#?}");
    }
    let all = shown(&mut host, &done["threadId"]);
    assert_eq!(all.as_object().unwrap().len(), 1, "{all}");
    assert_eq!(all["own"]["status"], "off", "{all}");
}

/// A copy under another name: no word and no script names us, so only the depth is left.
#[test]
fn codex_in_codex_stops_at_the_depth() {
    let stage = Stage::new();
    let copy = stage.place.root.join("helper");
    std::fs::copy(BRIDGE, &copy).unwrap();
    let add = json!({ "add": { "helper": { "command": copy, "env": { "CODEX_BRIDGE_DEPTH": "0" } } } });
    let call = json!({ "prompt": "MCP helper codex {\"prompt\":\"SAY inner\"}\nSAY done", "mcp": add });
    let mut host = bridge(&stage).start();
    let done = host.structured("codex", call);
    assert_eq!(done["content"], "done", "{done}");
    assert_eq!(shown(&mut host, &done["threadId"])["helper"]["status"], "ready");
    let answer = said(&mut host, &done["threadId"]).concat();
    for part in ["CODEX_BRIDGE_DEPTH is 1", "mcp.depth is 1", "set mcp.depth to 2"] {
        assert!(answer.contains(part), "{part}: {answer}");
    }
}

/// What this bridge's own reader would not take, but codex does.
#[test]
fn an_odd_entry_is_no_way_around() {
    let fake = super::FAKE;
    for odd in ["tool_timeout_sec = 0", "env_vars = [{ name = \"HOME\", source = \"local\" }]", "cwd = \"\""]
    {
        let stage = Stage::new();
        own(
            &stage,
            &format!(
                "[mcp_servers.own]\ncommand = {BRIDGE:?}\n{odd}\n[mcp_servers.plain]\ncommand = {fake:?}\n{odd}"
            ),
        );
        let mut host = bridge(&stage).start();
        let me = json!({ "command": BRIDGE, "tool_timeout_sec": 0, "startup_timeout_sec": -1 });
        let prompt = "MCP plain length {\"name\":\"CODEX_BRIDGE_DEPTH\"}\nSAY done";
        let call = json!({ "prompt": prompt, "config": { "mcp_servers": { "me": me } } });
        let done = host.structured("codex", call);
        let all = shown(&mut host, &done["threadId"]);
        assert_eq!((&all["own"]["status"], &all["me"]), (&json!("off"), &json!(null)), "{odd}: {all}");
        if odd.starts_with("cwd") || odd.starts_with("tool") {
            // codex does not get so far as to call it.
            continue;
        }
        assert_eq!(said(&mut host, &done["threadId"]), ["length Some(1)"], "{odd}");
    }
}

/// A session of the CLI: only codex knows its folder, whose own configuration it then goes by.
#[cfg(target_os = "linux")]
#[test]
fn a_session_of_another_program_is_guarded_in_its_folder() {
    let (stage, fake) = (Stage::new(), super::FAKE);
    let project = stage.place.work().join("project");
    std::fs::create_dir_all(project.join(".codex")).unwrap();
    let run = |command: &mut Command| assert!(command.status().unwrap().success());
    run(Command::new("git").args(["init", "-q"]).arg(&project));
    own(&stage, &format!("[projects.{:?}]\ntrust_level = \"trusted\"", project.display().to_string()));
    let mark = format!("planted-{}", stage.place.root.display());
    let servers = format!(
        "[mcp_servers.own]\ncommand = {BRIDGE:?}\n[mcp_servers.plain]\ncommand = {fake:?}\nenv = {{ MARK = {mark:?} }}"
    );
    std::fs::write(project.join(".codex/config.toml"), servers).unwrap();
    let thread = stage.of_the_cli(&project, &["SAY one"]);

    let reply = json!({ "threadId": thread, "prompt": "SAY two" });
    let mut host = bridge(&stage).alone().start();
    let done = host.structured("codex-reply", reply.clone());
    assert_eq!(done["content"], "two", "{done}");
    let all = shown(&mut host, &thread);
    assert_eq!((&all["own"]["status"], &all["plain"]["status"]), (&json!("off"), &json!("ready")), "{all}");
    // The CLI's policy lets no tool be called, so the processes are looked at.
    let started = marked(&mark);
    assert!(!started.is_empty());
    for (pid, words) in started {
        let env = std::fs::read_to_string(format!("/proc/{pid}/environ")).unwrap();
        assert!(env.contains("CODEX_BRIDGE_DEPTH=1"), "{words}");
    }
    host.close_stdin();
    host.ended();

    // The folder is kept: another bridge goes by it too, and by what it says of codex's own servers.
    let mut host = bridge(&stage).alone().env("CODEX_BRIDGE_MCP_INHERIT", "false").start();
    host.structured("codex-reply", reply);
    let all = shown(&mut host, &thread);
    assert_eq!((&all["own"]["status"], &all["plain"]["status"]), (&json!("off"), &json!("off")), "{all}");
    let kept: String = rusqlite::Connection::open(stage.place.root.join("state/journal.db"))
        .unwrap()
        .query_row("SELECT settings FROM sessions", [], |row| row.get(0))
        .unwrap();
    assert!(kept.contains(project.to_str().unwrap()), "{kept}");
}

#[test]
fn one_of_codexs_own_gets_the_depth_too() {
    let stage = Stage::new();
    let fake = super::FAKE;
    own(&stage, &format!("[mcp_servers.own]\ncommand = {fake:?}\nenv = {{ KEPT = \"kept\" }}"));
    let mut host = bridge(&stage).start();
    let prompt =
        "MCP own length {\"name\":\"CODEX_BRIDGE_DEPTH\"}\nMCP own length {\"name\":\"KEPT\"}\nSAY done";
    let done = host.structured("codex", json!({ "prompt": prompt }));
    assert_eq!(said(&mut host, &done["threadId"]), ["length Some(1)", "length Some(4)"]);
}

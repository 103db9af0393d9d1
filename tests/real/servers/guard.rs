//! codex is never handed the bridge that runs it, and where it is all the same, the depth ends it.

use serde_json::json;

use super::{bridge, filed, own, said, shown, warnings};
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

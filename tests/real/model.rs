//! The scripted model under the real codex, without the bridge: when this fails, so does all of
//! `real`, and the cause is not ours.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::{Stage, codex, packages, version};
use crate::app_server::AppServer;

/// The native binary, somewhere in npm's platform package.
pub fn native() -> PathBuf {
    codex();
    let mut folders = vec![packages(&version()).join("@openai")];
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let codex = path.join("bin").join(format!("codex{}", std::env::consts::EXE_SUFFIX));
            if codex.is_file() && path.parent().is_some_and(|parent| parent.ends_with("vendor")) {
                return codex;
            }
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
    panic!("no native codex below its packages: run scripts/test.sh once");
}

#[test]
fn a_script_drives_the_real_codex() {
    let stage = Stage::new();
    let home = stage.place.root.join("codex-home");
    let env = [("CODEX_HOME", home.as_path()), ("SCRIPTED_KEY", Path::new("scripted"))];
    let mut server = AppServer::start(&native(), &env);
    let thread = server.thread(json!({
        "cwd": stage.place.work(), "sandbox": "workspace-write", "approvalPolicy": "untrusted",
    }));
    server.turn(&thread, "WRITE hello.txt hi\nSAY it is there");
    let question = server.hear("item/fileChange/requestApproval");
    let hello = stage.place.work().join("hello.txt");
    assert!(!hello.exists(), "nothing is written before the answer");
    server.send(&json!({ "id": question["id"], "result": { "decision": "accept" } }));

    let ended = server.hear("turn/completed");
    assert_eq!(ended["params"]["turn"]["status"], "completed", "{ended}");
    assert_eq!(std::fs::read_to_string(hello).unwrap(), "hi\n");
    let usage = server.heard.iter().rfind(|m| m["method"] == "thread/tokenUsage/updated").unwrap();
    assert_eq!(usage["params"]["tokenUsage"]["total"]["totalTokens"], 240, "one request a step: {usage}");
    assert_eq!(server.end(), Some(0));
}

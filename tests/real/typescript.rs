//! The official TypeScript client, in both eras, against the real codex.

use std::path::Path;
use std::process::Command;

use super::{Stage, codex};

fn follow(mode: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let stage = Stage::new();
    let output = Command::new("node")
        .arg(root.join("tests/node/follow.mjs"))
        .args([mode, env!("CARGO_BIN_EXE_codex-bridge")])
        .current_dir(stage.place.work())
        .env("CODEX_BRIDGE_CODEX_BIN", codex())
        .env("CODEX_BRIDGE_JOURNAL_PATH", stage.place.root.join("state/journal.db"))
        .env("CODEX_HOME", stage.place.root.join("codex-home"))
        .env("HOME", &stage.place.root)
        .env("SCRIPTED_KEY", "scripted")
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{words}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(words.contains("done"), "{words}");
}

#[test]
fn legacy_follows_by_subscription() {
    follow("legacy");
}

#[test]
fn modern_follows_by_subscription() {
    follow("modern");
}

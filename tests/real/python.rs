//! The official Python client, in both eras, against the real codex.

use std::path::Path;
use std::process::Command;

use super::{Stage, codex};

fn run(mode: &str) {
    let place = start("host.py", mode);
    assert!(place.work().join("made.txt").exists());
}

/// Runs a script to its good end; what it left.
fn start(script: &str, mode: &str) -> crate::common::Place {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join("target/python/bin/python");
    assert!(python.exists(), "the Python client is not installed: run scripts/test.sh once");
    let stage = Stage::new();
    let output = Command::new(python)
        .arg(root.join("tests/python").join(script))
        .args([mode, env!("CARGO_BIN_EXE_codex-bridge")])
        .current_dir(stage.place.work())
        .env("CODEX_BRIDGE_CODEX_BIN", codex())
        .env("CODEX_BRIDGE_JOURNAL_PATH", stage.place.root.join("state/journal.db"))
        .env("CODEX_HOME", stage.place.root.join("codex-home"))
        .env("SCRIPTED_KEY", "scripted")
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{words}\n{}", String::from_utf8_lossy(&output.stderr));
    stage.place
}

#[test]
fn legacy_with_a_dialog() {
    run("legacy");
}

#[test]
fn modern_with_a_retry() {
    run("retry");
}

#[test]
fn legacy_follows_by_subscription() {
    start("follow.py", "legacy");
}

#[test]
fn modern_follows_by_subscription() {
    start("follow.py", "modern");
}

#[test]
fn modern_with_the_tool() {
    run("tool");
}

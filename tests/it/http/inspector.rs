//! MCP's own Inspector, by HTTP, in both eras.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::common::http::{Served, token};
use crate::common::{Place, Setup};
use crate::conformance::node;

fn inspect(served: &Served, era: &str, more: &[&str]) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/node/inspector/node_modules");
    let program = folder.join(".bin/mcp-inspector");
    assert!(program.exists(), "the Inspector is not installed: run scripts/test.sh once");
    let out = Command::new(node())
        .arg(program)
        .args(["--cli", &format!("http://{}/mcp", served.address), "--transport", "http"])
        .args(["--protocol-era", era, "--format", "json", "-q"])
        .args(["--header", &format!("Authorization: Bearer {}", token("alice"))])
        .args(more)
        .env("HOME", served.log.parent().unwrap())
        .output()
        .unwrap();
    assert!(out.status.success(), "{out:?}");
    serde_json::from_slice(&out.stdout).unwrap_or_else(|error| panic!("{error}: {out:?}"))
}

#[test]
fn the_inspector_lists_and_calls() {
    let place = Place::new();
    let served = Served::start(&Setup::fake(&place), &super::PEOPLE);
    for era in ["legacy", "modern"] {
        let listed = inspect(&served, era, &["--method", "tools/list", "--strict"]);
        assert!(listed.to_string().contains("codex-sessions"), "{listed}");
        let arguments = json!({ "prompt": "say done", "wait": 50 }).to_string();
        let call = ["--method", "tools/call", "--tool-name", "codex", "--tool-args-json", &arguments];
        let done = inspect(&served, era, &call);
        assert!(done.to_string().contains("\"status\":\"completed\""), "{done}");
    }
}

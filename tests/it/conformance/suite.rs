//! Runs the suite, and reads what it found.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::common::http::{Served, token};
use crate::common::{Place, Setup};

/// A check that failed or warned, in the suite's words.
#[derive(Debug)]
#[expect(dead_code, reason = "shown by a test that fails")]
pub struct Wrong {
    pub check: String,
    pub status: String,
    pub message: String,
}

/// What the suite found.
pub struct Report {
    /// What is wrong, of each scenario that ran.
    pub wrongs: BTreeMap<String, Vec<Wrong>>,
    /// All that the suite said.
    pub said: String,
}

impl Report {
    pub fn scenarios(&self) -> impl Iterator<Item = &str> {
        self.wrongs.keys().map(String::as_str)
    }
}

/// Runs all scenarios against the fixtures over our code.
pub fn fixture() -> Report {
    let place = Place::new();
    let mut server = Command::new(env!("CARGO_BIN_EXE_conformance-server"))
        .arg(place.root.join("tasks.db"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut url = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut url).unwrap();
    let report = run(&place, url.trim(), "", None);
    // The end of its input ends it.
    drop(server.stdin.take());
    assert!(server.wait().unwrap().success());
    report
}

/// Runs all scenarios of a revision against the bridge itself, as it serves.
pub fn bridge(revision: &str) -> Report {
    let place = Place::new();
    let served = Served::start(&Setup::fake(&place), &[("suite", "requests = 100000")]);
    run(&place, &format!("http://{}/mcp", served.address), &token("suite"), Some(revision))
}

fn run(place: &Place, url: &str, token: &str, revision: Option<&str>) -> Report {
    let found = place.root.join("found");
    let suite = modules().join("@modelcontextprotocol/conformance/dist/index.js");
    assert!(suite.exists(), "the conformance suite is not installed: run scripts/test.sh once");
    let said = Command::new(node())
        .arg("--import")
        .arg(modules().with_file_name("with-token.mjs"))
        .arg(suite)
        .args(["server", "--suite", "all", "--url", url])
        .args(revision.iter().flat_map(|revision| ["--spec-version", revision]))
        .arg("--output-dir")
        .arg(&found)
        // The suite has no way to be given a token.
        .envs([("BRIDGE_URL", url), ("BRIDGE_TOKEN", token)])
        .output()
        .unwrap();
    let said = [said.stdout, said.stderr].map(|words| String::from_utf8_lossy(&words).into_owned()).concat();
    assert!(said.contains("=== SUMMARY ==="), "the suite did not run to its end: {said}");
    Report { wrongs: read(&found, &said), said }
}

/// `server-NAME-TIME/checks.json` of each scenario.
fn read(found: &Path, said: &str) -> BTreeMap<String, Vec<Wrong>> {
    let mut wrongs = BTreeMap::new();
    for entry in std::fs::read_dir(found).unwrap() {
        let folder = entry.unwrap();
        let name = folder.file_name().into_string().unwrap();
        let name = &name["server-".len()..name.len() - "-2026-07-28T00-00-00-000Z".len()];
        // A scenario that the suite gave up has none.
        let text = std::fs::read_to_string(folder.path().join("checks.json"))
            .unwrap_or_else(|_| panic!("`{name}` did not end: {said}"));
        let checks: Vec<Value> = serde_json::from_str(&text).unwrap();
        let word = |check: &Value, member: &str| check[member].as_str().unwrap_or_default().to_owned();
        let bad =
            checks.iter().filter(|check| matches!(check["status"].as_str(), Some("FAILURE" | "WARNING")));
        let bad = bad.map(|check| Wrong {
            check: word(check, "id"),
            status: word(check, "status"),
            message: word(check, "errorMessage"),
        });
        wrongs.insert(name.to_owned(), bad.collect());
    }
    wrongs
}

fn modules() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/node/node_modules")
}

/// The Node that is installed with the suite, which does not run on older ones; the system's where the
/// registry has none for this system.
pub fn node() -> PathBuf {
    let system = match std::env::consts::OS {
        "macos" => "darwin",
        "windows" => "win",
        other => other,
    };
    let processor = if cfg!(target_arch = "aarch64") { "arm64" } else { "x64" };
    let package = |scope: &str| modules().join(format!("{scope}-{system}-{processor}")).join("bin");
    let files = ["node", "node-bin"]
        .map(|scope| package(scope).join("node").with_extension(std::env::consts::EXE_EXTENSION));
    files.into_iter().find(|file| file.exists()).unwrap_or_else(|| PathBuf::from("node"))
}

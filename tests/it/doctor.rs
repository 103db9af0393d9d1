//! `codex-bridge doctor` where something is wrong that needs no real codex: each problem is named with its
//! remedy, and has its exit code. Unix: elsewhere there is no control socket. And `codex-bridge settings`, as a program reads it.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::common::{Place, Setup};

/// What a command says on stdout, and its exit code.
pub fn said(setup: &Setup<'_>, args: &[&str]) -> (String, i32) {
    let mut command = setup.command();
    let done = command.args(args).env("PATH", "/usr/bin:/bin").output().unwrap();
    let errors = String::from_utf8_lossy(&done.stderr);
    assert_eq!(errors, "", "{:?}", done.status);
    (String::from_utf8(done.stdout).unwrap(), done.status.code().unwrap())
}

/// What `doctor` says, the same in each run: no path of this machine, no time, no size, no process id.
pub fn examined(setup: &Setup<'_>, args: &[&str]) -> String {
    let (text, code) = said(setup, &[&["doctor"], args].concat());
    let root = setup.place.root.display().to_string();
    let real = setup.place.root.canonicalize().unwrap().display().to_string();
    let text = text.replace(&real, "ROOT").replace(&root, "ROOT");
    let text = text.replace(&setup.codex.display().to_string(), "CODEX");
    format!("{}\nexit code {code}", numbers(&text))
}

/// Numbers that differ from run to run, by what stands around them.
fn numbers(text: &str) -> String {
    let mut out = text.to_owned();
    for (before, after) in
        [("answered after ", " ms"), ("can be written, ", " KiB"), ("bridges that run: ", "\n")]
    {
        if let Some(start) = out.find(before).map(|at| at + before.len()) {
            let length = out[start..].find(after).unwrap();
            out.replace_range(start..start + length, "N");
        }
    }
    out
}

/// Only what is not as it should be, and its remedies.
pub fn wrong(text: &str) -> String {
    let mut shown = false;
    let lines = text.lines().filter(|line| {
        if !line.starts_with("      ") {
            shown = !line.starts_with("ok  ");
        }
        shown
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn state(place: &Place) -> PathBuf {
    place.root.join("state")
}

fn journal(place: &Place) -> PathBuf {
    std::fs::create_dir(state(place)).unwrap();
    std::fs::set_permissions(state(place), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    state(place).join("journal.db")
}

fn settings(place: &Place, name: &str, text: &str) {
    let folder = place.root.join("config/codex-bridge");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(name), text).unwrap();
}

#[test]
fn no_codex() {
    let place = Place::new();
    let setup = Setup::with(&place, place.root.join("no-codex"));
    insta::assert_snapshot!(examined(&setup, &[]));
}

#[test]
fn a_codex_that_is_no_program() {
    let place = Place::new();
    let text = place.root.join("text");
    std::fs::write(&text, "no program").unwrap();
    std::fs::set_permissions(&text, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    insta::assert_snapshot!(wrong(&examined(&Setup::with(&place, text), &[])));
}

#[test]
fn a_codex_that_does_not_say_its_version() {
    let place = Place::new();
    let script = place.root.join("script");
    std::fs::write(&script, "#!/bin/sh\nkill -STOP $$\n").unwrap();
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    insta::assert_snapshot!(wrong(&examined(&Setup::with(&place, script), &["--timeout", "3"])));
}

#[test]
fn a_codex_that_hangs() {
    let place = Place::new();
    let setup = Setup::fake(&place).env("CODEX_FAKE_NO_INITIALIZE", "1");
    insta::assert_snapshot!(wrong(&examined(&setup, &["--timeout", "3"])));
}

#[test]
fn a_codex_that_ends_at_once() {
    let place = Place::new();
    let setup = Setup::fake(&place).env("CODEX_FAKE_DIE_AT_START", "1");
    // Whether it had ended before it was asked to is a matter of luck.
    let text = examined(&setup, &[]).replace("code 1, as asked;", "code 1;");
    insta::assert_snapshot!(wrong(&text));
}

#[test]
fn settings_that_cannot_be_used() {
    let place = Place::new();
    settings(&place, "codex-bridge.toml", "[limits]\nrunning = \"many\"\n");
    let setup = Setup::fake(&place);
    insta::assert_snapshot!(examined(&setup, &[]));
    let (text, code) = said(&setup, &["doctor", "--json"]);
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (code, &report["ok"], report["checks"].as_array().unwrap().len()),
        (2, &Value::from(false), 12)
    );
}

#[test]
fn a_rule_that_cannot_be_used() {
    let place = Place::new();
    settings(&place, "codex-bridge.toml", "[[approvals.rules]]\naction = \"approve\"\n");
    insta::assert_snapshot!(wrong(&examined(&Setup::fake(&place), &[])));
}

#[test]
fn a_setting_that_nobody_knows() {
    let place = Place::new();
    settings(&place, "codex-bridge.toml", "[limits]\nruning = 3\n");
    insta::assert_snapshot!(wrong(&examined(&Setup::fake(&place), &[])));
}

#[test]
fn a_broken_mcp_json() {
    let cases = ["{ \"mcpServers\": { \"a\": sk-secret } }", "{ \"mcpServers\": [] }"].map(|text| {
        let place = Place::new();
        settings(&place, "mcp.json", text);
        wrong(&examined(&Setup::fake(&place), &[]))
    });
    let place = Place::new();
    let named = Setup::fake(&place).env("CODEX_BRIDGE_MCP_FILE", "gone.json");
    let named = wrong(&examined(&named, &[]));
    insta::assert_snapshot!(format!("{}\n\n{named}", cases.join("\n\n")));
}

#[test]
fn a_state_folder_that_cannot_be_written() {
    // Permissions do not bind root, who may run the tests: a file has no folders for anybody.
    let place = Place::new();
    std::fs::write(state(&place), "a file").unwrap();
    insta::assert_snapshot!(wrong(&examined(&Setup::fake(&place), &[])));
}

#[test]
fn a_state_folder_of_everybody() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    journal(&place);
    std::fs::set_permissions(state(&place), PermissionsExt::from_mode(0o755)).unwrap();
    insta::assert_snapshot!(wrong(&examined(&Setup::fake(&place), &[])));
}

#[test]
fn a_journal_of_a_newer_bridge() {
    let place = Place::new();
    let path = journal(&place);
    let db = rusqlite::Connection::open(&path).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    drop(db);
    let before = std::fs::read(&path).unwrap();
    insta::assert_snapshot!(wrong(&examined(&Setup::fake(&place), &[])));
    assert_eq!(std::fs::read(&path).unwrap(), before, "a newer file is never written");
}

#[test]
fn a_damaged_journal() {
    let place = Place::new();
    std::fs::write(journal(&place), "no database at all. ".repeat(500)).unwrap();
    let required = wrong(&examined(&Setup::fake(&place), &[]));
    let spare = Setup::fake(&place).env("CODEX_BRIDGE_JOURNAL_REQUIRED", "false");
    insta::assert_snapshot!(format!("{required}\n\n{}", wrong(&examined(&spare, &[]))));
}

#[test]
fn bridges_that_run_are_named_and_not_disturbed() {
    let place = Place::new();
    let mut host = Setup::fake(&place).alone().start();
    let started = host.structured("codex", serde_json::json!({ "prompt": "say before" }));
    let (text, code) = said(&Setup::fake(&place).alone(), &["doctor"]);
    assert!(text.contains(&format!("bridges that run: {}\n", host.child.id())), "{text}");
    assert_eq!(code, 0, "{text}");
    let arguments = serde_json::json!({ "threadId": started["threadId"], "prompt": "say after" });
    assert_eq!(host.structured("codex-reply", arguments)["status"], "completed");
}

#[test]
fn with_a_codex_that_answers_nothing_is_wrong() {
    let place = Place::new();
    let setup = Setup::fake(&place);
    let (text, code) = said(&setup, &["doctor", "--json"]);
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &report["ok"]), (0, &Value::from(true)), "{text}");
    // The fake has no schema to show.
    let odd: Vec<_> =
        report["checks"].as_array().unwrap().iter().filter(|check| check["status"] != "ok").collect();
    assert_eq!(odd.len(), 1, "{odd:?}");
    assert_eq!((&odd[0]["name"], &odd[0]["status"]), (&"methods".into(), &"warn".into()));
    assert!(Path::new(&state(&place)).join("journal.db").exists());
}

#[test]
fn settings_for_a_program() {
    let place = Place::new();
    settings(&place, "codex-bridge.toml", "[limits]\nrunning = 3\nzzz = 1\n");
    let setup = Setup::fake(&place);
    let (text, code) = said(&setup, &["settings", "--json", "-m", "gpt-6"]);
    let shown: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &shown["settings"]["limits"]["running"]["value"]), (0, &Value::from(3)));
    assert_eq!(shown["settings"]["codex"]["bin"]["origin"], "$CODEX_BRIDGE_CODEX_BIN");
    assert_eq!(shown["sessions"]["model"], "gpt-6");
    let (text, _) = said(&setup, &["settings"]);
    assert!(text.starts_with("# warning: ") && text.contains("limits.zzz is not a setting."), "{text}");
    text.parse::<toml::Table>().unwrap();
}

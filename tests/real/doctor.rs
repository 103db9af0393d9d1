//! `codex-bridge doctor` with the real codex: a healthy one, and what may be wrong with one.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use codex_bridge::codex::locate::{Lookup, locate};

use super::{OLD, Stage, codex, codex_of, version};
use crate::common::{Place, Setup};
use crate::doctor::wrong;

/// The same for each version of codex.
fn examined(setup: &Setup<'_>, args: &[&str]) -> String {
    crate::doctor::examined(setup, args).replace(&format!("codex: {}", version()), "codex: VERSION")
}

/// The native binary, so that no path of its package is shown.
fn native(launcher: PathBuf) -> PathBuf {
    locate(&Lookup { setting: Some(launcher), ..Lookup::default() }).unwrap().binary
}

fn host(stage: &Stage) -> Setup<'_> {
    Setup::with(&stage.place, native(codex()))
}

/// More of codex's configuration.
fn configure(place: &Place, text: &str) {
    let path = place.root.join("codex-home/config.toml");
    let before = std::fs::read_to_string(&path).unwrap_or_default();
    std::fs::write(path, format!("{before}\n{text}")).unwrap();
}

#[test]
fn a_healthy_machine() {
    let stage = Stage::new();
    insta::assert_snapshot!(examined(&host(&stage), &[]));
}

#[test]
fn nobody_is_signed_in() {
    let place = Place::new();
    let setup = Setup::with(&place, native(codex())).env("OPENAI_API_KEY", "sk-secret");
    insta::assert_snapshot!(wrong(&examined(&setup, &[])));
}

#[test]
fn an_api_key() {
    let place = Place::new();
    let setup = Setup::with(&place, native(codex()));
    let mut login = Command::new(&setup.codex);
    login.args(["login", "--with-api-key"]).env("CODEX_HOME", place.root.join("codex-home"));
    let mut login = login.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    std::io::Write::write_all(&mut login.stdin.take().unwrap(), b"sk-secret\n").unwrap();
    assert!(login.wait().unwrap().success());
    let text = examined(&setup, &[]);
    assert!(
        text.contains("ok    account: signed in with an API key\n") && text.ends_with("code 0"),
        "{text}"
    );
    assert!(!text.contains("sk-secret"), "{text}");
}

#[test]
fn a_provider_whose_key_is_not_set() {
    let stage = Stage::new();
    let setup = host(&stage).env("SCRIPTED_KEY", "");
    insta::assert_snapshot!(wrong(&examined(&setup, &[])));
}

#[test]
fn an_old_codex_lacks_something() {
    let stage = Stage::new();
    let setup = Setup::with(&stage.place, native(codex_of(OLD)));
    insta::assert_snapshot!(wrong(&examined(&setup, &[])));
}

#[test]
fn a_configuration_that_codex_does_not_read() {
    let place = Place::new();
    configure(&place, "model = = 3");
    let setup = Setup::with(&place, native(codex()));
    insta::assert_snapshot!(wrong(&examined(&setup, &[])));
}

#[test]
fn mcp_servers_that_do_not_start() {
    let stage = Stage::new();
    let good = env!("CARGO_BIN_EXE_fake-mcp-server");
    configure(
        &stage.place,
        &format!(
            "[mcp_servers.good]\ncommand = \"{good}\"\n\
             [mcp_servers.gone]\ncommand = \"/no/such/program\"\nrequired = true\n\
             [mcp_servers.off]\ncommand = \"/no/such/program\"\nenabled = false\n\
             [mcp_servers.web]\nurl = \"http://127.0.0.1:1/mcp?token=sk-secret\"\n"
        ),
    );
    let text = examined(&host(&stage), &[]);
    assert!(text.contains("ok    MCP server good: it answers; tools: "), "{text}");
    assert!(!text.contains("sk-secret"), "{text}");
    insta::assert_snapshot!(wrong(&text));
}

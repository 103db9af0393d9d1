//! The versions of codex that the bridge works with. Each test of `real` runs with each of them
//! (`TEST_CODEX`); here stands what they have in common without which the others would not say much.

use codex_bridge::codex::inspect::{MEASURED, OLDEST, lacking};
use serde_json::json;

use super::{NEWEST, OLD, Stage, codex, version};
use crate::app_server::AppServer;

/// By this answer the bridge knows that it must tell its user to update codex.
#[test]
fn a_method_that_codex_does_not_have() {
    let stage = Stage::new();
    let home = stage.place.root.join("codex-home");
    let mut server = AppServer::start(&super::model::native(), &[("CODEX_HOME", home.as_path())]);
    let answer = server.request("no/such", json!({}));
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains("unknown variant `no/such`"), "{answer}");
}

#[test]
fn a_session_says_which_codex_made_it() {
    let stage = Stage::new();
    let mut host = stage.host().start();
    let thread = host.structured("codex", json!({ "prompt": "SAY hi" }))["threadId"].clone();
    assert_eq!(host.events(&thread)[0]["codexVersion"], json!(version()), "{}", codex().display());
}

#[test]
fn what_is_tested_is_what_doctor_says() {
    assert_eq!((NEWEST, "0.160.0"), (MEASURED, OLDEST));
    assert_eq!(lacking(OLD).collect::<Vec<_>>(), ["does not say why an MCP server did not start"]);
    assert_eq!(lacking(&version()).count(), 0);
}

//! The protocol types that are written by hand, against the schema that the installed codex makes of
//! itself: a name that codex no longer has fails here, not at a user's.

use std::path::Path;
use std::process::Command;

use codex_bridge::codex::inspect::missing;
use codex_bridge::codex::protocol::{
    Capabilities, ClientInfo, ConfigReadParams, InitializeParams, LOOKED_FOR, LOOKS, McpServerStatusesParams,
    NOTIFICATIONS, REQUESTS, SERVER_REQUESTS, ThreadRef, ThreadStartParams, TurnRef, TurnStartParams,
    UserInput,
};
use codex_bridge::codex::protocol_account::{ACCOUNT_NOTIFICATIONS, ACCOUNT_REQUESTS, LoginRef};
use serde::Serialize;
use serde_json::{Value, json};

use super::codex;
use crate::common::Place;

fn schema(folder: &Path, name: &str) -> Value {
    let text = std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Every member that we write must be one that codex's type has.
fn has_members<T: Serialize>(definitions: &Value, name: &str, ours: &T) {
    let known = definitions[name]["properties"].as_object();
    let known = known.unwrap_or_else(|| panic!("codex has no type {name}"));
    let ours = serde_json::to_value(ours).unwrap();
    for member in ours.as_object().unwrap().keys() {
        assert!(known.contains_key(member), "{name} has no `{member}`: {:?}", known.keys());
    }
}

#[test]
fn the_installed_codex_has_every_name_that_is_used() {
    let place = Place::new();
    let out = place.root.join("schema");
    let status = Command::new(codex())
        .args(["app-server", "generate-json-schema", "--experimental", "--out"])
        .arg(&out)
        .env("CODEX_HOME", place.root.join("codex-home"))
        .status()
        .unwrap();
    assert!(status.success());
    let requests = schema(&out, "ClientRequest");
    let cases = [
        ("ClientRequest", REQUESTS),
        ("ClientRequest", LOOKS),
        ("ClientRequest", ACCOUNT_REQUESTS),
        ("ServerNotification", ACCOUNT_NOTIFICATIONS),
        ("ServerNotification", LOOKED_FOR),
        ("ServerNotification", NOTIFICATIONS),
        ("ServerRequest", SERVER_REQUESTS),
    ];
    for (name, ours) in cases {
        let missing: Vec<_> = missing(name, &schema(&out, name), ours).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    let text = || Some("x".to_owned());
    let definitions = &requests["definitions"];
    let start = ThreadStartParams {
        cwd: text(),
        model: text(),
        approval_policy: text(),
        sandbox: text(),
        config: json!({ "a": 1 }).as_object().cloned().unwrap(),
        base_instructions: text(),
        developer_instructions: text(),
        thread_source: text(),
        ..ThreadStartParams::default()
    };
    has_members(definitions, "ThreadStartParams", &start);
    let resume =
        ThreadStartParams { thread_id: text(), exclude_turns: Some(true), thread_source: None, ..start };
    has_members(definitions, "ThreadResumeParams", &resume);
    let input = vec![UserInput::Text { text: "x".into(), text_elements: [] }];
    let sandbox_policy = Some(json!({ "type": "dangerFullAccess" }));
    let turn = TurnStartParams {
        thread_id: "x".into(),
        input,
        model: text(),
        effort: text(),
        output_schema: Some(json!({})),
        sandbox_policy,
    };
    has_members(definitions, "TurnStartParams", &turn);
    let every = McpServerStatusesParams { detail: "toolsAndAuthOnly", limit: 1 };
    has_members(definitions, "ListMcpServerStatusParams", &every);
    has_members(definitions, "CancelLoginAccountParams", &LoginRef { login_id: "x".into() });
    has_members(definitions, "ConfigReadParams", &ConfigReadParams { cwd: "x".into() });
    let of_turn = TurnRef { thread_id: "x".into(), turn_id: "x".into() };
    has_members(definitions, "TurnInterruptParams", &of_turn);
    let of_thread = ThreadRef { thread_id: "x".into() };
    has_members(definitions, "ThreadBackgroundTerminalsCleanParams", &of_thread);
    let hello = InitializeParams {
        client_info: ClientInfo { name: "n", title: "t", version: "v" },
        capabilities: Capabilities { experimental_api: true },
    };
    has_members(definitions, "InitializeParams", &hello);
    has_members(definitions, "InitializeCapabilities", &hello.capabilities);
}

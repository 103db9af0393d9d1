//! What codex's answers come to. The answers are those of codex 0.169, and of 0.153 where it says less.

use serde_json::{Value, json};

use super::servers::servers;
use super::talk::account_of;
use super::*;
use crate::codex::protocol::{AccountRead, McpServerStatuses};

fn read<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

#[test]
fn who_is_signed_in() {
    let account = |account: Value, needed: bool, config: Value| {
        let answer: AccountRead =
            read(json!({ "account": account, "requiresOpenaiAuth": needed, "userId": null }));
        account_of(&answer, &config)
    };
    let nobody = account(Value::Null, true, json!({ "model_provider": null }));
    assert_eq!(nobody, Account { signed_in: None, needed: true, provider: None });
    let key = account(json!({ "type": "apiKey" }), true, json!({ "model_provider": "openai" }));
    assert_eq!(key, Account { signed_in: Some("with an API key".into()), needed: true, provider: None });
    let person = json!({ "type": "chatgpt", "email": "a@b.example", "planType": "plus" });
    assert_eq!(account(person, true, json!({})).signed_in.unwrap(), "with ChatGPT, plan plus");
    let own = json!({ "model_provider": "mine", "model_providers": { "mine": { "env_key": "MY_KEY" } } });
    let own = account(Value::Null, false, own);
    assert_eq!(own.provider, Some(Provider { name: "mine".into(), env_key: Some("MY_KEY".into()) }));
    assert!(!own.needed);
}

#[test]
fn how_each_server_is() {
    let layers = "MCP startup failed: handshaking with MCP server failed: Send message error Transport [a::B<c>] \
                  error: Client error: error sending request for url (http://u:p@h:1/mcp?token=sk-x), when send \
                  initialize request: Send message error Transport [a::B<c>] error: again";
    let said = "MCP startup failed: KEY=sk-secret1 is no key";
    let statuses: McpServerStatuses = read(json!({ "data": [
        { "name": "good", "serverInfo": { "name": "x" }, "tools": { "a": {}, "b": {} }, "authStatus": "unsupported" },
        { "name": "web", "tools": {}, "toolsError": layers, "authStatus": "unknown" },
        { "name": "says", "tools": {}, "toolsError": said, "authStatus": "unsupported" },
        { "name": "silent", "serverInfo": null, "tools": {}, "authStatus": "unsupported" },
        { "name": "off", "serverInfo": null, "tools": {}, "authStatus": "unsupported" },
        { "name": "out", "tools": {}, "toolsError": "401", "authStatus": "notLoggedIn" },
    ] }));
    let config = json!({ "mcp_servers": {
        "web": { "url": "http://u:p@h:1/mcp?token=sk-x", "required": true },
        "says": { "command": "x", "env": { "KEY": "sk-secret1" } },
        "off": { "enabled": false },
    } });
    let failed = |error: Option<&str>| ServerState::Failed { error: error.map(str::to_owned) };
    let found: Vec<_> =
        servers(statuses, &config).into_iter().map(|s| (s.name, s.state, s.required)).collect();
    let expected = [
        ("good", ServerState::Ready { tools: 2 }, false),
        ("web", failed(Some("Client error: error sending request for url (…)")), true),
        ("says", failed(Some("KEY=… is no key")), false),
        ("silent", failed(None), false),
        ("off", ServerState::Off, false),
        ("out", ServerState::SignedOut, false),
    ];
    assert_eq!(found, expected.map(|(name, state, required)| (name.to_owned(), state, required)));
}

#[test]
fn a_version_is_three_numbers() {
    assert_eq!(version_parts("0.169.0"), Some([0, 169, 0]));
    assert_eq!(version_parts("0.170.0-alpha.3"), Some([0, 170, 0]));
    assert!(version_parts("0.99.0") < version_parts("0.153.4"));
    for none in ["", "codex", "1.2", "1.2.3.4", "1.x.3"] {
        assert_eq!(version_parts(none), None, "{none}");
    }
}

#[test]
fn what_codex_does_not_have_is_named() {
    let schema = json!({ "oneOf": [
        { "properties": { "method": { "enum": ["a/b"] } } }, { "properties": {} },
    ] });
    let missing: Vec<_> = missing("ClientRequest", &schema, &["a/b", "c/d"]).collect();
    assert_eq!(missing, [Missing { kind: "ClientRequest", method: "c/d" }]);
}

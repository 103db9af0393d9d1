//! What codex says of a sign-in, and what is made of it.

use serde_json::{Map, Value, json};

use super::*;
use crate::rpc::RpcError;

fn config(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

#[test]
fn the_remedy_is_that_of_the_provider() {
    let own = json!({
        "model_provider": "mine",
        "model_providers": {
            "mine": { "env_key": "MY_KEY" },
            "proxy": { "env_key": "UNUSED", "requires_openai_auth": true },
            "other": { "base_url": "http://h/v1" },
        },
    });
    let of = |given: Value| remedy(&own, &config(given)).words;
    assert!(of(json!({})).starts_with("set $MY_KEY to a valid key"), "{}", of(json!({})));
    for openai in ["openai", "proxy"] {
        let words = of(json!({ "model_provider": openai }));
        assert!(words.contains("`codex-bridge login`") && words.contains("`codex-bridge login --device`"));
    }
    assert!(of(json!({ "model_provider": "other" })).contains("provider `other`"));
    let none = remedy(&json!({}), &Map::new());
    assert!(none.words.contains("`codex-bridge login`") && none.sign_in);
    assert!(!remedy(&own, &Map::new()).sign_in);
    // Above codex's own, nested or dotted.
    for given in [
        json!({ "model_providers.mine.env_key": "NEW_KEY" }),
        json!({ "model_providers.mine": { "env_key": "NEW_KEY" } }),
        json!({ "model_providers": { "mine": { "env_key": "NEW_KEY" } } }),
    ] {
        assert!(of(given.clone()).starts_with("set $NEW_KEY"), "{given}");
    }
}

#[test]
fn a_fault_for_want_of_sign_in_is_known_in_each_of_codexs_words() {
    let yes = [
        ("token expired", json!("unauthorized")),
        ("unexpected status 401", json!({ "httpConnectionFailed": { "httpStatusCode": 401 } })),
        ("Reconnecting... 1/5", json!({ "responseStreamDisconnected": { "httpStatusCode": 401 } })),
        ("Missing environment variable: `MY_KEY`. Get one.", json!("other")),
    ];
    for (message, info) in yes {
        let fault = signed_out(message, &info).unwrap_or_else(|| panic!("{message}"));
        assert_eq!((fault.code.as_str(), fault.message.as_str()), ("unauthorized", message));
        assert_eq!(fault.remedy.unwrap().starts_with("set $MY_KEY "), message.contains("MY_KEY"));
    }
    let no = [
        ("x", json!("other")),
        ("x", json!({ "httpConnectionFailed": { "httpStatusCode": 403 } })),
        ("x", json!({ "httpConnectionFailed": { "httpStatusCode": null } })),
        ("x", Value::Null),
        ("it said: Missing environment variable: `X`.", json!("other")),
    ];
    for (message, info) in no {
        assert_eq!(signed_out(message, &info), None, "{info}");
    }
}

#[test]
fn codex_may_ask_for_another_sign_in_before_it_starts_anything() {
    let error = |data: Value| RpcError { code: -32600, message: "no".into(), data: Some(data) };
    assert!(relogin(&error(json!({ "errorCode": "Auth", "action": "relogin" }))));
    assert!(!relogin(&error(json!({ "errorCode": "RequestFailed" }))));
    let plain = |words: &str| RpcError { code: -32603, message: words.into(), data: None };
    assert!(relogin(&plain("failed: your refresh token has expired. Please log out and sign in again.")));
    assert!(!relogin(&plain("no")));
    assert_eq!(refused("no").0.code, "unauthorized");
}

/// The words are those of codex 0.169.
#[test]
fn each_end_of_a_sign_in_has_its_remedy() {
    let cases = [
        ("API key login is disabled. Use ChatGPT login instead.", "forced_login_method"),
        ("ChatGPT login is disabled. Use API key login instead.", "--with-api-key"),
        (
            "device code login is not enabled for this Codex server. Use the browser login or verify the server URL.",
            "security settings",
        ),
        ("device auth timed out after 15 minutes", "in time"),
        ("device auth failed with status 400 Bad Request", "refused, or is too old"),
        (
            "failed to request device code: error sending request for url (http://127.0.0.1:1/api?x=1)",
            "HTTPS_PROXY",
        ),
        ("Login server error: Login was not completed", "another sign-in"),
        ("Login server error: Login cancelled", "another sign-in"),
        ("Login server error: Sign-in failed: nope", "sign in again"),
    ];
    for (said, remedy) in cases {
        let fault = login_failed(said).0;
        assert!(fault.remedy.as_deref().unwrap().contains(remedy), "{fault:?}");
        assert_eq!(fault.code, "sign_in_failed");
        assert!(
            !fault.message.contains("?x=1") && !fault.message.contains("Login server error"),
            "{fault:?}"
        );
    }
}

#[test]
fn a_secret_is_shown_nowhere() {
    assert_eq!(format!("{:?}", Way::Key(Secret("sk-1".into()))), "Key(Secret(…))");
}

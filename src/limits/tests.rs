//! Each limit, what passes it, and what does not.

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::keys::is_within;
use super::*;
use crate::event::SessionInfo;

fn limits() -> Limits {
    Limits {
        roots: vec![PathBuf::from("/src")],
        sandbox: Some(Sandbox::WorkspaceWrite),
        models: vec!["small".into(), "large".into()],
        approval_policies: vec!["on-request".into()],
        config: ConfigLimit::Keys(SAFE.iter().map(|key| (*key).to_owned()).collect()),
        mcp_add: AddLimit::Named,
    }
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

fn try_config(limits: &Limits, config: Value) -> Result<(), LimitError> {
    let config = object(config);
    limits.check(&Wanted {
        cwd: Path::new("/src/x"),
        sandbox: None,
        approval_policy: None,
        model: None,
        config: &config,
    })
}

#[test]
fn without_limits_everything_passes() {
    let config = object(json!({ "sandbox_mode": "danger-full-access", "mcp_servers": { "x": {} } }));
    let wanted = Wanted {
        cwd: Path::new("/"),
        sandbox: Some("danger-full-access"),
        approval_policy: Some("never"),
        model: Some("any"),
        config: &config,
    };
    let none = Limits::default();
    assert_eq!(none.check(&wanted), Ok(()));
    assert_eq!(none.check_effective(&SessionInfo::default()), Ok(()));
    assert_eq!(none.add("mcp.add", &config), Ok(()));
}

#[test]
fn keys_are_the_same_nested_or_dotted() {
    for (config, refused) in [
        (json!({ "model_verbosity": "low", "personality": "pragmatic" }), None),
        (json!({ "model": "small" }), None),
        (json!({ "sandbox_mode": "read-only" }), Some("sandbox_mode")),
        (
            json!({ "sandbox_workspace_write": { "network_access": true } }),
            Some("sandbox_workspace_write.network_access"),
        ),
        (
            json!({ "sandbox_workspace_write.network_access": true }),
            Some("sandbox_workspace_write.network_access"),
        ),
        (json!({ "sandbox_workspace_write": {} }), Some("sandbox_workspace_write")),
        (json!({ "mcp_servers": { "x": { "command": "sh" } } }), Some("mcp_servers.x.command")),
        (json!({ "mcp_servers.x.command": "sh" }), Some("mcp_servers.x.command")),
        (json!({ "features": { "unified_exec": true } }), Some("features.unified_exec")),
        (
            json!({ "shell_environment_policy": { "set": { "PATH": "/x" } } }),
            Some("shell_environment_policy.set.PATH"),
        ),
        (json!({ "notify": ["sh", "-c", "x"] }), Some("notify")),
        (json!({ "profile": "mine" }), Some("profile")),
        (json!({ "model_providers": { "x": { "env_key": "K" } } }), Some("model_providers.x.env_key")),
        (json!({ "modelx": "small" }), Some("modelx")),
        (json!({ "MODEL": "small" }), Some("MODEL")),
        (json!({ "": "x" }), Some("")),
    ] {
        let result = try_config(&limits(), config.clone());
        match (result, refused) {
            (Ok(()), None) => {}
            (Err(LimitError::Key { key, .. }), Some(refused)) => assert_eq!(key, refused, "{config}"),
            (other, _) => panic!("{config}: {other:?}"),
        }
    }
}

/// Where the user allows all keys, what a value says still counts.
#[test]
fn values_count_where_all_keys_are_allowed() {
    let any = Limits { config: ConfigLimit::Any, ..limits() };
    for config in [
        json!({ "sandbox_mode": "danger-full-access" }),
        json!({ "sandbox_mode": ["danger-full-access"] }),
        json!({ "sandbox_mode": "something-new" }),
        json!({ "approval_policy": "never" }),
        json!({ "approval_policy": { "granular": {} } }),
        json!({ "model": "another" }),
    ] {
        assert!(try_config(&any, config.clone()).is_err(), "{config}");
    }
    assert_eq!(try_config(&any, json!({ "sandbox_mode": "read-only", "notify": ["x"] })), Ok(()));
}

#[test]
fn what_codex_made_of_it_counts() {
    let within = SessionInfo {
        cwd: "/src/x".into(),
        model: Some("small".into()),
        sandbox: Some("workspace-write".into()),
        approval_policy: Some("on-request".into()),
        ..SessionInfo::default()
    };
    assert_eq!(limits().check_effective(&within), Ok(()));
    for (name, above) in [
        ("folder", SessionInfo { cwd: "/srcx".into(), ..within.clone() }),
        ("no folder", SessionInfo { cwd: String::new(), ..within.clone() }),
        ("sandbox", SessionInfo { sandbox: Some("danger-full-access".into()), ..within.clone() }),
        ("a new sandbox", SessionInfo { sandbox: Some("external".into()), ..within.clone() }),
        ("no sandbox", SessionInfo { sandbox: None, ..within.clone() }),
        ("policy", SessionInfo { approval_policy: Some("granular".into()), ..within.clone() }),
        ("model", SessionInfo { model: Some("another".into()), ..within.clone() }),
    ] {
        assert!(limits().check_effective(&above).is_err(), "{name}");
    }
}

#[test]
fn servers_are_added_as_far_as_they_may_be() {
    for (limit, add, passes) in [
        (AddLimit::Any, json!({ "x": { "command": "sh" } }), true),
        (AddLimit::Named, json!({}), true),
        (AddLimit::Named, json!({ "docs": {} }), true),
        (AddLimit::Named, json!({ "docs": { "command": "sh" } }), false),
        (AddLimit::Named, json!({ "other": {} }), true),
        (AddLimit::Named, json!({ "docs": null }), false),
        (AddLimit::None, json!({}), true),
        (AddLimit::None, json!({ "docs": {} }), false),
    ] {
        let limits = Limits { mcp_add: limit, ..limits() };
        assert_eq!(limits.add("mcp.add", &object(add.clone())).is_ok(), passes, "{limit:?} {add}");
    }
}

#[test]
fn messages_name_the_limit_the_value_and_what_would_do() {
    let limits = limits();
    let empty = Map::new();
    let wanted = Wanted {
        cwd: Path::new("/src/x"),
        sandbox: None,
        approval_policy: None,
        model: None,
        config: &empty,
    };
    let none = Limits { mcp_add: AddLimit::None, ..limits.clone() };
    let add = object(json!({ "x": { "command": "sh" } }));
    let messages = [
        limits.check(&Wanted { cwd: Path::new("/etc"), ..wanted }),
        limits.check(&Wanted { sandbox: Some("danger-full-access"), ..wanted }),
        limits.check(&Wanted { approval_policy: Some("never"), ..wanted }),
        limits.check(&Wanted { model: Some("another"), ..wanted }),
        try_config(&limits, json!({ "notify": ["sh"] })),
        limits.add("mcp.add", &add),
        none.add("config.mcp_servers", &add),
    ];
    let words: Vec<String> = messages.into_iter().map(|message| message.unwrap_err().to_string()).collect();
    insta::assert_snapshot!(words.join("\n"));
}

proptest! {
    #[test]
    fn a_path_is_within_its_own_beginning(path in "[a-z]{1,4}(\\.[a-z]{1,4}){0,3}") {
        prop_assert!(is_within(&path, path.split('.').next().unwrap()));
        let longer = format!("{path}x");
        prop_assert!(!is_within(&longer, &path));
        let key = format!("{path}.x");
        prop_assert!(!is_within(&path, &key));
    }
}

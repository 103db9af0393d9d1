//! What a thread is started with, and what its turns get.

use std::sync::Arc;

use super::*;
use crate::session::Around;

fn plan(sandbox: Option<&str>, config: Value, own: Value) -> (Option<String>, Value, Map<String, Value>) {
    let Value::Object(config) = config else { panic!("an object") };
    let params = ThreadParams {
        sandbox: sandbox.map(Into::into),
        config,
        cwd: "/cwd".into(),
        ..ThreadParams::default()
    };
    let Sandboxed { start, config, turn } = sandboxed(&params, &own, Some(Path::new("/home/me")));
    (start, turn.unwrap_or_default(), config)
}

#[test]
fn a_thread_is_never_started_writable() {
    let write = "workspace-write";
    let own = json!({ "sandbox_mode": write, "sandbox_workspace_write": { "network_access": true } });
    for (sandbox, config, own, start, turn) in [
        (None, json!({}), json!({}), None, None),
        (None, json!({}), Value::Null, None, None),
        (None, json!({}), json!({ "sandbox_mode": null }), None, None),
        (Some("read-only"), json!({}), own.clone(), Some("read-only"), None),
        (None, json!({ "sandbox_mode": "read-only" }), own.clone(), Some("read-only"), None),
        (Some(write), json!({}), json!({}), Some("read-only"), Some("workspaceWrite")),
        (None, json!({ "sandbox_mode": write }), json!({}), Some("read-only"), Some("workspaceWrite")),
        (None, json!({}), own, Some("read-only"), Some("workspaceWrite")),
        (Some("danger-full-access"), json!({}), json!({}), Some("read-only"), Some("dangerFullAccess")),
        (Some("nonsense"), json!({}), json!({}), Some("nonsense"), None),
    ] {
        let case = format!("{sandbox:?} {config} {own}");
        let (started, policy, sent) = plan(sandbox, config, own);
        assert_eq!(started.as_deref(), start, "{case}");
        assert_eq!(policy["type"].as_str(), turn, "{case}");
        assert!(turn.is_none() || !sent.contains_key("sandbox_mode"), "{case}: {sent:?}");
    }
}

/// As codex itself makes of them when a thread starts.
#[cfg(unix)]
#[test]
fn folders_are_absolute() {
    let roots = json!(["sub", "./a/../b", "~", "~/x", "~other", "/there"]);
    let expected = json!(["/cwd/sub", "/cwd/./a/../b", "/home/me", "/home/me/x", "/cwd/~other", "/there"]);
    for (config, own) in [
        (json!({ "sandbox_workspace_write": { "writable_roots": roots } }), json!({})),
        (json!({ "sandbox_workspace_write.writable_roots": roots }), json!({})),
        (json!({}), json!({ "sandbox_workspace_write": { "writable_roots": roots } })),
    ] {
        let (_, policy, _) = plan(Some("workspace-write"), config, own);
        assert_eq!(policy["writableRoots"], expected);
    }
}

#[test]
fn the_call_wins_over_codexs_own_details() {
    let own = json!({ "sandbox_workspace_write": {
        "writable_roots": ["/own"], "network_access": true, "exclude_slash_tmp": true,
    } });
    for config in [
        json!({ "sandbox_workspace_write": { "writable_roots": ["/mine"], "network_access": false } }),
        json!({ "sandbox_workspace_write.writable_roots": ["/mine"], "sandbox_workspace_write.network_access": false }),
    ] {
        let (_, policy, _) = plan(Some("workspace-write"), config, own.clone());
        let expected = json!({
            "type": "workspaceWrite", "writableRoots": ["/mine"], "networkAccess": false,
            "excludeTmpdirEnvVar": false, "excludeSlashTmp": true,
        });
        assert_eq!(policy, expected);
    }
}

/// As codex's own `--add-dir`: beside those that are there, whoever says that the workspace may be written.
#[test]
fn more_folders_come_to_those_that_are_there() {
    let around = Arc::new(Around { add_dirs: vec!["/more".into()], ..Around::default() });
    let plan = |sandbox: Option<&str>, config: Value, own: Value| {
        let Value::Object(config) = config else { panic!("an object") };
        let sandbox = sandbox.map(Into::into);
        let params = ThreadParams {
            sandbox,
            config,
            cwd: "/cwd".into(),
            around: around.clone(),
            ..ThreadParams::default()
        };
        sandboxed(&params, &own, None)
    };
    let own = json!({ "sandbox_workspace_write": { "writable_roots": ["/own"], "network_access": true } });
    let nested = json!({ "sandbox_workspace_write": { "writable_roots": ["mine"] } });
    let dotted = json!({ "sandbox_workspace_write.writable_roots": ["mine"] });
    for (config, expected) in
        [(json!({}), ["/own", "/more"]), (nested, ["/cwd/mine", "/more"]), (dotted, ["/cwd/mine", "/more"])]
    {
        let turn = plan(Some("workspace-write"), config, own.clone()).turn.unwrap();
        assert_eq!((&turn["writableRoots"], &turn["networkAccess"]), (&json!(expected), &json!(true)));
    }
    let by_trust = plan(None, json!({}), own);
    assert_eq!(by_trust.turn, None);
    assert_eq!(by_trust.config["sandbox_workspace_write.writable_roots"], json!(["/own", "/more"]));
    assert_eq!(plan(Some("read-only"), json!({}), json!({})).turn, None, "it makes nothing writable");
}

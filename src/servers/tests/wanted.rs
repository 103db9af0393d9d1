//! `mcp` of a call, and `mcp_servers` of its `config`.

use serde_json::{Map, Value, json};

use crate::servers::{Inherit, Wanted};

fn config(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

#[test]
fn what_is_wrong_is_refused_by_name_and_without_a_value() {
    for (mcp, message) in [
        (json!("secret"), "`mcp` is a text; it takes an object"),
        (
            json!({ "inherits": true }),
            "unknown member `mcp.inherits`: did you mean `inherit`? `mcp` takes inherit, add",
        ),
        (json!({ "zzz": true }), "unknown member `mcp.zzz`: `mcp` takes inherit, add"),
        (json!({ "inherit": "secret" }), "`mcp.inherit` is a text; it takes true, false, or a list"),
        (json!({ "inherit": [1] }), "`mcp.inherit` is a list; it takes true, false, or a list"),
        (json!({ "add": ["secret"] }), "`mcp.add` is a list; it takes an object of servers by name"),
        (json!({ "add": { "x": "secret" } }), "`mcp.add.x` cannot be used: it is a text"),
        (
            json!({ "add": { "x": { "command": "c", "env": { "K": 1 } } } }),
            "`mcp.add.x` cannot be used: `env.K` is a number",
        ),
        (
            json!({ "add": { "x": { "command": "c", "argz": 1 } } }),
            "`mcp.add.x` cannot be used: `argz` is not a member of a server; did you mean `args`?",
        ),
        (
            json!({ "add": { "a b": { "command": "c" } } }),
            "`mcp.add.a b` cannot be used: its name may have letters",
        ),
    ] {
        let error = Wanted::parse(&mcp).unwrap_err().to_string();
        assert!(error.starts_with(message) && !error.contains("secret"), "{mcp}: {error}");
    }
    assert_eq!(Wanted::parse(&json!({ "add": { "x": {} } })).unwrap().switched_on(), ["x"]);
    for good in [json!({}), json!({ "inherit": null, "add": null }), json!({ "add": {} })] {
        assert!(Wanted::parse(&good).unwrap().is_empty(), "{good}");
    }
    // A member of hosts that codex has nothing like, and SSE, stop no call: its session is told.
    for good in [json!({ "command": "c", "trust": true }), json!({ "type": "sse", "url": "http://x" })] {
        assert!(Wanted::parse(&json!({ "add": { "x": good } })).is_ok());
    }
}

#[test]
fn servers_leave_the_rest_of_the_configuration() {
    for (given, rest, servers) in [
        (json!({ "model": "m" }), json!({ "model": "m" }), json!({})),
        (
            json!({ "mcp_servers": { "a": { "command": "c" } }, "x": 1 }),
            json!({ "x": 1 }),
            json!({ "a": { "command": "c" } }),
        ),
        (json!({ "mcp_servers.a": { "command": "c" } }), json!({}), json!({ "a": { "command": "c" } })),
        (
            json!({ "mcp_servers.a.env.B": "b", "mcp_servers.a.command": "c" }),
            json!({}),
            json!({ "a": { "command": "c", "env": { "B": "b" } } }),
        ),
        (json!({ "mcp_servers": {}, "mcp_serverss": 1 }), json!({ "mcp_serverss": 1 }), json!({})),
    ] {
        let (mut left, mut wanted) = (config(given.clone()), Wanted::default());
        wanted.absorb(&mut left).unwrap();
        assert_eq!((Value::Object(left), json!(wanted.config())), (rest, servers), "{given}");
    }
    let mut bad = config(json!({ "mcp_servers": "secret", "mcp_servers.a.b": 1 }));
    let error = Wanted::default().absorb(&mut bad).unwrap_err().to_string();
    assert!(error.starts_with("`config.mcp_servers` is a text") && !error.contains("secret"), "{error}");
    assert_eq!(bad.len(), 2, "it stays, for codex to refuse");
}

#[test]
fn it_is_kept_as_it_came_and_never_shown() {
    let mcp = json!({ "inherit": ["a"], "add": { "x": { "command": "c", "env": { "K": "secret", "V": "${VAR}" } } } });
    let mut wanted = Wanted::parse(&mcp).unwrap();
    wanted.absorb(&mut config(json!({ "mcp_servers.y.env.K": "secret" }))).unwrap();
    let kept = serde_json::to_value(&wanted).unwrap();
    assert!(kept.to_string().contains("${VAR}"));
    assert_eq!(serde_json::from_value::<Wanted>(kept).unwrap(), wanted);
    assert_eq!(format!("{wanted:?}"), "Wanted { inherit: Some(Named([\"a\"])), names: [\"x\", \"y\"] }");
    assert_eq!(wanted.names().collect::<Vec<_>>(), ["x", "y"]);
    let mut flags = Wanted::default();
    flags.absorb(&mut config(json!({ "mcp_servers.y.env.L": "l" }))).unwrap();
    flags.overlay(wanted);
    assert_eq!(json!(flags.config()), json!({ "y": { "env": { "K": "secret", "L": "l" } } }));
    assert_eq!(flags.inherit(), Some(&Inherit::Named(vec!["a".into()])));
}

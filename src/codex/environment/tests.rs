//! Which variables of a host reach the commands of its sessions.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::with_env;

fn set(config: Value, own: &Value) -> Value {
    let env = [("PATH", "/host"), ("VIRTUAL_ENV", "/venv"), ("MY_TOKEN", "t")];
    let env: BTreeMap<_, _> = env.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
    let Value::Object(mut config) = config else { panic!() };
    with_env(&mut config, own, &env);
    Value::Object(config)
}

#[test]
fn what_the_policy_lets_through() {
    let all = json!({ "PATH": "/host", "VIRTUAL_ENV": "/venv", "MY_TOKEN": "t" });
    let both = json!({ "PATH": "/host", "VIRTUAL_ENV": "/venv" });
    let own = |policy: Value| json!({ "shell_environment_policy": policy });
    let dotted = |set: &Value| json!({ "shell_environment_policy.set": set });
    let table = [
        (json!({}), json!({}), dotted(&all)),
        (json!({}), own(Value::Null), dotted(&all)),
        (json!({}), own(json!({ "inherit": "all", "exclude": null })), dotted(&all)),
        (json!({}), own(json!({ "inherit": "core" })), dotted(&json!({ "PATH": "/host" }))),
        (json!({}), own(json!({ "inherit": "none" })), json!({})),
        (json!({}), own(json!({ "ignore_default_excludes": false })), dotted(&both)),
        (json!({}), own(json!({ "exclude": ["my_*"] })), dotted(&both)),
        (json!({}), own(json!({ "exclude": ["*"] })), json!({})),
        (json!({}), own(json!({ "exclude": ["My?Token", "*Y_TOK", "TOKEN"] })), dotted(&both)),
        (json!({}), own(json!({ "exclude": ["*Y_TOK", "TOKEN", ""] })), dotted(&all)),
        // What the policy sets itself stays.
        (json!({}), own(json!({ "set": { "MY_TOKEN": "own" } })), dotted(&both)),
        (
            json!({ "shell_environment_policy": { "inherit": "all", "set": { "PATH": "/call" } } }),
            own(json!({ "inherit": "none" })),
            json!({ "shell_environment_policy": { "inherit": "all", "set": {
                "PATH": "/call", "VIRTUAL_ENV": "/venv", "MY_TOKEN": "t",
            } } }),
        ),
        (
            json!({ "shell_environment_policy.set": { "PATH": "/call" } }),
            json!({}),
            dotted(&json!({ "PATH": "/call", "VIRTUAL_ENV": "/venv", "MY_TOKEN": "t" })),
        ),
        (
            json!({ "shell_environment_policy.set.PATH": "/call", "shell_environment_policy.exclude": ["MY_TOKEN"] }),
            json!({}),
            json!({
                "shell_environment_policy.set.PATH": "/call",
                "shell_environment_policy.exclude": ["MY_TOKEN"],
                "shell_environment_policy.set": { "VIRTUAL_ENV": "/venv" },
            }),
        ),
        // For codex to refuse.
        (
            json!({ "shell_environment_policy.set": 1 }),
            json!({}),
            json!({ "shell_environment_policy.set": 1 }),
        ),
    ];
    for (config, own, expected) in table {
        assert_eq!(set(config.clone(), &own), expected, "{config} over {own}");
    }
}

#[test]
fn nothing_where_the_host_has_nothing_of_its_own() {
    let mut config = serde_json::Map::new();
    with_env(&mut config, &json!({}), &BTreeMap::new());
    assert!(config.is_empty());
}

//! Whose a variable is.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::variables::{Whose, named, whose};

#[test]
fn whose_variables_are() {
    let named: BTreeSet<String> = ["SCRIPTED".to_owned()].into();
    for (name, expected) in [
        ("OPENAI_API_KEY", Whose::All),
        ("OPENAI_BASE_URL", Whose::All),
        ("CODEX_HOME", Whose::All),
        ("CODEX_API_KEY", Whose::All),
        ("https_proxy", Whose::All),
        ("NO_PROXY", Whose::All),
        ("SSL_CERT_FILE", Whose::All),
        ("SCRIPTED", Whose::All),
        ("GITHUB_TOKEN", Whose::All),
        ("aws_secret_access_key", Whose::All),
        ("HOME", Whose::All),
        ("XDG_STATE_HOME", Whose::All),
        ("CODEX_BRIDGE_LOG_LEVEL", Whose::Setting),
        ("CODEX_BRIDGE_DEPTH", Whose::Nobody),
        ("CODEX_THREAD_ID", Whose::Nobody),
        ("CODEX_SANDBOX_NETWORK_DISABLED", Whose::Nobody),
        ("PWD", Whose::Nobody),
        ("_", Whose::Nobody),
        ("BASH_FUNC_module%%", Whose::Nobody),
        ("PATH", Whose::All),
        ("LANG", Whose::Any),
        ("LC_ALL", Whose::Any),
        ("VIRTUAL_ENV", Whose::Host),
        ("SSH_AUTH_SOCK", Whose::Host),
        ("VSCODE_GIT_IPC_AUTH_TOKEN", Whose::Host),
    ] {
        assert_eq!(whose(name, &named), expected, "{name}");
    }
}

#[test]
fn what_codexs_configuration_names() {
    let home = tempfile::tempdir().unwrap();
    let config = r#"
        model = "m"
        [model_providers.a]
        env_key = "A_KEY"
        env_http_headers = { "X-Feature" = "A_HEADER" }
        [mcp_servers.b]
        url = "http://b"
        bearer_token_env_var = "B_BEARER"
        [mcp_servers.c]
        command = "c"
        env_vars = ["C_ONE", { name = "C_TWO", source = "local" }]
        env = { KEEP = "not a name" }
    "#;
    std::fs::write(home.path().join("config.toml"), config).unwrap();
    let (nothing, servers) = (Map::new(), home.path().join("mcp.json"));
    let named = |given: &Map<String, Value>| named(home.path(), given, &servers);
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(named(&nothing), names(&["A_HEADER", "A_KEY", "B_BEARER", "C_ONE", "C_TWO"]));
    std::fs::write(home.path().join("config.toml"), "not = [toml").unwrap();
    assert_eq!(named(&nothing), names(&[]));
    // A flag or a profile, and the file of hosts.
    let given =
        json!({ "model_providers.a.env_key": "FLAG", "model_providers": { "b": { "env_key": "NESTED" } } });
    assert_eq!(named(given.as_object().unwrap()), names(&["FLAG", "NESTED"]));
    let text = r#"{"mcpServers":{"a":{"url":"http://a","headers":{"A":"Bearer ${PAT}"}},"b":{"command":"b","env_vars":["V"],"args":["${D:-x}"]}}}"#;
    std::fs::write(&servers, text).unwrap();
    assert_eq!(named(&nothing), names(&["D", "PAT", "V"]));
}

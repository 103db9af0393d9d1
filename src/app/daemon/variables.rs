//! Whose a variable is: the daemon's own, that of all hosts which share it, or one host's. Pure.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Map, Value};

use crate::config::DEPTH;

/// Whose a variable is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// Reaches codex itself, or may be a secret: hosts with another value have another daemon. A secret is not
    /// sent to codex with a session, since codex logs what it is sent.
    All,
    /// The daemon needs one, and whose does not matter; a host with another value has that for its commands.
    Any,
    /// A setting of the bridge: what it comes to is compared, not the variable.
    Setting,
    /// The host's: its commands and its `${VAR}` have it.
    Host,
    /// Of one process only.
    Nobody,
}

/// Variables of the user: another value is another user's state.
const OF_USER: [&str; 6] =
    ["HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"];

/// What any program wants to find.
const BASE: [&str; 8] =
    ["USER", "LOGNAME", "SHELL", "LANG", "TZ", "TMPDIR", "DBUS_SESSION_BUS_ADDRESS", "LANGUAGE"];

/// What a shell or a codex above says of one process.
const OF_PROCESS: [&str; 6] = ["_", "SHLVL", "PWD", "OLDPWD", "CODEX_THREAD_ID", DEPTH];

/// Words in the names of secrets.
const SECRET: [&str; 6] = ["KEY", "SECRET", "TOKEN", "PASSWORD", "PASSWD", "CREDENTIAL"];

/// Whose a variable is; `named`: those that codex's configuration names.
pub(super) fn whose(name: &str, named: &BTreeSet<String>) -> Whose {
    let upper = name.to_ascii_uppercase();
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if OF_PROCESS.contains(&name) || upper.starts_with("CODEX_SANDBOX") {
        return Whose::Nobody;
    }
    if upper.starts_with("CODEX_BRIDGE_") {
        return Whose::Setting;
    }
    let reaches = upper.starts_with("OPENAI_")
        || upper.starts_with("CODEX_")
        || upper.starts_with("SSL_CERT_")
        || upper.ends_with("_PROXY")
        || named.contains(name);
    // A window of an editor has keys of its own, for itself alone.
    let secret = !upper.starts_with("VSCODE_") && SECRET.iter().any(|word| upper.contains(word));
    // Where codex finds its own tools and its MCP servers; and what a session sets comes after the user's profile,
    // which may be what makes a path whole.
    if reaches || secret || name == "PATH" || OF_USER.contains(&name) {
        return Whose::All;
    }
    if BASE.contains(&name) || name.starts_with("LC_") {
        return Whose::Any;
    }
    // An exported function of a shell, and the like.
    if plain { Whose::Host } else { Whose::Nobody }
}

/// The variables that codex is told to look up: keys of providers, headers and variables of MCP servers, by its own
/// configuration, by the flags and the profile of a host, and by the file of MCP servers. A file that cannot be read
/// names none: who uses it says what is wrong with it.
pub(super) fn named(codex_home: &Path, given: &Map<String, Value>, servers: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let text = std::fs::read_to_string(codex_home.join("config.toml")).unwrap_or_default();
    look_in("", &toml::from_str(&text).unwrap_or_default(), &mut names);
    given.iter().for_each(|(key, value)| look_in(key, value, &mut names));
    let servers = std::fs::read_to_string(servers).unwrap_or_default();
    look_in("", &serde_json::from_str(&servers).unwrap_or_default(), &mut names);
    for rest in servers.split("${").skip(1) {
        names.extend(rest.split(['}', ':']).next().map(str::to_owned));
    }
    names
}

/// `key`: the value's, which may be dotted.
fn look_in(key: &str, value: &Value, names: &mut BTreeSet<String>) {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    match (key.rsplit('.').next().unwrap_or_default(), value) {
        ("env_key" | "bearer_token_env_var", value) => names.extend(text(value)),
        ("env_http_headers", Value::Object(headers)) => names.extend(headers.values().filter_map(text)),
        ("env_vars", Value::Array(all)) => {
            names.extend(all.iter().filter_map(|one| text(one).or_else(|| text(one.get("name")?))));
        }
        (_, Value::Object(members)) => members.iter().for_each(|(key, value)| look_in(key, value, names)),
        (_, Value::Array(all)) => all.iter().for_each(|value| look_in("", value, names)),
        _ => {}
    }
}

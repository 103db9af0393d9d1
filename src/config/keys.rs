//! Every key of the settings by name, and how text from the environment sets it.
//!
//! A test holds this table against [`Settings`], so that neither knows a key that the other lacks.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::approvals::{self, RouteSetting, RuleSettings};
use super::limits::{AddSetting, ConfigKeys, ConfigSetting, InheritSetting, PolicySetting, SandboxSetting};
use super::settings::{DisconnectSetting, LogLevel, Settings};
use super::{http, values};
use crate::event::Decision;

/// What all variables of the bridge begin with.
pub(super) const PREFIX: &str = "CODEX_BRIDGE_";

/// One key of the settings.
pub(super) struct Key {
    /// Section and name with a dot between, as in `codex.bin`.
    pub(super) name: &'static str,
    /// Sets it from text; the error is what was expected.
    pub(super) set: fn(&mut Settings, &OsStr) -> Result<(), String>,
}

impl Key {
    /// The variable that sets it: `CODEX_BRIDGE_CODEX_BIN`.
    pub(super) fn variable(&self) -> String {
        format!("{PREFIX}{}", self.name.replace('.', "_").to_ascii_uppercase())
    }
}

/// All keys.
pub(super) const KEYS: &[Key] = &[
    Key { name: "codex.bin", set: |to, from| put(&mut to.codex.bin, Ok(Some(from.into()))) },
    Key { name: "codex.home", set: |to, from| put(&mut to.codex.home, Ok(Some(from.into()))) },
    Key { name: "codex.args", set: |to, from| put(&mut to.codex.args, list(from)) },
    Key {
        name: "codex.release_after",
        set: |to, from| put(&mut to.codex.release_after, text(from).and_then(values::deadline_text)),
    },
    Key {
        name: "codex.health",
        set: |to, from| put(&mut to.codex.health, text(from).and_then(values::deadline_text)),
    },
    Key {
        name: "codex.stall",
        set: |to, from| put(&mut to.codex.stall, text(from).and_then(values::deadline_text)),
    },
    Key {
        name: "approvals.deadline",
        set: |to, from| put(&mut to.approvals.deadline, text(from).and_then(values::deadline_text)),
    },
    Key { name: "approvals.route", set: |to, from| put(&mut to.approvals.route, route(from)) },
    Key { name: "approvals.agent", set: |to, from| put(&mut to.approvals.agent, decisions(from)) },
    Key { name: "approvals.rules", set: |to, from| put(&mut to.approvals.rules, rules(from)) },
    Key {
        name: "wait.default",
        set: |to, from| put(&mut to.wait.default, text(from).and_then(values::span_text).map(Some)),
    },
    Key { name: "wait.hosts", set: |to, from| put(&mut to.wait.hosts, hosts(from)) },
    Key {
        name: "limits.running",
        set: |to, from| put(&mut to.limits.running, text(from).and_then(values::count_text)),
    },
    Key {
        name: "limits.queue",
        set: |to, from| put(&mut to.limits.queue, text(from).and_then(values::count_or_none_text)),
    },
    Key {
        name: "limits.sessions",
        set: |to, from| put(&mut to.limits.sessions, text(from).and_then(values::count_text)),
    },
    Key { name: "limits.sandbox", set: |to, from| put(&mut to.limits.sandbox, sandbox(from).map(Some)) },
    Key { name: "limits.roots", set: |to, from| put(&mut to.limits.roots, paths(from)) },
    Key { name: "limits.models", set: |to, from| put(&mut to.limits.models, list(from)) },
    Key {
        name: "limits.approval_policies",
        set: |to, from| put(&mut to.limits.approval_policies, policies(from)),
    },
    Key { name: "limits.config", set: |to, from| put(&mut to.limits.config, config(from).map(Some)) },
    Key { name: "limits.mcp_add", set: |to, from| put(&mut to.limits.mcp_add, add(from).map(Some)) },
    Key { name: "mcp.inherit", set: |to, from| put(&mut to.mcp.inherit, inherit(from)) },
    Key { name: "mcp.file", set: |to, from| put(&mut to.mcp.file, Ok(Some(from.into()))) },
    Key {
        name: "mcp.depth",
        set: |to, from| put(&mut to.mcp.depth, text(from).and_then(values::depth_text)),
    },
    Key {
        name: "limits.result_bytes",
        set: |to, from| put(&mut to.limits.result_bytes, text(from).and_then(values::result_bytes_text)),
    },
    Key { name: "daemon.enabled", set: |to, from| put(&mut to.daemon.enabled, switch(from)) },
    Key {
        name: "daemon.idle",
        set: |to, from| put(&mut to.daemon.idle, text(from).and_then(values::deadline_text)),
    },
    Key { name: "daemon.on_disconnect", set: |to, from| put(&mut to.daemon.on_disconnect, disconnect(from)) },
    Key {
        name: "http.listen",
        set: |to, from| put(&mut to.http.listen, text(from).and_then(http::listen_text)),
    },
    Key {
        name: "http.url",
        set: |to, from| put(&mut to.http.url, text(from).and_then(http::url_text).map(Some)),
    },
    Key { name: "http.hosts", set: |to, from| put(&mut to.http.hosts, list(from)) },
    Key { name: "http.insecure", set: |to, from| put(&mut to.http.insecure, switch(from)) },
    Key { name: "http.tokens", set: |to, from| put(&mut to.http.tokens, Ok(Some(from.into()))) },
    Key {
        name: "http.authorization_servers",
        set: |to, from| put(&mut to.http.authorization_servers, list(from).and_then(http::servers)),
    },
    Key {
        name: "http.connections",
        set: |to, from| put(&mut to.http.connections, text(from).and_then(values::count_text)),
    },
    Key {
        name: "http.sessions",
        set: |to, from| put(&mut to.http.sessions, text(from).and_then(values::count_text)),
    },
    Key {
        name: "http.idle",
        set: |to, from| put(&mut to.http.idle, text(from).and_then(values::deadline_text)),
    },
    Key {
        name: "http.requests",
        set: |to, from| put(&mut to.http.requests, text(from).and_then(values::count_text)),
    },
    Key {
        name: "http.drain",
        set: |to, from| put(&mut to.http.drain, text(from).and_then(values::span_text)),
    },
    Key {
        name: "journal.keep",
        set: |to, from| put(&mut to.journal.keep, text(from).and_then(values::deadline_text)),
    },
    Key {
        name: "journal.size",
        set: |to, from| put(&mut to.journal.size, text(from).and_then(values::megabytes_text)),
    },
    Key { name: "journal.required", set: |to, from| put(&mut to.journal.required, switch(from)) },
    Key { name: "journal.path", set: |to, from| put(&mut to.journal.path, Ok(Some(from.into()))) },
    Key { name: "log.level", set: |to, from| put(&mut to.log.level, level(from)) },
    Key { name: "log.file", set: |to, from| put(&mut to.log.file, Ok(Some(from.into()))) },
];

fn put<T>(place: &mut T, value: Result<T, String>) -> Result<(), String> {
    *place = value?;
    Ok(())
}

fn disconnect(from: &OsStr) -> Result<DisconnectSetting, String> {
    let name = text(from)?.trim();
    let found = DisconnectSetting::ALL.into_iter().find(|setting| setting.name() == name);
    found.ok_or_else(|| format!("one of {}", DisconnectSetting::ALL.map(DisconnectSetting::name).join(", ")))
}

fn sandbox(from: &OsStr) -> Result<SandboxSetting, String> {
    let name = text(from)?.trim();
    let sandbox = SandboxSetting::ALL.into_iter().find(|sandbox| sandbox.name() == name);
    sandbox.ok_or_else(|| format!("one of {}", SandboxSetting::ALL.map(SandboxSetting::name).join(", ")))
}

fn add(from: &OsStr) -> Result<AddSetting, String> {
    let name = text(from)?.trim();
    let add = AddSetting::ALL.into_iter().find(|add| add.name() == name);
    add.ok_or_else(|| format!("one of {}", AddSetting::ALL.map(AddSetting::name).join(", ")))
}

fn policies(from: &OsStr) -> Result<Vec<PolicySetting>, String> {
    let wanted = || {
        format!(
            "a list as in TOML, [\"on-request\"], of {}",
            PolicySetting::ALL.map(PolicySetting::name).join(", ")
        )
    };
    toml_value(from).ok_or_else(wanted)
}

fn paths(from: &OsStr) -> Result<Vec<PathBuf>, String> {
    toml_value(from).ok_or_else(|| r#"a list as in TOML: ["~/src", "/work"]"#.to_owned())
}

// A word stands in the environment without its quotes.
fn config(from: &OsStr) -> Result<ConfigSetting, String> {
    match text(from)?.trim() {
        "any" => Ok(ConfigSetting::Set(ConfigKeys::Any)),
        "safe" => Ok(ConfigSetting::Set(ConfigKeys::Safe)),
        _ => toml_value(from)
            .map(ConfigSetting::Keys)
            .ok_or_else(|| r#"any, safe, or a list of keys as in TOML: ["model_verbosity"]"#.to_owned()),
    }
}

fn inherit(from: &OsStr) -> Result<InheritSetting, String> {
    toml_value(from).ok_or_else(|| r#"true, false, or a list of names as in TOML: ["docs"]"#.to_owned())
}

fn switch(from: &OsStr) -> Result<bool, String> {
    match text(from)?.trim() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err("true or false".to_owned()),
    }
}

fn text(from: &OsStr) -> Result<&str, String> {
    from.to_str().ok_or_else(|| "text in UTF-8".to_owned())
}

fn level(from: &OsStr) -> Result<LogLevel, String> {
    let name = text(from)?.trim().to_ascii_lowercase();
    LogLevel::ALL
        .into_iter()
        .find(|level| level.name() == name)
        .ok_or_else(|| format!("one of {}", LogLevel::ALL.map(LogLevel::name).join(", ")))
}

fn route(from: &OsStr) -> Result<RouteSetting, String> {
    let name = text(from)?.trim().to_ascii_lowercase();
    let route = RouteSetting::ALL.into_iter().find(|route| route.name() == name);
    route.ok_or_else(|| format!("one of {}", RouteSetting::ALL.map(RouteSetting::name).join(", ")))
}

fn decisions(from: &OsStr) -> Result<Vec<Decision>, String> {
    let wanted = r#"a list as in TOML, ["approve", "decline"], of approve, approve-for-session, approve-always, decline, cancel, answer"#;
    toml_value(from).ok_or_else(|| wanted.to_owned())
}

// With the cause: a rule has many parts, and a variable no lines.
fn rules(from: &OsStr) -> Result<Vec<RuleSettings>, String> {
    #[derive(Deserialize)]
    #[serde(transparent)]
    struct Rules {
        #[serde(deserialize_with = "approvals::rules")]
        rules: Vec<RuleSettings>,
    }
    let read = toml::de::ValueDeserializer::parse(text(from)?.trim()).and_then(Rules::deserialize);
    read.map(|read| read.rules).map_err(|error| {
        format!(
            r#"a list of rules as in TOML, [{{ command = "git status", action = "approve" }}] ({})"#,
            error.message()
        )
    })
}

// A list in TOML and not words with spaces between: one rule for quoting, and the file's.
fn list(from: &OsStr) -> Result<Vec<String>, String> {
    toml_value(from).ok_or_else(|| r#"a list as in TOML: ["--first", "--second"]"#.to_owned())
}

fn hosts(from: &OsStr) -> Result<BTreeMap<String, Duration>, String> {
    #[derive(Deserialize)]
    #[serde(transparent)]
    struct Hosts {
        #[serde(deserialize_with = "values::spans_by_name")]
        hosts: BTreeMap<String, Duration>,
    }
    let hosts: Option<Hosts> = toml_value(from);
    hosts.map(|read| read.hosts).ok_or_else(|| r#"a table as in TOML: { "host-name" = 50 }"#.to_owned())
}

fn toml_value<T: DeserializeOwned>(from: &OsStr) -> Option<T> {
    T::deserialize(toml::de::ValueDeserializer::parse(from.to_str()?.trim()).ok()?).ok()
}

//! `--oss`: a model that a program on this machine serves. codex's app-server takes no such flag, so it
//! becomes configuration, as `codex exec` makes it.

use std::path::Path;

use serde_json::{Map, Value};

use super::ConfigError;

const KEY: &str = "oss_provider";

/// Who serves it: the flag, else the key of the flags' configuration, else that of codex's own.
pub(super) fn provider(
    flag: Option<&str>,
    config: &Map<String, Value>,
    codex_home: &Path,
) -> Result<String, ConfigError> {
    let named = flag.map(str::to_owned).or_else(|| config.get(KEY)?.as_str().map(str::to_owned));
    named
        .or_else(|| of_codex(codex_home))
        .ok_or_else(|| ConfigError::NoLocalProvider { config: codex_home.join("config.toml") })
}

/// A file that is not there, or is none, is for codex to complain of.
fn of_codex(codex_home: &Path) -> Option<String> {
    let text = std::fs::read_to_string(codex_home.join("config.toml")).ok()?;
    let table: toml::Table = text.parse().ok()?;
    Some(table.get(KEY)?.as_str()?.to_owned())
}

/// The model where no `-m` names one, as in codex.
pub(super) fn model(provider: &str) -> Option<&'static str> {
    match provider {
        "ollama" => Some("gpt-oss:20b"),
        "lmstudio" => Some("openai/gpt-oss-20b"),
        _ => None,
    }
}

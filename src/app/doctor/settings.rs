//! The settings, and the file of MCP servers that they name.

use std::io::ErrorKind;
use std::path::PathBuf;

use serde_json::Value;

use super::report::Check;
use crate::app::policy;
use crate::config::{ConfigError, Loaded};

const SETTINGS: &str = "settings";
const SERVERS: &str = "mcp.json";

/// Settings that could be read.
pub(super) fn settings(loaded: &Loaded) -> Check {
    if let Err(error) = policy(loaded) {
        return Check::fail(SETTINGS, error.to_string(), "Mend that rule, or take it out.").of_settings();
    }
    let file = loaded.file.display();
    if !loaded.warnings.is_empty() {
        let remedy = "Mend the name, or take it out; `codex-bridge settings` prints all that there are.";
        return Check::warn(SETTINGS, loaded.warnings.join("\n"), remedy);
    }
    Check::ok(
        SETTINGS,
        if loaded.file.exists() { file.to_string() } else { format!("no {file}: the defaults hold") },
    )
}

/// Settings that could not. The message has its remedy already.
pub(super) fn unusable(error: &ConfigError) -> Check {
    Check::fail(SETTINGS, error.to_string(), "Nothing else can be checked before that.").of_settings()
}

/// The file of MCP servers for codex, and whether somebody named it.
fn file(loaded: &Loaded) -> (PathBuf, bool) {
    let usual = || loaded.file.with_file_name("mcp.json");
    let setting = loaded.settings.mcp.file.clone();
    (setting.clone().unwrap_or_else(usual), setting.is_some())
}

/// Whether the file of MCP servers can be read, and is one.
pub(super) fn servers(loaded: &Loaded) -> Check {
    let (path, named) = file(loaded);
    let shown = path.display();
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound && !named => {
            return Check::ok(SERVERS, format!("no {shown}"));
        }
        Err(error) => {
            let remedy = "Name a file that can be read with mcp.file, or take that setting out.";
            return Check::fail(SERVERS, format!("{shown} cannot be read: {error}"), remedy).of_settings();
        }
    };
    let remedy = r#"It takes {"mcpServers": {NAME: {"command": …}}}; mend it, or move it away."#;
    let fault = match serde_json::from_str::<Value>(&text) {
        // Of the error only the place: its words may have a piece of the text, which may be a secret.
        Err(error) => format!("is not JSON at line {}, column {}", error.line(), error.column()),
        Ok(value) => match value.get("mcpServers").and_then(Value::as_object) {
            Some(servers) => return Check::ok(SERVERS, format!("{shown}; servers: {}", servers.len())),
            None => "has no object `mcpServers`".to_owned(),
        },
    };
    Check::fail(SERVERS, format!("{shown} {fault}"), remedy).of_settings()
}

//! The settings, and the file of MCP servers that they name.

use super::report::Check;
use crate::app::policy;
use crate::app::servers::sources;
use crate::config::{ConfigError, Loaded};
use crate::servers::{Sources, Wanted, gather};

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

/// Whether the file of MCP servers for codex can be used, and all that is in it.
pub(super) fn servers(loaded: &Loaded) -> Check {
    let (path, named) = &loaded.mcp_file;
    let shown = path.display();
    if !named && !path.exists() {
        return Check::ok(SERVERS, format!("no {shown}"));
    }
    let program = std::env::current_exe().ok();
    let sources = Sources { named: true, ..sources(loaded, program.as_deref()) };
    match gather(&sources, &Wanted::default(), &loaded.defaults.cwd, true) {
        Err(error) => {
            let remedy = "Until then codex gets the servers of its own configuration only.";
            Check::fail(SERVERS, error.to_string(), remedy).of_settings()
        }
        Ok(found) if found.warnings.is_empty() => {
            Check::ok(SERVERS, format!("{shown}; servers: {}", found.entries.len()))
        }
        Ok(found) => {
            let remedy = "Mend what is named, or take it out; the other servers are used.";
            Check::warn(SERVERS, found.warnings.join("\n"), remedy)
        }
    }
}

//! codex's own MCP servers, as `config/read` and `mcpServerStatus/list` tell of them.

use serde_json::Value;

use crate::codex::protocol::{McpServerStatus, McpServerStatuses};

/// One of codex's MCP servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct McpServer {
    /// Its name in codex's configuration.
    pub name: String,
    /// How it is.
    pub state: ServerState,
    /// Whether codex does not go on without it.
    pub required: bool,
}

/// How a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerState {
    /// It answers, and has so many tools.
    Ready {
        /// How many.
        tools: usize,
    },
    /// Somebody has to sign in first.
    SignedOut,
    /// It did not start.
    Failed {
        /// Why; codex 0.153 does not say.
        error: Option<String>,
    },
    /// The configuration has it switched off.
    Off,
}

/// The servers, with the configuration's word on which are wanted.
pub(super) fn servers(statuses: McpServerStatuses, config: &Value) -> Vec<McpServer> {
    let of = |status: McpServerStatus| {
        let config = &config["mcp_servers"][&status.name];
        let state = state(&status, config);
        McpServer { state, required: config["required"] == true, name: status.name }
    };
    statuses.data.into_iter().map(of).collect()
}

fn state(status: &McpServerStatus, config: &Value) -> ServerState {
    if config["enabled"] == false {
        return ServerState::Off;
    }
    if status.auth_status == "notLoggedIn" {
        return ServerState::SignedOut;
    }
    match &status.tools_error {
        Some(error) => ServerState::Failed { error: Some(without_secrets(cause(error), config)) },
        // A server that was cached as ready has tools, and one that answers has said who it is.
        None if status.server_info.is_null() && status.tools.is_empty() => {
            ServerState::Failed { error: None }
        }
        None => ServerState::Ready { tools: status.tools.len() },
    }
}

/// codex names each layer of its transport, then the cause, then all of them once more.
fn cause(error: &str) -> &str {
    let error = error.strip_prefix("MCP startup failed: ").unwrap_or(error);
    let error = error.split_once("] error: ").map_or(error, |(_, cause)| cause);
    error.split_once(", when send ").map_or(error, |(cause, _)| cause)
}

/// Without what the configuration gives the server and nobody else is to see: a URL may be in an error
/// with a token in it, and a server may say its environment when it fails.
fn without_secrets(error: &str, config: &Value) -> String {
    let mut error = error.to_owned();
    if let Some(url) = config["url"].as_str() {
        let origin: Vec<&str> = url.splitn(4, '/').take(3).collect();
        let origin = origin.join("/");
        let origin = if origin.contains('@') { "…" } else { &origin };
        error = error.replace(url, origin);
    }
    for table in ["env", "http_headers"] {
        let values = config[table].as_object().into_iter().flatten();
        for value in values.filter_map(|(_, value)| value.as_str()).filter(|value| value.len() > 3) {
            error = error.replace(value, "…");
        }
    }
    error
}

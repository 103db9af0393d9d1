//! What codex says of servers that do not start, without what is secret and without the names of its
//! own types. Pure.

use std::fmt;

use serde_json::Value;

use super::{MARK, known_as};
use crate::codex::connection::fault;
use crate::codex::environment::CORE;
use crate::event::Body;
use crate::servers::{Variables, origin};
use crate::session::{AgentError, ThreadParams};

/// Texts that no message may show.
#[derive(Clone, Default)]
pub(in crate::codex) struct Secrets(Vec<String>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}

impl Secrets {
    /// All texts of these entries that may be one, and the values of the variables that they name.
    pub fn of<'a>(entries: impl IntoIterator<Item = &'a Value>, variables: &Variables) -> Self {
        let mut all = Vec::new();
        for (key, value) in entries.into_iter().filter_map(Value::as_object).flatten() {
            let mut texts = Vec::new();
            collect(value, &mut texts);
            match key.as_str() {
                // What is not secret, or shown anyway.
                "command" | "environment_id" | "enabled_tools" | "disabled_tools" => {}
                "bearer_token_env_var" | "env_http_headers" | "env_vars" => {
                    all.extend(texts.iter().filter_map(|name| variables.get(name)).map(str::to_owned));
                }
                _ => all.extend(texts.into_iter().flat_map(parts)),
            }
        }
        Self::sorted(all)
    }

    /// What nothing may show of a thread that does not open: besides these, the texts of its configuration that
    /// its caller did not give itself, and its variables, but for those that say no more than where things are.
    pub fn of_open(&self, params: &ThreadParams) -> Self {
        let (mut said, mut all) = (Vec::new(), Vec::new());
        params.said.values().for_each(|value| collect(value, &mut said));
        let config = params.config.iter().filter(|(key, _)| !NAMES.contains(&key.as_str()));
        config.for_each(|(_, value)| collect(value, &mut all));
        all.retain(|text| !said.contains(text));
        let told = |name: &str| CORE.contains(&name) || TOLD.contains(&name);
        let variables = params.around.env.iter().filter(|(name, _)| !told(name));
        let variables = variables.map(|(_, value)| value).filter(|value| value.len() >= SHORTEST_VARIABLE);
        let all = all.into_iter().flat_map(parts).chain(variables.cloned()).chain(self.0.iter().cloned());
        Self::sorted(all.collect())
    }

    fn sorted(mut all: Vec<String>) -> Self {
        all.retain(|text| text.len() >= SHORTEST);
        // The longest first: one may be the beginning of another.
        all.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        all.dedup();
        Self(all)
    }

    /// A message without them.
    pub fn hide(&self, message: &str) -> String {
        self.0.iter().fold(message.to_owned(), |message, secret| message.replace(secret, "…"))
    }

    /// What codex says of itself and of servers, without them. What the model or a tool says stays.
    pub fn hide_in(&self, body: &mut Body) {
        let message = match body {
            Body::McpServer { error: Some(message), .. } | Body::Warning { message, .. } => message,
            Body::Error(error) => &mut error.message,
            _ => return,
        };
        *message = self.hide(message);
    }
}

/// A text, and what of it is often said alone: the token of `Bearer TOKEN`, the value of `--key=VALUE`, the
/// path of an address.
fn parts(text: String) -> Vec<String> {
    let path = text.strip_prefix(origin(&text)).filter(|path| path.len() < text.len());
    if path.is_some_and(|path| path.trim_matches('/').is_empty()) {
        // Whose an address is may be said.
        return Vec::new();
    }
    let value = text.split_once([' ', '=']).map(|(_, value)| value);
    let mut all: Vec<String> = path.into_iter().chain(value).map(str::to_owned).collect();
    all.push(text);
    all
}

/// Keys whose values are names, which a session is told of anyway.
const NAMES: [&str; 3] = ["model", "review_model", "model_provider"];

/// Variables that are in the way of no secret, besides those that a shell cannot do without.
const TOLD: [&str; 6] = ["PWD", "OLDPWD", "LANG", "TERM", "COLORTERM", "CODEX_HOME"];

/// Values of variables shorter than this are words, numbers, switches.
const SHORTEST_VARIABLE: usize = 8;

/// Texts shorter than this would take words of a sentence with them.
const SHORTEST: usize = 4;

fn collect(value: &Value, all: &mut Vec<String>) {
    match value {
        Value::String(text) => all.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| collect(value, all)),
        Value::Object(values) => values.values().for_each(|value| collect(value, all)),
        _ => {}
    }
}

/// Why a server did not start, as a person can use it: addresses without their paths, which may be
/// secrets, and each thing once.
pub(in crate::codex) fn plain_fault(error: &str) -> String {
    let error = error.split(", when send initialize request").next().unwrap_or(error);
    let mut out = String::with_capacity(error.len());
    let mut rest = error;
    while let Some(at) = rest.find("Send message error Transport [") {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        match rest.find("] error: ") {
            Some(end) => rest = &rest[end + "] error: ".len()..],
            None => break,
        }
    }
    out.push_str(rest);
    without_paths(&out.replace(&format!("{MARK}`"), "`"))
}

/// A text whose addresses end behind the port. codex's last words may have addresses of servers too.
pub(in crate::codex) fn without_paths(text: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = ["http://", "https://"].iter().filter_map(|scheme| rest.find(scheme)).min() {
        // All else may be part of a path; what only ends a sentence or a bracket may be said.
        let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '`' | '<' | '>');
        let word = &rest[at..rest[at..].find(ends).map_or(rest.len(), |end| at + end)];
        let url = word.trim_end_matches([')', ']', '\'', ',', '.', ';', ':']);
        let end = at + url.len();
        let shown = origin(url);
        out.push_str(&rest[..at]);
        out.push_str(shown);
        if shown.len() < url.len() {
            out.push_str("/…");
        }
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

/// codex's words where servers that a session needs did not start, as an error for its caller.
pub(in crate::codex) fn required_failed(message: &str) -> Option<AgentError> {
    const WORDS: &str = "required MCP servers failed to initialize: ";
    let (_, failed) = message.split_once(WORDS)?;
    let failed = plain_fault(failed);
    let each = failed.split("; ").map(|one| match one.split_once(": ") {
        Some((name, why)) => format!("`{}`: {why}", known_as(name)),
        None => one.to_owned(),
    });
    let each: Vec<_> = each.collect();
    let message =
        format!("no session was started, since an MCP server that it requires failed: {}", each.join("; "));
    let remedy = "mend its entry (codex's config.toml, mcp.json, or `mcp.add` of the call), or take \
                  `required` out of it, and call again";
    Some(fault("mcp_server_failed", message, Some(remedy)))
}

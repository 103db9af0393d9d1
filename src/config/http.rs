//! `[http]`: how `codex-bridge serve` is reached, and how much one who comes in may hold.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};

use super::values;

/// Where `codex-bridge serve` listens, where nothing else is said.
const LISTEN: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 8717));

/// How `codex-bridge serve` is reached.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct HttpSettings {
    /// Where it listens.
    #[serde(deserialize_with = "listen")]
    pub listen: SocketAddr,
    /// The address by which it is reached, where something stands in front of it (`https://bridge.example.com`).
    #[serde(deserialize_with = "optional_url")]
    pub url: Option<String>,
    /// Other names by which it is reached (`bridge.lan`, `bridge.lan:8717`).
    pub hosts: Vec<String>,
    /// Whether it may listen where others can reach it with nothing in front that encrypts: tokens would go in the
    /// clear.
    pub insecure: bool,
    /// The file of tokens; without it, `tokens.toml` beside the settings file.
    pub tokens: Option<PathBuf>,
    /// The authorisation servers whose tokens something in front of it takes.
    #[serde(deserialize_with = "urls")]
    pub authorization_servers: Vec<String>,
    /// Connections at once.
    #[serde(deserialize_with = "values::count")]
    pub connections: usize,
    /// MCP sessions (up to 2025-11-25) at once, of each token.
    #[serde(deserialize_with = "values::count")]
    pub sessions: usize,
    /// How long such a session may do nothing until it is ended.
    #[serde(deserialize_with = "values::deadline", serialize_with = "values::write_span")]
    pub idle: Duration,
    /// Requests a minute, of each token that says nothing else.
    #[serde(deserialize_with = "values::count")]
    pub requests: usize,
    /// How long calls may go on at the end before each is answered with a handle.
    #[serde(deserialize_with = "values::span", serialize_with = "values::write_span")]
    pub drain: Duration,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            listen: LISTEN,
            url: None,
            hosts: Vec::new(),
            insecure: false,
            tokens: None,
            authorization_servers: Vec::new(),
            connections: 1024,
            sessions: 256,
            idle: Duration::from_hours(1),
            requests: 1200,
            drain: Duration::from_secs(30),
        }
    }
}

/// An address to listen at, from text.
///
/// # Errors
/// What was expected.
pub fn listen_text(text: &str) -> Result<SocketAddr, String> {
    let text = text.trim();
    // A number alone is a port of this machine.
    let port = text.parse().map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    port.or_else(|_| text.parse())
        .map_err(|_| "an address and a port (\"127.0.0.1:8717\"), or a port alone".to_owned())
}

/// The address of a web site, from text: with no path of its own, since cookies and metadata are of the whole site.
///
/// # Errors
/// What was expected.
pub fn url_text(text: &str) -> Result<String, String> {
    let text = text.trim().trim_end_matches('/');
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let good = rest.is_some_and(|rest| {
        !rest.is_empty()
            && rest.chars().all(|letter| letter.is_ascii_alphanumeric() || "-._:[]".contains(letter))
    });
    if good {
        Ok(text.to_ascii_lowercase())
    } else {
        Err("an address with nothing behind its name (\"https://bridge.example.com\")".to_owned())
    }
}

fn listen<'de, D: Deserializer<'de>>(from: D) -> Result<SocketAddr, D::Error> {
    values::scalar(&toml::Value::deserialize(from)?, listen_text)
}

fn optional_url<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    values::scalar(&toml::Value::deserialize(from)?, url_text).map(Some)
}

/// Addresses of authorisation servers, which may have a path.
pub(super) fn servers(all: Vec<String>) -> Result<Vec<String>, String> {
    let good = |url: &String| {
        url.starts_with("https://")
            || url.starts_with("http://localhost")
            || url.starts_with("http://127.0.0.1")
    };
    match all.iter().find(|url| !good(url)) {
        Some(url) => Err(format!("addresses with https, and not {url:?}")),
        None => Ok(all),
    }
}

fn urls<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    servers(Vec::deserialize(from)?).map_err(|wanted| serde::de::Error::custom(format!("expected {wanted}")))
}

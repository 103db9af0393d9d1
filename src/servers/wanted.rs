//! What one call wants: `mcp` of the tool `codex`, and `mcp_servers` of its `config`.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::nearest::nearest;
use super::read::{BadEntry, Remark, check_name, kind, read};

/// The key of codex's configuration that holds its servers.
const KEY: &str = "mcp_servers";

/// Which servers of codex's own configuration a session has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Inherit {
    /// All, or none.
    All(bool),
    /// These.
    Named(Vec<String>),
}

impl Default for Inherit {
    fn default() -> Self {
        Self::All(true)
    }
}

/// What a session's call wanted. Kept as it came, variables as names; it may hold secrets, so it is never
/// shown, and is kept where nobody looks.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wanted {
    /// Which of codex's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    inherit: Option<Inherit>,
    /// Servers to add.
    #[serde(skip_serializing_if = "Map::is_empty")]
    add: Map<String, Value>,
    /// codex's own `mcp_servers`, which change parts of servers.
    #[serde(skip_serializing_if = "Map::is_empty")]
    config: Map<String, Value>,
}

/// What is wrong with `mcp`. No value is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadWanted {
    /// `mcp` is no object.
    #[error(
        "`mcp` is {0}; it takes an object, such as {{\"inherit\": false, \"add\": {{NAME: {{\"command\": …}}}}}}"
    )]
    NotObject(&'static str),
    /// A member that it does not have.
    #[error("unknown member `mcp.{member}`: {near}`mcp` takes inherit, add")]
    Unknown {
        /// As it came, cut.
        member: String,
        /// A hint.
        near: String,
    },
    /// `inherit` is something else.
    #[error("`mcp.inherit` is {0}; it takes true, false, or a list of names of codex's own servers")]
    Inherit(&'static str),
    /// `add` is something else.
    #[error("`mcp.add` is {0}; it takes an object of servers by name")]
    Add(&'static str),
    /// A server that cannot be used.
    #[error("`mcp.add.{name}` cannot be used: {error}")]
    Server {
        /// Its name, cut.
        name: String,
        /// Why.
        error: BadEntry,
    },
    /// A member that no server has.
    #[error("`mcp.add.{name}` cannot be used: {remark}")]
    Remark {
        /// Its name, cut.
        name: String,
        /// Which.
        remark: Remark,
    },
    /// `mcp_servers` of `config` is something else.
    #[error(
        "`config.mcp_servers` is {0}; it takes an object of servers by name, as codex's config.toml has it"
    )]
    Config(&'static str),
}

impl Wanted {
    /// Reads `mcp` of a call, and refuses what nobody could use.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn parse(value: &Value) -> Result<Self, BadWanted> {
        let Value::Object(map) = value else { return Err(BadWanted::NotObject(kind(value))) };
        if let Some(member) = map.keys().find(|key| !["inherit", "add"].contains(&key.as_str())) {
            let near = nearest(member, ["inherit", "add"]).map(|name| format!("did you mean `{name}`? "));
            return Err(BadWanted::Unknown { member: cut(member), near: near.unwrap_or_default() });
        }
        let inherit = match map.get("inherit") {
            None | Some(Value::Null) => None,
            Some(value) => {
                let inherit = Inherit::deserialize(value);
                Some(inherit.map_err(|_| BadWanted::Inherit(kind(value)))?)
            }
        };
        let add = match map.get("add") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(add)) => add.clone(),
            Some(other) => return Err(BadWanted::Add(kind(other))),
        };
        for (name, entry) in &add {
            let bad = |error| BadWanted::Server { name: cut(name), error };
            check_name(name).map_err(bad)?;
            if is_empty(entry) {
                continue;
            }
            let read = read(entry).map_err(bad)?;
            let unknown = read.remarks.into_iter().find(|remark| matches!(remark, Remark::Unknown { .. }));
            if let Some(remark) = unknown {
                return Err(BadWanted::Remark { name: cut(name), remark });
            }
        }
        Ok(Self { inherit, add, config: Map::new() })
    }

    /// Takes `mcp_servers` out of keys of codex's configuration, nested or dotted: they may hold secrets,
    /// and count as what a call wants. Whether there were any.
    ///
    /// # Errors
    /// Where they are no servers; `config` is then as it was.
    pub fn absorb(&mut self, config: &mut Map<String, Value>) -> Result<bool, BadWanted> {
        let ours = |key: &str| key == KEY || key.strip_prefix(KEY).is_some_and(|rest| rest.starts_with('.'));
        if let Some(other) = config.get(KEY).filter(|value| !value.is_object()) {
            return Err(BadWanted::Config(kind(other)));
        }
        let keys: Vec<String> = config.keys().filter(|key| ours(key)).cloned().collect();
        let any = !keys.is_empty();
        for key in keys {
            let Some(value) = config.remove(&key) else { continue };
            let path: Vec<&str> = key.split('.').skip(1).collect();
            let nested = path
                .into_iter()
                .rev()
                .fold(value, |value, part| Value::Object(Map::from_iter([(part.to_owned(), value)])));
            if let Value::Object(nested) = nested {
                nested.into_iter().for_each(|(name, value)| merge_into(&mut self.config, name, value));
            }
        }
        Ok(any)
    }

    /// What a call wants, above what the flags of the bridge do.
    pub fn overlay(&mut self, later: Self) {
        self.inherit = later.inherit.or(self.inherit.take());
        self.add.extend(later.add);
        for (name, entry) in later.config {
            merge_into(&mut self.config, name, entry);
        }
    }

    /// Whether nothing is wanted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The servers that a call brings by itself, in `add` or as codex's configuration.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.add.keys().chain(self.config.keys()).map(String::as_str)
    }

    /// Which of codex's own servers, if the call says so.
    #[must_use]
    pub fn inherit(&self) -> Option<&Inherit> {
        self.inherit.as_ref()
    }

    /// Those of `add` that are an empty object: they only name a server of the user's own configuration,
    /// which the session has whatever `inherit` says.
    #[must_use]
    pub fn switched_on(&self) -> Vec<String> {
        self.add.iter().filter(|(_, entry)| is_empty(entry)).map(|(name, _)| name.clone()).collect()
    }

    /// The servers to add, as they came.
    #[must_use]
    pub fn add(&self) -> &Map<String, Value> {
        &self.add
    }

    /// What changes codex's own configuration of servers, by name.
    #[must_use]
    pub fn config(&self) -> &Map<String, Value> {
        &self.config
    }
}

impl Inherit {
    /// Whether a server is among them.
    #[must_use]
    pub fn takes(&self, name: &str) -> bool {
        match self {
            Self::All(all) => *all,
            Self::Named(names) => names.iter().any(|one| one == name),
        }
    }
}

impl fmt::Debug for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.names().collect();
        f.debug_struct("Wanted").field("inherit", &self.inherit).field("names", &names).finish()
    }
}

/// Puts a value into a map as codex does: tables are merged key by key.
fn merge_into(map: &mut Map<String, Value>, key: String, value: Value) {
    match (map.get_mut(&key), value) {
        (Some(Value::Object(held)), Value::Object(more)) => {
            more.into_iter().for_each(|(key, value)| merge_into(held, key, value));
        }
        (_, value) => {
            map.insert(key, value);
        }
    }
}

pub(super) fn is_empty(entry: &Value) -> bool {
    entry.as_object().is_some_and(Map::is_empty)
}

fn cut(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(80).collect()
}

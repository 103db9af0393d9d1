//! `[limits]` and `[mcp]`: what a call may ask for, as it is written. What a limit means is known elsewhere.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::values;

/// What a call may ask for, and how much at once. A limit that is not set allows everything.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct LimitSettings {
    /// Turns that run at once; more of them wait.
    #[serde(deserialize_with = "values::count")]
    pub running: usize,
    /// Turns that wait for one to end.
    #[serde(deserialize_with = "values::count_or_none")]
    pub queue: usize,
    /// Sessions that are open at once.
    #[serde(deserialize_with = "values::count")]
    pub sessions: usize,
    /// The widest sandbox.
    pub sandbox: Option<SandboxSetting>,
    /// The folders that a session's own must lie in.
    pub roots: Vec<PathBuf>,
    /// The models.
    pub models: Vec<String>,
    /// The approval policies.
    pub approval_policies: Vec<PolicySetting>,
    /// Which keys of codex's configuration a call may set; without it, `any` where nothing else is limited,
    /// and `safe` otherwise.
    pub config: Option<ConfigSetting>,
    /// Which MCP servers a call may add; without it, `any` where nothing else is limited, and `none` otherwise.
    pub mcp_add: Option<AddSetting>,
    /// The most bytes of one tool result.
    #[serde(deserialize_with = "values::result_bytes")]
    pub result_bytes: usize,
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            running: 32,
            queue: 256,
            sessions: 256,
            sandbox: None,
            roots: Vec::new(),
            models: Vec::new(),
            approval_policies: Vec::new(),
            config: None,
            mcp_add: None,
            result_bytes: 24 * 1024,
        }
    }
}

impl LimitSettings {
    /// Whether anything is limited that a call may ask for.
    fn limits_calls(&self) -> bool {
        self.sandbox.is_some()
            || !(self.roots.is_empty() && self.models.is_empty() && self.approval_policies.is_empty())
    }

    /// `limits.config`, or what it is where nobody says.
    #[must_use]
    pub fn config_or_default(&self) -> ConfigSetting {
        let otherwise = if self.limits_calls() { ConfigKeys::Safe } else { ConfigKeys::Any };
        self.config.clone().unwrap_or(ConfigSetting::Set(otherwise))
    }

    /// `limits.mcp_add`, likewise.
    #[must_use]
    pub fn mcp_add_or_default(&self) -> AddSetting {
        let otherwise = if self.limits_calls() { AddSetting::None } else { AddSetting::Any };
        self.mcp_add.unwrap_or(otherwise)
    }

    /// The first limit of `self` that `later` would lift: whoever starts the bridge in a project may narrow
    /// what the user's own file allows, and nothing more.
    pub(super) fn lifted_by(&self, later: &Self) -> Option<&'static str> {
        let list = |mine: &[String], theirs: &[String]| {
            !mine.is_empty() && (theirs.is_empty() || theirs.iter().any(|one| !mine.contains(one)))
        };
        let policies =
            |all: &[PolicySetting]| all.iter().map(|one| one.name().to_owned()).collect::<Vec<_>>();
        // By what they are: a link of a project may lead anywhere.
        let real = |root: &PathBuf| std::fs::canonicalize(root).unwrap_or_else(|_| root.clone());
        let mine: Vec<PathBuf> = self.roots.iter().map(real).collect();
        let outside = |root: &PathBuf| {
            let root = real(root);
            let climbs = root.components().any(|part| part == std::path::Component::ParentDir);
            climbs || !mine.iter().any(|mine| root.starts_with(mine))
        };
        let checks = [
            (
                "limits.sandbox",
                self.sandbox.is_some_and(|mine| later.sandbox.is_none_or(|theirs| theirs > mine)),
            ),
            (
                "limits.roots",
                !self.roots.is_empty() && (later.roots.is_empty() || later.roots.iter().any(outside)),
            ),
            ("limits.models", list(&self.models, &later.models)),
            (
                "limits.approval_policies",
                list(&policies(&self.approval_policies), &policies(&later.approval_policies)),
            ),
            ("limits.config", self.config_or_default().is_lifted_by(&later.config_or_default())),
            ("limits.mcp_add", later.mcp_add_or_default() < self.mcp_add_or_default()),
        ];
        checks.into_iter().find(|(_, lifted)| *lifted).map(|(name, _)| name)
    }
}

impl ConfigSetting {
    fn is_lifted_by(&self, later: &Self) -> bool {
        match (self, later) {
            (Self::Set(ConfigKeys::Any), _) => false,
            (Self::Set(ConfigKeys::Safe), Self::Set(theirs)) => *theirs == ConfigKeys::Any,
            // What is safe is known elsewhere: a list of one's own is no part of it.
            (Self::Set(ConfigKeys::Safe), Self::Keys(theirs)) => !theirs.is_empty(),
            (Self::Keys(_), Self::Set(_)) => true,
            (Self::Keys(mine), Self::Keys(theirs)) => theirs.iter().any(|key| !mine.contains(key)),
        }
    }
}

/// How much codex's commands may touch, the narrowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SandboxSetting {
    /// They may read.
    ReadOnly,
    /// They may write in the working folder.
    WorkspaceWrite,
    /// They may do anything.
    DangerFullAccess,
}

impl SandboxSetting {
    /// All of them, the narrowest first.
    pub const ALL: [Self; 3] = [Self::ReadOnly, Self::WorkspaceWrite, Self::DangerFullAccess];

    /// Its name, which is codex's.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ReadOnly => "read-only",
            Self::WorkspaceWrite => "workspace-write",
            Self::DangerFullAccess => "danger-full-access",
        }
    }
}

/// When codex asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PolicySetting {
    /// Before all but harmless commands.
    Untrusted,
    /// Where the model wants out of the sandbox.
    OnRequest,
    /// Never.
    Never,
}

impl PolicySetting {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Untrusted, Self::OnRequest, Self::Never];

    /// Its name, which is codex's.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Untrusted => "untrusted",
            Self::OnRequest => "on-request",
            Self::Never => "never",
        }
    }
}

/// Which keys of codex's configuration a call may set.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged, expecting = "expected \"any\", \"safe\", or a list of keys of codex's config.toml")]
pub enum ConfigSetting {
    /// A word for a set of them.
    Set(ConfigKeys),
    /// These.
    Keys(Vec<String>),
}

/// A set of keys of codex's configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ConfigKeys {
    /// All.
    Any,
    /// Those that change how the model works, and nothing that it may do.
    Safe,
}

/// Which MCP servers a call may add, the widest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AddSetting {
    /// Any.
    Any,
    /// Those that the user's own configuration has, by name.
    Named,
    /// None.
    None,
}

impl AddSetting {
    /// All of them, the widest first.
    pub const ALL: [Self; 3] = [Self::Any, Self::Named, Self::None];

    /// Its name in the settings.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Named => "named",
            Self::None => "none",
        }
    }
}

/// codex's own MCP servers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct McpSettings {
    /// Which servers of codex's own configuration a session has, where its call says nothing.
    pub inherit: InheritSetting,
    /// A file with more of them, in the format of hosts; without it, `mcp.json` beside the settings file.
    pub file: Option<PathBuf>,
    /// How many bridges may lie above each other: codex that calls a bridge that runs codex.
    #[serde(deserialize_with = "values::depth")]
    pub depth: u32,
}

impl Default for McpSettings {
    fn default() -> Self {
        Self { inherit: InheritSetting::All(true), file: None, depth: 1 }
    }
}

/// Which servers of codex's own configuration a session has.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged, expecting = "expected true, false, or a list of names of servers")]
pub enum InheritSetting {
    /// All, or none.
    All(bool),
    /// These.
    Named(Vec<String>),
}

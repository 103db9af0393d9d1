//! `[approvals]`: what becomes of codex's questions, as it is written. What a rule means, and whether
//! its parts go together, is known elsewhere.

use std::path::PathBuf;
use std::time::Duration;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use super::values;
use crate::event::{Decision, RequestKind};

/// What becomes of codex's questions.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct ApprovalSettings {
    /// After this time without an answer, a question is declined.
    #[serde(deserialize_with = "values::deadline", serialize_with = "values::write_span")]
    pub deadline: Duration,
    /// Who is asked where no rule decides.
    pub route: RouteSetting,
    /// What an agent may decide.
    pub agent: Vec<Decision>,
    /// What is decided without asking, in order.
    #[serde(deserialize_with = "rules")]
    pub rules: Vec<RuleSettings>,
}

impl Default for ApprovalSettings {
    fn default() -> Self {
        Self {
            deadline: Duration::from_mins(15),
            route: RouteSetting::Auto,
            agent: Decision::NOT_PERMANENT.to_vec(),
            rules: Vec::new(),
        }
    }
}

/// Who is asked where no rule decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RouteSetting {
    /// Everybody, until one answers.
    #[default]
    Auto,
    /// Never the agent.
    Human,
    /// Never a dialog.
    Agent,
    /// Nobody.
    Rules,
}

impl RouteSetting {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Auto, Self::Human, Self::Agent, Self::Rules];

    /// Its name in the settings.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Human => "human",
            Self::Agent => "agent",
            Self::Rules => "rules",
        }
    }
}

/// One `[[approvals.rules]]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct RuleSettings {
    /// Its name, for the record.
    #[serde(default, deserialize_with = "text")]
    pub name: Option<String>,
    /// The kind of request.
    #[serde(default, deserialize_with = "kind")]
    pub kind: Option<RequestKind>,
    /// What a command begins with.
    #[serde(default)]
    pub command: Option<CommandSetting>,
    /// The folder of a command, or what changed files lie under.
    #[serde(default, deserialize_with = "path")]
    pub path: Option<PathBuf>,
    /// An MCP server of codex.
    #[serde(default, deserialize_with = "text")]
    pub server: Option<String>,
    /// Its tool.
    #[serde(default, deserialize_with = "text")]
    pub tool: Option<String>,
    /// What it does.
    pub action: ActionSetting,
    /// Keys that no rule has.
    #[serde(skip)]
    pub unknown: Vec<String>,
}

impl RuleSettings {
    /// The keys of a rule.
    pub(super) const KEYS: [&'static str; 7] =
        ["name", "kind", "command", "path", "server", "tool", "action"];
}

/// A command's beginning.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged, expecting = "expected words (\"git status\") or a list of them ([\"git\", \"status\"])")]
pub enum CommandSetting {
    /// As one would type it.
    Line(String),
    /// Word by word.
    Words(Vec<String>),
}

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ActionSetting {
    /// Approves, once.
    Approve,
    /// Declines.
    Decline,
    /// Has somebody asked.
    Ask,
}

/// A kind of request by its name, of those that a rule can be for.
///
/// # Errors
/// The names that there are.
pub fn request_kind(name: &str) -> Result<RequestKind, String> {
    use RequestKind::{Command, FileChange, McpForm, McpTool, McpUrl, Permissions, UserInput};
    let kinds = [Command, FileChange, Permissions, McpTool, McpForm, McpUrl, UserInput];
    kinds.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
        format!("{name:?} does not fit: expected one of {}", kinds.map(RequestKind::name).join(", "))
    })
}

/// The list, each rule with the keys that it does not have: a typing error must not make one wider.
pub(super) fn rules<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<RuleSettings>, D::Error> {
    struct Noted(RuleSettings);
    impl<'de> Deserialize<'de> for Noted {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            let mut unknown = Vec::new();
            let rule = serde_ignored::deserialize(from, |key| unknown.push(key.to_string()));
            rule.map(|rule: RuleSettings| Self(RuleSettings { unknown, ..rule }))
        }
    }
    Ok(Vec::<Noted>::deserialize(from)?.into_iter().map(|noted| noted.0).collect())
}

// A part that is there and empty would be as if it were not, and the rule wider than it looks.
fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(from)?;
    if text.is_empty() {
        Err(Error::custom("is empty: fill it in, or take the line out"))
    } else {
        Ok(Some(text))
    }
}

fn path<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PathBuf>, D::Error> {
    text(from).map(|text| text.map(PathBuf::from))
}

fn kind<'de, D: Deserializer<'de>>(from: D) -> Result<Option<RequestKind>, D::Error> {
    request_kind(&String::deserialize(from)?).map(Some).map_err(Error::custom)
}

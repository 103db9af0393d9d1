//! Rules of the settings: what a request must be for one to match, and what it decides. Pure.
//!
//! A rule that declines or asks errs to the side of matching, one that approves to the other:
//! `matching` has what that means for each part.

use std::fmt;
use std::path::PathBuf;

use thiserror::Error;

use super::words::{self, NotSimple};
use crate::event::RequestKind;

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleAction {
    /// Yes, this once.
    Approve,
    /// No; codex goes on without.
    Decline,
    /// Somebody is asked, whatever later rules say.
    Ask,
}

impl RuleAction {
    /// Its name in the settings.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Decline => "decline",
            Self::Ask => "ask",
        }
    }
}

/// One rule. It matches what all its parts match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name, for the record.
    pub name: Option<String>,
    /// The kind of request; without one, that which the other parts belong to.
    pub kind: Option<RequestKind>,
    /// The words that a command begins with; none: any.
    pub command: Vec<String>,
    /// The folder of a command, or what changed files lie under. Absolute.
    pub path: Option<PathBuf>,
    /// The MCP server of codex.
    pub server: Option<String>,
    /// Its tool.
    pub tool: Option<String>,
    /// What it does.
    pub action: RuleAction,
}

/// Why a rule is none. Each message says what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RuleError {
    /// It would match everything.
    #[error("it does not say what it is for: add `command`, `path`, `server`, `tool` or `kind`")]
    NoCriterion,
    /// A part that requests of its kind do not have.
    #[error("`{part}` does not go with `kind = \"{}\"`: take one of the two out", kind.name())]
    NotOfKind {
        /// The part.
        part: &'static str,
        /// The kind.
        kind: RequestKind,
    },
    /// Parts that no request has together.
    #[error("no request has both `{0}` and `{1}`: make two rules of it")]
    Apart(&'static str, &'static str),
    /// Approving would need an answer.
    #[error("a rule cannot approve `{}`, which needs an answer: write `action = \"ask\"` or `\"decline\"`", .0.name())]
    NeedsAnswer(RequestKind),
    /// `command` has no word.
    #[error("`command` is empty: write the words that a command begins with, or take it out")]
    EmptyCommand,
    /// `command` can match nothing.
    #[error(
        "`command` is {command}, which is not the beginning of one simple command: {why}; write its words, as in [\"git\", \"status\"]"
    )]
    NotACommand {
        /// The command, as it was written.
        command: String,
        /// Why.
        why: NotSimple,
    },
}

/// The parts of a rule, and the kinds of request that have them.
const PARTS: [(&str, &[RequestKind]); 4] = [
    ("command", &[RequestKind::Command]),
    ("path", &[RequestKind::FileChange, RequestKind::Command]),
    ("server", &[RequestKind::McpTool, RequestKind::McpForm, RequestKind::McpUrl]),
    ("tool", &[RequestKind::McpTool]),
];

/// Whether a yes to this kind of request carries an answer, which no rule has.
pub(super) fn needs_answer(kind: RequestKind) -> bool {
    matches!(kind, RequestKind::McpForm | RequestKind::McpUrl | RequestKind::UserInput)
}

impl Rule {
    /// The rule, if it can match what its writer may have meant.
    ///
    /// # Errors
    /// When its parts contradict each other, or it would match everything or nothing.
    pub fn checked(self) -> Result<Self, RuleError> {
        let parts: Vec<_> = self.parts().collect();
        if let Some(kind) = self.kind {
            if let Some((part, _)) = parts.iter().find(|(_, kinds)| !kinds.contains(&kind)) {
                return Err(RuleError::NotOfKind { part, kind });
            }
            if self.action == RuleAction::Approve && needs_answer(kind) {
                return Err(RuleError::NeedsAnswer(kind));
            }
        }
        let (Some((first, kinds)), Some((last, others))) = (parts.first(), parts.last()) else {
            return if self.kind.is_none() { Err(RuleError::NoCriterion) } else { Ok(self) };
        };
        if !kinds.iter().any(|kind| others.contains(kind)) {
            return Err(RuleError::Apart(first, last));
        }
        if !self.command.is_empty() {
            let command = || format!("{:?}", self.command);
            words::check(&self.command).map_err(|why| RuleError::NotACommand { command: command(), why })?;
        }
        Ok(self)
    }

    /// Its name, else its description.
    #[must_use]
    pub fn title(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.to_string())
    }

    /// Whether it is for requests of this kind.
    pub(super) fn is_for(&self, kind: RequestKind) -> bool {
        if let Some(own) = self.kind {
            return own == kind;
        }
        let mut parts = self.parts().peekable();
        // A path alone is one of files: that of commands would approve any command there.
        let only_path = self.path.is_some() && self.command.is_empty();
        parts.peek().is_some()
            && parts.all(|(_, kinds)| kinds.contains(&kind))
            && !(only_path && kind == RequestKind::Command)
    }

    /// The parts that it has.
    fn parts(&self) -> impl Iterator<Item = (&'static str, &'static [RequestKind])> {
        let has = [!self.command.is_empty(), self.path.is_some(), self.server.is_some(), self.tool.is_some()];
        PARTS.into_iter().zip(has).filter(|(_, has)| *has).map(|(part, _)| part)
    }
}

/// `command "git status" under "/repo" → approve`.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(kind) = self.kind.filter(|_| self.command.is_empty()) {
            write!(f, "{} ", kind.name())?;
        }
        if !self.command.is_empty() {
            let words = self.command.iter().map(String::as_str);
            write!(f, "command {:?} ", shlex::try_join(words).unwrap_or_default())?;
        }
        if let Some(path) = &self.path {
            write!(f, "under \"{}\" ", path.display())?;
        }
        if let Some(server) = &self.server {
            write!(f, "server {server:?} ")?;
        }
        if let Some(tool) = &self.tool {
            write!(f, "tool {tool:?} ")?;
        }
        write!(f, "→ {}", self.action.name())
    }
}

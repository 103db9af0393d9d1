//! The limits, and the checks.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::keys::{is_within, paths};
use super::{LimitError, Sandbox};
use crate::event::SessionInfo;

/// What calls may ask for. What is empty, or absent, is not limited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// The folders that a session's own must lie in, their links resolved.
    pub roots: Vec<PathBuf>,
    /// The widest sandbox.
    pub sandbox: Option<Sandbox>,
    /// The models.
    pub models: Vec<String>,
    /// The approval policies.
    pub approval_policies: Vec<String>,
    /// The keys of codex's configuration.
    pub config: ConfigLimit,
    /// The MCP servers that a call may add.
    pub mcp_add: AddLimit,
}

/// Which keys of codex's configuration a call may set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ConfigLimit {
    /// All.
    #[default]
    Any,
    /// These, and what lies inside them.
    Keys(Vec<String>),
}

/// Which MCP servers a call may add.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AddLimit {
    /// Any.
    #[default]
    Any,
    /// Those that the user's own configuration has.
    Named,
    /// None.
    None,
}

/// What a call asks for, and the bridge's own flags where it says nothing.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The folder, its links resolved.
    pub cwd: &'a Path,
    /// The sandbox.
    pub sandbox: Option<&'a str>,
    /// The approval policy.
    pub approval_policy: Option<&'a str>,
    /// The model.
    pub model: Option<&'a str>,
    /// The keys of codex's configuration that the call gives itself.
    pub config: &'a Map<String, Value>,
}

/// Who says so where it is the request itself.
const ASKED: &str = "";

/// Who says so where the request does not.
const EFFECTIVE: &str = " (what codex's own configuration makes of the request)";

impl Limits {
    /// Whether a new session may have what it asks for.
    ///
    /// # Errors
    /// The first limit that it is above.
    pub fn check(&self, wanted: &Wanted<'_>) -> Result<(), LimitError> {
        self.folder(wanted.cwd)?;
        self.sandbox(wanted.sandbox, ASKED)?;
        self.policy(wanted.approval_policy, ASKED)?;
        self.model(wanted.model)?;
        self.keys(wanted.config)
    }

    /// Whether what codex made of a session stays within: its own configuration counts where a request
    /// says nothing, and a thread of the CLI has what it was made with.
    ///
    /// # Errors
    /// The first limit that it is above.
    pub fn check_effective(&self, info: &SessionInfo) -> Result<(), LimitError> {
        self.folder(Path::new(&info.cwd))?;
        self.sandbox(Some(info.sandbox.as_deref().unwrap_or("unknown")), EFFECTIVE)?;
        self.policy(Some(info.approval_policy.as_deref().unwrap_or("unknown")), EFFECTIVE)?;
        self.named_model(Some(info.model.as_deref().unwrap_or("unknown")), EFFECTIVE)
    }

    /// Whether a model may be used.
    ///
    /// # Errors
    /// When it may not.
    pub fn model(&self, wanted: Option<&str>) -> Result<(), LimitError> {
        self.named_model(wanted, ASKED)
    }

    /// Whether a call may add these servers in `parameter`. One that is an empty object only names one that
    /// there is.
    ///
    /// # Errors
    /// The first that it may not.
    pub fn add(&self, parameter: &'static str, add: &Map<String, Value>) -> Result<(), LimitError> {
        for (name, server) in add {
            let name = name.clone();
            match self.mcp_add {
                AddLimit::Any => {}
                AddLimit::Named if server.as_object().is_some_and(Map::is_empty) => {}
                AddLimit::Named => return Err(LimitError::Define { parameter, name }),
                AddLimit::None => return Err(LimitError::Add { parameter, name }),
            }
        }
        Ok(())
    }

    /// Whether codex may be given a file, its links resolved.
    ///
    /// # Errors
    /// When it lies outside of the roots.
    pub fn file(&self, path: &Path) -> Result<(), LimitError> {
        let roots = || LimitError::File { path: path.to_owned(), roots: self.root_names() };
        if self.holds(path) { Ok(()) } else { Err(roots()) }
    }

    /// Whether a session may work in a folder, its links resolved.
    ///
    /// # Errors
    /// When it lies outside of the roots.
    pub fn folder(&self, cwd: &Path) -> Result<(), LimitError> {
        let roots = || LimitError::Folder { cwd: cwd.to_owned(), roots: self.root_names() };
        if self.holds(cwd) { Ok(()) } else { Err(roots()) }
    }

    fn holds(&self, path: &Path) -> bool {
        self.roots.is_empty() || self.roots.iter().any(|root| path.starts_with(root))
    }

    fn root_names(&self) -> Vec<String> {
        self.roots.iter().map(|root| root.display().to_string()).collect()
    }

    fn sandbox(&self, wanted: Option<&str>, whence: &'static str) -> Result<(), LimitError> {
        let (Some(most), Some(wanted)) = (self.sandbox, wanted) else { return Ok(()) };
        // One that is not known may be wider than any.
        if Sandbox::of(wanted).is_some_and(|wanted| wanted <= most) {
            return Ok(());
        }
        Err(LimitError::Sandbox { wanted: wanted.to_owned(), whence, most })
    }

    fn policy(&self, wanted: Option<&str>, whence: &'static str) -> Result<(), LimitError> {
        let Some(wanted) = wanted.filter(|wanted| !within(wanted, &self.approval_policies)) else {
            return Ok(());
        };
        let (wanted, allowed) = (wanted.to_owned(), self.approval_policies.clone());
        Err(LimitError::ApprovalPolicy { wanted, whence, allowed })
    }

    fn named_model(&self, wanted: Option<&str>, whence: &'static str) -> Result<(), LimitError> {
        let Some(wanted) = wanted.filter(|wanted| !within(wanted, &self.models)) else { return Ok(()) };
        Err(LimitError::Model { wanted: wanted.to_owned(), whence, allowed: self.models.clone() })
    }

    /// Whether a call may set a key of codex's configuration, by its dotted path.
    ///
    /// # Errors
    /// When it may not.
    pub fn key(&self, path: &str) -> Result<(), LimitError> {
        match &self.config {
            ConfigLimit::Keys(allowed) if !allowed.iter().any(|key| is_within(path, key)) => {
                Err(LimitError::Key { key: path.to_owned(), allowed: allowed.clone() })
            }
            _ => Ok(()),
        }
    }

    fn keys(&self, config: &Map<String, Value>) -> Result<(), LimitError> {
        for (path, value) in paths(config) {
            self.key(&path)?;
            // A value that is no text is for codex to refuse, and is above any limit until it has.
            let text = || Some(value.as_str().unwrap_or("unknown"));
            if is_within(&path, "sandbox_mode") {
                self.sandbox(text(), ASKED)?;
            } else if is_within(&path, "approval_policy") {
                self.policy(text(), ASKED)?;
            } else if is_within(&path, "model") || is_within(&path, "review_model") {
                self.model(text())?;
            }
        }
        Ok(())
    }
}

fn within(wanted: &str, allowed: &[String]) -> bool {
    allowed.is_empty() || allowed.iter().any(|one| one == wanted)
}

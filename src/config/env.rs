//! A snapshot of the environment, taken once. Nobody else asks the process for a variable.
//!
//! The snapshot is handed on, so that a test, or a process that speaks for another, can bring its own.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

/// The variables of a process, and its user's home.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Env {
    vars: BTreeMap<OsString, OsString>,
    home: Option<PathBuf>,
}

impl Env {
    /// The environment of this process, as it is now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn from_process() -> Self {
        let mut env = Self::collect(std::env::vars_os());
        // Asks the system too: a host may start us with no $HOME.
        env.home = etcetera::home_dir().ok();
        env
    }

    /// An environment of just these variables; the home is `HOME` (`USERPROFILE` on Windows).
    #[must_use]
    pub fn from_pairs<K: Into<OsString>, V: Into<OsString>>(pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        let mut env = Self::collect(pairs.into_iter().map(|(name, value)| (name.into(), value.into())));
        env.home = env.path(if cfg!(windows) { "USERPROFILE" } else { "HOME" });
        env
    }

    fn collect(pairs: impl Iterator<Item = (OsString, OsString)>) -> Self {
        Self { vars: pairs.map(|(name, value)| (canonical(&name), value)).collect(), home: None }
    }

    /// A variable. One that is set to nothing counts as not set.
    #[must_use]
    pub fn get(&self, name: impl AsRef<OsStr>) -> Option<&OsStr> {
        let value = self.vars.get(&canonical(name.as_ref()))?;
        (!value.is_empty()).then_some(value)
    }

    /// A variable that holds a path.
    #[must_use]
    pub fn path(&self, name: impl AsRef<OsStr>) -> Option<PathBuf> {
        self.get(name).map(PathBuf::from)
    }

    /// The home of the user.
    #[must_use]
    pub fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    /// All variables by name, the empty ones too.
    pub fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.vars.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }
}

// Windows does not tell `Path` from `PATH`.
fn canonical(name: &OsStr) -> OsString {
    if cfg!(windows) { name.to_ascii_uppercase() } else { name.to_owned() }
}

// Values may be secrets, and a snapshot may stand in a log.
impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Env").field("variables", &self.vars.len()).field("home", &self.home).finish()
    }
}

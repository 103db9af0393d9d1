//! codex's sandboxes, the narrowest first.

use std::fmt;

/// How much codex's commands may touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sandbox {
    /// They may read.
    ReadOnly,
    /// They may write in the working folder.
    WorkspaceWrite,
    /// They may do anything.
    DangerFullAccess,
}

impl Sandbox {
    /// By codex's name of it.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        [Self::ReadOnly, Self::WorkspaceWrite, Self::DangerFullAccess]
            .into_iter()
            .find(|one| one.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::ReadOnly => "read-only",
            Self::WorkspaceWrite => "workspace-write",
            Self::DangerFullAccess => "danger-full-access",
        }
    }
}

impl fmt::Display for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

//! What one who comes in may do.

use std::fmt;
use std::num::{NonZeroU16, NonZeroU32};
use std::path::PathBuf;

use crate::ids::Principal;
use crate::limits::{Limits, Sandbox};

/// What somebody may do with sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// Start, continue and end work.
    Run,
    /// Answer what codex asks.
    Decide,
    /// Look.
    Read,
}

impl Right {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Run, Self::Decide, Self::Read];

    /// Its name in the file of tokens.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Decide => "decide",
            Self::Read => "read",
        }
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Some of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights([bool; 3]);

impl Rights {
    /// All: who is on this machine already.
    pub const ALL: Self = Self([true; 3]);

    /// These.
    #[must_use]
    pub fn of(rights: &[Right]) -> Self {
        Self(Right::ALL.map(|right| rights.contains(&right)))
    }

    /// Whether a right is among them.
    #[must_use]
    pub fn has(self, right: Right) -> bool {
        self.0[right as usize]
    }
}

/// What a token gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Whose it is.
    pub name: Principal,
    /// What he may do.
    pub rights: Rights,
    /// Whether he sees the sessions of all, and not only his own.
    pub sees_all: bool,
    /// The folders that his sessions must lie in; where there are none, those of the settings.
    pub roots: Vec<PathBuf>,
    /// His widest sandbox; where there is none, that of the settings.
    pub sandbox: Option<Sandbox>,
    /// His part of the turns that run at once, against those of the others.
    pub share: NonZeroU16,
    /// How many of his turns run at once at most.
    pub running: Option<usize>,
    /// How many requests he may make in a minute; where it says nothing, as many as the settings say.
    pub requests: Option<NonZeroU32>,
}

impl Grant {
    /// Whether another gives the same but for how much at once.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        let Self { share, running, requests, .. } = other.clone();
        Self { share, running, requests, ..self.clone() } == *other
    }

    /// The limits of his calls, where `all` are those of everybody: never wider than either. Links of roots must be
    /// resolved.
    ///
    /// # Errors
    /// A folder of his that lies outside of those of everybody.
    pub fn narrow(&self, all: &Limits) -> Result<Limits, PathBuf> {
        let mut limits = all.clone();
        if !self.roots.is_empty() {
            if let Some(outside) = self.roots.iter().find(|root| all.folder(root).is_err()) {
                return Err(outside.clone());
            }
            limits.roots.clone_from(&self.roots);
        }
        limits.sandbox = limits.sandbox.into_iter().chain(self.sandbox).min();
        Ok(limits)
    }
}

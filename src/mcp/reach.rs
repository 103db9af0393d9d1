//! Which sessions a caller may know of: where `limits.roots` is set, those of folders inside of it; over the network,
//! those of his own, unless his token shows him all. Any other is to its callers, in every tool, resource and notice,
//! as one that does not exist.

use std::sync::Arc;

use rmcp::model::CallToolResult;

use super::faults::open_error;
use super::server::Server;
use crate::ids::{Principal, ThreadId};
use crate::journal::SessionRecord;
use crate::limits::Limits;
use crate::session::{OpenError, Sessions};

/// How far a caller sees.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    /// What its calls may ask for; what lies outside of the folders among that is not seen either.
    pub limits: Arc<Limits>,
    /// Whose sessions alone; all where it is nobody in particular.
    pub own: Option<Principal>,
}

impl Reach {
    /// Whether there is anything that it does not see.
    pub(super) fn is_limited(&self) -> bool {
        self.own.is_some() || !self.limits.roots.is_empty()
    }

    /// Whether a session of the journal may be seen.
    pub(super) fn shows(&self, row: &SessionRecord) -> bool {
        self.is_mine(row) && self.sees(&row.cwd)
    }

    /// Whether a folder may be seen; one that is not known may not.
    pub(super) fn sees(&self, cwd: &str) -> bool {
        if self.limits.roots.is_empty() {
            return true;
        }
        let real = std::fs::canonicalize(cwd).unwrap_or_else(|_| cwd.into());
        !cwd.is_empty() && self.limits.folder(&real).is_ok()
    }

    fn is_mine(&self, row: &SessionRecord) -> bool {
        self.own.as_ref().is_none_or(|own| row.principal.as_ref() == Some(own))
    }

    /// Whether a caller may touch a session: by its folder in the journal, else by codex's. One that is in no journal
    /// is nobody's own.
    ///
    /// # Errors
    /// [`OpenError::Unknown`] where it may not, and where there is none. Others where that cannot be found out.
    pub(super) async fn touches(&self, sessions: &Sessions, thread: &ThreadId) -> Result<(), OpenError> {
        if !self.is_limited() {
            return Ok(());
        }
        let unknown = || OpenError::Unknown(thread.clone());
        let row = sessions.journal().session(thread.clone()).await?;
        let mine = row.as_ref().map_or(self.own.is_none(), |row| self.is_mine(row));
        if !mine {
            return Err(unknown());
        }
        let cwd = match row.map(|row| row.cwd).filter(|cwd| !cwd.is_empty()) {
            Some(cwd) => cwd,
            None => match sessions.thread(thread).await {
                Ok(known) => known.cwd,
                Err(OpenError::Agent(error)) if error.0.code == "thread_unknown" => String::new(),
                Err(error) => return Err(error),
            },
        };
        if self.sees(&cwd) { Ok(()) } else { Err(unknown()) }
    }
}

impl Server {
    /// What stands at the head of each tool that takes a session.
    pub(super) async fn within(&self, thread: &ThreadId) -> Result<(), CallToolResult> {
        self.options.reach.touches(&self.sessions, thread).await.map_err(|error| open_error(&error))
    }
}

#[cfg(test)]
mod tests;

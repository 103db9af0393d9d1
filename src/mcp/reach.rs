//! Which sessions a caller may know of: where `limits.roots` is set, those of folders inside of it. Any other
//! is to its callers, in every tool, resource and notice, as one that does not exist.

use rmcp::model::CallToolResult;

use super::faults::open_error;
use super::server::Server;
use crate::ids::ThreadId;
use crate::journal::SessionRecord;
use crate::limits::Limits;
use crate::session::{OpenError, Sessions};

/// Whether a folder may be seen; one that is not known may not.
pub(super) fn sees(limits: &Limits, cwd: &str) -> bool {
    if limits.roots.is_empty() {
        return true;
    }
    let real = std::fs::canonicalize(cwd).unwrap_or_else(|_| cwd.into());
    !cwd.is_empty() && limits.folder(&real).is_ok()
}

/// Whether a session of the journal may be seen.
pub(super) fn shows(limits: &Limits, row: &SessionRecord) -> bool {
    sees(limits, &row.cwd)
}

/// Whether a caller may touch a session: by its folder in the journal, else by codex's.
///
/// # Errors
/// [`OpenError::Unknown`] where it may not, and where there is none. Others where that cannot be found out.
pub(super) async fn touches(
    sessions: &Sessions,
    limits: &Limits,
    thread: &ThreadId,
) -> Result<(), OpenError> {
    if limits.roots.is_empty() {
        return Ok(());
    }
    let row = sessions.journal().session(thread.clone()).await?;
    let cwd = match row.map(|row| row.cwd).filter(|cwd| !cwd.is_empty()) {
        Some(cwd) => cwd,
        None => match sessions.thread(thread).await {
            Ok(known) => known.cwd,
            Err(OpenError::Agent(error)) if error.0.code == "thread_unknown" => String::new(),
            Err(error) => return Err(error),
        },
    };
    if sees(limits, &cwd) { Ok(()) } else { Err(OpenError::Unknown(thread.clone())) }
}

impl Server {
    /// What stands at the head of each tool that takes a session.
    pub(super) async fn within(&self, thread: &ThreadId) -> Result<(), CallToolResult> {
        touches(&self.sessions, &self.options.limits, thread).await.map_err(|error| open_error(&error))
    }
}

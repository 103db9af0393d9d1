//! What a session wanted of codex's MCP servers, kept where nobody looks: it may hold secrets.

use super::agent::ThreadParams;
use super::row;
use crate::ids::ThreadId;
use crate::journal::{Journal, JournalError, SessionRecord};
use crate::servers::Wanted;

/// Keeps it, where there is anything.
pub(super) async fn keep(
    journal: &dyn Journal,
    thread: &ThreadId,
    wanted: &Wanted,
) -> Result<(), JournalError> {
    if wanted.is_empty() {
        return Ok(());
    }
    let kept = serde_json::to_value(wanted).unwrap_or_default();
    journal.keep_secrets(thread.clone(), kept).await
}

/// How a session is taken up again, from its row and its secrets.
pub(super) async fn params(
    journal: &dyn Journal,
    row: &mut SessionRecord,
) -> Result<ThreadParams, JournalError> {
    let mut params: ThreadParams = serde_json::from_value(row.settings.clone()).unwrap_or_default();
    if let Some(kept) = journal.secrets(row.thread_id.clone()).await? {
        params.servers = serde_json::from_value(kept).unwrap_or_default();
    }
    // Bridges before this one kept them with the rest; a form that codex would refuse stays as it is.
    if matches!(params.servers.absorb(&mut params.config), Ok(true)) {
        keep(journal, &row.thread_id, &params.servers).await?;
        row.settings = row::settings(&params);
    }
    Ok(params)
}

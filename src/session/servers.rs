//! What of a session may hold secrets is kept where nobody looks: what was wanted of codex's MCP servers, and
//! the keys of codex's configuration.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::agent::ThreadParams;
use super::row;
use crate::ids::ThreadId;
use crate::journal::{Journal, JournalError, SessionRecord};
use crate::servers::Wanted;

#[derive(Serialize, Deserialize)]
struct Kept {
    #[serde(default)]
    servers: Wanted,
    #[serde(default)]
    config: Map<String, Value>,
}

/// Keeps it, where there is anything.
pub(super) async fn keep(
    journal: &dyn Journal,
    thread: &ThreadId,
    params: &ThreadParams,
) -> Result<(), JournalError> {
    if params.servers.is_empty() && params.config.is_empty() {
        return Ok(());
    }
    let kept = Kept { servers: params.servers.clone(), config: params.config.clone() };
    journal.keep_secrets(thread.clone(), serde_json::to_value(kept).unwrap_or_default()).await
}

/// How a session is taken up again, from its row and its secrets.
pub(super) async fn params(
    journal: &dyn Journal,
    row: &mut SessionRecord,
) -> Result<ThreadParams, JournalError> {
    let mut params: ThreadParams = serde_json::from_value(row.settings.clone()).unwrap_or_default();
    let stored = journal.secrets(row.thread_id.clone()).await?;
    if let Some(kept) = stored.and_then(|kept| serde_json::from_value::<Kept>(kept).ok()) {
        (params.servers, params.config) = (kept.servers, kept.config);
    }
    // Bridges before this one kept them with the rest; a form that codex would refuse stays as it is.
    let absorbed = matches!(params.servers.absorb(&mut params.config), Ok(true));
    if absorbed || row.settings.get("config").is_some() {
        keep(journal, &row.thread_id, &params).await?;
        row.settings = row::settings(&params);
    }
    Ok(params)
}

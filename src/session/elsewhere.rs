//! Sessions of other bridges on the same journal: who has one, and what waits for a decision in any.

use std::collections::HashMap;
use std::path::PathBuf;

use super::fold;
use crate::event::PermissionRequest;
use crate::ids::{BridgeId, ThreadId};
use crate::journal::{Journal, JournalError, SessionRecord};

/// Where a session that is not live in this process is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Elsewhere {
    /// No running bridge has it.
    Nowhere,
    /// Another process has it.
    Process {
        /// Its id.
        pid: u32,
        /// Where it can be spoken to, if it listens.
        socket: Option<PathBuf>,
    },
}

impl Elsewhere {
    /// The same for a person or an agent.
    #[must_use]
    pub fn words(&self, thread: &ThreadId) -> String {
        match self {
            Self::Process { pid, .. } => format!(
                "session `{thread}` runs in another bridge, process {pid}; ask through the host that started that one"
            ),
            Self::Nowhere => format!("session `{thread}` is not running; continue it with `codex-reply`"),
        }
    }
}

/// Which other process has a session.
///
/// # Errors
/// When the journal cannot be read.
pub async fn elsewhere(journal: &dyn Journal, thread: &ThreadId) -> Result<Elsewhere, JournalError> {
    let row = journal.session(thread.clone()).await?;
    let bridge = row.and_then(|row| row.owner).filter(|bridge| bridge != journal.bridge());
    let Some(bridge) = bridge else { return Ok(Elsewhere::Nowhere) };
    let owner = journal.owner(bridge).await?.filter(|owner| owner.alive);
    Ok(owner.map_or(Elsewhere::Nowhere, |owner| Elsewhere::Process { pid: owner.pid, socket: owner.socket }))
}

/// The open questions of all sessions of living bridges, the longest open session first.
///
/// # Errors
/// When the journal cannot be read.
pub async fn open_decisions(
    journal: &dyn Journal,
) -> Result<Vec<(SessionRecord, PermissionRequest)>, JournalError> {
    let mut alive: HashMap<BridgeId, bool> = HashMap::new();
    let mut open = Vec::new();
    for row in journal.undecided().await? {
        let Some(bridge) = row.owner.clone() else { continue };
        let alive = match alive.get(&bridge) {
            Some(alive) => *alive,
            None => {
                let owner = journal.owner(bridge.clone()).await?;
                *alive.entry(bridge).or_insert(owner.is_some_and(|owner| owner.alive))
            }
        };
        if alive {
            let view = fold::stored(journal, &row, None).await?;
            open.extend(view.decisions.into_iter().map(|request| (row.clone(), request)));
        }
    }
    Ok(open)
}

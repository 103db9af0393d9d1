//! The sessions of the journal: those that wait for a decision first, then the latest.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use super::error::LookError;
use super::journal::Archive;
use super::table;
use crate::config::Loaded;
use crate::event::{PermissionRequest, Timestamp};
use crate::ids::{ThreadId, TurnId};
use crate::journal::{Journal, SessionRecord, SessionStatus};
use crate::session::open_decisions;
use crate::terminal::Screen;

/// Which sessions are to be seen, and how.
#[derive(Clone, Copy, Debug)]
pub struct SessionsQuery {
    /// How many at most.
    pub limit: usize,
    /// As JSON.
    pub json: bool,
}

/// A session as it is shown.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shown {
    pub thread_id: ThreadId,
    pub status: &'static str,
    pub cwd: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    pub title: String,
    pub created: Timestamp,
    pub updated: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turn_id: Option<TurnId>,
    /// As few characters of its id as name no other session.
    #[serde(skip)]
    pub short: usize,
    /// What waits for a decision.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<PermissionRequest>,
}

/// Prints the sessions.
///
/// # Errors
/// When the journal cannot be read, or stdout not be written.
pub async fn show_sessions(loaded: &Loaded, query: SessionsQuery) -> Result<(), LookError> {
    let archive = Archive::open(&loaded.journal())?;
    let mut all = sessions(&archive).await?;
    let left = all.len().saturating_sub(query.limit);
    all.truncate(query.limit);
    let text = if query.json {
        let line = |one| serde_json::to_string(one).map(|line| line + "\n").unwrap_or_default();
        all.iter().map(line).collect()
    } else {
        let width = Screen::of_process().width();
        table::table(&all, left, loaded.env.home(), width, Timestamp::now())
    };
    // A reader that has seen enough closes the pipe.
    Screen::print(&text).map(|_| ()).map_err(LookError::Output)
}

async fn sessions(archive: &Archive) -> Result<Vec<Shown>, LookError> {
    let Some(journal) = archive.journal() else { return Ok(Vec::new()) };
    let rows = archive.sessions().await?;
    let abandoned = journal.abandoned().await?;
    let stale: HashSet<_> = abandoned.into_iter().map(|row| row.thread_id).collect();
    let mut open: HashMap<ThreadId, Vec<PermissionRequest>> = HashMap::new();
    for (row, request) in open_decisions(journal).await? {
        open.entry(row.thread_id).or_default().push(request);
    }
    let short = shortest(rows.iter().map(|row| row.thread_id.as_str()).collect());
    let shown = |row: SessionRecord| {
        let decisions = open.remove(&row.thread_id).unwrap_or_default();
        let status = match row.status {
            SessionStatus::Idle => "idle",
            _ if stale.contains(&row.thread_id) => "stale",
            status => status.name(),
        };
        Shown {
            short: short.get(row.thread_id.as_str()).copied().unwrap_or(usize::MAX),
            status,
            cwd: row.cwd,
            model: row.model,
            title: row.title,
            created: row.created,
            updated: row.updated,
            turn_id: row.turn_id,
            decisions,
            thread_id: row.thread_id,
        }
    };
    let mut shown: Vec<_> = rows.iter().cloned().map(shown).collect();
    // Stable: the latest stay first among their like.
    shown.sort_by_key(|one| one.decisions.is_empty());
    Ok(shown)
}

/// The least of an id that is shown.
const SHORT: usize = 8;

/// How many characters of each id set it apart from all others. Ids that begin with a time, as codex's
/// do, are alike for longer than one expects.
pub(super) fn shortest(mut ids: Vec<&str>) -> HashMap<&str, usize> {
    ids.sort_unstable();
    let alike = |a: &str, b: &str| a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
    let neighbours = |at: usize| {
        let before = at.checked_sub(1).map_or(0, |before| alike(ids[before], ids[at]));
        let after = ids.get(at + 1).map_or(0, |after| alike(ids[at], after));
        before.max(after)
    };
    (0..ids.len()).map(|at| (ids[at], SHORT.max(neighbours(at) + 1))).collect()
}

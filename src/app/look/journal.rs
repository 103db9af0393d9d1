//! The journal as one who looks on has it, and the sessions in it by what a person calls them.

use std::path::{Path, PathBuf};

use super::error::LookError;
use crate::ids::ThreadId;
use crate::journal::{Journal, JournalError, SessionRecord, SqliteJournal};

/// What a person says for the session that had an event last.
const LAST: &str = "last";

/// The journal; none where no bridge has made one yet.
pub(super) struct Archive {
    path: PathBuf,
    journal: Option<SqliteJournal>,
}

impl Archive {
    /// Opens it to read. Looking at nothing makes no file.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let journal = if path.exists() { Some(SqliteJournal::reader(path)?) } else { None };
        Ok(Self { path: path.to_owned(), journal })
    }

    /// The journal, if there is one.
    pub fn journal(&self) -> Option<&SqliteJournal> {
        self.journal.as_ref()
    }

    /// All sessions, the latest first.
    pub async fn sessions(&self) -> Result<Vec<SessionRecord>, JournalError> {
        match &self.journal {
            Some(journal) => journal.sessions(None, usize::MAX).await,
            None => Ok(Vec::new()),
        }
    }

    /// The session of this id, or the one whose id begins so, or the last; and the journal that has it.
    pub async fn find(&self, name: &str) -> Result<(&SqliteJournal, ThreadId), LookError> {
        let unknown = || LookError::Unknown { name: name.to_owned(), journal: self.path.clone() };
        let none = || LookError::None(self.path.clone());
        let Some(journal) = &self.journal else {
            return Err(if name == LAST { none() } else { unknown() });
        };
        if name == LAST {
            let last = journal.sessions(None, 1).await?.into_iter().next();
            return last.map(|row| (journal, row.thread_id)).ok_or_else(none);
        }
        if let Some(row) = journal.session(ThreadId::from(name)).await? {
            return Ok((journal, row.thread_id));
        }
        let rows = journal.sessions(None, usize::MAX).await?.into_iter();
        let mut ids: Vec<_> =
            rows.map(|row| row.thread_id).filter(|id| id.as_str().starts_with(name)).collect();
        match (ids.pop(), ids.is_empty()) {
            (Some(only), true) if !name.is_empty() => Ok((journal, only)),
            (Some(one), _) if !name.is_empty() => {
                ids.push(one);
                Err(LookError::Ambiguous { prefix: name.to_owned(), ids })
            }
            _ => Err(unknown()),
        }
    }
}

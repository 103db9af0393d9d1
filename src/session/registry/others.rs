//! Of the sessions: those that another process has.

use super::Sessions;
use crate::approval::DecideError;
use crate::ids::{ApprovalId, ThreadId};
use crate::session::elsewhere::{Elsewhere, elsewhere};
use crate::session::fold;

impl Sessions {
    /// Why a request of a session that does not live here cannot be answered here.
    pub async fn why_not_here(&self, thread: &ThreadId, id: &ApprovalId) -> String {
        match fold::decision(self.maker.journal.as_ref(), thread, id).await {
            Ok(Some(decision)) => DecideError::Gone(Box::new(decision)).to_string(),
            _ => self.owner_elsewhere(thread).await,
        }
    }

    /// Which other process has a session; [`Elsewhere::Nowhere`] too where the journal cannot say.
    pub async fn elsewhere(&self, thread: &ThreadId) -> Elsewhere {
        elsewhere(self.maker.journal.as_ref(), thread).await.unwrap_or(Elsewhere::Nowhere)
    }

    /// Whether another process that lives has a session.
    pub async fn is_elsewhere(&self, thread: &ThreadId) -> bool {
        !matches!(self.elsewhere(thread).await, Elsewhere::Nowhere)
    }

    /// Which process has a session, in words.
    pub async fn owner_elsewhere(&self, thread: &ThreadId) -> String {
        self.elsewhere(thread).await.words(thread)
    }
}

//! Of the sessions: those that are begun with what another one was given.

use super::{OpenError, Sessions};
use crate::ids::{Seq, ThreadId};
use crate::session::agent::Fork;
use crate::session::handle::Handle;

impl Sessions {
    /// Starts a session as a branch of another, also of one that another program has.
    ///
    /// # Errors
    /// When codex refuses it, it was begun with more than is allowed now, or the bridge is ending.
    pub async fn fork(&self, fork: Fork, title: &str) -> Result<Handle, OpenError> {
        let params = match self.maker.journal.session(fork.thread.clone()).await? {
            Some(row) => self.maker.params(row, &self.host).await?.1,
            None => self.host.defaults.clone(),
        };
        self.begin(params, Some(fork), title).await
    }

    /// Starts a session in the place of one that began no turn, with what that one was given: codex keeps
    /// nothing of such a thread. `None` where it began one, or nobody knows it.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub async fn anew(&self, thread: &ThreadId) -> Result<Option<Handle>, OpenError> {
        let row = self.maker.journal.session(thread.clone()).await?;
        let Some(row) = row.filter(|row| row.turn_seq == Seq::ZERO) else { return Ok(None) };
        let (row, params) = self.maker.params(row, &self.host).await?;
        self.create(params, &row.title).await.map(Some)
    }
}

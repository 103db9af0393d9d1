//! Reading a stored session back from the journal.

use super::view::View;
use crate::event::{Body, PermissionDecision};
use crate::ids::{ApprovalId, Seq, ThreadId, TurnId};
use crate::journal::{Journal, JournalError, SessionRecord};

/// Events read from the journal at a time.
const PAGE: usize = 1000;

/// The same in bytes.
const PAGE_BYTES: usize = 256 << 10;

/// A stored session as of its latest turn, or as of the end of the turn that is named.
pub(super) async fn stored(
    journal: &dyn Journal,
    row: &SessionRecord,
    turn: Option<&TurnId>,
) -> Result<View, JournalError> {
    let mut view = View::new(row.thread_id.clone());
    view.info.cwd.clone_from(&row.cwd);
    view.info.model.clone_from(&row.model);
    let latest = turn.is_none() || turn == row.turn_id.as_ref();
    let mut after = if latest { Seq(row.turn_seq.0.saturating_sub(1)) } else { Seq::ZERO };
    loop {
        let page = journal.read(row.thread_id.clone(), after, PAGE, PAGE_BYTES).await?;
        let Some(last) = page.last() else { return Ok(view) };
        after = last.seq;
        for event in &page {
            // An end without a turn's name is of one that never began.
            let next = match event.body {
                Body::TurnStarted { .. } => true,
                Body::TurnFinished { .. } => event.turn_id.is_none(),
                _ => false,
            };
            if next && turn.is_some() && view.turn.as_ref() == turn {
                return Ok(view);
            }
            view.apply(event);
        }
    }
}

/// How a request ended, if it did.
///
/// # Errors
/// When the journal cannot be read.
pub async fn decision(
    journal: &dyn Journal,
    thread: &ThreadId,
    id: &ApprovalId,
) -> Result<Option<PermissionDecision>, JournalError> {
    let mut after = Seq::ZERO;
    loop {
        let page = journal.read(thread.clone(), after, PAGE, PAGE_BYTES).await?;
        let Some(last) = page.last() else { return Ok(None) };
        after = last.seq;
        for event in page {
            if let Body::PermissionDecision(decision) = event.body
                && decision.approval_id == *id
            {
                return Ok(Some(decision));
            }
        }
    }
}

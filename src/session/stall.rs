//! A turn in which codex says nothing any more but that it tries again, as without a network: codex never ends it
//! by itself. Pure.

use std::time::Duration;

use crate::event::{Body, ErrorInfo, Timestamp, TurnStatus};
use crate::ids::TurnId;

/// How long such a turn goes on, and since when it does.
#[derive(Debug)]
pub(super) struct Stall {
    patience: Duration,
    /// Since when nothing else was heard.
    since: Option<Timestamp>,
    /// What codex said last.
    last: Option<ErrorInfo>,
    /// The turn that is being ended for it.
    ending: Option<TurnId>,
}

impl Stall {
    pub fn new(patience: Duration) -> Self {
        Self { patience, since: None, last: None, ending: None }
    }

    /// codex has said something.
    pub fn hears(&mut self, body: &Body, now: Timestamp) {
        match body {
            Body::Error(error) if error.retryable => {
                self.since = self.since.or(Some(now));
                self.last = Some(error.clone());
            }
            // What concerns the machine or the account is no sign of life of the turn.
            Body::Error(_) | Body::Warning { .. } => {}
            _ => self.moves(),
        }
    }

    /// The turn goes on, or another has begun.
    pub fn moves(&mut self) {
        (self.since, self.last) = (None, None);
    }

    /// When it has lasted for too long.
    pub fn due(&self) -> Option<Timestamp> {
        self.since.filter(|_| self.ending.is_none()).map(|since| since.after(self.patience))
    }

    /// The running turn is to be ended now.
    pub fn ends(&mut self, running: Option<&TurnId>, now: Timestamp) -> Option<TurnId> {
        let turn = running.filter(|_| self.due().is_some_and(|due| now >= due))?;
        self.ending = Some(turn.clone());
        self.ending.clone()
    }

    /// How a turn ended, where it was for this.
    pub fn explain(
        &mut self,
        turn: &TurnId,
        status: TurnStatus,
        error: Option<ErrorInfo>,
    ) -> (TurnStatus, Option<ErrorInfo>) {
        let ours = self.ending.take().is_some_and(|ending| ending == *turn);
        let last = self.last.take();
        self.moves();
        match last {
            Some(last) if ours && status == TurnStatus::Interrupted => {
                let span = humantime::format_duration(self.patience);
                let error = ErrorInfo {
                    code: "codex_stalled".into(),
                    message: format!(
                        "codex did nothing but try again for {span}, and the turn was ended: {}",
                        last.message
                    ),
                    remedy: last.remedy.or_else(|| {
                        Some("see that its model can be reached, then continue the session with `codex-reply`; codex.stall says how long is waited".into())
                    }),
                    retryable: true,
                };
                (TurnStatus::Failed, Some(error))
            }
            _ => (status, error),
        }
    }
}

#[cfg(test)]
mod tests;

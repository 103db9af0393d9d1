//! A turn in which codex says nothing any more but that it tries again, as without a network: codex never ends it
//! by itself. Pure.
//!
//! Only a further try ends it: one that is under way may still come through, however long that takes.

use std::time::Duration;

use crate::event::{Body, ErrorInfo, Timestamp, TurnStatus};
use crate::ids::TurnId;

/// How long such a turn goes on, and since when it does.
#[derive(Debug)]
pub(super) struct Stall {
    patience: Duration,
    /// Since when nothing else was heard.
    since: Option<Timestamp>,
    /// The turn that is being ended for it, and what codex said last.
    ending: Option<(TurnId, String)>,
}

impl Stall {
    pub fn new(patience: Duration) -> Self {
        Self { patience, since: None, ending: None }
    }

    /// codex has said something of the turn that runs; true where that turn is to be ended now.
    pub fn hears(&mut self, running: &TurnId, body: &Body, now: Timestamp) -> bool {
        match body {
            Body::Error(error) if error.retryable => {
                let since = *self.since.get_or_insert(now);
                let ends = self.ending.is_none() && now >= since.after(self.patience);
                if ends {
                    self.ending = Some((running.clone(), error.message.clone()));
                }
                ends
            }
            // What concerns the machine or the account is no sign of life of the turn.
            Body::Error(_) | Body::Warning { .. } => false,
            _ => {
                self.moves();
                false
            }
        }
    }

    /// The turn goes on, or another has begun.
    pub fn moves(&mut self) {
        self.since = None;
    }

    /// How a turn ended, where it was for this.
    pub fn explain(
        &mut self,
        turn: &TurnId,
        status: TurnStatus,
        error: Option<ErrorInfo>,
    ) -> (TurnStatus, Option<ErrorInfo>) {
        self.moves();
        let ours =
            self.ending.take().filter(|(ending, _)| ending == turn && status == TurnStatus::Interrupted);
        let Some((_, last)) = ours else { return (status, error) };
        let remedy = "see that its model can be reached, then continue the session with `codex-reply`; codex.stall says how \
                      long is waited";
        let span = humantime::format_duration(self.patience);
        let error = ErrorInfo {
            code: "codex_stalled".into(),
            message: format!("codex did nothing but try again for {span}, and the turn was ended: {last}"),
            remedy: Some(remedy.into()),
            retryable: true,
        };
        (TurnStatus::Failed, Some(error))
    }
}

#[cfg(test)]
mod tests;

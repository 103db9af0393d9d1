//! Tokens of a session, each counted once, and what is left of the context and of the account. Pure.

use super::agent::Used;
use crate::event::{Body, ErrorInfo, RateLimit, Timestamp, Tokens};
use crate::ids::TurnId;

/// What has been used.
#[derive(Debug, Default)]
pub(super) struct Usage {
    /// Of the thread, as codex counts it over all processes that had it.
    total: Option<Tokens>,
    /// Of the turn that was latest begun.
    turn: Tokens,
    window: Option<u64>,
    context: Option<u64>,
    limits: Vec<RateLimit>,
}

/// Whose usage is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// The turn that runs, or was the last to.
    Latest,
    /// Another: codex repeats the last one of a thread when it is taken up, and the CLI may have had turns.
    Other,
}

impl Usage {
    /// Whose usage is told as that of `of`: while a turn runs, all that comes is of it.
    pub fn whose(of: Option<&TurnId>, latest: Option<&TurnId>, running: bool) -> Whose {
        if running || (of.is_some() && of == latest) { Whose::Latest } else { Whose::Other }
    }

    /// A turn begins.
    pub fn begin(&mut self) {
        self.turn = Tokens::default();
    }

    /// Takes in what codex has counted; the event that it is, if it is one. The total only grows, so that what
    /// is told twice counts once; after a compaction codex tells no parts of the last request, and the total of
    /// before.
    pub fn take(&mut self, used: &Used, whose: Whose) -> Option<Body> {
        let before = self.total.replace(used.total);
        self.window = used.window.or(self.window);
        self.context = Some(used.context).filter(|tokens| *tokens > 0);
        if whose == Whose::Other {
            return None;
        }
        // Of a thread from before the bridge the total is not known: then only the last request is ours.
        self.turn = self.turn + before.map_or(used.last, |before| used.total - before);
        self.body()
    }

    /// Takes in what is left of the account; told at once where a turn runs that has used something.
    pub fn limited(&mut self, limits: Vec<RateLimit>, running: bool) -> Option<Body> {
        let changed = self.limits != limits;
        self.limits = limits;
        if changed && running && !self.turn.is_zero() { self.body() } else { None }
    }

    fn body(&self) -> Option<Body> {
        Some(Body::Usage {
            turn: self.turn,
            thread: self.total?,
            context_window: self.window,
            context_used: self.window.and(self.context),
            limits: self.limits.clone(),
        })
    }

    /// Why a turn failed; with when the account's limit begins anew, where it was that.
    pub fn explain(&self, mut error: ErrorInfo) -> ErrorInfo {
        if error.code == "usage_limit_exceeded"
            && let Some(when) = self.resets()
        {
            error.remedy = Some(format!("wait until {when}, when the limit resets, or use another account"));
        }
        error
    }

    /// When there is something to use again: the last of the windows that are used up.
    fn resets(&self) -> Option<Timestamp> {
        let used_up = self.limits.iter().filter(|limit| limit.used_percent >= 100);
        used_up.filter_map(|limit| limit.resets_at).max()
    }
}

#[cfg(test)]
mod tests;

//! What callers want of a session that is at work: turns in line behind the one that runs, and messages on
//! their way into it. Pure.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::agent::{CallId, TurnParams};
use crate::ids::TurnId;

/// Turns that may wait for one session: as many as calls that its task takes at once.
const MOST: usize = 64;

/// What becomes of a prompt for a session whose turn runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenBusy {
    /// It is refused.
    #[default]
    Reject,
    /// It is added to the turn that runs.
    Steer,
    /// It waits, and gets a turn of its own.
    Queue,
    /// The same, behind what its own call has begun: so it has its place in line already.
    Behind,
}

/// What became of a prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum How {
    /// It began a turn.
    Begun,
    /// It waited for others, and began a turn then.
    Queued,
    /// It was added to a turn that ran.
    Steered,
    /// It was to be added to a turn that took nothing more, and began one.
    Late,
}

impl How {
    /// Its name in a result.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Begun => "started",
            Self::Queued => "queued",
            Self::Steered => "steered",
            Self::Late => "started_after",
        }
    }
}

/// A prompt that waits, for who looks on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InLine {
    /// Whose.
    pub call: CallId,
    /// By which it is found again.
    pub key: Option<String>,
}

/// A prompt that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    pub call: CallId,
    pub turn: TurnParams,
    pub how: How,
    /// The turn that it came too late for.
    pub missed: Option<TurnId>,
    /// Whether it was cancelled while codex had it: then it gets no turn of its own.
    pub cancelled: bool,
}

/// All that wait.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// Which get turns of their own, in their order.
    waiting: VecDeque<Waiting>,
    /// Which are to be added to a turn: once it has begun, or to the next, where theirs had ended.
    held: VecDeque<Waiting>,
    /// Which codex has been given for a turn, and has not taken yet.
    given: Vec<Waiting>,
}

impl Waiting {
    /// Whether it is of the run of this name: its turn, or what goes before that.
    pub fn is_of(&self, run: &str) -> bool {
        [&self.turn.key, &self.turn.before].into_iter().any(|name| name.as_deref() == Some(run))
    }
}

impl Line {
    /// Puts one behind all that wait; how many there are, where those are too many.
    pub fn join(&mut self, call: CallId, turn: TurnParams) -> Result<(), usize> {
        let all = self.waiting.len();
        if all >= MOST {
            return Err(all);
        }
        self.waiting.push_back(Waiting { call, turn, how: How::Queued, missed: None, cancelled: false });
        Ok(())
    }

    /// Holds one until there is a turn that it can be added to; how many there are, where those are too many.
    pub fn hold(&mut self, call: CallId, turn: TurnParams) -> Result<(), usize> {
        let all = self.held.len() + self.given.len();
        if all >= MOST {
            return Err(all);
        }
        self.held.push_back(Waiting { call, turn, how: How::Late, missed: None, cancelled: false });
        Ok(())
    }

    /// The next that gets a turn of its own: one that was meant for a turn that is over comes first.
    pub fn next(&mut self) -> Option<Waiting> {
        self.held.pop_front().or_else(|| self.waiting.pop_front())
    }

    /// Those that can be added to the turn that runs now.
    pub fn give(&mut self, running: &TurnId) -> Vec<Waiting> {
        let all: Vec<_> = self.held.drain(..).collect();
        let (give, keep): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|one| one.missed.as_ref() != Some(running));
        self.held.extend(keep);
        self.given.extend(give.iter().cloned());
        give
    }

    /// One that codex has answered.
    pub fn answered(&mut self, call: CallId) -> Option<Waiting> {
        let at = self.given.iter().position(|one| one.call == call)?;
        Some(self.given.remove(at))
    }

    /// One that its turn ended under waits for the next.
    pub fn missed(&mut self, waiting: Waiting, turn: TurnId) {
        self.held.push_back(Waiting { missed: Some(turn), ..waiting });
    }

    /// Takes out those that are meant and codex has not been given; the others get no turn of their own.
    pub fn take(&mut self, meant: impl Fn(&Waiting) -> bool) -> Vec<Waiting> {
        let mut out = Vec::new();
        self.given.iter_mut().filter(|one| meant(one)).for_each(|one| one.cancelled = true);
        for line in [&mut self.held, &mut self.waiting] {
            let all: Vec<_> = line.drain(..).collect();
            let (taken, left): (Vec<_>, Vec<_>) = all.into_iter().partition(&meant);
            out.extend(taken);
            line.extend(left);
        }
        out
    }

    /// Takes out all, also those that codex has been given.
    pub fn close(&mut self) -> Vec<Waiting> {
        let mut out = self.take(|_| true);
        out.append(&mut self.given);
        out
    }

    /// Whether nobody waits, nor for an answer of codex.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.held.is_empty() && self.given.is_empty()
    }

    /// Whether one of this name waits.
    pub fn has(&self, key: &str) -> bool {
        self.held.iter().chain(&self.waiting).any(|one| one.turn.key.as_deref() == Some(key))
    }

    /// Whose turns are to come, in their order.
    pub fn all(&self) -> Vec<InLine> {
        let one = |one: &Waiting| InLine { call: one.call, key: one.turn.key.clone() };
        self.held.iter().chain(&self.waiting).map(one).collect()
    }
}

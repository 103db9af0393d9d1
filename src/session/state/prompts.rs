//! Of a session's state: what becomes of prompts, also while a turn runs.

use super::{NAMES, Phase, State};
use crate::event::Timestamp;
use crate::ids::{Generation, TurnId};
use crate::session::agent::{AgentError, CallId, SteerError, TurnParams};
use crate::session::ends::{host_gone, interrupted, known_turn, not_begun, taken_out, unbegun};
use crate::session::input::{Act, Effects, Meant, Reply};
use crate::session::line::{How, InLine, Waiting, WhenBusy};

/// Runs whose names a session remembers: more than are begun at the same moment.
const NAMED: usize = 64;

impl State {
    pub(super) fn run(&mut self, out: &mut Effects, call: CallId, turn: TurnParams, when: WhenBusy) {
        if turn.key.as_ref().is_some_and(|key| self.line.has(key) || self.named.contains(key)) {
            return out.replies.push((call, Reply::Named));
        }
        let waits = match when {
            // Whatever waits has been taken up by now.
            _ if self.phase == Phase::Idle => {
                return self
                    .start(out, Waiting { call, turn, how: How::Begun, missed: None, cancelled: false });
            }
            WhenBusy::Reject => return out.replies.push((call, Reply::Busy(self.current()))),
            WhenBusy::Queue | WhenBusy::Behind => self.line.join(call, turn),
            WhenBusy::Steer => self.line.hold(call, turn),
        };
        if let Err(waiting) = waits {
            out.replies.push((call, Reply::Full(waiting)));
        }
    }

    fn start(&mut self, out: &mut Effects, Waiting { call, turn, how, .. }: Waiting) {
        self.phase = Phase::Starting { call, how, cancelled: false, taken: None };
        let sandbox_policy = self.sandbox_policy.clone();
        self.output_schema.clone_from(&turn.output_schema);
        self.key.clone_from(&turn.key);
        if let Some(key) = &turn.key {
            if self.named.len() == NAMED {
                self.named.pop_front();
            }
            self.named.push_back(key.clone());
        }
        out.acts.push(Act::Run(call, TurnParams { sandbox_policy, ..turn }));
    }

    /// Takes up what waits, as far as it can be now.
    pub(super) fn advance(&mut self, out: &mut Effects) {
        match &self.phase {
            Phase::Idle if !self.over => {
                if let Some(next) = self.line.next() {
                    self.start(out, next);
                }
            }
            Phase::Running(running) => {
                let given = self.line.give(running);
                out.acts.extend(given.into_iter().map(|one| Act::Steer(one.call, running.clone(), one.turn)));
            }
            Phase::Idle | Phase::Starting { .. } => {}
        }
    }

    pub(super) fn steered(
        &mut self,
        out: &mut Effects,
        call: CallId,
        turn: TurnId,
        result: Result<(), SteerError>,
    ) {
        let Some(waiting) = self.line.answered(call) else { return };
        match result {
            Ok(()) => out.replies.push((call, Reply::Begun(turn, How::Steered))),
            Err(SteerError::Over) if waiting.cancelled => {
                out.replies.push((call, Reply::Refused(AgentError(taken_out()))));
            }
            Err(SteerError::Over) => self.line.missed(waiting, turn),
            Err(SteerError::Other(error)) => out.replies.push((call, Reply::Refused(error))),
        }
    }

    /// Whose turns are to come, in their order.
    #[must_use]
    pub fn in_line(&self) -> Vec<InLine> {
        self.line.all()
    }

    /// Takes out of the line what a caller means.
    pub(super) fn take_from_line(&mut self, out: &mut Effects, meant: &Meant, now: Timestamp) {
        let taken = match meant {
            Meant::Any => self.line.take(|_| true),
            Meant::Start(start) => self.line.take(|one| one.call == *start),
            Meant::Run(name) => self.line.take(|one| one.is_of(name)),
            Meant::Turn(_) => Vec::new(),
        };
        self.take_out(out, &taken, "it was taken out", now);
    }

    /// Takes out of the line what a caller means, and does nothing else.
    pub fn empty_line(&mut self, meant: &Meant, now: Timestamp) -> Effects {
        let mut out = Effects::default();
        self.take_from_line(&mut out, meant, now);
        out
    }

    /// Tells those who waited that they wait for nothing.
    pub(super) fn take_out(&mut self, out: &mut Effects, taken: &[Waiting], why: &str, now: Timestamp) {
        if taken.is_empty() {
            return;
        }
        let prompts: Vec<_> = taken.iter().map(|one| one.turn.prompt.as_str()).collect();
        let runs = taken.iter().filter_map(|one| one.turn.key.clone()).collect();
        self.record(out, now, None, not_begun(&prompts, runs, why));
        let error = AgentError(if self.over { host_gone() } else { taken_out() });
        out.replies.extend(taken.iter().map(|one| (one.call, Reply::Refused(error.clone()))));
    }

    /// When codex must have named the turn that it has taken.
    pub(super) fn named_by(&self) -> Option<Timestamp> {
        match &self.phase {
            Phase::Starting { taken: Some((_, since)), .. } => Some(since.after(NAMES)),
            _ => None,
        }
    }

    /// The answer may come after the end of the codex that gave it: then the turn ends with it.
    pub(super) fn accepted(
        &mut self,
        out: &mut Effects,
        start: CallId,
        generation: Generation,
        turn: TurnId,
        now: Timestamp,
    ) {
        if !matches!(self.phase, Phase::Starting { call, .. } if call == start) {
            return;
        }
        if self.latest.as_ref() == Some(&turn) {
            self.refused(out, start, AgentError(known_turn(&turn)), now);
            return;
        }
        self.begin(out, turn.clone(), now);
        let lost = self.lost.clone().filter(|(lost, _)| generation <= *lost);
        if let Some((_, error)) = lost {
            self.phase = Phase::Idle;
            self.record(out, now, Some(turn), interrupted(error));
        }
    }

    /// codex has taken it, and says its name later.
    pub(super) fn taken(&mut self, start: CallId, generation: Generation, now: Timestamp) {
        if let Phase::Starting { call, taken, .. } = &mut self.phase
            && *call == start
        {
            *taken = Some((generation, now));
        }
    }

    /// Its caller may wait no longer: whoever asks later reads it in the events.
    pub(super) fn refused(&mut self, out: &mut Effects, start: CallId, error: AgentError, now: Timestamp) {
        if let Phase::Starting { call, .. } = self.phase
            && call == start
        {
            self.phase = Phase::Idle;
            let key = self.key.take();
            self.named.retain(|name| Some(name) != key.as_ref());
            self.record(out, now, None, unbegun(error.0.clone(), key));
            out.replies.push((call, Reply::Refused(error)));
        }
    }
}

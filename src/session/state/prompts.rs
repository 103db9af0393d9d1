//! Of a session's state: what becomes of prompts, also while a turn runs.

use super::{Phase, State};
use crate::event::Timestamp;
use crate::ids::TurnId;
use crate::session::agent::{AgentError, CallId, SteerError, TurnParams};
use crate::session::ends::{host_gone, not_begun, taken_out};
use crate::session::input::{Act, Effects, Meant, Reply};
use crate::session::line::{How, Waiting, WhenBusy};

impl State {
    pub(super) fn run(&mut self, out: &mut Effects, call: CallId, turn: TurnParams, when: WhenBusy) {
        let waits = match when {
            // Whatever waits has been taken up by now.
            _ if self.phase == Phase::Idle => {
                return self.start(out, Waiting { call, turn, how: How::Begun, missed: None });
            }
            WhenBusy::Reject => return out.replies.push((call, Reply::Busy(self.current()))),
            WhenBusy::Queue => self.line.join(call, turn),
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
            Err(SteerError::Over) => self.line.missed(waiting, turn),
            Err(SteerError::Other(error)) => out.replies.push((call, Reply::Refused(error))),
        }
    }

    /// Whose turns are to come, in their order.
    #[must_use]
    pub fn in_line(&self) -> Vec<CallId> {
        self.line.calls()
    }

    /// Takes out of the line what a caller means.
    pub(super) fn take_from_line(&mut self, out: &mut Effects, meant: &Meant, now: Timestamp) {
        let taken = match meant {
            Meant::Any => self.line.take(None),
            Meant::Start(start) => self.line.take(Some(*start)),
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
        self.record(out, now, None, not_begun(&prompts, why));
        let error = AgentError(if self.over { host_gone() } else { taken_out() });
        out.replies.extend(taken.iter().map(|one| (one.call, Reply::Refused(error.clone()))));
    }
}

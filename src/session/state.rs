//! The state machine of one session: each input gives events to append, then commands, then
//! answers to callers. No clock, no I/O, no async; one line an input in [`State::apply`].

mod prompts;
#[cfg(test)]
pub(super) mod tests;

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use serde_json::Value;

use super::agent::{AgentError, AgentEvent, CallId, Opened};
use super::delta::Deltas;
use super::ends::{codex_ended, host_gone, interrupted, superseded, survived, unbegun, unkept, unnamed};
use super::input::{Act, Effects, Input, Meant, Reply};
use super::line::{How, Line};
use super::missed::Missed;
use super::questions::{Ended, QuestionOptions, Questions};
use super::repeat::LastDiff;
use super::stall::Stall;
use super::usage::Usage;
use crate::approval::Verdict;
use crate::event::{Body, DecidedBy, Decision, ErrorInfo, Event, Origin, SessionInfo, Timestamp, TurnStatus};
use crate::ids::{ApprovalId, Generation, Seq, ThreadId, TurnId};

/// How long codex may take to name a turn that it has taken.
const NAMES: Duration = Duration::from_secs(120);

#[derive(Debug, PartialEq)]
enum Phase {
    Idle,
    /// Asked for, not yet begun; the caller waits for its name.
    Starting {
        call: CallId,
        how: How,
        cancelled: bool,
        /// The codex process that has taken it, and has not named it yet.
        taken: Option<(Generation, Timestamp)>,
    },
    Running(TurnId),
}

/// One session.
#[derive(Debug)]
pub struct State {
    thread: ThreadId,
    seq: Seq,
    info: SessionInfo,
    /// What other programs did before it was opened.
    missed: Missed,
    sandbox_policy: Option<Value>,
    /// Of the turn that is to begin.
    output_schema: Option<Value>,
    /// The same.
    key: Option<String>,
    /// The latest of those that have begun, or are to begin.
    named: VecDeque<String>,
    generation: Generation,
    /// The last codex process that is known to be gone, and how it went.
    lost: Option<(Generation, ErrorInfo)>,
    phase: Phase,
    line: Line,
    /// Who asked for the latest turn; nobody here where codex began it by itself.
    begun_by: Option<CallId>,
    /// By which name.
    begun_as: Option<String>,
    /// After the shutdown: nothing is taken in any more.
    over: bool,
    latest: Option<TurnId>,
    questions: Questions,
    deltas: Deltas,
    diff: LastDiff,
    usage: Usage,
    stall: Stall,
}

impl State {
    /// A session that codex has loaded, whose journal ends at `seq`. `stall`: how long a turn may do nothing but try
    /// again.
    #[must_use]
    pub fn new(opened: Opened, seq: Seq, questions: QuestionOptions, stall: Duration) -> Self {
        Self {
            thread: opened.thread,
            seq,
            info: opened.info,
            missed: opened.missed,
            sandbox_policy: opened.sandbox_policy,
            output_schema: None,
            key: None,
            named: VecDeque::new(),
            generation: opened.generation,
            lost: None,
            phase: Phase::Idle,
            line: Line::default(),
            begun_by: None,
            begun_as: None,
            over: false,
            latest: None,
            questions: Questions::new(questions),
            deltas: Deltas::default(),
            diff: LastDiff::default(),
            usage: Usage::default(),
            stall: Stall::new(stall),
        }
    }

    /// The events that open it, to be appended before anything else.
    pub fn open(&mut self, now: Timestamp) -> Effects {
        let mut out = Effects::default();
        let info = self.info.clone();
        self.record(&mut out, now, None, Body::SessionStarted(info));
        let missed = std::mem::take(&mut self.missed);
        self.read_back(&mut out, missed, now);
        out
    }

    /// What other programs did meanwhile.
    fn read_back(&mut self, out: &mut Effects, missed: Missed, now: Timestamp) {
        if let Some(last) = missed.turns.last() {
            self.latest = Some(last.turn.clone());
        }
        for (turn, body) in missed.events() {
            let origin = turn.is_some().then_some(Origin::Codex);
            self.record(out, now, turn, body);
            if let Some(event) = out.events.last_mut() {
                event.origin = origin;
            }
        }
    }

    /// Takes in an input.
    pub fn apply(&mut self, input: Input, now: Timestamp) -> Effects {
        let mut out = Effects::default();
        if self.over {
            return out;
        }
        match input {
            Input::Agent(event) => self.agent(&mut out, event, now),
            Input::Run(call, turn, when) => self.run(&mut out, call, turn, when),
            Input::Decide(call, id, verdict) => self.decide(&mut out, call, &id, verdict, now),
            Input::Dismiss(call, id) => {
                self.questions.dismiss(&id);
                out.replies.push((call, Reply::Dismissed));
            }
            Input::Cancel(call, meant, verdict) => self.cancel(&mut out, call, &meant, &verdict, now),
            Input::Release(call) => self.release(&mut out, call, now),
            Input::Unkept(why) => self.said(&mut out, None, unkept(&why), now),
            Input::Tick => self.tick(&mut out, now),
            Input::Shutdown => self.shutdown(&mut out, now),
        }
        self.advance(&mut out);
        out
    }

    /// When the next [`Input::Tick`] is due.
    #[must_use]
    pub fn next_tick(&self) -> Option<Timestamp> {
        [self.deltas.due(), self.questions.next_expiry(), self.named_by()].into_iter().flatten().min()
    }

    /// Whether text waits to become an event.
    #[must_use]
    pub fn holds_text(&self) -> bool {
        self.deltas.due().is_some()
    }

    /// Whether a turn has been asked for and has not begun.
    #[must_use]
    pub fn starting(&self) -> bool {
        matches!(self.phase, Phase::Starting { .. })
    }

    /// Open requests whose dialog a person closed without a decision.
    #[must_use]
    pub fn dismissed(&self) -> &BTreeSet<ApprovalId> {
        self.questions.dismissed()
    }

    /// The turn that runs.
    #[must_use]
    pub fn running(&self) -> Option<&TurnId> {
        match &self.phase {
            Phase::Running(turn) => Some(turn),
            _ => None,
        }
    }

    fn agent(&mut self, out: &mut Effects, event: AgentEvent, now: Timestamp) {
        match event {
            AgentEvent::Loaded(opened) => self.loaded(out, opened, now),
            AgentEvent::TurnAccepted { start, generation, turn } => {
                self.accepted(out, start, generation, turn, now);
            }
            AgentEvent::TurnTaken { start, generation } => self.taken(start, generation, now),
            AgentEvent::TurnRefused { start, error } => self.refused(out, start, error, now),
            AgentEvent::Steered { call, turn, result } => self.steered(out, call, turn, result),
            AgentEvent::TurnStarted(turn) => self.begin(out, turn, now),
            AgentEvent::TurnEnded { turn, status, error, duration_ms } => {
                self.end(out, &turn, status, error, duration_ms, now);
            }
            AgentEvent::Said { turn, body } => self.said(out, turn, body, now),
            AgentEvent::Used(used) => {
                let running = matches!(self.phase, Phase::Running(_));
                let whose = Usage::whose(used.turn.as_ref(), self.latest.as_ref(), running);
                if let Some(body) = self.usage.take(&used, whose) {
                    self.record(out, now, used.turn, body);
                }
            }
            AgentEvent::Limits(limits) => {
                if let Some(body) = self.usage.limited(limits, self.running().is_some()) {
                    self.record(out, now, self.current(), body);
                }
            }
            AgentEvent::Stopped { turn, left } => {
                if !left.is_empty() {
                    self.record(out, now, Some(turn), survived(left));
                }
            }
            AgentEvent::Asked { key, turn, ask } => {
                self.stall.moves();
                // codex may use an id again: an answer to the question that had it must not count for this one.
                let before = self.questions.resolved(&key);
                self.settle(out, before, now);
                let (request, ended) = self.questions.ask(key, turn.clone(), *ask, now);
                self.record(out, now, turn, Body::PermissionRequest(Box::new(request)));
                self.settle(out, ended, now);
            }
            AgentEvent::Resolved(key) => {
                let ended = self.questions.resolved(&key);
                self.settle(out, ended, now);
            }
            AgentEvent::Lost { generation, error } => self.lost(out, generation, error, now),
        }
    }

    fn loaded(&mut self, out: &mut Effects, opened: Opened, now: Timestamp) {
        if opened.generation != self.generation {
            // The questions of the process before went with it.
            self.close_requests(out, &codex_ended(), now);
        }
        self.generation = opened.generation;
        self.sandbox_policy = opened.sandbox_policy;
        self.info = SessionInfo { resumed: true, ..opened.info };
        let info = self.info.clone();
        self.record(out, now, None, Body::SessionStarted(info));
        self.read_back(out, opened.missed, now);
    }

    /// codex says it twice, in its answer and as a notice, in either order, the second perhaps
    /// after the turn's end: only the first begins it.
    fn begin(&mut self, out: &mut Effects, turn: TurnId, now: Timestamp) {
        if self.latest.as_ref() == Some(&turn) {
            return;
        }
        if let Some(other) = self.current() {
            // codex never said how that one ended; with one turn at a time, it has.
            let verdict = Verdict::own(Decision::Cancel, DecidedBy::Codex, "the turn ended");
            self.close_requests(out, &verdict, now);
            self.record(out, now, Some(other), interrupted(superseded()));
        }
        let phase = std::mem::replace(&mut self.phase, Phase::Running(turn.clone()));
        self.begun_by = None;
        self.latest = Some(turn.clone());
        self.usage.begin();
        self.stall.moves();
        self.questions.forget_proposed();
        let (output_schema, key) = (self.output_schema.take(), self.key.take());
        self.begun_as.clone_from(&key);
        self.record(out, now, Some(turn.clone()), Body::TurnStarted { output_schema, key });
        if let Phase::Starting { call, how, cancelled, .. } = phase {
            self.begun_by = Some(call);
            out.replies.push((call, Reply::Begun(turn.clone(), how)));
            if cancelled {
                out.acts.push(Act::Interrupt(turn));
            }
        }
    }

    fn end(
        &mut self,
        out: &mut Effects,
        turn: &TurnId,
        status: TurnStatus,
        error: Option<ErrorInfo>,
        duration_ms: Option<u64>,
        now: Timestamp,
    ) {
        if self.phase != Phase::Running(turn.clone()) {
            return;
        }
        let verdict = Verdict::own(Decision::Cancel, DecidedBy::Codex, "the turn ended");
        self.close_requests(out, &verdict, now);
        let (status, error) = self.stall.explain(turn, status, error);
        let error = error.map(|error| self.usage.explain(error));
        self.record(
            out,
            now,
            Some(turn.clone()),
            Body::TurnFinished { status, error, duration_ms, key: None },
        );
        self.phase = Phase::Idle;
        self.questions.forget_proposed();
    }

    fn said(&mut self, out: &mut Effects, turn: Option<TurnId>, body: Body, now: Timestamp) {
        if let Phase::Running(running) = &self.phase
            && turn.as_ref() == Some(running)
            && self.stall.hears(running, &body, now)
        {
            out.acts.push(Act::Interrupt(running.clone()));
        }
        if body.is_delta() {
            for (turn, body) in self.deltas.push(turn, body, now) {
                self.write(out, now, turn, body);
            }
            return;
        }
        match &body {
            Body::ToolCall(call) => self.questions.propose(call),
            Body::Diff { diff } if !self.diff.is_new(turn.as_ref(), diff) => return,
            _ => {}
        }
        self.record(out, now, turn, body);
    }

    fn decide(&mut self, out: &mut Effects, call: CallId, id: &ApprovalId, verdict: Verdict, now: Timestamp) {
        match self.questions.decide(id, verdict) {
            Ok(ended) => {
                out.replies.push((call, Reply::Decided(ended.record.clone())));
                self.settle(out, [ended], now);
            }
            Err(error) => out.replies.push((call, Reply::Undecided(error))),
        }
    }

    fn close_requests(&mut self, out: &mut Effects, verdict: &Verdict, now: Timestamp) {
        let closed = self.questions.close(verdict);
        self.settle(out, closed, now);
    }

    /// Records decisions and tells codex.
    fn settle(&mut self, out: &mut Effects, ended: impl IntoIterator<Item = Ended>, now: Timestamp) {
        for ended in ended {
            self.record(out, now, ended.turn, Body::PermissionDecision(ended.record));
            out.acts.extend(ended.answer.map(|(key, answer)| Act::Answer(key, answer)));
            let turn = self.current().filter(|_| ended.interrupts);
            out.acts.extend(turn.map(Act::Interrupt));
        }
    }

    /// Whether a turn that is meant is the one that runs or is to begin; any is, also where there is none.
    #[must_use]
    pub fn means(&self, meant: &Meant) -> bool {
        match (meant, &self.phase) {
            (Meant::Any, _) => true,
            (Meant::Turn(turn), Phase::Running(running)) => turn == running,
            (Meant::Start(start), Phase::Starting { call, .. }) => start == call,
            (Meant::Start(start), Phase::Running(_)) => self.begun_by == Some(*start),
            (Meant::Run(name), Phase::Starting { .. }) => self.key.as_ref() == Some(name),
            (Meant::Run(name), Phase::Running(_)) => self.begun_as.as_ref() == Some(name),
            _ => false,
        }
    }

    fn cancel(&mut self, out: &mut Effects, call: CallId, meant: &Meant, verdict: &Verdict, now: Timestamp) {
        let turn = self.current();
        self.take_from_line(out, meant, now);
        if !self.means(meant) {
            // The turn that was meant has ended; another one is none of its caller's business.
            out.replies.push((call, Reply::Turn(None)));
            return;
        }
        self.close_requests(out, verdict, now);
        match &mut self.phase {
            Phase::Running(turn) => out.acts.push(Act::Interrupt(turn.clone())),
            Phase::Starting { cancelled, .. } => *cancelled = true,
            Phase::Idle => {}
        }
        out.replies.push((call, Reply::Turn(turn)));
    }

    fn tick(&mut self, out: &mut Effects, now: Timestamp) {
        if self.deltas.is_due(now) {
            self.flush(out, now);
        }
        let late = self.questions.expire(now);
        self.settle(out, late, now);
        if let Phase::Starting { call, .. } = self.phase
            && self.named_by().is_some_and(|by| now >= by)
        {
            self.refused(out, call, AgentError(unnamed()), now);
        }
    }

    /// A start that is under way gets its own answer: it may be for the next process.
    fn lost(&mut self, out: &mut Effects, generation: Generation, error: ErrorInfo, now: Timestamp) {
        self.lost = Some((generation, error.clone()));
        if generation != self.generation {
            return;
        }
        self.close_requests(out, &codex_ended(), now);
        match &self.phase {
            Phase::Running(turn) => {
                let turn = turn.clone();
                self.phase = Phase::Idle;
                self.record(out, now, Some(turn), interrupted(error));
            }
            // It was taken by the one that is gone, which says no more.
            Phase::Starting { call, taken: Some((taken, _)), .. } if *taken <= generation => {
                self.refused(out, *call, AgentError(error), now);
            }
            Phase::Starting { .. } | Phase::Idle => {}
        }
    }

    /// Ends the session's part here, where nothing is under way.
    fn release(&mut self, out: &mut Effects, call: CallId, now: Timestamp) {
        // What was to be added to a turn that is over may be in codex's hands still: its caller gets an answer.
        if self.phase == Phase::Idle && self.questions.is_empty() && self.line.is_empty() {
            self.record(out, now, None, Body::SessionFinished { reason: "released".into() });
            out.acts.push(Act::Release);
            out.replies.push((call, Reply::Released));
            self.over = true;
        } else {
            out.replies.push((call, Reply::Busy(self.current())));
        }
    }

    /// Whether it has ended here: nothing is taken in any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.over
    }

    fn shutdown(&mut self, out: &mut Effects, now: Timestamp) {
        let verdict = Verdict::own(Decision::Decline, DecidedBy::Shutdown, "the bridge ended");
        self.close_requests(out, &verdict, now);
        self.over = true;
        let waited = self.line.close();
        self.take_out(out, &waited, "the bridge ended", now);
        match std::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Running(turn) => {
                out.acts.push(Act::Interrupt(turn.clone()));
                self.record(out, now, Some(turn), interrupted(host_gone()));
            }
            Phase::Starting { call, .. } => {
                let key = self.key.take();
                self.record(out, now, None, unbegun(host_gone(), key));
                out.replies.push((call, Reply::Refused(AgentError(host_gone()))));
            }
            Phase::Idle => {}
        }
        self.record(out, now, None, Body::SessionFinished { reason: "host_gone".into() });
    }

    fn current(&self) -> Option<TurnId> {
        self.running().cloned()
    }

    fn flush(&mut self, out: &mut Effects, now: Timestamp) {
        for (turn, body) in self.deltas.take() {
            self.write(out, now, turn, body);
        }
    }

    /// Makes the next event, after the text that came before it.
    fn record(&mut self, out: &mut Effects, now: Timestamp, turn: Option<TurnId>, body: Body) {
        self.flush(out, now);
        self.write(out, now, turn, body);
    }

    fn write(&mut self, out: &mut Effects, now: Timestamp, turn: Option<TurnId>, body: Body) {
        self.seq = self.seq.next();
        out.events.push(Event {
            seq: self.seq,
            time: now,
            thread_id: self.thread.clone(),
            turn_id: turn,
            origin: None,
            body,
        });
    }
}

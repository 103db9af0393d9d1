//! The state machine of one session: each input gives events to append, then commands, then
//! answers to callers. No clock, no I/O, no async; one line an input in [`State::apply`].

use std::collections::BTreeMap;
use std::time::Duration;

use super::agent::{AgentAnswer, AgentError, AgentEvent, Ask, CallId, Opened, RequestKey, TurnParams};
use super::delta::Delta;
use super::ends::{codex_ended, host_gone, interrupted, known_turn, superseded};
use super::request;
use crate::approval::{DecideError, Desk, Verdict};
use crate::event::{
    Body, DecidedBy, Decision, ErrorInfo, Event, FileChange, PermissionDecision, RequestKind, SessionInfo,
    Timestamp, Tokens, TurnStatus,
};
use crate::ids::{ApprovalId, Generation, Seq, ThreadId, TurnId};
use crate::journal::JournalError;

/// All that can happen to a session.
#[derive(Debug)]
pub enum Input {
    /// The agent says something.
    Agent(AgentEvent),
    /// A caller wants a turn.
    Run(CallId, TurnParams),
    /// A caller answers a question.
    Decide(CallId, ApprovalId, Verdict),
    /// A caller ends a turn: the one that is named, or whichever runs.
    Cancel(CallId, Option<TurnId>, Verdict),
    /// Time passed.
    Tick,
    /// The bridge ends.
    Shutdown,
}

/// What the agent is to do; the task adds the channels.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Begin a turn.
    Run(CallId, TurnParams),
    /// End a turn.
    Interrupt(TurnId),
    /// Answer a question.
    Answer(RequestKey, AgentAnswer),
}

/// The answer to a caller.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// The turn that began, or that is being ended; `None` when there was none to end.
    Turn(Option<TurnId>),
    /// Another turn is under way.
    Busy(Option<TurnId>),
    /// codex did not begin it.
    Refused(AgentError),
    /// The answer counts.
    Decided(PermissionDecision),
    /// The answer does not count.
    Undecided(DecideError),
    /// The journal took no more events: nothing was done.
    Unrecorded(JournalError),
}

/// What follows from an input, in the order in which it must be done.
#[derive(Debug, Default, PartialEq)]
pub struct Effects {
    /// First: into the journal.
    pub events: Vec<Event>,
    /// Then: to codex.
    pub acts: Vec<Act>,
    /// Last: to callers.
    pub replies: Vec<(CallId, Reply)>,
}

#[derive(Debug, PartialEq)]
enum Phase {
    Idle,
    /// Asked for, not yet begun; the caller waits for its name.
    Starting {
        call: CallId,
        cancelled: bool,
    },
    Running(TurnId),
}

/// One session.
#[derive(Debug)]
pub struct State {
    thread: ThreadId,
    seq: Seq,
    info: SessionInfo,
    generation: Generation,
    /// The last codex process that is known to be gone, and how it went.
    lost: Option<(Generation, ErrorInfo)>,
    phase: Phase,
    /// After the shutdown: nothing is taken in any more.
    over: bool,
    latest: Option<TurnId>,
    desk: Desk,
    keys: BTreeMap<ApprovalId, RequestKey>,
    /// Changes that codex proposed in the running turn, by item: a request for them names only that.
    proposed: BTreeMap<String, Vec<FileChange>>,
    delta: Option<Delta>,
    total: Option<Tokens>,
    used: Tokens,
    deadline: Duration,
    mint: fn() -> ApprovalId,
}

impl State {
    /// A session that codex has loaded, whose journal ends at `seq`.
    #[must_use]
    pub fn new(opened: Opened, seq: Seq, deadline: Duration, mint: fn() -> ApprovalId) -> Self {
        Self {
            thread: opened.thread,
            seq,
            info: opened.info,
            generation: opened.generation,
            lost: None,
            phase: Phase::Idle,
            over: false,
            latest: None,
            desk: Desk::default(),
            keys: BTreeMap::new(),
            proposed: BTreeMap::new(),
            delta: None,
            total: None,
            used: Tokens::default(),
            deadline,
            mint,
        }
    }

    /// The event that opens it, to be appended before anything else.
    pub fn open(&mut self, now: Timestamp) -> Effects {
        let mut out = Effects::default();
        let info = self.info.clone();
        self.record(&mut out, now, None, Body::SessionStarted(info));
        out
    }

    /// Takes in an input.
    pub fn apply(&mut self, input: Input, now: Timestamp) -> Effects {
        let mut out = Effects::default();
        if self.over {
            return out;
        }
        match input {
            Input::Agent(event) => self.agent(&mut out, event, now),
            Input::Run(call, turn) => self.run(&mut out, call, turn),
            Input::Decide(call, id, verdict) => self.decide(&mut out, call, &id, verdict, now),
            Input::Cancel(call, turn, verdict) => self.cancel(&mut out, call, turn.as_ref(), &verdict, now),
            Input::Tick => self.tick(&mut out, now),
            Input::Shutdown => self.shutdown(&mut out, now),
        }
        out
    }

    /// When the next [`Input::Tick`] is due.
    #[must_use]
    pub fn next_tick(&self) -> Option<Timestamp> {
        [self.delta.as_ref().map(Delta::due), self.desk.next_expiry()].into_iter().flatten().min()
    }

    /// Whether a turn has been asked for and has not begun.
    #[must_use]
    pub fn starting(&self) -> bool {
        matches!(self.phase, Phase::Starting { .. })
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
            AgentEvent::TurnRefused { start, error } => self.refused(out, start, error),
            AgentEvent::TurnStarted(turn) => self.begin(out, turn, now),
            AgentEvent::TurnEnded { turn, status, error, duration_ms } => {
                self.end(out, &turn, status, error, duration_ms, now);
            }
            AgentEvent::Said { turn, body } => self.said(out, turn, body, now),
            AgentEvent::Used { turn, total, last, window } => {
                self.used(out, turn, total, last, window, now);
            }
            AgentEvent::Asked { key, turn, ask } => self.asked(out, key, turn, *ask, now),
            AgentEvent::Resolved(key) => self.resolved(out, &key, now),
            AgentEvent::Lost { generation, error } => self.lost(out, generation, error, now),
        }
    }

    fn loaded(&mut self, out: &mut Effects, opened: Opened, now: Timestamp) {
        if opened.generation != self.generation {
            // The questions of the process before went with it.
            self.close_requests(out, &codex_ended(), now);
        }
        self.generation = opened.generation;
        self.info = SessionInfo { resumed: true, ..opened.info };
        let info = self.info.clone();
        self.record(out, now, None, Body::SessionStarted(info));
    }

    fn run(&mut self, out: &mut Effects, call: CallId, turn: TurnParams) {
        match &self.phase {
            Phase::Idle => {
                self.phase = Phase::Starting { call, cancelled: false };
                out.acts.push(Act::Run(call, turn));
            }
            Phase::Starting { .. } => out.replies.push((call, Reply::Busy(None))),
            Phase::Running(turn) => out.replies.push((call, Reply::Busy(Some(turn.clone())))),
        }
    }

    /// codex says it twice, in its answer and as a notice, in either order, the second perhaps
    /// after the turn's end: only the first begins it.
    fn begin(&mut self, out: &mut Effects, turn: TurnId, now: Timestamp) {
        if self.latest.as_ref() == Some(&turn) {
            return;
        }
        if let Some(other) = self.current() {
            // codex never said how that one ended; with one turn at a time, it has.
            self.record(out, now, Some(other), interrupted(superseded()));
        }
        let phase = std::mem::replace(&mut self.phase, Phase::Running(turn.clone()));
        self.latest = Some(turn.clone());
        self.used = Tokens::default();
        self.proposed.clear();
        self.record(out, now, Some(turn.clone()), Body::TurnStarted {});
        if let Phase::Starting { call, cancelled } = phase {
            out.replies.push((call, Reply::Turn(Some(turn.clone()))));
            if cancelled {
                out.acts.push(Act::Interrupt(turn));
            }
        }
    }

    /// The answer may come after the end of the codex that gave it: then the turn ends with it.
    fn accepted(
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
            self.refused(out, start, AgentError(known_turn(&turn)));
            return;
        }
        self.begin(out, turn.clone(), now);
        let lost = self.lost.clone().filter(|(lost, _)| generation <= *lost);
        if let Some((_, error)) = lost {
            self.phase = Phase::Idle;
            self.record(out, now, Some(turn), interrupted(error));
        }
    }

    fn refused(&mut self, out: &mut Effects, start: CallId, error: AgentError) {
        if let Phase::Starting { call, .. } = self.phase
            && call == start
        {
            self.phase = Phase::Idle;
            out.replies.push((call, Reply::Refused(error)));
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
        self.record(out, now, Some(turn.clone()), Body::TurnFinished { status, error, duration_ms });
        self.phase = Phase::Idle;
        self.proposed.clear();
    }

    fn said(&mut self, out: &mut Effects, turn: Option<TurnId>, body: Body, now: Timestamp) {
        if body.is_delta() {
            for (turn, body) in Delta::push(&mut self.delta, turn, body, now) {
                self.write(out, now, turn, body);
            }
            return;
        }
        if let Body::ToolCall(call) = &body
            && !call.changes.is_empty()
        {
            self.proposed.insert(call.item_id.clone(), call.changes.clone());
        }
        self.record(out, now, turn, body);
    }

    fn used(
        &mut self,
        out: &mut Effects,
        turn: Option<TurnId>,
        total: Tokens,
        last: Tokens,
        window: Option<u64>,
        now: Timestamp,
    ) {
        // A thread that was resumed has a total from before: then only the last request is ours.
        let step = self.total.map_or(last, |before| total - before);
        self.total = Some(total);
        self.used = self.used + step;
        let body = Body::Usage { turn: self.used, thread: total, context_window: window };
        self.record(out, now, turn, body);
    }

    fn asked(
        &mut self,
        out: &mut Effects,
        key: RequestKey,
        turn: Option<TurnId>,
        mut ask: Ask,
        now: Timestamp,
    ) {
        let id = (self.mint)();
        if ask.changes.is_empty()
            && let Some(item) = &ask.item_id
        {
            ask.changes = self.proposed.get(item).cloned().unwrap_or_default();
        }
        let offered = matches!(ask.kind, RequestKind::Command | RequestKind::FileChange);
        let request = request::open(id.clone(), ask, now.after(self.deadline));
        self.record(out, now, turn.clone(), Body::PermissionRequest(request.clone()));
        self.desk.open(request);
        self.keys.insert(id.clone(), key);
        if !offered {
            let verdict = Verdict {
                way: Some("built-in".into()),
                ..Verdict::own(
                    Decision::Decline,
                    DecidedBy::Rule,
                    "this version of the bridge does not bring this kind of question to its host",
                )
            };
            self.withdraw(out, &id, verdict, now);
        }
    }

    fn decide(&mut self, out: &mut Effects, call: CallId, id: &ApprovalId, verdict: Verdict, now: Timestamp) {
        match self.desk.decide(id, verdict) {
            Ok(decision) => {
                self.settle(out, decision.clone(), now);
                out.replies.push((call, Reply::Decided(decision)));
            }
            Err(error) => out.replies.push((call, Reply::Undecided(error))),
        }
    }

    fn withdraw(&mut self, out: &mut Effects, id: &ApprovalId, verdict: Verdict, now: Timestamp) {
        if let Some(decision) = self.desk.withdraw(id, verdict) {
            self.settle(out, decision, now);
        }
    }

    /// Records a decision and tells codex, unless the decision is codex's own.
    fn settle(&mut self, out: &mut Effects, decision: PermissionDecision, now: Timestamp) {
        let key = self.keys.remove(&decision.approval_id);
        let told = decision.by != DecidedBy::Codex;
        let answer = AgentAnswer { decision: decision.decision };
        let turn = self.current();
        self.record(out, now, turn.clone(), Body::PermissionDecision(decision));
        if let Some(key) = key.filter(|_| told) {
            out.acts.push(Act::Answer(key, answer));
        }
    }

    fn close_requests(&mut self, out: &mut Effects, verdict: &Verdict, now: Timestamp) {
        for id in self.desk.waiting() {
            self.withdraw(out, &id, verdict.clone(), now);
        }
    }

    fn resolved(&mut self, out: &mut Effects, key: &RequestKey, now: Timestamp) {
        let id = self.keys.iter().find(|(_, k)| *k == key).map(|(id, _)| id.clone());
        if let Some(id) = id {
            let verdict = Verdict::own(Decision::Cancel, DecidedBy::Codex, "codex withdrew the question");
            self.withdraw(out, &id, verdict, now);
        }
    }

    fn cancel(
        &mut self,
        out: &mut Effects,
        call: CallId,
        wanted: Option<&TurnId>,
        verdict: &Verdict,
        now: Timestamp,
    ) {
        let turn = self.current();
        if wanted.is_some() && wanted != turn.as_ref() {
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
        if self.delta.as_ref().is_some_and(|delta| delta.due() <= now) {
            self.flush(out, now);
        }
        for id in self.desk.expired(now) {
            let verdict = Verdict::own(Decision::Decline, DecidedBy::Deadline, "nobody answered in time");
            self.withdraw(out, &id, verdict, now);
        }
    }

    /// A start that is under way gets its own answer: it may be for the next process.
    fn lost(&mut self, out: &mut Effects, generation: Generation, error: ErrorInfo, now: Timestamp) {
        self.lost = Some((generation, error.clone()));
        if generation != self.generation {
            return;
        }
        self.close_requests(out, &codex_ended(), now);
        if let Phase::Running(turn) = &self.phase {
            let turn = turn.clone();
            self.phase = Phase::Idle;
            self.record(out, now, Some(turn), interrupted(error));
        }
    }

    fn shutdown(&mut self, out: &mut Effects, now: Timestamp) {
        let verdict = Verdict::own(Decision::Decline, DecidedBy::Shutdown, "the bridge ended");
        self.close_requests(out, &verdict, now);
        match std::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Running(turn) => {
                out.acts.push(Act::Interrupt(turn.clone()));
                self.record(out, now, Some(turn), interrupted(host_gone()));
            }
            Phase::Starting { call, .. } => {
                out.replies.push((call, Reply::Refused(AgentError(host_gone()))));
            }
            Phase::Idle => {}
        }
        self.record(out, now, None, Body::SessionFinished { reason: "host_gone".into() });
        self.over = true;
    }

    fn current(&self) -> Option<TurnId> {
        self.running().cloned()
    }

    fn flush(&mut self, out: &mut Effects, now: Timestamp) {
        if let Some((turn, body)) = Delta::take(&mut self.delta) {
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

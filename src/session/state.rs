//! The state machine of one session: each input gives events to append, then commands, then
//! answers to callers. No clock, no I/O, no async; one line an input in [`State::apply`].

use std::collections::BTreeMap;
use std::time::Duration;

use super::agent::{AgentAnswer, AgentError, AgentEvent, Ask, Opened, RequestKey, TurnParams};
use super::delta::Delta;
use crate::approval::{DecideError, Desk, Verdict};
use crate::event::{
    Body, DecidedBy, Decision, ErrorInfo, Event, FileChange, PermissionDecision, PermissionRequest,
    RequestKind, SessionInfo, Timestamp, Tokens, TurnStatus,
};
use crate::ids::{ApprovalId, Generation, Seq, ThreadId, TurnId};

/// Names a caller that waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// All that can happen to a session.
#[derive(Debug)]
pub enum Input {
    /// The agent says something.
    Agent(AgentEvent),
    /// A caller wants a turn.
    Run(CallId, TurnParams),
    /// A caller answers a question.
    Decide(CallId, ApprovalId, Verdict),
    /// A caller ends the turn.
    Cancel(CallId),
    /// Time passed.
    Tick,
    /// The bridge ends.
    Shutdown,
}

/// What the agent is to do; the task adds the channels.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Begin a turn.
    Run(TurnParams),
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
    phase: Phase,
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
            phase: Phase::Idle,
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
        match input {
            Input::Agent(event) => self.agent(&mut out, event, now),
            Input::Run(call, turn) => self.run(&mut out, call, turn),
            Input::Decide(call, id, verdict) => self.decide(&mut out, call, &id, verdict, now),
            Input::Cancel(call) => self.cancel(&mut out, call, now),
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

    /// Whether a turn is under way or about to begin.
    #[must_use]
    pub fn busy(&self) -> bool {
        self.phase != Phase::Idle
    }

    fn agent(&mut self, out: &mut Effects, event: AgentEvent, now: Timestamp) {
        match event {
            AgentEvent::Loaded(opened) => self.loaded(out, opened, now),
            AgentEvent::TurnAccepted(turn) | AgentEvent::TurnStarted(turn) => self.begin(out, turn, now),
            AgentEvent::TurnRefused(error) => self.refused(out, error),
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
        self.generation = opened.generation;
        self.info = SessionInfo { resumed: true, ..opened.info };
        let info = self.info.clone();
        self.record(out, now, None, Body::SessionStarted(info));
    }

    fn run(&mut self, out: &mut Effects, call: CallId, turn: TurnParams) {
        match &self.phase {
            Phase::Idle => {
                self.phase = Phase::Starting { call, cancelled: false };
                out.acts.push(Act::Run(turn));
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

    fn refused(&mut self, out: &mut Effects, error: AgentError) {
        if let Phase::Starting { call, .. } = self.phase {
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
        let request = request(id.clone(), ask, now.after(self.deadline));
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

    fn cancel(&mut self, out: &mut Effects, call: CallId, now: Timestamp) {
        let turn = self.current();
        let verdict = Verdict {
            way: Some("codex-cancel".into()),
            ..Verdict::own(Decision::Cancel, DecidedBy::Agent, "the turn was cancelled")
        };
        self.close_requests(out, &verdict, now);
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

    fn lost(&mut self, out: &mut Effects, generation: Generation, error: ErrorInfo, now: Timestamp) {
        if generation != self.generation {
            return;
        }
        let verdict = Verdict::own(Decision::Decline, DecidedBy::Shutdown, "codex ended");
        self.close_requests(out, &verdict, now);
        match std::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Running(turn) => {
                self.record(out, now, Some(turn), interrupted(error));
            }
            Phase::Starting { call, .. } => {
                out.replies.push((call, Reply::Refused(AgentError(error))));
            }
            Phase::Idle => {}
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
    }

    fn current(&self) -> Option<TurnId> {
        match &self.phase {
            Phase::Running(turn) => Some(turn.clone()),
            _ => None,
        }
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

/// Why an embedded bridge's turn ends with its process.
pub(super) fn host_gone() -> ErrorInfo {
    ErrorInfo {
        code: "host_gone".into(),
        message: "the bridge that ran this turn ended before the turn did".into(),
        remedy: Some("continue the session with `codex-reply`".into()),
        retryable: true,
    }
}

/// The end of a turn that something ended under it.
pub(super) fn interrupted(error: ErrorInfo) -> Body {
    Body::TurnFinished { status: TurnStatus::Interrupted, error: Some(error), duration_ms: None }
}

fn request(id: ApprovalId, ask: Ask, expires_at: Timestamp) -> PermissionRequest {
    let mut options = ask.options.clone();
    options.extend([Decision::Decline, Decision::Cancel]);
    PermissionRequest {
        approval_id: id,
        kind: ask.kind,
        summary: summary(&ask),
        options,
        expires_at,
        item_id: ask.item_id,
        command: ask.command,
        cwd: ask.cwd,
        reason: ask.reason,
        changes: ask.changes,
        detail: ask.detail,
    }
}

fn summary(ask: &Ask) -> String {
    let place = ask.cwd.as_ref().map(|cwd| format!(" in `{cwd}`")).unwrap_or_default();
    match ask.kind {
        RequestKind::Command => {
            format!("Allow codex to run `{}`{place}?", ask.command.as_deref().unwrap_or("a command"))
        }
        RequestKind::FileChange => {
            let files = ask.changes.iter().map(|c| format!("{} `{}`", c.kind, c.path));
            let files = files.collect::<Vec<_>>().join(", ");
            let files = if files.is_empty() { "files".into() } else { files };
            format!("Allow codex to change files: {files}?")
        }
        kind => format!("codex asks for {kind:?}"),
    }
}

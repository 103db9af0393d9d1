//! What a host sees of a session: a fold over its events, live or read back from the journal.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::busy::Doing;
use super::line::InLine;
use crate::event::{
    Body, ErrorInfo, Event, PermissionRequest, RateLimit, Review, SessionInfo, Survivor, Timestamp, Tokens,
    ToolKind, TurnStatus,
};
use crate::ids::{ApprovalId, Seq, ThreadId, TurnId};

/// Where the latest turn stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// There has been none.
    New,
    /// It runs.
    Running,
    /// It waits for a decision.
    NeedsDecision,
    /// It ended.
    Ended(TurnStatus),
}

/// A session and its latest turn, as of event `next`.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// The session.
    pub thread: ThreadId,
    /// With what it runs.
    pub info: SessionInfo,
    /// The latest turn.
    pub turn: Option<TurnId>,
    /// Where it stands.
    pub status: Status,
    /// codex's last message in it, empty if none yet.
    pub content: String,
    /// The event that it is.
    pub content_seq: Seq,
    /// What its last message must fit.
    pub output_schema: Option<Value>,
    /// The files that it changed: path to kind.
    pub changes: BTreeMap<String, String>,
    /// Its tokens.
    pub usage: Tokens,
    /// What the session takes of the model's context, and how large that is.
    pub context: Option<(u64, u64)>,
    /// How much of the account's limits is used.
    pub limits: Vec<RateLimit>,
    /// What its review found.
    pub review: Option<Box<Review>>,
    /// What went on after it was interrupted.
    pub survivors: Vec<Survivor>,
    /// Its open requests, oldest first.
    pub decisions: Vec<PermissionRequest>,
    /// Why it failed, or what codex retries now.
    pub error: Option<ErrorInfo>,
    /// Commands that still run, in the order of their start.
    pub commands: Vec<Doing>,
    /// Other tools that it uses now, likewise.
    pub tools: Vec<Doing>,
    /// How many steps of its plan are done, and how many there are.
    pub plan: Option<(usize, usize)>,
    /// The last event that is in here.
    pub next: Seq,
    /// How many turns are to begin before the one that was asked for, where it waits for others to end. Only
    /// a live session knows that.
    pub queued: Option<usize>,
    /// Whether it is the view of a live session that has its first events in the journal.
    pub live: bool,
    /// Whose turns wait for those before them in this session. Only a live session knows that.
    pub line: Vec<InLine>,
    /// A turn was asked for and has not begun. Only a live session knows that: no event says it.
    pub starting: bool,
    /// It was interrupted, and its commands are being ended. Only a live session knows that.
    pub stopping: bool,
    /// Open requests whose dialog a person closed without a decision. Only a live session knows that.
    pub dismissed: BTreeSet<ApprovalId>,
    /// When the latest turn began, or was refused; and when the last event came.
    pub begun: Timestamp,
    /// The same.
    pub updated: Timestamp,
}

impl View {
    /// Of a session without events.
    #[must_use]
    pub fn new(thread: ThreadId) -> Self {
        Self {
            thread,
            info: SessionInfo::default(),
            turn: None,
            status: Status::New,
            content: String::new(),
            content_seq: Seq::ZERO,
            output_schema: None,
            changes: BTreeMap::new(),
            usage: Tokens::default(),
            context: None,
            limits: Vec::new(),
            review: None,
            survivors: Vec::new(),
            decisions: Vec::new(),
            error: None,
            commands: Vec::new(),
            tools: Vec::new(),
            plan: None,
            next: Seq::ZERO,
            queued: None,
            live: false,
            line: Vec::new(),
            starting: false,
            stopping: false,
            dismissed: BTreeSet::new(),
            begun: Timestamp::default(),
            updated: Timestamp::default(),
        }
    }

    /// Whether a turn is under way, or about to be.
    #[must_use]
    pub fn busy(&self) -> bool {
        self.starting || self.open() || !self.line.is_empty()
    }

    /// Whether a turn has begun and not ended.
    #[must_use]
    pub fn open(&self) -> bool {
        matches!(self.status, Status::Running | Status::NeedsDecision)
    }

    /// How many turns are to begin before the one of the run of this name, where it waits in line.
    #[must_use]
    pub fn place_of(&self, run: &str) -> Option<usize> {
        self.line.iter().position(|one| one.key.as_deref() == Some(run))
    }

    /// A turn that has not begun, by itself; `ahead`: how many others of its session it waits for.
    #[must_use]
    pub fn to_begin(&self, ahead: Option<usize>) -> Self {
        Self {
            starting: true,
            queued: ahead.or(self.queued),
            next: self.next,
            ..Self::new(self.thread.clone())
        }
    }

    /// Its latest turn by itself, whatever is to come after it.
    #[must_use]
    pub fn of_latest(&self) -> Self {
        Self { starting: false, queued: None, line: Vec::new(), ..self.clone() }
    }

    /// Ends what can be followed no more: the journal takes no events.
    pub(super) fn unrecorded(&mut self, error: ErrorInfo) {
        if self.busy() {
            self.status = Status::Ended(TurnStatus::Failed);
            self.decisions.clear();
            self.error = Some(error);
        }
        self.starting = false;
        self.line.clear();
    }

    /// Takes in the next event.
    pub fn apply(&mut self, event: &Event) {
        (self.next, self.updated) = (event.seq, event.time);
        if self.open() && self.is_current(event) && works(&event.body) {
            // What codex tried again has worked.
            self.error = None;
        }
        match &event.body {
            Body::SessionStarted(info) => {
                self.info = info.clone();
                // Another codex: what the one before ran went with it.
                self.commands.clear();
            }
            Body::TurnStarted { output_schema, .. } => {
                self.begin(event.turn_id.clone(), event.time);
                self.output_schema.clone_from(output_schema);
            }
            Body::Plan { steps, .. } if self.is_current(event) && !steps.is_empty() => {
                let done = steps.iter().filter(|step| step.status == "completed").count();
                self.plan = Some((done, steps.len()));
            }
            Body::PermissionRequest(request) => {
                self.decisions.push((**request).clone());
                if self.open() {
                    self.status = Status::NeedsDecision;
                }
            }
            Body::PermissionDecision(decision) => {
                self.decisions.retain(|d| d.approval_id != decision.approval_id);
                if self.decisions.is_empty() && self.status == Status::NeedsDecision {
                    self.status = Status::Running;
                }
            }
            Body::ToolCall(call) => {
                let all = if call.tool == ToolKind::Command { &mut self.commands } else { &mut self.tools };
                all.retain(|one| one.item != call.item_id);
                all.push(Doing::of(call));
            }
            Body::ToolResult(result) => {
                self.commands.retain(|one| one.item != result.item_id);
                self.tools.retain(|one| one.item != result.item_id);
                if self.is_current(event) && result.status == crate::event::ItemStatus::Completed {
                    let changes = result.changes.iter().map(|c| (c.path.clone(), c.kind.clone()));
                    self.changes.extend(changes);
                    if let Some(review) = &result.review {
                        self.review = Some(review.clone());
                    }
                }
            }
            Body::AssistantMessage { text, .. } if self.is_current(event) => {
                self.content.clone_from(text);
                self.content_seq = event.seq;
            }
            Body::Usage { turn, context_window, context_used, limits, .. } if self.is_current(event) => {
                self.usage = *turn;
                self.context = context_used.zip(*context_window);
                self.limits.clone_from(limits);
            }
            Body::Warning { processes, .. } if self.is_current(event) => {
                self.survivors.extend(processes.iter().cloned());
            }
            Body::Error(error) if self.is_current(event) => self.error = Some(error.clone()),
            Body::TurnFinished { status, error, .. } if event.turn_id.is_none() && !self.open() => {
                // One that was asked for and never began: what there was is not its result.
                let decisions = std::mem::take(&mut self.decisions);
                self.begin(None, event.time);
                self.decisions = decisions;
                self.output_schema = None;
                self.status = Status::Ended(*status);
                self.error.clone_from(error);
            }
            Body::TurnFinished { status, error, .. } if self.is_current(event) => {
                self.status = Status::Ended(*status);
                self.decisions.clear();
                self.tools.clear();
                if *status == TurnStatus::Interrupted {
                    // An interrupt ends the commands of the turn too, and so does the end of codex.
                    self.commands.clear();
                }
                self.error = match status {
                    TurnStatus::Completed => None,
                    _ => error.clone().or_else(|| self.error.take()),
                };
            }
            _ => {}
        }
    }

    fn begin(&mut self, turn: Option<TurnId>, now: Timestamp) {
        self.turn = turn;
        self.begun = now;
        self.plan = None;
        self.tools.clear();
        self.commands.iter_mut().for_each(|command| command.background = true);
        self.status = Status::Running;
        self.content.clear();
        self.changes.clear();
        self.usage = Tokens::default();
        self.review = None;
        self.survivors.clear();
        self.decisions.clear();
        self.error = None;
    }

    fn is_current(&self, event: &Event) -> bool {
        event.turn_id.is_none() || event.turn_id == self.turn
    }
}

/// Whether an event is work of codex that its model has answered for.
fn works(body: &Body) -> bool {
    matches!(
        body,
        Body::AssistantDelta { .. }
            | Body::AssistantMessage { .. }
            | Body::Reasoning { .. }
            | Body::Plan { .. }
            | Body::ToolCall(_)
            | Body::ToolOutput { .. }
    )
}

//! What the journal keeps, and what can be asked of it.

use std::path::PathBuf;
use std::time::Duration;

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::watch;

use super::error::JournalError;
use crate::event::{Event, Timestamp};
use crate::ids::{ApprovalId, BridgeId, Principal, Seq, ThreadId, TurnId};

/// Where a session stands, for the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionStatus {
    /// No turn is under way.
    Idle,
    /// A turn runs.
    Running,
    /// A turn waits for a decision.
    NeedsDecision,
}

impl SessionStatus {
    /// As it is stored.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Running => "running",
            Self::NeedsDecision => "needs_decision",
        }
    }
}

/// A session's row in the index.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionRecord {
    /// The session.
    pub thread_id: ThreadId,
    /// Its folder.
    pub cwd: String,
    /// The beginning of its first prompt.
    pub title: String,
    /// Where it stands.
    pub status: SessionStatus,
    /// Its model.
    pub model: Option<String>,
    /// The bridge that has it now.
    pub owner: Option<BridgeId>,
    /// Whose it is, where it was begun over the network.
    pub principal: Option<Principal>,
    /// Its last event.
    pub last_seq: Seq,
    /// Its latest `turn_started`; zero when there is none.
    pub turn_seq: Seq,
    /// That turn.
    pub turn_id: Option<TurnId>,
    /// When it was first recorded.
    pub created: Timestamp,
    /// When it was last.
    pub updated: Timestamp,
    /// What a resume must give again; opaque here.
    pub settings: Value,
}

/// Events of one session and its row, as one transaction.
#[derive(Clone, Debug)]
pub struct Batch {
    /// In order, continuing the session's numbers.
    pub events: Vec<Event>,
    /// The row as it is with them.
    pub session: SessionRecord,
    /// Whether it must survive a power cut, and not only the death of any process.
    pub durable: bool,
}

impl Batch {
    /// Whether it continues a session whose last event is `last`.
    pub(super) fn check(&self, last: Seq) -> Result<(), JournalError> {
        let thread = &self.session.thread_id;
        let bad = |reason| Err(JournalError::BadBatch { thread: thread.clone(), reason });
        let mut at = last;
        for event in &self.events {
            if event.thread_id != *thread {
                return bad("an event is of another session");
            }
            let expected = at.next();
            if event.seq != expected {
                return Err(JournalError::SeqConflict { thread: thread.clone(), expected, got: event.seq });
            }
            at = expected;
        }
        if self.session.last_seq != at {
            return bad("the row does not end where the events do");
        }
        Ok(())
    }
}

/// A session that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// The last number that anybody may have been given: its next event is the one behind it. Not zero
    /// for a session that was given up.
    pub last: Seq,
    /// Whether the machine stopped under its owner, so that its last events may be lost: their numbers
    /// are passed over.
    pub cut: bool,
}

/// What one look for what is not to be kept has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GivenUp {
    /// Sessions that are gone from the index.
    pub sessions: usize,
    /// Whether there may be more to do at once.
    pub more: bool,
}

/// A bridge process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Its name.
    pub bridge: BridgeId,
    /// Its process id.
    pub pid: u32,
    /// When it opened the journal.
    pub started: Timestamp,
    /// Where other processes can speak to it, once it listens.
    pub socket: Option<PathBuf>,
    /// Whether it holds its lock still.
    pub alive: bool,
}

/// A task that a host was given for a run, so that it finds it again after a restart.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskRecord {
    /// Its name.
    pub id: String,
    /// The session that it runs in.
    pub thread: ThreadId,
    /// The turn, once codex has begun it; until then the name of its run.
    pub turn: Option<TurnId>,
    /// When it was made.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
    /// Where it stands.
    pub status: TaskState,
    /// What it ended with; opaque here.
    pub result: Option<Value>,
}

impl TaskRecord {
    /// Whether it is over for more than `keep` at `now`. One that nobody has asked for since its turn
    /// ended is over too: `busy` says whether its session has an open one.
    pub(super) fn stale(&self, now: Timestamp, keep: Duration, busy: bool) -> bool {
        (self.status != TaskState::Working || !busy) && now.since(self.updated) > keep
    }
}

/// A run that its caller named, so that the same call made again does not do the work again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRecord {
    /// Its name.
    pub key: String,
    /// Whose name it is: each who shares a bridge has names of his own.
    pub principal: Option<Principal>,
    /// Of all that the call asked for.
    pub digest: String,
    /// The call that has it: no other one may say where it is, or free it.
    pub claim: String,
    /// The bridge of that call.
    pub bridge: BridgeId,
    /// The session that it runs in, once there is one.
    pub thread: Option<ThreadId>,
    /// The session's last event before it.
    pub after: Seq,
    /// When it was named.
    pub created: Timestamp,
}

/// Where a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskState {
    /// It runs, or waits for a decision.
    Working,
    /// It was cancelled.
    Cancelled,
    /// It ended, with a result.
    Completed,
    /// It ended, with an error of the protocol.
    Failed,
}

impl TaskState {
    /// As it is stored.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::Cancelled => "cancelled",
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }
}

/// An answer of the journal, when it is there.
pub type Pending<T> = BoxFuture<'static, Result<T, JournalError>>;

/// A journal. The calls of one caller take effect in the order in which it awaits them.
pub trait Journal: Send + Sync + std::fmt::Debug + 'static {
    /// This process.
    fn bridge(&self) -> &BridgeId;
    /// Why the events of a session are not kept, where they are not.
    fn trouble(&self, thread: &ThreadId) -> Option<JournalError>;
    /// Appends; resolves when it is committed.
    fn append(&self, batch: Batch) -> Pending<()>;
    /// Events after `after`, in order: at most `limit`, and about `max_bytes`, but one at least.
    fn read(&self, thread: ThreadId, after: Seq, limit: usize, max_bytes: usize) -> Pending<Vec<Event>>;
    /// The last event of a type (`Body::kind`) after `after`.
    fn last(&self, thread: ThreadId, after: Seq, kind: &'static str) -> Pending<Option<Event>>;
    /// A session's row.
    fn session(&self, thread: ThreadId) -> Pending<Option<SessionRecord>>;
    /// All rows, or those of a principal, the latest first.
    fn sessions(&self, of: Option<Principal>, limit: usize) -> Pending<Vec<SessionRecord>>;
    /// The session that ever had this request.
    fn approval(&self, id: ApprovalId) -> Pending<Option<ThreadId>>;
    /// Takes a session whose owner is nobody, dead, or us; one without a row too.
    fn claim(&self, thread: ThreadId) -> Pending<Claimed>;
    /// Gives a session of ours back.
    fn release(&self, thread: ThreadId) -> Pending<()>;
    /// A bridge process, if the journal knows it.
    fn owner(&self, bridge: BridgeId) -> Pending<Option<Owner>>;
    /// Records where other processes can speak to this one.
    fn announce(&self, socket: PathBuf) -> Pending<()>;
    /// Sessions with an open turn and no living owner.
    fn abandoned(&self) -> Pending<Vec<SessionRecord>>;
    /// Sessions that wait for a decision, whoever owns them, the longest at it first.
    fn undecided(&self) -> Pending<Vec<SessionRecord>>;
    /// Keeps a task, in the place of one with its id that runs: what is over stays as it is, whoever
    /// comes second. Resolves when it would survive a power cut.
    fn put_task(&self, task: TaskRecord) -> Pending<()>;
    /// A task.
    fn task(&self, id: String) -> Pending<Option<TaskRecord>>;
    /// Takes the name for a run; resolves with the run that has it, where one does. One whose bridge died before
    /// it had a session has it no more.
    fn claim_run(&self, run: RunRecord) -> Pending<Option<RunRecord>>;
    /// The run of a session that has a name. A pure look: it takes no name and frees none.
    fn run(&self, thread: ThreadId, key: String) -> Pending<Option<RunRecord>>;
    /// The latest runs of a session, at most `limit`.
    fn runs(&self, thread: ThreadId, limit: usize) -> Pending<Vec<RunRecord>>;
    /// Says of a claim in which session its run is, and behind which event; `None` frees the name. Queued at
    /// once, also where nobody waits for it.
    fn place_run(&self, claim: String, place: Option<(ThreadId, Seq)>) -> Pending<()>;
    /// Keeps what a session was given that may be secret; opaque here, in no row and no event. Resolves when
    /// it would survive a power cut.
    fn keep_secrets(&self, thread: ThreadId, secrets: Value) -> Pending<()>;
    /// What was kept so.
    fn secrets(&self, thread: ThreadId) -> Pending<Option<Value>>;
    /// The last number of a session; changes when events are committed, by whichever process.
    fn watch(&self, thread: ThreadId) -> Pending<watch::Receiver<Seq>>;
    /// Gives up tasks that ended more than `keep` ago, and sessions at rest: those that did not change for
    /// `keep`, and the oldest as long as what is kept takes more than `bytes`. Never a session that a living
    /// bridge has. A piece at a time. What is kept over restarts goes by a `now` of an earlier look, and not
    /// by this one: a clock may be wrong.
    fn retain(&self, now: Timestamp, keep: Duration, bytes: u64) -> Pending<GivenUp>;
    /// A count that changes when anything is committed, of any session, by whichever process.
    fn watch_all(&self) -> Pending<watch::Receiver<u64>>;
    /// Writes what is queued, and ends; this process owns nothing any more.
    fn close(&self) -> Pending<()>;
}

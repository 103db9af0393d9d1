//! The handle: jobs for the writing thread, questions for the reading one.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};
use serde_json::Value;
use tokio::sync::{oneshot, watch};

use super::super::error::JournalError;
use super::super::record::{
    Batch, Claimed, GivenUp, Journal, Owner, Pending, RunRecord, SessionRecord, TaskRecord,
};
use super::job::{Job, Reply, Write};
use super::onlooker::Onlooker;
use super::owners::Owners;
use super::reserved::Reserved;
use super::watches::Watches;
use super::writer::Writer;
use super::{patience, queries, runs, schema, secrets, tasks};
use crate::event::{Event, Timestamp};
use crate::ids::{ApprovalId, BridgeId, Principal, Seq, ThreadId};

/// Jobs that may wait. A session waits for its own append, so this is more than there are sessions.
const JOBS: usize = 1024;

type Question = Box<dyn FnOnce(&Connection) + Send>;

/// The journal in a SQLite file.
#[derive(Debug)]
pub struct SqliteJournal {
    path: PathBuf,
    bridge: BridgeId,
    jobs: SyncSender<Job>,
    questions: SyncSender<Question>,
}

impl SqliteJournal {
    /// Opens the file, made where there is none, and enters this process as a bridge.
    ///
    /// # Errors
    /// When the file or its folder cannot be used, or a newer bridge made it.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let fail = |error: rusqlite::Error| JournalError::sqlite(path, &error);
        let bridge = BridgeId::fresh();
        let mut db = schema::open_writer(path)?;
        let owners = Owners::of(path);
        let entering = db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fail)?;
        owners.sweep(&entering).map_err(fail)?;
        let lock = owners.enter(&bridge)?;
        owners.record(&entering, &bridge).map_err(fail)?;
        entering.commit().map_err(fail)?;
        db.busy_timeout(patience::TRY).map_err(fail)?;
        let watches = Watches::of(&db).map_err(fail)?;
        let reader = schema::open_reader(path)?;
        let writer = Writer {
            path: path.to_owned(),
            db,
            bridge: bridge.clone(),
            owners,
            lock: Some(lock),
            watches,
            reserved: Reserved::new(),
            full: false,
        };
        Self::start(path, bridge, reader, "journal-writer", move |jobs| writer.run(jobs))
    }

    /// Opens a file that is there to read it, and enters nothing: what would write is an error. Only a
    /// file of an older bridge is carried over first, as any bridge does.
    ///
    /// # Errors
    /// When there is no file, it cannot be used, or a newer bridge made it.
    pub fn reader(path: &Path) -> Result<Self, JournalError> {
        if schema::is_older(path)? {
            drop(schema::open_writer(path)?);
        }
        let onlooker = Onlooker::of(path, schema::open_reader(path)?)?;
        let reader = schema::open_reader(path)?;
        Self::start(path, BridgeId::fresh(), reader, "journal-onlooker", move |jobs| onlooker.run(jobs))
    }

    /// Starts the thread that takes jobs, and the one that answers questions.
    fn start(
        path: &Path,
        bridge: BridgeId,
        reader: Connection,
        name: &str,
        work: impl FnOnce(&Receiver<Job>) + Send + 'static,
    ) -> Result<Self, JournalError> {
        let (jobs, to_do) = sync_channel(JOBS);
        let (questions, to_read) = sync_channel::<Question>(JOBS);
        let io = |error: std::io::Error| JournalError::io(path, &error);
        thread::Builder::new().name(name.into()).spawn(move || work(&to_do)).map_err(io)?;
        thread::Builder::new()
            .name("journal-reader".into())
            .spawn(move || read(&reader, &to_read))
            .map_err(io)?;
        Ok(Self { path: path.to_owned(), bridge, jobs, questions })
    }

    /// The version of the tables that this bridge reads and writes.
    pub const VERSION: i64 = schema::VERSION;

    /// The bridges that run on this journal, beside this one.
    #[must_use]
    pub fn running(&self) -> Pending<Vec<Owner>> {
        let (owners, own) = (Owners::of(&self.path), self.bridge.clone());
        self.ask(move |db| {
            let mut running = owners.all(db)?;
            running.retain(|owner| owner.alive && owner.bridge != own);
            Ok(running)
        })
    }

    /// Wakes who watches a session: it has events up to `seq`, which lie elsewhere.
    pub(in crate::journal) fn wake(&self, thread: ThreadId, seq: Seq) -> Pending<()> {
        send(&self.jobs, Job::Wake(thread, seq))
    }

    fn job<T: Send + 'static>(&self, job: impl FnOnce(Reply<T>) -> Job) -> Pending<T> {
        let (reply, answer) = oneshot::channel();
        let sent = send(&self.jobs, job(reply));
        Box::pin(async move {
            sent.await?;
            answer.await.unwrap_or(Err(JournalError::Closed))
        })
    }

    fn write<T: Send + 'static>(&self, write: impl FnOnce(Reply<T>) -> Write) -> Pending<T> {
        self.job(|reply| Job::Write(write(reply)))
    }

    fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Pending<T> {
        let (reply, answer) = oneshot::channel();
        let path = self.path.clone();
        let question: Question = Box::new(move |db| {
            let found = question(db).map_err(|error| JournalError::sqlite(&path, &error));
            // A caller that went away does not need to know.
            let _ = reply.send(found);
        });
        let sent = send(&self.questions, question);
        Box::pin(async move {
            sent.await?;
            answer.await.unwrap_or(Err(JournalError::Closed))
        })
    }
}

/// Queues at once where there is room; a full queue is waited for on a thread that may block.
fn send<T: Send + 'static>(to: &SyncSender<T>, item: T) -> Pending<()> {
    let item = match to.try_send(item) {
        Ok(()) => return Box::pin(std::future::ready(Ok(()))),
        Err(TrySendError::Disconnected(_)) => {
            return Box::pin(std::future::ready(Err(JournalError::Closed)));
        }
        Err(TrySendError::Full(item)) => item,
    };
    let to = to.clone();
    Box::pin(async move {
        let sent = tokio::task::spawn_blocking(move || to.send(item)).await;
        sent.ok().and_then(Result::ok).ok_or(JournalError::Closed)
    })
}

fn read(db: &Connection, questions: &Receiver<Question>) {
    for question in questions {
        question(db);
    }
}

impl Journal for SqliteJournal {
    fn bridge(&self) -> &BridgeId {
        &self.bridge
    }

    fn trouble(&self, _: &ThreadId) -> Option<JournalError> {
        None
    }

    fn append(&self, batch: Batch) -> Pending<()> {
        self.write(|reply| Write::Append(Box::new(batch), reply))
    }

    fn read(&self, thread: ThreadId, after: Seq, limit: usize, max_bytes: usize) -> Pending<Vec<Event>> {
        self.ask(move |db| queries::events(db, &thread, after, limit, max_bytes))
    }

    fn last(&self, thread: ThreadId, after: Seq, kind: &'static str) -> Pending<Option<Event>> {
        self.ask(move |db| queries::last(db, &thread, after, kind))
    }

    fn session(&self, thread: ThreadId) -> Pending<Option<SessionRecord>> {
        self.ask(move |db| queries::session(db, &thread))
    }

    fn sessions(&self, of: Option<Principal>, limit: usize) -> Pending<Vec<SessionRecord>> {
        self.ask(move |db| queries::sessions(db, of.as_ref(), limit))
    }

    fn approval(&self, id: ApprovalId) -> Pending<Option<ThreadId>> {
        self.ask(move |db| queries::approval(db, &id))
    }

    fn claim(&self, thread: ThreadId) -> Pending<Claimed> {
        self.write(|reply| Write::Claim(thread, reply))
    }

    fn release(&self, thread: ThreadId) -> Pending<()> {
        self.write(|reply| Write::Release(thread, reply))
    }

    fn owner(&self, bridge: BridgeId) -> Pending<Option<Owner>> {
        let owners = Owners::of(&self.path);
        self.ask(move |db| owners.find(db, &bridge))
    }

    fn announce(&self, socket: PathBuf) -> Pending<()> {
        self.write(|reply| Write::Announce(socket, reply))
    }

    fn abandoned(&self) -> Pending<Vec<SessionRecord>> {
        let owners = Owners::of(&self.path);
        self.ask(move |db| queries::abandoned(db, &owners))
    }

    fn undecided(&self) -> Pending<Vec<SessionRecord>> {
        self.ask(queries::undecided)
    }

    fn put_task(&self, task: TaskRecord) -> Pending<()> {
        self.write(|reply| Write::Task(Box::new(task), reply))
    }

    fn task(&self, id: String) -> Pending<Option<TaskRecord>> {
        self.ask(move |db| tasks::find(db, &id))
    }

    fn claim_run(&self, run: RunRecord) -> Pending<Option<RunRecord>> {
        self.write(|reply| Write::ClaimRun(Box::new(run), reply))
    }

    fn run(&self, thread: ThreadId, key: String) -> Pending<Option<RunRecord>> {
        self.ask(move |db| runs::find(db, &thread, &key))
    }

    fn runs(&self, thread: ThreadId, limit: usize) -> Pending<Vec<RunRecord>> {
        self.ask(move |db| runs::of(db, &thread, limit))
    }

    fn place_run(&self, claim: String, place: Option<(ThreadId, Seq)>) -> Pending<()> {
        self.write(|reply| Write::PlaceRun(claim, place, reply))
    }

    fn keep_secrets(&self, thread: ThreadId, secrets: Value) -> Pending<()> {
        self.write(|reply| Write::Secrets(thread, secrets, reply))
    }

    fn secrets(&self, thread: ThreadId) -> Pending<Option<Value>> {
        self.ask(move |db| secrets::find(db, &thread))
    }

    fn watch(&self, thread: ThreadId) -> Pending<watch::Receiver<Seq>> {
        self.job(|reply| Job::Watch(thread, reply))
    }

    fn retain(&self, now: Timestamp, keep: Duration, bytes: u64) -> Pending<GivenUp> {
        self.write(|reply| Write::Retain(now, keep, bytes, reply))
    }

    fn watch_all(&self) -> Pending<watch::Receiver<u64>> {
        self.job(Job::WatchAll)
    }

    fn close(&self) -> Pending<()> {
        self.job(Job::Close)
    }
}

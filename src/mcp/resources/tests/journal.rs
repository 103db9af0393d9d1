//! A journal in memory that can be made to fail, and that notes where it was read.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;

use crate::event::{Event, Timestamp};
use crate::ids::{ApprovalId, BridgeId, Principal, Seq, ThreadId};
use crate::journal::*;

/// The journal.
#[derive(Debug, Default)]
pub(super) struct Watched {
    inner: MemoryJournal,
    /// A session cannot be looked at.
    pub no_session: AtomicBool,
    /// Nor can their list.
    pub no_list: AtomicBool,
    /// Where each reading began.
    pub read_after: Mutex<Vec<Seq>>,
}

fn unless<T: Send + 'static>(broken: &AtomicBool, found: Pending<T>) -> Pending<T> {
    if broken.load(Ordering::Relaxed) {
        return Box::pin(std::future::ready(Err(JournalError::Closed)));
    }
    found
}

/// What the journal in memory says.
macro_rules! the_same {
    ($($name:ident($($arg:ident: $of:ty),*) -> $answer:ty;)*) => {
        $(fn $name(&self, $($arg: $of),*) -> $answer { self.inner.$name($($arg),*) })*
    };
}

impl Journal for Watched {
    fn bridge(&self) -> &BridgeId {
        self.inner.bridge()
    }

    fn trouble(&self, thread: &ThreadId) -> Option<JournalError> {
        self.inner.trouble(thread)
    }

    fn read(&self, thread: ThreadId, after: Seq, limit: usize, max_bytes: usize) -> Pending<Vec<Event>> {
        self.read_after.lock().unwrap().push(after);
        self.inner.read(thread, after, limit, max_bytes)
    }

    fn session(&self, thread: ThreadId) -> Pending<Option<SessionRecord>> {
        unless(&self.no_session, self.inner.session(thread))
    }

    fn sessions(&self, of: Option<Principal>, limit: usize) -> Pending<Vec<SessionRecord>> {
        unless(&self.no_list, self.inner.sessions(of, limit))
    }

    the_same! {
        append(batch: Batch) -> Pending<()>;
        last(thread: ThreadId, after: Seq, kind: &'static str) -> Pending<Option<Event>>;
        approval(id: ApprovalId) -> Pending<Option<ThreadId>>;
        claim(thread: ThreadId) -> Pending<Claimed>;
        release(thread: ThreadId) -> Pending<()>;
        owner(bridge: BridgeId) -> Pending<Option<Owner>>;
        announce(socket: PathBuf) -> Pending<()>;
        abandoned() -> Pending<Vec<SessionRecord>>;
        undecided() -> Pending<Vec<SessionRecord>>;
        put_task(task: TaskRecord) -> Pending<()>;
        task(id: String) -> Pending<Option<TaskRecord>>;
        claim_run(run: RunRecord) -> Pending<Option<RunRecord>>;
        run(thread: ThreadId, key: String) -> Pending<Option<RunRecord>>;
        runs(thread: ThreadId, limit: usize) -> Pending<Vec<RunRecord>>;
        place_run(claim: String, place: Option<(ThreadId, Seq)>) -> Pending<()>;
        keep_secrets(thread: ThreadId, secrets: serde_json::Value) -> Pending<()>;
        secrets(thread: ThreadId) -> Pending<Option<serde_json::Value>>;
        watch(thread: ThreadId) -> Pending<watch::Receiver<Seq>>;
        retain(now: Timestamp, keep: Duration, bytes: u64) -> Pending<GivenUp>;
        watch_all() -> Pending<watch::Receiver<u64>>;
        close() -> Pending<()>;
    }
}

//! A child that lives for long: the handle, and the task that owns the process.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::{ChildStderr, ChildStdin, ChildStdout};
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use super::group::Group;
use super::pipe::{Drain, Keep, Kept, STDERR_TAIL};
use super::post_mortem::PostMortem;
use super::spec::{SpawnError, Spec};

/// How long the system may take to end a group that was killed, with its post-mortem.
const KILLED: Duration = Duration::from_secs(5);

/// How long a child gets to end, each time before the next, stronger means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grace {
    /// After the end of its input. codex needs about 16 ms.
    pub eof: Duration,
    /// After it was asked to (TERM).
    pub term: Duration,
}

impl Default for Grace {
    fn default() -> Self {
        Self { eof: Duration::from_secs(1), term: Duration::from_secs(1) }
    }
}

/// What the handle wants of the task. It only ever grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Order {
    Run,
    /// It is expected to end by itself: its input has ended.
    Leave,
    Terminate,
    Kill,
}

/// The handle of a running child. Dropped, the whole group is killed.
#[derive(Debug)]
pub struct Child {
    pid: Option<u32>,
    orders: watch::Sender<Order>,
    watch: Watch,
}

impl Child {
    /// Starts it, and a task on `tasks` that owns it. Needs a runtime.
    ///
    /// # Errors
    /// [`SpawnError`]: no such program, no such folder, or the system refuses.
    pub fn spawn(spec: &Spec, tasks: &TaskTracker) -> Result<(Self, ChildStdin, ChildStdout), SpawnError> {
        let mut group = Group::start(spec, Stdio::piped())?;
        let (Some(stdin), Some(stdout), stderr) = group.pipes() else {
            return Err(spec.error(std::io::Error::other("its pipes are missing")));
        };
        let pid = group.pid();
        // A watch holds one value: an order never waits, and a later, stronger one replaces it.
        let (orders, orders_seen) = watch::channel(Order::Run);
        let (ended, watch) = watch::channel(None);
        let stderr = Drain::new(stderr, Kept::new(Keep::Last, STDERR_TAIL));
        tasks.spawn(own(group, stderr, orders_seen, ended));
        Ok((Self { pid, orders, watch: Watch(watch) }, stdin, stdout))
    }

    /// Its process id, which is also the group's.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.pid
    }

    /// Somebody who hears of its end.
    #[must_use]
    pub fn watch(&self) -> Watch {
        self.watch.clone()
    }

    /// Ends it, with all of its group: waits for it to end by itself, asks (TERM), kills.
    ///
    /// Its input must be closed already, or the first wait is in vain. Dropping the future kills.
    pub async fn end(self, grace: Grace) -> PostMortem {
        for (order, wait) in
            [(Order::Leave, grace.eof), (Order::Terminate, grace.term), (Order::Kill, KILLED)]
        {
            self.orders.send_replace(order);
            if let Ok(post_mortem) = tokio::time::timeout(wait, self.watch().ended()).await {
                return post_mortem;
            }
        }
        // Nothing ends a process that the kernel holds (a dead network disk). We do not wait for it.
        PostMortem { asked: true, ..PostMortem::default() }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.orders.send_replace(Order::Kill);
    }
}

/// Hears of the end of a child. As many as there is need for; none of them keeps it alive.
#[derive(Clone, Debug)]
pub struct Watch(watch::Receiver<Option<PostMortem>>);

impl Watch {
    /// Waits until the child has ended, its group with it.
    pub async fn ended(mut self) -> PostMortem {
        match self.0.wait_for(Option::is_some).await {
            Ok(post_mortem) => post_mortem.clone().unwrap_or_default(),
            // The task was dropped with its runtime, and has killed the group in that.
            Err(_) => PostMortem { asked: true, ..PostMortem::default() },
        }
    }

    /// How it ended, if it has.
    #[must_use]
    pub fn now(&self) -> Option<PostMortem> {
        self.0.borrow().clone()
    }
}

/// Owns the process from start to post-mortem.
async fn own(
    mut group: Group,
    mut stderr: Drain<ChildStderr>,
    mut orders: watch::Receiver<Order>,
    ended: watch::Sender<Option<PostMortem>>,
) {
    let status = loop {
        tokio::select! {
            biased;
            status = group.leader_gone() => break status,
            // The handle sends its last order before it goes: no sender means nothing new.
            Ok(()) = orders.changed() => match *orders.borrow_and_update() {
                Order::Run | Order::Leave => {}
                Order::Terminate => group.terminate(),
                Order::Kill => group.kill(),
            },
            () = never(stderr.run_dry()) => {}
        }
    };
    // Looked at now: whatever is ordered from here on did not end it.
    let asked = *orders.borrow() > Order::Run;
    group.clear().await;
    if let Err(error) = &status {
        tracing::warn!(%error, "how a child ended cannot be known");
    }
    let stderr = stderr.finish().await.into_text();
    ended.send_replace(Some(PostMortem::new(status.ok(), stderr, asked)));
}

/// Does the work and then waits: for a branch that must not end a `select!`.
async fn never(work: impl Future<Output = ()>) {
    work.await;
    std::future::pending().await
}

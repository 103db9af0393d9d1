//! All live sessions of this bridge, owned by one task. Two callers who want the same stored session
//! share one start; one that is at rest for long is let go.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};

use super::handle::Handle;
use super::registry::{Maker, OpenError};
use super::task::Task;
use crate::event::Timestamp;
use crate::ids::ThreadId;

/// How often sessions at rest are looked for.
const LOOK: Duration = Duration::from_secs(5);

/// What the owner is asked for.
pub(super) enum Request {
    Get(ThreadId, oneshot::Sender<Option<Handle>>),
    Open(ThreadId, oneshot::Sender<Result<Handle, OpenError>>),
    Room(oneshot::Sender<Result<(), OpenError>>),
    Add(Box<Task>, oneshot::Sender<Handle>),
}

enum Slot {
    Live(Handle),
    Opening(Vec<oneshot::Sender<Result<Handle, OpenError>>>),
}

pub(super) struct Slots {
    slots: HashMap<ThreadId, Slot>,
    running: JoinSet<ThreadId>,
    opening: JoinSet<(ThreadId, Result<Box<Task>, OpenError>)>,
    maker: Maker,
}

impl Slots {
    pub fn new(maker: Maker) -> Self {
        Self { slots: HashMap::new(), running: JoinSet::new(), opening: JoinSet::new(), maker }
    }

    pub async fn run(mut self, mut requests: mpsc::Receiver<Request>) {
        let every = LOOK.min(self.maker.options.release_after.max(Duration::from_millis(10)));
        let mut look = tokio::time::interval_at(Instant::now() + every, every);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = self.maker.shutdown.cancelled() => break,
                Some(ended) = self.running.join_next() => self.ended(ended.ok()),
                Some(Ok((thread, task))) = self.opening.join_next() => self.opened(thread, task),
                _ = look.tick(), if !self.slots.is_empty() => self.look(),
                request = requests.recv() => match request {
                    Some(request) => self.request(request),
                    None => break,
                },
            }
        }
        // Each session has the token too: it records its end, then its task ends.
        self.opening.abort_all();
        while self.running.join_next().await.is_some() {}
    }

    fn request(&mut self, request: Request) {
        match request {
            Request::Get(thread, reply) => {
                let handle = match self.slots.get(&thread) {
                    Some(Slot::Live(handle)) => Some(handle.clone()),
                    _ => None,
                };
                let _ = reply.send(handle);
            }
            Request::Open(thread, reply) => match self.slots.get_mut(&thread) {
                Some(Slot::Live(handle)) => {
                    let _ = reply.send(Ok(handle.clone()));
                }
                Some(Slot::Opening(waiting)) => waiting.push(reply),
                None => {
                    if let Err(error) = self.room() {
                        let _ = reply.send(Err(error));
                        return;
                    }
                    self.slots.insert(thread.clone(), Slot::Opening(vec![reply]));
                    let maker = self.maker.clone();
                    self.opening.spawn(async move {
                        let task = maker.reopen(thread.clone()).await;
                        (thread, task.map(Box::new))
                    });
                }
            },
            Request::Room(reply) => {
                let _ = reply.send(self.room());
            }
            Request::Add(task, reply) => {
                let _ = reply.send(self.live(*task));
            }
        }
    }

    /// Lets go what has been at rest for long.
    fn look(&self) {
        let now = Timestamp::now();
        let after = self.maker.options.release_after;
        let rested = self.resting().filter(|(_, since)| now.since(*since) >= after);
        rested.for_each(|(handle, _)| handle.release());
    }

    /// Whether there may be one more; the one that has been at rest for longest is let go for it.
    fn room(&self) -> Result<(), OpenError> {
        let most = self.maker.options.most;
        if self.slots.len() < most {
            return Ok(());
        }
        let (longest, _) = self.resting().min_by_key(|(_, since)| *since).ok_or(OpenError::Full(most))?;
        longest.release();
        Ok(())
    }

    /// Sessions that do nothing, and since when. One whose commands still run is at work.
    fn resting(&self) -> impl Iterator<Item = (&Handle, Timestamp)> {
        self.slots.values().filter_map(|slot| {
            let Slot::Live(handle) = slot else { return None };
            let view = handle.view.borrow();
            let rests = !view.busy() && view.decisions.is_empty() && view.commands.is_empty();
            rests.then(|| (handle, view.updated))
        })
    }

    fn live(&mut self, task: Task) -> Handle {
        let thread = task.row.thread_id.clone();
        let (handle, run) = task.start();
        let name = thread.clone();
        self.running.spawn(async move {
            run.await;
            name
        });
        self.slots.insert(thread, Slot::Live(handle.clone()));
        handle
    }

    fn opened(&mut self, thread: ThreadId, task: Result<Box<Task>, OpenError>) {
        let Some(Slot::Opening(waiting)) = self.slots.remove(&thread) else { return };
        let result = task.map(|task| self.live(*task));
        for reply in waiting {
            let _ = reply.send(result.clone());
        }
    }

    fn ended(&mut self, thread: Option<ThreadId>) {
        if let Some(thread) = thread {
            self.slots.remove(&thread);
        }
    }
}

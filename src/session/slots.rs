//! All live sessions of this bridge, owned by one task. Two callers who want the same stored session
//! share one start; one that is at rest for long is let go.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};

use super::handle::Handle;
use super::host::HostOptions;
use super::registry::{Maker, OpenError};
use super::task::Task;
use crate::event::Timestamp;
use crate::ids::ThreadId;

/// How often sessions at rest are looked for.
const LOOK: Duration = Duration::from_secs(5);

/// How long a session that was opened for a call, and has not done its work yet, is none at rest.
const GRACE: Duration = Duration::from_secs(5);

/// The right to be one of the sessions that are open at once, until it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    _permit: OwnedSemaphorePermit,
}

/// What the owner is asked for.
pub(super) enum Request {
    Get(ThreadId, oneshot::Sender<Option<Handle>>),
    Open(ThreadId, Arc<HostOptions>, oneshot::Sender<Result<Handle, OpenError>>),
    AtWork(oneshot::Sender<usize>),
    Room(oneshot::Sender<Result<Seat, OpenError>>),
    Add(Box<Task>, oneshot::Sender<Handle>),
}

enum Slot {
    /// With when it was made.
    Live(Handle, Timestamp),
    Opening(Vec<oneshot::Sender<Result<Handle, OpenError>>>),
}

/// Who waits for the seat of a session that is let go.
enum Wants {
    New(oneshot::Sender<Result<Seat, OpenError>>),
    /// For whom it is taken up.
    Stored(ThreadId, Arc<HostOptions>),
}

pub(super) struct Slots {
    slots: HashMap<ThreadId, Slot>,
    seats: Arc<Semaphore>,
    /// Never more than there are sessions being let go: each of them waits for one.
    wanted: VecDeque<Wants>,
    going: HashSet<ThreadId>,
    releases: JoinSet<(ThreadId, bool)>,
    running: JoinSet<ThreadId>,
    opening: JoinSet<(ThreadId, Result<Box<Task>, OpenError>)>,
    maker: Maker,
}

impl Slots {
    pub fn new(maker: Maker) -> Self {
        Self {
            slots: HashMap::new(),
            seats: Arc::new(Semaphore::new(maker.options.most)),
            wanted: VecDeque::new(),
            going: HashSet::new(),
            releases: JoinSet::new(),
            running: JoinSet::new(),
            opening: JoinSet::new(),
            maker,
        }
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
                Some(Ok((thread, gone))) = self.releases.join_next() => self.released(&thread, gone),
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
        self.releases.abort_all();
        while self.running.join_next().await.is_some() {}
    }

    fn request(&mut self, request: Request) {
        match request {
            Request::Get(thread, reply) => {
                let handle = match self.slots.get(&thread) {
                    Some(Slot::Live(handle, _)) => Some(handle.clone()),
                    _ => None,
                };
                let _ = reply.send(handle);
            }
            Request::Open(thread, host, reply) => match self.slots.get_mut(&thread) {
                Some(Slot::Live(handle, _)) => {
                    let _ = reply.send(Ok(handle.clone()));
                }
                Some(Slot::Opening(waiting)) => waiting.push(reply),
                None => {
                    self.slots.insert(thread.clone(), Slot::Opening(vec![reply]));
                    self.want(Wants::Stored(thread, host));
                }
            },
            Request::AtWork(reply) => drop(reply.send(self.at_work())),
            Request::Room(reply) => self.want(Wants::New(reply)),
            Request::Add(task, reply) => {
                let _ = reply.send(self.live(*task));
            }
        }
    }

    /// Lets go what has been at rest for long.
    fn look(&mut self) {
        let now = Timestamp::now();
        let after = self.maker.options.release_after;
        let rested = self.resting().filter(|(_, since)| now.since(*since) >= after);
        let rested: Vec<_> = rested.map(|(handle, _)| handle.clone()).collect();
        rested.into_iter().for_each(|handle| self.let_go(handle));
    }

    /// Gives a seat: a free one, or that of the session which has been at rest for longest, once it has gone.
    fn want(&mut self, wants: Wants) {
        self.serve();
        match self.seat() {
            Some(seat) => self.give(wants, seat),
            None if self.one_goes_for(self.wanted.len() + 1) => self.wanted.push_back(wants),
            None => self.turn_away(wants),
        }
    }

    fn seat(&self) -> Option<Seat> {
        self.seats.clone().try_acquire_owned().ok().map(|permit| Seat { _permit: permit })
    }

    /// Sees to it that so many are being let go; false where no other one is at rest.
    fn one_goes_for(&mut self, waiting: usize) -> bool {
        if self.going.len() >= waiting {
            return true;
        }
        let longest = self.resting().min_by_key(|(_, since)| *since).map(|(handle, _)| handle.clone());
        let found = longest.is_some();
        longest.into_iter().for_each(|handle| self.let_go(handle));
        found
    }

    fn let_go(&mut self, handle: Handle) {
        let thread = handle.thread().clone();
        self.going.insert(thread.clone());
        self.releases.spawn(async move { (thread, handle.release().await) });
    }

    /// One that was to be let go has gone, or was given work in that very moment.
    fn released(&mut self, thread: &ThreadId, gone: bool) {
        if gone {
            // Its task ends now, and its seat is free then.
            return;
        }
        self.going.remove(thread);
        self.serve();
        if !self.one_goes_for(self.wanted.len())
            && let Some(last) = self.wanted.pop_back()
        {
            self.turn_away(last);
        }
    }

    /// Gives the seats that are free to those who wait for one.
    fn serve(&mut self) {
        while !self.wanted.is_empty()
            && let Some(seat) = self.seat()
            && let Some(first) = self.wanted.pop_front()
        {
            self.give(first, seat);
        }
    }

    fn give(&mut self, wants: Wants, seat: Seat) {
        match wants {
            // Who has gone gives it back by that.
            Wants::New(reply) => drop(reply.send(Ok(seat))),
            Wants::Stored(thread, host) => {
                let maker = self.maker.clone();
                self.opening.spawn(async move {
                    let task = maker.reopen(thread.clone(), &host, seat).await;
                    (thread, task.map(Box::new))
                });
            }
        }
    }

    fn turn_away(&mut self, wants: Wants) {
        let full = OpenError::Full(self.maker.options.most);
        match wants {
            Wants::New(reply) => drop(reply.send(Err(full))),
            Wants::Stored(thread, _) => self.opened(thread, Err(full)),
        }
    }

    /// Sessions that do nothing and are not let go yet, and since when. One whose commands still run is at work.
    fn resting(&self) -> impl Iterator<Item = (&Handle, Timestamp)> {
        let now = Timestamp::now();
        self.slots.values().filter_map(move |slot| {
            let Slot::Live(handle, made) = slot else { return None };
            let view = handle.view.borrow();
            // It is opened for a turn, which comes at once.
            let waits = view.begun < *made && now.since(*made) < GRACE;
            let rests = !view.busy() && view.decisions.is_empty() && view.commands.is_empty() && !waits;
            (rests && !self.going.contains(handle.thread())).then(|| (handle, view.updated))
        })
    }

    /// Sessions in which something runs, waits, or is about to begin.
    fn at_work(&self) -> usize {
        let at_work = |slot: &&Slot| match slot {
            Slot::Opening(_) => true,
            Slot::Live(handle, _) => {
                let view = handle.view.borrow();
                view.busy() || !view.decisions.is_empty() || !view.commands.is_empty()
            }
        };
        self.slots.values().filter(at_work).count()
    }

    fn live(&mut self, task: Task) -> Handle {
        let thread = task.row.thread_id.clone();
        let (handle, run) = task.start();
        let name = thread.clone();
        self.running.spawn(async move {
            run.await;
            name
        });
        self.slots.insert(thread, Slot::Live(handle.clone(), Timestamp::now()));
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
            self.going.remove(&thread);
        }
        self.serve();
    }
}

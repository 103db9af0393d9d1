//! The line for turns: so many run at once, the others wait; in which order, [`super::shares`] says. One task
//! owns it; a pass that is dropped lets the next one in.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::shares::{Ledger, Shares, Who, places};

/// Turns that may come at the same moment; each is taken in microseconds.
const ARRIVALS: usize = 64;

/// How many turns run, and how many wait.
#[derive(Clone, Debug)]
pub struct Room {
    /// At once.
    pub running: usize,
    /// For one of them to end, of each who shares the bridge: nobody can fill the line for the others.
    pub queue: usize,
    /// How they are divided.
    pub shares: Shares,
}

/// Too many wait already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "{running} turns run and {queue} wait, which is what limits.running and limits.queue allow; call again once one has ended"
)]
pub struct Full {
    /// `limits.running`, or what the caller's own share is.
    pub running: usize,
    /// `limits.queue`.
    pub queue: usize,
}

/// The right to run a turn, until it is dropped.
#[derive(Debug)]
pub(super) struct Pass {
    /// Dropping it is what the line hears.
    _inside: oneshot::Sender<()>,
}

/// A turn that waits.
#[derive(Debug)]
pub(super) struct Waiting {
    /// How many wait before it; `None` until it is known to wait at all.
    place: watch::Receiver<Option<usize>>,
    pass: oneshot::Receiver<Result<Pass, Full>>,
}

/// What became of one that waits.
#[derive(Debug)]
pub(super) enum Moved {
    /// It may run.
    In(Pass),
    /// It may not even wait.
    Refused(Full),
    /// So many are before it now.
    Place(usize),
    /// The bridge ends.
    Closed,
}

impl Waiting {
    /// The next thing that happens to it. Nothing is lost where the wait is given up and taken up again.
    pub async fn moved(&mut self) -> Moved {
        tokio::select! {
            biased;
            pass = &mut self.pass => match pass {
                Ok(Ok(pass)) => Moved::In(pass),
                Ok(Err(full)) => Moved::Refused(full),
                Err(_) => Moved::Closed,
            },
            Ok(()) = self.place.changed() => Moved::Place(self.place.borrow_and_update().unwrap_or_default()),
        }
    }
}

/// One of the places in line that `limits.queue` allows, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    _permit: OwnedSemaphorePermit,
}

/// By what a turn may wait.
#[derive(Debug, Default)]
pub(super) enum Standing {
    /// By a place that is free.
    #[default]
    New,
    /// By the place that it has, since its prompt waited in its session.
    Placed(#[expect(dead_code, reason = "only held: dropping it gives the place back")] Place),
    /// Whether there is one or not: its call has a turn already, which this one follows.
    Beyond,
}

struct Entry {
    who: Who,
    place: watch::Sender<Option<usize>>,
    pass: oneshot::Sender<Result<Pass, Full>>,
    standing: Standing,
}

enum Arrival {
    Turn(Entry),
    Prompt(Who, oneshot::Sender<Result<Place, Full>>),
}

/// The line. A handle; cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    arrivals: mpsc::Sender<Arrival>,
    load: watch::Receiver<Load>,
}

/// What there is in the line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Turns that run.
    pub running: usize,
    /// Turns that wait for one of them to end.
    pub waiting: usize,
}

impl Gate {
    /// Opens it on `tasks`, until `shutdown`.
    pub fn open(room: Room, shutdown: CancellationToken, tasks: &TaskTracker) -> Self {
        let (arrivals, inputs) = mpsc::channel(ARRIVALS);
        let (told, load) = watch::channel(Load::default());
        let line = Line {
            room,
            ledger: Ledger::default(),
            inside: FuturesUnordered::new(),
            places: BTreeMap::new(),
            waiting: BTreeMap::new(),
            told,
        };
        tasks.spawn(async move {
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = line.run(inputs) => {}
            }
        });
        Self { arrivals, load }
    }

    /// What there is in it now.
    pub fn load(&self) -> Load {
        *self.load.borrow()
    }

    /// Takes a place in line for a prompt that waits in its session; nothing where the line is closed.
    pub async fn place(&self, who: Who) -> Result<Option<Place>, Full> {
        let (reply, answer) = oneshot::channel();
        let _ = self.arrivals.send(Arrival::Prompt(who, reply)).await;
        answer.await.map_or(Ok(None), |place| place.map(Some))
    }

    /// Joins the line.
    pub async fn join(&self, who: Who, standing: Standing) -> Waiting {
        let (to_place, place) = watch::channel(None);
        let (to_pass, pass) = oneshot::channel();
        // With the line closed, what waits hears of it through its dropped sender.
        let entry = Entry { who, place: to_place, pass: to_pass, standing };
        let _ = self.arrivals.send(Arrival::Turn(entry)).await;
        Waiting { place, pass }
    }
}

struct Line {
    room: Room,
    ledger: Ledger,
    /// The ends of those that run.
    inside: FuturesUnordered<BoxFuture<'static, Who>>,
    /// Those in line, in their sessions too.
    places: BTreeMap<Who, Arc<Semaphore>>,
    /// Never with nobody under a name.
    waiting: BTreeMap<Who, VecDeque<Entry>>,
    told: watch::Sender<Load>,
}

impl Line {
    async fn run(mut self, mut arrivals: mpsc::Receiver<Arrival>) {
        loop {
            tokio::select! {
                biased;
                Some(who) = self.inside.next(), if !self.inside.is_empty() => {
                    self.ledger.leave(&who);
                    self.let_in();
                }
                entry = arrivals.recv() => match entry {
                    Some(Arrival::Turn(entry)) => self.arrive(entry),
                    Some(Arrival::Prompt(who, reply)) => {
                        self.leave();
                        // Who has gone gives it back by that.
                        let _ = reply.send(self.place(&who));
                    }
                    None => return,
                },
            }
        }
    }

    fn place(&mut self, who: &Who) -> Result<Place, Full> {
        let queue = self.room.queue;
        let most = (self.room.shares.0)(who.as_ref()).most.unwrap_or(usize::MAX);
        self.places.retain(|one, places| one == who || places.available_permits() < queue);
        let fresh = || Arc::new(Semaphore::new(queue.min(Semaphore::MAX_PERMITS)));
        let places = self.places.entry(who.clone()).or_insert_with(fresh).clone();
        let full = Full { running: self.room.running.min(most), queue };
        places.try_acquire_owned().map(|permit| Place { _permit: permit }).map_err(|_| full)
    }

    fn arrive(&mut self, mut entry: Entry) {
        // What may be had can have grown since: whoever waits comes before one who comes now.
        self.let_in();
        if !self.waiting.contains_key(&entry.who) && self.may(&entry.who) {
            self.admit(entry);
            self.tell();
            return;
        }
        if matches!(entry.standing, Standing::New) {
            match self.place(&entry.who) {
                Ok(place) => entry.standing = Standing::Placed(place),
                Err(full) => {
                    let _ = entry.pass.send(Err(full));
                    return;
                }
            }
        }
        self.waiting.entry(entry.who.clone()).or_default().push_back(entry);
        self.tell();
    }

    /// Whether one more of somebody may run now.
    fn may(&self, who: &Who) -> bool {
        self.inside.len() < self.room.running && self.ledger.may(who, (self.room.shares.0)(who.as_ref()))
    }

    /// Lets in whoever may come in.
    fn let_in(&mut self) {
        self.leave();
        while self.inside.len() < self.room.running {
            let shares = &self.room.shares.0;
            let waiting = self.waiting.keys().map(|who| (who, shares(who.as_ref())));
            let next = self.ledger.next(waiting.filter(|(who, share)| self.ledger.may(who, *share))).cloned();
            let Some(first) = next.and_then(|who| self.take(&who)) else { break };
            self.admit(first);
        }
        self.tell();
    }

    /// The first of his that waits.
    fn take(&mut self, who: &Who) -> Option<Entry> {
        let line = self.waiting.get_mut(who)?;
        let first = line.pop_front();
        if line.is_empty() {
            self.waiting.remove(who);
        }
        first
    }

    fn admit(&mut self, entry: Entry) {
        let who = entry.who;
        self.ledger.admit(&who, (self.room.shares.0)(who.as_ref()));
        let (inside, over) = oneshot::channel::<()>();
        self.inside.push(Box::pin(async move {
            let _ = over.await;
            who
        }));
        // Whoever has gone leaves by that.
        let _ = entry.pass.send(Ok(Pass { _inside: inside }));
    }

    /// Forgets who no longer waits.
    fn leave(&mut self) {
        self.waiting.retain(|_, line| {
            line.retain(|entry| !entry.pass.is_closed());
            !line.is_empty()
        });
    }

    fn tell(&self) {
        let shares = &self.room.shares.0;
        let waiting: Vec<_> =
            self.waiting.iter().map(|(who, line)| (who, shares(who.as_ref()), line.len())).collect();
        let load =
            Load { running: self.inside.len(), waiting: waiting.iter().map(|(.., count)| count).sum() };
        self.told.send_if_modified(|told| std::mem::replace(told, load) != load);
        for (line, places) in self.waiting.values().zip(places(&self.ledger, &waiting)) {
            for (entry, before) in line.iter().zip(places) {
                entry.place.send_if_modified(|place| place.replace(before) != Some(before));
            }
        }
    }
}

#[cfg(test)]
mod tests;

//! The line for turns: so many run at once, the others wait in the order in which they came. One task
//! owns it; a pass that is dropped lets the next one in.

use std::collections::VecDeque;
use std::sync::Arc;

use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Turns that may come at the same moment; each is taken in microseconds.
const ARRIVALS: usize = 64;

/// How many turns run, and how many wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// At once.
    pub running: usize,
    /// For one of them to end.
    pub queue: usize,
}

/// Too many wait already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "{running} turns run and {queue} wait, which is what limits.running and limits.queue allow; call again once one has ended"
)]
pub struct Full {
    /// `limits.running`.
    pub running: usize,
    /// `limits.queue`.
    pub queue: usize,
}

/// The right to run a turn, until it is dropped.
#[derive(Debug)]
pub(super) struct Pass {
    _permit: OwnedSemaphorePermit,
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
    place: watch::Sender<Option<usize>>,
    pass: oneshot::Sender<Result<Pass, Full>>,
    standing: Standing,
}

enum Arrival {
    Turn(Entry),
    Prompt(oneshot::Sender<Result<Place, Full>>),
}

/// The line. A handle; cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    arrivals: mpsc::Sender<Arrival>,
}

impl Gate {
    /// Opens it on `tasks`, until `shutdown`.
    pub fn open(room: Room, shutdown: CancellationToken, tasks: &TaskTracker) -> Self {
        let (arrivals, inputs) = mpsc::channel(ARRIVALS);
        let slots = Arc::new(Semaphore::new(room.running));
        let places = Arc::new(Semaphore::new(room.queue.min(Semaphore::MAX_PERMITS)));
        let line = Line { room, slots, places, waiting: VecDeque::new() };
        tasks.spawn(async move {
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = line.run(inputs) => {}
            }
        });
        Self { arrivals }
    }

    /// Takes a place in line for a prompt that waits in its session; nothing where the line is closed.
    pub async fn place(&self) -> Result<Option<Place>, Full> {
        let (reply, answer) = oneshot::channel();
        let _ = self.arrivals.send(Arrival::Prompt(reply)).await;
        answer.await.map_or(Ok(None), |place| place.map(Some))
    }

    /// Joins the line.
    pub async fn join(&self, standing: Standing) -> Waiting {
        let (to_place, place) = watch::channel(None);
        let (to_pass, pass) = oneshot::channel();
        // With the line closed, what waits hears of it through its dropped sender.
        let _ = self.arrivals.send(Arrival::Turn(Entry { place: to_place, pass: to_pass, standing })).await;
        Waiting { place, pass }
    }
}

struct Line {
    room: Room,
    slots: Arc<Semaphore>,
    /// Those in line, in their sessions too.
    places: Arc<Semaphore>,
    waiting: VecDeque<Entry>,
}

impl Line {
    async fn run(mut self, mut arrivals: mpsc::Receiver<Arrival>) {
        loop {
            let free = self.slots.clone().acquire_owned();
            tokio::select! {
                biased;
                Ok(permit) = free, if !self.waiting.is_empty() => self.admit(permit),
                entry = arrivals.recv() => match entry {
                    Some(Arrival::Turn(entry)) => self.arrive(entry),
                    Some(Arrival::Prompt(reply)) => {
                        self.leave();
                        // Who has gone gives it back by that.
                        let _ = reply.send(self.place());
                    }
                    None => return,
                },
            }
        }
    }

    fn place(&self) -> Result<Place, Full> {
        let Room { running, queue } = self.room;
        let permit = self.places.clone().try_acquire_owned();
        permit.map(|permit| Place { _permit: permit }).map_err(|_| Full { running, queue })
    }

    fn arrive(&mut self, mut entry: Entry) {
        self.leave();
        if self.waiting.is_empty()
            && let Ok(permit) = self.slots.clone().try_acquire_owned()
        {
            // Whoever has gone gives the permit back by that.
            let _ = entry.pass.send(Ok(Pass { _permit: permit }));
            return;
        }
        if matches!(entry.standing, Standing::New) {
            match self.place() {
                Ok(place) => entry.standing = Standing::Placed(place),
                Err(full) => {
                    let _ = entry.pass.send(Err(full));
                    return;
                }
            }
        }
        self.waiting.push_back(entry);
        self.tell();
    }

    fn admit(&mut self, permit: OwnedSemaphorePermit) {
        self.leave();
        if let Some(entry) = self.waiting.pop_front() {
            let _ = entry.pass.send(Ok(Pass { _permit: permit }));
        }
        self.tell();
    }

    /// Forgets who no longer waits.
    fn leave(&mut self) {
        self.waiting.retain(|entry| !entry.pass.is_closed());
    }

    fn tell(&self) {
        for (before, entry) in self.waiting.iter().enumerate() {
            entry.place.send_if_modified(|place| place.replace(before) != Some(before));
        }
    }
}

#[cfg(test)]
mod tests;

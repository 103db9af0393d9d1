//! Who waits for which answer. The reader owns the table; calls talk to it through [`Op`]s.
//!
//! A call puts its entry into the queue before its line is sent, and the reader empties the queue before
//! it looks for an answer's entry: so an answer always finds it.

use std::collections::HashMap;

use tokio::sync::{mpsc, oneshot};

use super::error::Unusable;
use super::message::RequestId;
use super::raw::Raw;

/// What a call gets in the end. Nothing at all (the sender is dropped) means the connection has ended.
pub(super) type Answer = Result<Raw, Unusable>;

/// What a call tells the table.
#[derive(Debug)]
pub(super) enum Op {
    /// It will send a request with this id, and waits.
    Register(i64, oneshot::Sender<Answer>),
    /// It no longer waits.
    Forget(i64),
}

/// The entries of the calls that wait.
#[derive(Debug, Default)]
pub(super) struct Pending {
    waiting: HashMap<i64, oneshot::Sender<Answer>>,
}

impl Pending {
    pub(super) fn apply(&mut self, op: Op) {
        match op {
            Op::Register(id, waiter) => drop(self.waiting.insert(id, waiter)),
            Op::Forget(id) => drop(self.waiting.remove(&id)),
        }
    }

    /// Hands an answer to its call. `false` where none waits for it.
    pub(super) fn answer(&mut self, id: &RequestId, answer: Answer) -> bool {
        let RequestId::Number(id) = id else { return false };
        match self.waiting.remove(id) {
            Some(waiter) => waiter.send(answer).is_ok(),
            None => false,
        }
    }
}

/// The table with the queue that leads to it.
#[derive(Debug)]
pub(super) struct Table {
    pending: Pending,
    ops: mpsc::Receiver<Op>,
}

impl Table {
    pub(super) fn new(ops: mpsc::Receiver<Op>) -> Self {
        Self { pending: Pending::default(), ops }
    }

    /// Waits for `work` and serves the calls meanwhile: they must get on also while the reader waits.
    pub(super) async fn serve_while<T>(&mut self, work: impl Future<Output = T>) -> T {
        tokio::pin!(work);
        loop {
            tokio::select! {
                biased;
                Some(op) = self.ops.recv() => self.pending.apply(op),
                done = &mut work => return done,
            }
        }
    }

    pub(super) fn answer(&mut self, id: &RequestId, answer: Answer) -> bool {
        while let Ok(op) = self.ops.try_recv() {
            self.pending.apply(op);
        }
        self.pending.answer(id, answer)
    }
}

/// The entry of one call: dropped before its answer has come, it is taken out of the table.
#[derive(Debug)]
pub(super) struct Entry {
    id: i64,
    answer: oneshot::Receiver<Answer>,
    /// A place in the queue that is kept for the farewell, so that a drop never finds it full.
    farewell: Option<mpsc::OwnedPermit<Op>>,
}

impl Entry {
    /// Registers a call. `None` where the connection has ended.
    pub(super) async fn register(id: i64, table: &mpsc::Sender<Op>) -> Option<Self> {
        let farewell = table.clone().reserve_owned().await.ok()?;
        let (waiter, answer) = oneshot::channel();
        table.send(Op::Register(id, waiter)).await.ok()?;
        Some(Self { id, answer, farewell: Some(farewell) })
    }

    /// Waits for the answer. `None` where the connection ends without one.
    pub(super) async fn answer(mut self, table: &mpsc::Sender<Op>) -> Option<Answer> {
        let answer = tokio::select! {
            biased;
            answer = &mut self.answer => answer.ok(),
            // An entry that was on its way when the table went stays in the queue, and nobody drops it.
            () = table.closed() => None,
        };
        self.farewell = None;
        answer
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if let Some(place) = self.farewell.take() {
            place.send(Op::Forget(self.id));
        }
    }
}

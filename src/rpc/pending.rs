//! The table of our requests in flight. Registered before it is sent; removed by its answer, by
//! its caller going away, or by the end of the stream, whichever is first.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::value::RawValue;
use tokio::sync::oneshot;

use super::error::RpcError;

/// The answer to a request of ours.
pub(super) type Answer = Result<Box<RawValue>, RpcError>;

/// The table. Locked for a moment only, never over an await: callers that go away must leave it
/// from `Drop`, where no task can be asked.
#[derive(Clone, Debug, Default)]
pub(super) struct Pending(Arc<Mutex<Table>>);

#[derive(Debug, Default)]
struct Table {
    next: i64,
    closed: bool,
    waiting: HashMap<i64, oneshot::Sender<Answer>>,
}

/// A registered request; leaves the table when it is dropped.
#[derive(Debug)]
pub(super) struct Waiter {
    pub id: i64,
    pub answer: oneshot::Receiver<Answer>,
    table: Pending,
}

impl Pending {
    /// A new request, or `None` when the stream has ended.
    pub fn register(&self) -> Option<Waiter> {
        let mut table = self.lock();
        if table.closed {
            return None;
        }
        table.next += 1;
        let id = table.next;
        let (send, answer) = oneshot::channel();
        table.waiting.insert(id, send);
        Some(Waiter { id, answer, table: self.clone() })
    }

    /// Hands an answer to its caller. False when nobody waits for it.
    pub fn answer(&self, id: i64, answer: Answer) -> bool {
        let waiting = self.lock().waiting.remove(&id);
        waiting.is_some_and(|waiting| waiting.send(answer).is_ok())
    }

    /// Fails every waiter, now and from now on.
    pub fn close(&self) {
        let mut table = self.lock();
        table.closed = true;
        table.waiting.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.table.lock().waiting.remove(&self.id);
    }
}

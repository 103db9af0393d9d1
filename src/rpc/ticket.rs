//! What is owed to a request of the other side, as a value: exactly one answer, whatever happens.

use serde::Serialize;
use serde_json::Value;
use tokio::sync::mpsc;

use super::error::{INTERNAL_ERROR, RpcError};
use super::message::RequestId;
use super::writer::{Line, line};

/// The duty to answer one request.
///
/// [`answer`](Self::answer) and [`refuse`](Self::refuse) use it up; dropped without either, it sends its
/// fallback. None of them waits or fails: the place in the writer's queue was taken when the request was
/// read. After the end of the connection an answer goes nowhere.
#[derive(Debug)]
#[must_use = "a dropped ticket answers with its fallback at once"]
pub struct Ticket {
    id: RequestId,
    fallback: Reply,
    place: Option<mpsc::OwnedPermit<Line>>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum Reply {
    Result(Value),
    Error(RpcError),
}

#[derive(Serialize)]
struct Answer<'a> {
    id: &'a RequestId,
    #[serde(flatten)]
    reply: &'a Reply,
}

impl Ticket {
    pub(super) fn new(id: RequestId, place: Option<mpsc::OwnedPermit<Line>>) -> Self {
        let message = "the client could not answer this request".to_owned();
        let fallback = Reply::Error(RpcError { code: INTERNAL_ERROR, message, data: None });
        Self { id, fallback, place }
    }

    /// The id that the other side gave its request. Not unique: it may use one again.
    #[must_use]
    pub fn id(&self) -> &RequestId {
        &self.id
    }

    /// What is answered where the ticket is dropped; before this is called it is the error −32603.
    pub fn set_fallback(&mut self, result: Value) {
        self.fallback = Reply::Result(result);
    }

    /// Answers with a result.
    pub fn answer(mut self, result: Value) {
        self.send(&Reply::Result(result));
    }

    /// Answers with an error.
    pub fn refuse(mut self, code: i64, message: String) {
        self.send(&Reply::Error(RpcError { code, message, data: None }));
    }

    fn send(&mut self, reply: &Reply) {
        let Some(place) = self.place.take() else { return };
        match line(&Answer { id: &self.id, reply }) {
            Ok(line) => drop(place.send(line)),
            // A value in memory can always be written.
            Err(error) => tracing::error!(id = %self.id, %error, "an answer could not be written"),
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let fallback = self.fallback.clone();
        self.send(&fallback);
    }
}

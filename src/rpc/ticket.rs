//! What is owed to codex, as a value: answered once, or answering by itself when it is dropped.

use serde_json::{Value, json};
use tokio::sync::mpsc::OwnedPermit;

use super::message::RequestId;
use super::peer::Outgoing;

/// A question of codex that has no answer yet.
#[derive(Debug)]
pub struct Ticket {
    id: RequestId,
    fallback: Value,
    /// The answer's place in the queue, taken when the question came: answering never waits.
    place: Option<OwnedPermit<Outgoing>>,
}

impl Ticket {
    pub(super) fn new(id: RequestId, place: OwnedPermit<Outgoing>) -> Self {
        let error = json!({ "code": -32603, "message": "codex-bridge gave no answer" });
        Self { id, fallback: json!({ "error": error }), place: Some(place) }
    }

    /// codex's id of the question.
    #[must_use]
    pub fn id(&self) -> &RequestId {
        &self.id
    }

    /// The result that is sent when the ticket is dropped; an error otherwise.
    pub fn set_fallback(&mut self, result: Value) {
        self.fallback = json!({ "result": result });
    }

    /// Answers.
    pub fn answer(mut self, result: Value) {
        self.fallback = json!({ "result": result });
    }

    /// Answers with an error.
    pub fn refuse(mut self, code: i64, message: String) {
        self.fallback = json!({ "error": { "code": code, "message": message } });
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut message = std::mem::take(&mut self.fallback);
        message["id"] = json!(self.id);
        if let Some(place) = self.place.take() {
            place.send(Outgoing::Line(message.to_string()));
        }
    }
}

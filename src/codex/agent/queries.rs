//! Of codex's task: questions that concern no live session.

use super::{Agent, AnswerTo, Done};
use crate::codex::queries;
use crate::rpc::Peer;
use crate::session::Query;

impl Agent {
    /// Asks codex; the answer goes to whoever wants it.
    pub(super) fn ask(&mut self, peer: Peer, query: Query, reply: AnswerTo) {
        self.calls.spawn(async move {
            let result = queries::ask(&peer, query).await;
            Done::Answered { reply, result }
        });
    }
}

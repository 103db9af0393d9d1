//! Of codex's task: who hears what codex says, and what of it nobody does.

use tokio::sync::watch;

use super::{Agent, UNKNOWN};
use crate::codex::account::Remedy;
use crate::codex::calls::Loaded;
use crate::codex::connection::fault;
use crate::codex::protocol::account::RateLimitSnapshot;
use crate::codex::servers::Secrets;
use crate::codex::stop::Course;
use crate::event::Body;
use crate::ids::{Generation, ThreadId};
use crate::rpc::Raw;
use crate::session::{AgentError, AgentEvent, Heard, Inbox};

/// The way to the session of a thread.
pub(super) struct Route {
    pub inbox: Inbox,
    /// What of the thread's MCP servers nothing may show.
    pub secrets: Secrets,
    /// Where its turn stands.
    pub course: watch::Sender<Course>,
    /// What to do where its turns fail for want of sign-in.
    pub remedy: Remedy,
}

impl Agent {
    /// A thread, unless it may start no turn: then it is let go at once, since codex would hold it, and keep
    /// its MCP servers, for as long as it runs.
    pub(super) fn accepted(&mut self, result: Result<Loaded, AgentError>) -> Result<Loaded, AgentError> {
        let loaded = result.inspect_err(|error| self.note_refusal(error))?;
        let checked = (loaded.accepts.0)(&loaded.opened.info).map_err(|why| {
            let mut refused = fault("limit", format!("no turn is started: {why}"), None);
            refused.0.retryable = false;
            refused
        });
        if checked.is_err() {
            self.early.take(&loaded.opened.thread);
            self.release(loaded.opened.thread.clone());
        }
        checked.map(|()| loaded)
    }

    /// Tells a session what became of the MCP servers that it wanted.
    pub(super) fn note(&mut self, thread: &ThreadId, inbox: &Inbox, notes: &[Body]) {
        for body in notes.iter().cloned() {
            self.say(thread.clone(), inbox.clone(), AgentEvent::Said { turn: None, body });
        }
    }

    /// From now on the session in `inbox` hears what codex says of a thread.
    pub(super) fn route(
        &mut self,
        thread: ThreadId,
        inbox: &Inbox,
        (secrets, remedy): (Secrets, Remedy),
        generation: Generation,
    ) {
        if self.peer(generation).is_none() {
            return;
        }
        let course = watch::Sender::new(Course::default());
        self.routes.insert(thread.clone(), Route { inbox: inbox.clone(), secrets, course, remedy });
        let limits = self.limits.all();
        if !limits.is_empty() {
            self.say(thread.clone(), inbox.clone(), AgentEvent::Limits(limits));
        }
        for mut event in self.early.take(&thread) {
            self.hide_in(&thread, &mut event);
            self.look_for_sign_out(&thread, &mut event);
            self.say(thread.clone(), inbox.clone(), event);
        }
    }

    /// Takes the secrets of its servers out of what codex says in a thread.
    pub(super) fn hide_in(&self, thread: &ThreadId, event: &mut AgentEvent) {
        if let (AgentEvent::Said { body, .. }, Some(route)) = (event, self.routes.get(thread)) {
            route.secrets.hide_in(body);
        }
    }

    /// What is left of the account is left for every session.
    pub(super) fn limited(&mut self, update: RateLimitSnapshot) {
        let Some(limits) = self.limits.update(update) else { return };
        let all: Vec<_> =
            self.routes.iter().map(|(thread, route)| (thread.clone(), route.inbox.clone())).collect();
        for (thread, inbox) in all {
            self.say(thread, inbox, AgentEvent::Limits(limits.clone()));
        }
    }

    /// What names no session is of all that live; once each in the log too, where none does.
    pub(super) fn tell_everyone(&mut self, mut body: Body) {
        // Whose it is, nobody knows.
        self.routes.values().for_each(|route| route.secrets.hide_in(&mut body));
        let words = serde_json::to_string(&body).unwrap_or_default();
        if self.unknown.len() < UNKNOWN && self.unknown.insert(words.clone()) {
            tracing::warn!(said = %words, "codex says something that names no session");
        }
        let all = self.routes.iter().map(|(thread, route)| (thread.clone(), route.inbox.clone()));
        let all: Vec<_> = all.collect();
        for (thread, inbox) in all {
            self.say(thread, inbox, AgentEvent::Said { turn: None, body: body.clone() });
        }
    }

    /// Says in the log what is not known, once each.
    pub(super) fn remark(&mut self, event: &AgentEvent) {
        let AgentEvent::Said { body: Body::Raw { method, .. }, .. } = event else { return };
        if self.unknown.len() < UNKNOWN && self.unknown.insert(method.clone()) {
            tracing::warn!(%method, "codex says something that this bridge does not know; it is kept as `raw`");
        }
    }

    pub(super) fn deliver(&mut self, thread: ThreadId, heard: Heard, params: &Raw) {
        match self.routes.get(&thread).map(|route| route.inbox.clone()) {
            Some(inbox) => self.say(thread, inbox, heard),
            None => self.early.push(thread, heard.event, params.get().len()),
        }
    }
}

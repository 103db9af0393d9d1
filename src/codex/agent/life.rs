//! Of codex's task: how the process begins, and what its end means.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::routes::Route;
use super::{AGAIN, Agent, Done, stop_of};
use crate::codex::calls;
use crate::codex::connection::{Connection, fault};
use crate::codex::limits::Limits;
use crate::codex::servers::without_paths;
use crate::ids::{Generation, ThreadId};
use crate::session::{AgentCommand, AgentError, AgentEvent};
use crate::supervise::PostMortem;

impl Agent {
    /// Starts codex, unless that is under way; the command waits for it.
    pub(super) fn connect(&mut self, command: AgentCommand) {
        if let Some(waiting) = &mut self.waiting {
            waiting.push(command);
            return;
        }
        self.waiting = Some(vec![command]);
        self.generation = self.generation.next();
        let (launch, tasks, generation) = (self.launch.clone(), self.tasks.clone(), self.generation);
        let not_before = self.not_before;
        self.calls.spawn(async move {
            // A short wait is worth it: a host that retries in a loop is worse off with an error.
            if let Some(not_before) = not_before {
                tokio::time::sleep_until(not_before).await;
            }
            Done::Connected(Connection::open(&launch, generation, &tasks).await.map(Box::new))
        });
    }

    pub(super) fn on_connected(&mut self, result: Result<Connection, AgentError>) {
        let waiting = self.waiting.take().unwrap_or_default();
        match result {
            Ok(connection) => {
                tracing::info!(version = connection.version, generation = %connection.generation, "codex started");
                self.started = Some(Instant::now());
                (self.launch.started.0)();
                self.connection = Some(connection);
                waiting.into_iter().for_each(|command| self.command(command));
            }
            Err(error) => {
                if error.0.code != "codex_missing" {
                    self.back_off();
                }
                waiting.into_iter().for_each(|command| self.refuse(command, error.clone()));
            }
        }
    }

    /// A dead codex is an input like any other. Until its sessions have heard of it, with its last
    /// words, no other is started: nothing that the next one says may come before.
    ///
    /// `hung`: how long it has said nothing, where it is ended for that.
    pub(super) fn lost(&mut self, hung: Option<Duration>) {
        let Some(connection) = self.connection.take() else { return };
        let generation = connection.generation;
        self.back_off();
        self.owed.clear();
        self.early.clear();
        self.limits = Limits::default();
        self.sign_ins.lost();
        self.waiting = Some(Vec::new());
        let routes = std::mem::take(&mut self.routes);
        let threads = routes.keys().cloned().collect();
        self.calls.spawn(async move {
            let end = connection.end().await;
            stop_of::clear(threads).await;
            Done::Ended { generation, end, routes, hung }
        });
    }

    pub(super) fn ended(
        &mut self,
        generation: Generation,
        end: &PostMortem,
        routes: HashMap<ThreadId, Route>,
        hung: Option<Duration>,
    ) {
        // Its last words may be about the servers of any thread.
        let end = routes.values().fold(end.to_string(), |end, route| route.secrets.hide(&end));
        let end = without_paths(&end);
        let message = match hung {
            Some(quiet) => {
                format!("codex had said nothing for {} seconds, and was ended", quiet.as_secs().max(1))
            }
            None => format!("codex ended in the middle of its work: it {end}"),
        };
        tracing::warn!(%end, "codex ended in the middle of its work");
        let error = fault("codex_lost", message, Some(AGAIN)).0;
        for (thread, Route { inbox, .. }) in routes {
            self.say(thread, inbox, AgentEvent::Lost { generation, error: error.clone() });
        }
        let waiting = self.waiting.take().unwrap_or_default();
        waiting.into_iter().for_each(|command| self.command(command));
    }

    /// It failed to start, or ended by itself: the next start waits.
    fn back_off(&mut self) {
        let now = Instant::now();
        let ran = self.started.take().map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        self.not_before = Some(now + self.backoff.failed(ran));
    }

    /// Lets a thread go; what is asked of it meanwhile waits.
    pub(super) fn release(&mut self, thread: ThreadId) {
        self.routes.remove(&thread);
        let Some((peer, _)) = self.connected() else { return };
        self.leaving.entry(thread.clone()).or_default();
        self.calls.spawn(async move {
            let result = calls::release(&peer, &thread).await;
            Done::Released { thread, result }
        });
    }

    /// A command, unless it must wait for its thread to be let go first.
    pub(super) fn unless_leaving(&mut self, command: AgentCommand) -> Option<AgentCommand> {
        let (AgentCommand::Resume { thread, .. } | AgentCommand::Run { thread, .. }) = &command else {
            return Some(command);
        };
        match self.leaving.get_mut(thread) {
            Some(waiting) => {
                waiting.push(command);
                None
            }
            None => Some(command),
        }
    }

    pub(super) fn released(&mut self, thread: &ThreadId, result: Result<(), AgentError>) {
        if let Err(error) = result {
            tracing::debug!(%thread, %error, "codex did not let a thread go, or has ended");
        }
        for command in self.leaving.remove(thread).into_iter().flatten() {
            self.command(command);
        }
    }
}

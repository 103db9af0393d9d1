//! The task that owns a session. It only makes inputs; [`State`] decides; then it appends, and
//! only after that commands codex and answers callers.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::agent::{AgentCommand, CallId, Heard, Inbox, ThreadParams};
use super::handle::{Call, Handle};
use super::row;
use super::state::{Act, Effects, Input, Reply, State};
use super::view::View;
use crate::event::Timestamp;
use crate::journal::{Journal, JournalError, SessionRecord};

/// Calls that may wait for one session. A host's own limit of open requests is below it.
const CALLS: usize = 64;

/// How many inputs may share one append.
const GROUP: usize = 64;

/// What a session's task is made of.
pub(super) struct Task {
    pub state: State,
    pub row: SessionRecord,
    pub view: View,
    pub params: ThreadParams,
    pub journal: Arc<dyn Journal>,
    pub agent: mpsc::Sender<AgentCommand>,
    pub inbox: Inbox,
    pub events: mpsc::Receiver<Heard>,
    pub shutdown: CancellationToken,
}

impl Task {
    /// The task as a future, and the handle to it.
    pub fn start(self) -> (Handle, impl Future<Output = ()> + Send) {
        let (calls, inputs) = mpsc::channel(CALLS);
        let (publish, view) = watch::channel(Arc::new(self.view.clone()));
        let handle = Handle { thread: self.row.thread_id.clone(), calls, view };
        let run = Run { task: self, publish, waiting: HashMap::new(), numbers: 0, rooms: Vec::new() };
        (handle, run.run(inputs))
    }
}

struct Run {
    task: Task,
    publish: watch::Sender<Arc<View>>,
    waiting: HashMap<CallId, oneshot::Sender<Reply>>,
    numbers: u64,
    /// The room of what was heard and is not in the journal yet.
    rooms: Vec<OwnedSemaphorePermit>,
}

impl Run {
    async fn run(mut self, mut calls: mpsc::Receiver<Call>) {
        let opened = self.task.state.open(Timestamp::now());
        if !self.perform(opened).await {
            return;
        }
        loop {
            let input = tokio::select! {
                biased;
                () = self.task.shutdown.cancelled() => Input::Shutdown,
                Some(heard) = self.task.events.recv() => self.heard(heard),
                Some(call) = calls.recv() => self.number(call),
                () = until(self.task.state.next_tick()) => Input::Tick,
                else => Input::Shutdown,
            };
            let last = matches!(input, Input::Shutdown);
            let effects = self.group(input);
            if !self.perform(effects).await || last {
                return;
            }
        }
    }

    /// Applies an input, and what codex has said meanwhile, so that they share one append.
    fn group(&mut self, input: Input) -> Effects {
        let last = matches!(input, Input::Shutdown);
        let mut all = self.task.state.apply(input, Timestamp::now());
        for _ in 1..GROUP {
            if last {
                break;
            }
            let Ok(heard) = self.task.events.try_recv() else { break };
            let input = self.heard(heard);
            let more = self.task.state.apply(input, Timestamp::now());
            all.events.extend(more.events);
            all.acts.extend(more.acts);
            all.replies.extend(more.replies);
        }
        all
    }

    fn heard(&mut self, heard: Heard) -> Input {
        self.rooms.extend(heard.room);
        Input::Agent(heard.event)
    }

    fn number(&mut self, call: Call) -> Input {
        self.numbers += 1;
        let id = CallId(self.numbers);
        self.waiting.insert(id, call.reply);
        (call.make)(id)
    }

    /// Write, then speak. False when the journal is gone: then nothing may be said any more.
    async fn perform(&mut self, effects: Effects) -> bool {
        if !effects.events.is_empty() {
            for event in &effects.events {
                self.task.view.apply(event);
            }
            let batch = row::batch(&mut self.task.row, &self.task.view, effects.events);
            if let Err(error) = self.task.journal.append(batch).await {
                let thread = &self.task.row.thread_id;
                tracing::error!(%thread, %error, "the journal took no events; the session is closed");
                self.stop(&error).await;
                return false;
            }
        }
        self.rooms.clear();
        self.publish();
        for act in effects.acts {
            if self.task.agent.send(self.command(act)).await.is_err() {
                tracing::debug!("codex's task has ended");
            }
        }
        for (call, reply) in effects.replies {
            if let Some(waiting) = self.waiting.remove(&call) {
                // A caller that went away needs no answer.
                let _ = waiting.send(reply);
            }
        }
        true
    }

    /// Shows what is in the journal now, and whether a turn is about to begin.
    fn publish(&mut self) {
        self.task.view.starting = self.task.state.starting();
        self.task.view.dismissed.clone_from(self.task.state.dismissed());
        let view = &self.task.view;
        self.publish.send_if_modified(|shown| {
            let changed = shown.next != view.next
                || shown.starting != view.starting
                || shown.dismissed != view.dismissed;
            if changed {
                *shown = Arc::new(view.clone());
            }
            changed
        });
    }

    /// Ends the turn that nobody can follow any more, since what codex does must be in the journal;
    /// and says why to who waits.
    async fn stop(&mut self, error: &JournalError) {
        for (_, waiting) in self.waiting.drain() {
            let _ = waiting.send(Reply::Unrecorded(error.clone()));
        }
        if let Some(turn) = self.task.state.running().cloned() {
            let thread = self.task.row.thread_id.clone();
            // With codex's task gone there is nothing to stop.
            let _ = self.task.agent.send(AgentCommand::Interrupt { thread, turn }).await;
        }
    }

    fn command(&self, act: Act) -> AgentCommand {
        let thread = self.task.row.thread_id.clone();
        match act {
            Act::Run(start, turn) => AgentCommand::Run {
                start,
                thread,
                turn,
                params: Box::new(self.task.params.clone()),
                inbox: self.task.inbox.clone(),
            },
            Act::Interrupt(turn) => AgentCommand::Interrupt { thread, turn },
            Act::Answer(key, answer) => AgentCommand::Answer { key, answer },
        }
    }
}

/// Sleeps until a point in time; for ever where there is none.
async fn until(due: Option<Timestamp>) {
    match due {
        Some(due) => {
            let wait = due.since(Timestamp::now());
            tokio::time::sleep(wait.max(Duration::from_millis(1))).await;
        }
        None => std::future::pending().await,
    }
}

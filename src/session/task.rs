//! The task that owns a session. It only makes inputs; [`State`] decides; then it appends, and
//! only after that commands codex and answers callers.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::agent::{AgentCommand, AgentError, AgentEvent, CallId, Heard, Inbox, ThreadParams, TurnParams};
use super::delta::WAIT;
use super::ends::{full, host_gone, taken_out, unrecorded};
use super::gate::{Full, Gate, Moved, Pass, Standing, Waiting};
use super::handle::{Call, Handle};
use super::host::Observer;
use super::input::{Act, Effects, Input, Meant, Reply};
use super::line::WhenBusy;
use super::row;
use super::slots::Seat;
use super::state::State;
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
    pub gate: Gate,
    pub observer: Observer,
    pub inbox: Inbox,
    pub events: mpsc::Receiver<Heard>,
    pub shutdown: CancellationToken,
    /// Its place among the sessions that may be open at once, until it ends.
    #[expect(dead_code, reason = "only held: dropping it makes room for another session")]
    pub seat: Seat,
}

impl Task {
    /// The task as a future, and the handle to it.
    pub fn start(self) -> (Handle, impl Future<Output = ()> + Send) {
        let (calls, inputs) = mpsc::channel(CALLS);
        let (publish, view) = watch::channel(Arc::new(self.view.clone()));
        let (thread, broken) = (self.row.thread_id.clone(), Arc::default());
        let handle = Handle { thread, calls, numbers: Arc::default(), view, broken: Arc::clone(&broken) };
        let run = Run {
            task: self,
            publish,
            broken,
            waiting: HashMap::new(),
            rooms: Vec::new(),
            told: false,
            line: None,
            standing: HashMap::new(),
            pass: None,
        };
        (handle, run.run(inputs))
    }
}

struct Run {
    task: Task,
    publish: watch::Sender<Arc<View>>,
    broken: Arc<OnceLock<JournalError>>,
    waiting: HashMap<CallId, oneshot::Sender<Reply>>,
    /// The room of what was heard and is not in the journal yet.
    rooms: Vec<OwnedSemaphorePermit>,
    /// Whether the session has been told that its events are not kept.
    told: bool,
    /// The turn that waits for others to end.
    line: Option<OnTheWay>,
    /// By what the turns of prompts may wait that wait in this session.
    standing: HashMap<CallId, Standing>,
    /// What lets the turn run.
    pass: Option<Pass>,
}

/// A turn that is to begin.
struct OnTheWay {
    waiting: Waiting,
    start: CallId,
    turn: TurnParams,
}

/// What the task was woken by.
enum Woken {
    By(Box<Input>),
    Moved(Moved),
}

impl Woken {
    fn by(input: Input) -> Self {
        Self::By(Box::new(input))
    }
}

impl Run {
    async fn run(mut self, mut calls: mpsc::Receiver<Call>) {
        let opened = self.task.state.open(Timestamp::now());
        if !self.perform(opened).await {
            return;
        }
        self.task.view.live = true;
        self.publish();
        if !self.tell().await {
            return;
        }
        loop {
            let woken = tokio::select! {
                biased;
                () = self.task.shutdown.cancelled() => Woken::by(Input::Shutdown),
                Some(heard) = self.task.events.recv() => Woken::by(self.heard(heard)),
                moved = moved(self.line.as_mut()) => Woken::Moved(moved),
                Some(call) = calls.recv() => Woken::by(self.called(call)),
                () = until(self.task.state.next_tick(), self.task.state.holds_text()) => Woken::by(Input::Tick),
                else => Woken::by(Input::Shutdown),
            };
            let input = match woken {
                Woken::By(input) => *input,
                Woken::Moved(moved) => match self.moved(moved).await {
                    Some(input) => input,
                    None => continue,
                },
            };
            if let Err((call, error)) = self.place(&input).await {
                if let Some(waiting) = self.waiting.remove(&call) {
                    let _ = waiting.send(Reply::Refused(AgentError(full(&error))));
                }
                continue;
            }
            if let Input::Cancel(_, meant, _) = &input
                && self.task.state.means(meant)
                && !self.take_out(meant).await
            {
                return;
            }
            let last = matches!(input, Input::Shutdown);
            let effects = self.group(input);
            if !self.perform(effects).await || last || self.task.state.is_over() || !self.tell().await {
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
        if matches!(heard.event, AgentEvent::Stopped { .. } | AgentEvent::Lost { .. }) {
            self.task.view.stopping = false;
        }
        self.rooms.extend(heard.room);
        Input::Agent(heard.event)
    }

    /// Takes a place in the line of all sessions for a prompt that will wait in this one; the call that it is of,
    /// where there is none.
    async fn place(&mut self, input: &Input) -> Result<(), (CallId, Full)> {
        let Input::Run(call, turn, when) = input else { return Ok(()) };
        let busy = self.task.state.starting() || self.task.state.running().is_some();
        let standing = match when {
            WhenBusy::Queue if busy => match self.task.gate.place(turn.principal.clone()).await {
                Ok(place) => place.map(Standing::Placed),
                Err(full) => return Err((*call, full)),
            },
            WhenBusy::Behind => Some(Standing::Beyond),
            _ => None,
        };
        self.standing.extend(standing.map(|standing| (*call, standing)));
        Ok(())
    }

    fn called(&mut self, call: Call) -> Input {
        self.waiting.insert(call.id, call.reply);
        call.input
    }

    /// Write, then speak. False when the journal is gone: then nothing may be said any more.
    async fn perform(&mut self, effects: Effects) -> bool {
        if !effects.events.is_empty() {
            for event in &effects.events {
                self.task.view.apply(event);
            }
            (self.task.observer.0)(&effects.events);
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
            match act {
                Act::Run(start, turn) => {
                    // The place of the turn before, which has ended: whoever kept it would wait for himself.
                    self.pass = None;
                    let standing = self.standing.remove(&start).unwrap_or_default();
                    let who = turn.principal.clone();
                    let waiting = self.task.gate.join(who, standing).await;
                    self.line = Some(OnTheWay { waiting, start, turn });
                }
                act => {
                    if matches!(act, Act::Interrupt(_)) {
                        self.task.view.stopping = true;
                    }
                    self.send(act).await;
                }
            }
        }
        if !self.standing.is_empty() {
            let line = self.task.state.in_line();
            self.standing.retain(|call, _| line.iter().any(|one| one.call == *call));
        }
        self.publish();
        if !self.task.state.starting() && self.task.state.running().is_none() {
            self.pass = None;
        }
        for (call, reply) in effects.replies {
            if let Some(waiting) = self.waiting.remove(&call) {
                // A caller that went away needs no answer.
                let _ = waiting.send(reply);
            }
        }
        true
    }

    /// Says once, as an event, that events are not kept any more. False when the journal is gone.
    async fn tell(&mut self) -> bool {
        if self.told {
            return true;
        }
        let Some(error) = self.task.journal.trouble(&self.task.row.thread_id) else { return true };
        self.told = true;
        let effects = self.task.state.apply(Input::Unkept(error.to_string()), Timestamp::now());
        self.perform(effects).await
    }

    /// The turn that waits comes in, or hears where it stands.
    async fn moved(&mut self, moved: Moved) -> Option<Input> {
        let refused =
            |start, error| Some(Input::Agent(AgentEvent::TurnRefused { start, error: AgentError(error) }));
        match moved {
            Moved::Place(place) => {
                self.task.view.queued = Some(place);
                self.publish();
                None
            }
            Moved::In(pass) => {
                let OnTheWay { start, turn, .. } = self.leave()?;
                self.pass = Some(pass);
                self.publish();
                self.send(Act::Run(start, turn)).await;
                None
            }
            Moved::Refused(error) => refused(self.leave()?.start, full(&error)),
            Moved::Closed => refused(self.leave()?.start, host_gone()),
        }
    }

    /// A cancel finds the turn still in line: it is taken out, and its caller told. False when the journal
    /// is gone.
    async fn take_out(&mut self, meant: &Meant) -> bool {
        let Some(OnTheWay { start, .. }) = self.leave() else { return true };
        // First who waits behind it: they would come up now, only to be cancelled too.
        let behind = self.task.state.empty_line(meant, Timestamp::now());
        if !self.perform(behind).await {
            return false;
        }
        let refused = AgentEvent::TurnRefused { start, error: AgentError(taken_out()) };
        let effects = self.task.state.apply(Input::Agent(refused), Timestamp::now());
        self.perform(effects).await
    }

    fn leave(&mut self) -> Option<OnTheWay> {
        self.task.view.queued = None;
        self.line.take()
    }

    async fn send(&self, act: Act) {
        if self.task.agent.send(self.command(act)).await.is_err() {
            tracing::debug!("codex's task has ended");
        }
    }

    /// Shows what is in the journal now, and whether a turn is about to begin.
    fn publish(&mut self) {
        self.task.view.starting = self.task.state.starting();
        self.task.view.line = self.task.state.in_line();
        self.task.view.dismissed.clone_from(self.task.state.dismissed());
        let view = &self.task.view;
        self.publish.send_if_modified(|shown| {
            let changed = shown.next != view.next
                || shown.starting != view.starting
                || shown.queued != view.queued
                || shown.line != view.line
                || shown.live != view.live
                || shown.stopping != view.stopping
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
        // Set once: this is the task's end.
        let _ = self.broken.set(error.clone());
        self.task.view.starting = self.task.state.starting();
        self.task.view.unrecorded(unrecorded(&error.to_string()));
        self.publish.send_replace(Arc::new(self.task.view.clone()));
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
                known: self.task.row.turn_id.clone(),
                inbox: self.task.inbox.clone(),
            },
            Act::Steer(call, turn, more) => {
                AgentCommand::Steer { call, thread, turn, more, inbox: self.task.inbox.clone() }
            }
            Act::Interrupt(turn) => AgentCommand::Interrupt { thread, turn },
            Act::Release => AgentCommand::Release { thread },
            Act::Answer(key, answer) => AgentCommand::Answer { key, answer },
        }
    }
}

/// The next thing that happens to a turn in line; nothing where there is none.
async fn moved(line: Option<&mut OnTheWay>) -> Moved {
    match line {
        Some(line) => line.waiting.moved().await,
        None => std::future::pending().await,
    }
}

/// Sleeps until a point in time; for ever where there is none. Not for long where text is held: the clock may
/// have been set back.
async fn until(due: Option<Timestamp>, holds_text: bool) {
    match due {
        Some(due) => {
            let most = if holds_text { WAIT } else { Duration::MAX };
            let wait = due.since(Timestamp::now()).min(most);
            tokio::time::sleep(wait.max(Duration::from_millis(1))).await;
        }
        None => std::future::pending().await,
    }
}

//! codex's task: owns the process, knows which session a thread belongs to, and keeps what is owed
//! to codex. It starts codex when somebody needs it, and anew after it has died.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use serde_json::value::RawValue;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection::{Connection, Launch, fault};
use super::inbound::{Notice, notice};
use super::{asks, calls};
use crate::event::{ErrorInfo, RequestKind};
use crate::ids::{Generation, ThreadId, TurnId};
use crate::rpc::{Incoming, Peer, Ticket};
use crate::session::{
    AgentAnswer, AgentCommand, AgentError, AgentEvent, Inbox, Opened, RequestKey, ThreadParams, TurnParams,
};
use crate::supervise::Backoff;

/// What codex may say of a thread before its start is answered. More is a fault of codex.
const EARLY: usize = 256;

type Reply = oneshot::Sender<Result<Opened, AgentError>>;

/// A call to codex that has ended.
enum Done {
    Opened {
        generation: Generation,
        inbox: Inbox,
        reply: Reply,
        result: Result<Opened, AgentError>,
    },
    Resumed {
        generation: Generation,
        inbox: Inbox,
        turn: TurnParams,
        thread: ThreadId,
        result: Result<Opened, AgentError>,
    },
    Begun {
        generation: Generation,
        thread: ThreadId,
        result: Result<TurnId, AgentError>,
    },
    Stopped {
        thread: ThreadId,
        result: Result<(), AgentError>,
    },
}

/// codex's task.
pub struct Agent {
    launch: Launch,
    tasks: TaskTracker,
    shutdown: CancellationToken,
    generation: Generation,
    connection: Option<Connection>,
    routes: HashMap<ThreadId, Inbox>,
    early: VecDeque<(ThreadId, AgentEvent)>,
    owed: HashMap<RequestKey, (RequestKind, Ticket)>,
    deliveries: VecDeque<(Inbox, AgentEvent)>,
    calls: JoinSet<Done>,
    backoff: Backoff,
    started: Option<Instant>,
    not_before: Option<Instant>,
    last_end: Option<AgentError>,
}

impl Agent {
    /// Starts the task on `tasks`; codex itself is started by the first command.
    pub fn start(
        launch: Launch,
        commands: mpsc::Receiver<AgentCommand>,
        shutdown: CancellationToken,
        tasks: &TaskTracker,
    ) {
        let agent = Self {
            launch,
            tasks: tasks.clone(),
            shutdown,
            generation: Generation::default(),
            connection: None,
            routes: HashMap::new(),
            early: VecDeque::new(),
            owed: HashMap::new(),
            deliveries: VecDeque::new(),
            calls: JoinSet::new(),
            backoff: Backoff::default(),
            started: None,
            not_before: None,
            last_end: None,
        };
        tasks.spawn(agent.run(commands));
    }

    /// Commands are always taken, also while a session's inbox is full: a session may wait for
    /// this task, so this task never waits for a session.
    async fn run(mut self, mut commands: mpsc::Receiver<AgentCommand>) {
        loop {
            let idle = self.deliveries.is_empty();
            tokio::select! {
                biased;
                () = self.shutdown.cancelled() => break,
                command = commands.recv() => match command {
                    Some(command) => self.command(command).await,
                    None => break,
                },
                Some(Ok(done)) = self.calls.join_next() => self.done(done),
                permit = reserve(self.deliveries.front()), if !idle => {
                    if let (Some((_, event)), Some(permit)) = (self.deliveries.pop_front(), permit) {
                        permit.send(event);
                    }
                }
                incoming = receive(self.connection.as_mut()), if idle => self.incoming(incoming).await,
            }
        }
        self.calls.abort_all();
        self.owed.clear();
        if let Some(connection) = self.connection.take() {
            let end = connection.end().await;
            tracing::debug!(%end, "codex ended with the bridge");
        }
    }

    async fn command(&mut self, command: AgentCommand) {
        match command {
            AgentCommand::Start { params, inbox, reply } => self.open(None, params, inbox, reply).await,
            AgentCommand::Resume { thread, params, inbox, reply } => {
                self.open(Some(thread), params, inbox, reply).await;
            }
            AgentCommand::Run { thread, turn, params, inbox } => {
                self.begin(thread, turn, params, inbox).await;
            }
            AgentCommand::Interrupt { thread, turn } => self.interrupt(thread, turn),
            AgentCommand::Answer { key, answer } => self.answer(&key, answer),
        }
    }

    async fn open(
        &mut self,
        thread: Option<ThreadId>,
        params: Box<ThreadParams>,
        inbox: Inbox,
        reply: Reply,
    ) {
        let (peer, generation) = match self.connect().await {
            Ok(connected) => connected,
            Err(error) => {
                let _ = reply.send(Err(error));
                return;
            }
        };
        self.calls.spawn(async move {
            let result = match thread {
                None => calls::start(&peer, &params, generation).await,
                Some(thread) => calls::resume(&peer, &thread, &params, generation).await,
            };
            Done::Opened { generation, inbox, reply, result }
        });
    }

    async fn begin(&mut self, thread: ThreadId, turn: TurnParams, params: Box<ThreadParams>, inbox: Inbox) {
        let (peer, generation) = match self.connect().await {
            Ok(connected) => connected,
            Err(error) => {
                self.deliveries.push_back((inbox, AgentEvent::TurnRefused(error)));
                return;
            }
        };
        if self.routes.contains_key(&thread) {
            self.start_turn(peer, generation, thread, turn);
            return;
        }
        self.calls.spawn(async move {
            let result = calls::resume(&peer, &thread, &params, generation).await;
            Done::Resumed { generation, inbox, turn, thread, result }
        });
    }

    fn start_turn(&mut self, peer: Peer, generation: Generation, thread: ThreadId, turn: TurnParams) {
        self.calls.spawn(async move {
            let result = calls::run(&peer, &thread, turn).await;
            Done::Begun { generation, thread, result }
        });
    }

    fn interrupt(&mut self, thread: ThreadId, turn: TurnId) {
        let Some(connection) = &self.connection else { return };
        let peer = connection.peer.clone();
        self.calls.spawn(async move {
            let result = calls::interrupt(&peer, &thread, &turn).await;
            Done::Stopped { thread, result }
        });
    }

    fn answer(&mut self, key: &RequestKey, answer: AgentAnswer) {
        if let Some((kind, ticket)) = self.owed.remove(key) {
            ticket.answer(asks::answer(kind, answer));
        }
    }

    fn done(&mut self, done: Done) {
        match done {
            Done::Opened { generation, inbox, reply, result } => {
                if let Ok(opened) = &result {
                    self.route(opened.thread.clone(), &inbox, generation);
                }
                let _ = reply.send(result);
            }
            Done::Resumed { generation, inbox, turn, thread, result } => match result {
                Ok(opened) => {
                    self.deliveries.push_back((inbox.clone(), AgentEvent::Loaded(opened)));
                    self.route(thread.clone(), &inbox, generation);
                    match self.peer(generation) {
                        Some(peer) => self.start_turn(peer, generation, thread, turn),
                        None => {
                            let error = self.gone();
                            self.deliveries.push_back((inbox, AgentEvent::TurnRefused(error)));
                        }
                    }
                }
                Err(error) => self.deliveries.push_back((inbox, AgentEvent::TurnRefused(error))),
            },
            Done::Begun { generation, thread, result } => {
                // Where that codex is gone, the session has heard so, and its caller with it.
                if self.peer(generation).is_some()
                    && let Some(inbox) = self.routes.get(&thread)
                {
                    let event = match result {
                        Ok(turn) => AgentEvent::TurnAccepted(turn),
                        Err(error) => AgentEvent::TurnRefused(error),
                    };
                    self.deliveries.push_back((inbox.clone(), event));
                }
            }
            Done::Stopped { thread, result } => {
                if let Err(error) = result {
                    tracing::debug!(%thread, %error, "an interrupt came too late, or codex did not take it");
                }
            }
        }
    }

    fn peer(&self, generation: Generation) -> Option<Peer> {
        let connection = self.connection.as_ref()?;
        (connection.generation == generation).then(|| connection.peer.clone())
    }

    fn route(&mut self, thread: ThreadId, inbox: &Inbox, generation: Generation) {
        if self.peer(generation).is_none() {
            return;
        }
        let (mine, rest) = std::mem::take(&mut self.early).into_iter().partition(|(t, _)| *t == thread);
        self.early = rest;
        let mine: VecDeque<(ThreadId, AgentEvent)> = mine;
        self.deliveries.extend(mine.into_iter().map(|(_, event)| (inbox.clone(), event)));
        self.routes.insert(thread, inbox.clone());
    }

    /// The running codex, started where there is none.
    async fn connect(&mut self) -> Result<(Peer, Generation), AgentError> {
        if let Some(connection) = &self.connection {
            return Ok((connection.peer.clone(), connection.generation));
        }
        if let Some(wait) = self.not_before.map(|at| at.saturating_duration_since(Instant::now()))
            && !wait.is_zero()
        {
            // A short wait is worth it: a host that retries in a loop is worse off with an error.
            tokio::time::sleep(wait).await;
        }
        self.generation = self.generation.next();
        match Connection::open(&self.launch, self.generation, &self.tasks).await {
            Ok(connection) => {
                tracing::info!(version = connection.version, generation = %self.generation, "codex started");
                let connected = (connection.peer.clone(), connection.generation);
                self.started = Some(Instant::now());
                self.connection = Some(connection);
                Ok(connected)
            }
            Err(error) => {
                if error.0.code != "codex_missing" {
                    self.back_off();
                }
                Err(error)
            }
        }
    }

    async fn incoming(&mut self, incoming: Option<Incoming>) {
        match incoming {
            Some(Incoming::Notification { method, params }) => self.notification(&method, &params),
            Some(Incoming::Request { method, params, ticket }) => self.request(&method, &params, ticket),
            Some(Incoming::Bad { what }) => tracing::warn!(?what, "codex sent a line that cannot be used"),
            Some(Incoming::Closed { .. }) | None => self.lost().await,
        }
    }

    fn notification(&mut self, method: &str, params: &RawValue) {
        match notice(method, params) {
            Notice::Session(thread, event) => self.deliver(thread, *event),
            Notice::Resolved(thread, id) => {
                let key = RequestKey { generation: self.generation, id };
                // Ours are removed when they are answered; one that is left was closed by codex.
                if self.owed.remove(&key).is_some() {
                    self.deliver(thread, AgentEvent::Resolved(key));
                }
            }
            Notice::Nothing => {}
        }
    }

    fn request(&mut self, method: &str, params: &RawValue, mut ticket: Ticket) {
        let value = serde_json::from_str(params.get()).unwrap_or_default();
        let kind = asks::kind(method, &value);
        if kind == RequestKind::Other {
            tracing::warn!(method, "codex asked for something that this bridge does not know; refused");
            let words = format!("codex-bridge does not answer `{method}`");
            ticket.refuse(-32601, words);
            return;
        }
        ticket.set_fallback(asks::safe(kind));
        let question = asks::question(method, &value);
        let Some(question) = question.filter(|q| self.routes.contains_key(&q.thread)) else {
            tracing::warn!(method, "codex asked in a thread of no session; declined");
            return;
        };
        let key = RequestKey { generation: self.generation, id: ticket.id().to_string() };
        self.owed.insert(key.clone(), (kind, ticket));
        let event = AgentEvent::Asked { key, turn: question.turn, ask: Box::new(question.ask) };
        self.deliver(question.thread, event);
    }

    fn deliver(&mut self, thread: ThreadId, event: AgentEvent) {
        match self.routes.get(&thread) {
            Some(inbox) => self.deliveries.push_back((inbox.clone(), event)),
            None => {
                if self.early.len() == EARLY {
                    self.early.pop_front();
                }
                self.early.push_back((thread, event));
            }
        }
    }

    /// A dead codex is an input like any other: each session hears it once.
    async fn lost(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        let generation = connection.generation;
        let end = connection.end().await;
        tracing::warn!(%end, "codex ended by itself");
        self.back_off();
        let message = format!("codex ended by itself: it {end}");
        let error =
            fault("codex_lost", message, Some("call again: codex is started anew and the session goes on"));
        self.last_end = Some(error.clone());
        self.owed.clear();
        self.early.clear();
        for (_, inbox) in self.routes.drain() {
            let error: ErrorInfo = error.0.clone();
            self.deliveries.push_back((inbox, AgentEvent::Lost { generation, error }));
        }
    }

    /// It failed to start, or ended by itself: the next start waits.
    fn back_off(&mut self) {
        let now = Instant::now();
        let ran = self.started.take().map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        self.not_before = Some(now + self.backoff.failed(ran));
    }

    fn gone(&self) -> AgentError {
        self.last_end
            .clone()
            .unwrap_or_else(|| fault("codex_lost", "codex has ended".into(), Some("call again")))
    }
}

async fn reserve(front: Option<&(Inbox, AgentEvent)>) -> Option<mpsc::OwnedPermit<AgentEvent>> {
    front?.0.clone().reserve_owned().await.ok()
}

async fn receive(connection: Option<&mut Connection>) -> Option<Incoming> {
    match connection {
        Some(connection) => connection.incoming.recv().await,
        None => std::future::pending().await,
    }
}

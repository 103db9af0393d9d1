//! codex's task: owns the process, knows which session a thread belongs to, and keeps what is owed
//! to codex. It starts codex when somebody needs it, and anew after it has died.

mod health;
mod life;
mod queries;
mod routes;
mod sign_in;
mod stop;

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::health::Health;
use self::routes::Route;
use self::sign_in::SignIns;
use super::answers::Shape;
use super::asks::{self, Question};
use super::calls::{self, Loaded};
use super::connection::{Connection, Launch, fault};
use super::early::Early;
use super::inbound::{self, Notice, notice};
use super::limits::Limits;
use super::servers::without_paths;
use super::stop as stop_of;
use crate::event::Survivor;
use crate::ids::{Generation, ThreadId, TurnId};
use crate::rpc::{Incoming, Peer, Raw, Room, Ticket};
use crate::session::{
    AgentAnswer, AgentCommand, AgentError, AgentEvent, Answer, CallId, Heard, Inbox, Opened, RequestKey,
    SteerError, ThreadParams, TurnParams,
};
use crate::supervise::{Backoff, PostMortem};

/// Unknown things that are named in the log.
const UNKNOWN: usize = 100;

/// What to do about a codex that has ended.
const AGAIN: &str = "call again: codex is started anew and the session goes on";

type Reply = oneshot::Sender<Result<Opened, AgentError>>;
type AnswerTo = oneshot::Sender<Result<Answer, AgentError>>;

/// A call to codex that has ended.
enum Done {
    Connected(Result<Box<Connection>, AgentError>),
    Ended {
        generation: Generation,
        end: PostMortem,
        routes: HashMap<ThreadId, Route>,
        /// How long it had said nothing, where it was ended for that.
        hung: Option<Duration>,
    },
    Opened {
        generation: Generation,
        inbox: Inbox,
        reply: Reply,
        result: Result<Loaded, AgentError>,
    },
    Resumed {
        generation: Generation,
        run: Box<Run>,
        result: Result<Loaded, AgentError>,
    },
    Begun {
        generation: Generation,
        start: CallId,
        thread: ThreadId,
        inbox: Inbox,
        result: Result<Option<TurnId>, AgentError>,
    },
    Stopped {
        thread: ThreadId,
        turn: TurnId,
        left: Vec<Survivor>,
        error: Option<AgentError>,
    },
    Steered {
        call: CallId,
        thread: ThreadId,
        turn: TurnId,
        inbox: Inbox,
        result: Result<(), SteerError>,
    },
    Noted {
        thread: ThreadId,
        result: Result<(), AgentError>,
    },
    Answered {
        reply: AnswerTo,
        result: Result<Answer, AgentError>,
    },
    Released {
        thread: ThreadId,
        result: Result<(), AgentError>,
    },
    SignIn(sign_in::Step),
    Probed,
}

/// A turn that is to begin.
struct Run {
    start: CallId,
    thread: ThreadId,
    turn: TurnParams,
    params: Box<ThreadParams>,
    inbox: Inbox,
}

/// A question of codex that has no answer yet.
struct Owed {
    thread: ThreadId,
    turn: Option<TurnId>,
    shape: Shape,
    /// What codex proposed for a permanent yes.
    always: Option<Value>,
    ticket: Ticket,
}

/// Something to be said to a session.
struct Delivery {
    thread: ThreadId,
    inbox: Inbox,
    heard: Heard,
}

/// codex's task.
pub struct Agent {
    launch: Launch,
    tasks: TaskTracker,
    shutdown: CancellationToken,
    generation: Generation,
    connection: Option<Connection>,
    /// Commands that wait for codex's start, or for the end of the one before; `None` while neither is
    /// under way. Not more than there are calls of hosts: each of them is one.
    waiting: Option<Vec<AgentCommand>>,
    routes: HashMap<ThreadId, Route>,
    early: Early,
    owed: HashMap<RequestKey, Owed>,
    /// Threads that codex is letting go, and what waits for that: taken up too early, nothing of them would
    /// be heard.
    leaving: HashMap<ThreadId, Vec<AgentCommand>>,
    deliveries: VecDeque<Delivery>,
    calls: JoinSet<Done>,
    /// What codex said that is not known: each is in the log once.
    unknown: HashSet<String>,
    /// What codex has told of the account's limits.
    limits: Limits,
    backoff: Backoff,
    started: Option<Instant>,
    not_before: Option<Instant>,
    /// Who is being signed in, and whose turns failed since nobody was.
    sign_ins: SignIns,
    health: Health,
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
            waiting: None,
            routes: HashMap::new(),
            early: Early::default(),
            owed: HashMap::new(),
            leaving: HashMap::new(),
            deliveries: VecDeque::new(),
            calls: JoinSet::new(),
            unknown: HashSet::new(),
            limits: Limits::default(),
            backoff: Backoff::default(),
            started: None,
            not_before: None,
            sign_ins: SignIns::default(),
            health: Health::default(),
        };
        tasks.spawn(agent.run(commands));
    }

    /// Commands are always taken, also while a session's inbox is full or codex starts: a session may
    /// wait for this task, so this task never waits for a session.
    async fn run(mut self, mut commands: mpsc::Receiver<AgentCommand>) {
        loop {
            let (idle, health) = (self.deliveries.is_empty(), self.health_due());
            tokio::select! {
                biased;
                () = self.shutdown.cancelled() => break,
                command = commands.recv() => match command {
                    Some(command) => self.command(command),
                    None => break,
                },
                Some(Ok(done)) = self.calls.join_next() => self.done(done),
                permit = reserve(self.deliveries.front()), if !idle => self.deliver_next(permit),
                incoming = receive(self.connection.as_mut()), if idle => self.incoming(incoming),
                () = tokio::time::sleep_until(health.unwrap_or_else(Instant::now)), if health.is_some() => {
                    self.check_health();
                }
            }
        }
        // A start that is under way is given up: its child's guard ends what there is of it.
        self.calls.shutdown().await;
        self.owed.clear();
        if let Some(connection) = self.connection.take() {
            let end = without_paths(&connection.end().await.to_string());
            tracing::debug!(%end, "codex ended with the bridge");
        }
    }

    fn command(&mut self, command: AgentCommand) {
        let Some(command) = self.unless_leaving(command) else { return };
        match command {
            AgentCommand::Interrupt { thread, turn } => self.interrupt(thread, turn),
            AgentCommand::Answer { key, answer } => self.answer(&key, answer),
            AgentCommand::Release { thread } => self.release(thread),
            AgentCommand::Steer { call, thread, turn, more, inbox } => {
                self.steer(call, thread, turn, more, inbox);
            }
            AgentCommand::SignIn { thread, reply } => self.sign_in(&thread, reply),
            needs_codex => self.with_codex(needs_codex),
        }
    }

    fn with_this_codex(&mut self, command: AgentCommand) {
        match self.connected() {
            Some((peer, generation)) => self.call(command, peer, generation),
            None => self.connect(command),
        }
    }

    /// Does what needs codex.
    fn call(&mut self, command: AgentCommand, peer: Peer, generation: Generation) {
        let launch = self.launch.clone();
        match command {
            AgentCommand::Start { params, fork, inbox, reply } => {
                self.calls.spawn(async move {
                    let result = match fork {
                        Some(fork) => calls::fork(&peer, &launch, &fork, &params, generation).await,
                        None => calls::start(&peer, &launch, &params, generation).await,
                    };
                    Done::Opened { generation, inbox, reply, result }
                });
            }
            AgentCommand::Resume { thread, params, known, inbox, reply } => {
                self.calls.spawn(async move {
                    let known = known.as_ref();
                    let result = calls::resume(&peer, &launch, &thread, &params, known, generation).await;
                    Done::Opened { generation, inbox, reply, result }
                });
            }
            AgentCommand::Run { start, thread, turn, params, known, inbox } => {
                let run = Box::new(Run { start, thread, turn, params, inbox });
                if self.routes.contains_key(&run.thread) {
                    return self.start_turn(peer, generation, *run);
                }
                self.calls.spawn(async move {
                    let (thread, params, known) = (&run.thread, &run.params, known.as_ref());
                    let result = calls::resume(&peer, &launch, thread, params, known, generation).await;
                    Done::Resumed { generation, run, result }
                });
            }
            AgentCommand::Query { query, reply } => self.ask(peer, query, reply),
            // These were done without it.
            AgentCommand::Interrupt { .. }
            | AgentCommand::Steer { .. }
            | AgentCommand::Answer { .. }
            | AgentCommand::SignIn { .. }
            | AgentCommand::Release { .. } => {}
        }
    }

    fn start_turn(&mut self, peer: Peer, generation: Generation, run: Run) {
        let course = self.course(&run.thread, run.turn.review.is_some());
        let Run { start, thread, turn, inbox, .. } = run;
        self.calls.spawn(async move {
            if let Some(course) = course {
                let earlier = stop_of::running(&thread).await;
                course.send_modify(|course| course.earlier = earlier);
            }
            let result = calls::run(&peer, &thread, turn).await;
            Done::Begun { generation, start, thread, inbox, result }
        });
    }

    /// Answers a question. What the model is told besides goes first: it reads that with what follows
    /// from the answer. Where codex does not take it, the answer alone must do.
    fn answer(&mut self, key: &RequestKey, mut answer: AgentAnswer) {
        let Some(Owed { thread, turn, shape, always, ticket }) = self.owed.remove(key) else { return };
        let (note, peer) = (answer.note.take(), self.peer(key.generation));
        let (Some(note), Some(turn), Some(peer)) = (note, turn, peer) else {
            ticket.answer(shape.answer(answer, always));
            return;
        };
        self.calls.spawn(async move {
            let note = TurnParams { prompt: note, ..TurnParams::default() };
            let result = calls::steer(&peer, &thread, &turn, note, calls::NOTE).await;
            ticket.answer(shape.answer(answer, always));
            Done::Noted { thread, result }
        });
    }

    fn done(&mut self, done: Done) {
        match done {
            Done::Connected(result) => self.on_connected(result.map(|connection| *connection)),
            Done::Ended { generation, end, routes, hung } => self.ended(generation, &end, routes, hung),
            Done::Opened { generation, inbox, reply, result } => {
                let result =
                    self.accepted(result).map(|Loaded { opened, notes, secrets, remedy, .. }| {
                        self.note(&opened.thread, &inbox, &notes);
                        self.route(opened.thread.clone(), &inbox, (secrets, remedy), generation);
                        opened
                    });
                // A caller that went away has dropped the inbox too: the first event finds that.
                let _ = reply.send(result);
            }
            Done::Resumed { generation, run, result } => match self.accepted(result) {
                Ok(Loaded { opened, notes, secrets, remedy, .. }) => {
                    let mut run = run;
                    run.turn.sandbox_policy.clone_from(&opened.sandbox_policy);
                    self.say(run.thread.clone(), run.inbox.clone(), AgentEvent::Loaded(opened));
                    self.note(&run.thread, &run.inbox, &notes);
                    self.route(run.thread.clone(), &run.inbox, (secrets, remedy), generation);
                    match self.peer(generation) {
                        Some(peer) => self.start_turn(peer, generation, *run),
                        None => self.refused(*run, gone()),
                    }
                }
                Err(error) if error.0.code == "thread_unknown" => {
                    let error = unkept(&run.thread);
                    self.refused(*run, error);
                }
                Err(error) => self.refused(*run, error),
            },
            Done::Begun { generation, start, thread, inbox, result } => {
                let event = match result {
                    Ok(Some(turn)) => AgentEvent::TurnAccepted { start, generation, turn },
                    Ok(None) => AgentEvent::TurnTaken { start, generation },
                    Err(error) => AgentEvent::TurnRefused { start, error },
                };
                self.say(thread, inbox, event);
            }
            Done::Stopped { thread, turn, left, error } => self.stopped(thread, turn, left, error),
            // Who has gone needs no answer.
            Done::Answered { reply, result } => drop(reply.send(result)),
            Done::Steered { call, thread, turn, inbox, result } => {
                self.say(thread, inbox, AgentEvent::Steered { call, turn, result });
            }
            Done::Released { thread, result } => self.released(&thread, result),
            Done::SignIn(step) => self.sign_in_step(step),
            Done::Probed => {}
            Done::Noted { thread, result } => {
                if let Err(error) = result {
                    tracing::debug!(%thread, %error, "codex was not told why it is declined");
                }
            }
        }
    }

    fn refused(&mut self, run: Run, error: AgentError) {
        let event = AgentEvent::TurnRefused { start: run.start, error };
        self.say(run.thread, run.inbox, event);
    }

    fn say(&mut self, thread: ThreadId, inbox: Inbox, said: impl Into<Heard>) {
        self.deliveries.push_back(Delivery { thread, inbox, heard: said.into() });
    }

    /// Hands over the next event; one whose session has ended ends that session's part here too.
    fn deliver_next(&mut self, permit: Option<mpsc::OwnedPermit<Heard>>) {
        let Some(delivery) = self.deliveries.pop_front() else { return };
        if let Some(permit) = permit {
            permit.send(delivery.heard);
            return;
        }
        let thread = delivery.thread;
        if self.routes.get(&thread).is_some_and(|route| route.inbox.same_channel(&delivery.inbox)) {
            tracing::debug!(%thread, "a session has ended; what codex asks in it is declined");
            self.routes.remove(&thread);
            // A dropped ticket declines.
            self.owed.retain(|_, owed| owed.thread != thread);
        }
        if let AgentEvent::TurnStarted(turn) | AgentEvent::TurnAccepted { turn, .. } = delivery.heard.event {
            // Nobody would see what it does.
            self.interrupt(thread, turn);
        }
    }

    /// The running codex.
    fn connected(&self) -> Option<(Peer, Generation)> {
        self.connection.as_ref().map(|connection| (connection.peer.clone(), connection.generation))
    }

    fn peer(&self, generation: Generation) -> Option<Peer> {
        let connection = self.connection.as_ref()?;
        (connection.generation == generation).then(|| connection.peer.clone())
    }

    fn incoming(&mut self, incoming: Option<Incoming>) {
        match incoming {
            Some(Incoming::Notification { method, params, room }) => {
                self.notification(&method, &params, room);
            }
            Some(Incoming::Request { method, params, ticket, room }) => {
                self.request(&method, &params, ticket, room);
            }
            Some(Incoming::Bad { what }) => tracing::warn!(%what, "codex sent a line that cannot be used"),
            Some(Incoming::Closed { .. }) | None => self.lost(None),
        }
    }

    fn notification(&mut self, method: &str, params: &Raw, room: Room) {
        if method == "account/login/completed" {
            self.sign_in_over(params.get());
        }
        match notice(method, params.get()) {
            Notice::Session(thread, mut event) => {
                self.remark(&event);
                self.hide_in(&thread, &mut event);
                if self.is_part_of_review(&thread, &event, inbound::part(method, params.get())) {
                    return;
                }
                self.note_end(&thread, &event);
                self.look_for_sign_out(&thread, &mut event);
                self.deliver(thread, Heard { event: *event, room }, params);
            }
            Notice::Resolved(thread, id) => {
                let key = RequestKey { generation: self.generation, id };
                // Ours are removed when they are answered; one that is left was closed by codex.
                if self.owed.remove(&key).is_some() {
                    self.deliver(thread, Heard { event: AgentEvent::Resolved(key), room }, params);
                }
            }
            Notice::Limits(update) => self.limited(update),
            Notice::Everyone(body) => self.tell_everyone(body),
            Notice::Nothing => {}
        }
    }

    fn request(&mut self, method: &str, params: &Raw, mut ticket: Ticket, room: Room) {
        let Some(shape) = Shape::of(method) else {
            tracing::warn!(method, "codex asked for something that this bridge does not know; refused");
            ticket.refuse(-32601, format!("codex-bridge does not answer `{method}`"));
            if let Notice::Session(thread, event) = inbound::unknown_request(method, params.get()) {
                self.deliver(thread, Heard { event: *event, room }, params);
            }
            return;
        };
        ticket.set_fallback(shape.safe());
        let question = asks::question(shape, params.get());
        let Some(question) = question.filter(|q| self.routes.contains_key(&q.thread)) else {
            tracing::warn!(method, "codex asked in a thread of no session; declined");
            return;
        };
        let Question { thread, turn, ask, always } = question;
        let key = RequestKey { generation: self.generation, id: ticket.id().to_string() };
        self.owed
            .insert(key.clone(), Owed { thread: thread.clone(), turn: turn.clone(), shape, always, ticket });
        let event = AgentEvent::Asked { key, turn, ask: Box::new(ask) };
        self.deliver(thread, Heard { event, room }, params);
    }
}

fn gone() -> AgentError {
    fault("codex_lost", "codex ended before the turn began".to_owned(), Some(AGAIN))
}

/// codex keeps a thread from its first turn on: one whose turn was still to begin goes with its process.
fn unkept(thread: &ThreadId) -> AgentError {
    let message = format!("codex ended and kept nothing of session `{thread}`, which had begun no turn");
    fault("codex_lost", message, Some("call `codex` again with the same prompt, for a new session"))
}

async fn reserve(front: Option<&Delivery>) -> Option<mpsc::OwnedPermit<Heard>> {
    front?.inbox.clone().reserve_owned().await.ok()
}

async fn receive(connection: Option<&mut Connection>) -> Option<Incoming> {
    match connection {
        Some(connection) => connection.incoming.recv().await,
        None => std::future::pending().await,
    }
}

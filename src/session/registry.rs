//! The sessions of this bridge: started, taken up again, looked at. Those that live have an owner of their own.

mod copies;
mod others;

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::agent::{AgentCommand, AgentError, Fork, Heard, Opened, ThreadParams};
use super::gate::{Gate, Load, Room};
use super::handle::{CallError, Handle};
use super::host::{HostOptions, Observer};
use super::questions::QuestionOptions;
use super::recover::recover;
use super::runs::unbegun;
use super::slots::{Request, Seat, Slots};
use super::state::State;
use super::task::Task;
use super::view::View;
use super::{fold, row, servers};
use crate::approval::{DecideError, Verdict};
use crate::event::{PermissionDecision, Timestamp};
use crate::ids::{ApprovalId, ThreadId, TurnId};
use crate::journal::{Claimed, Journal, JournalError, SessionRecord, SessionStatus};

/// What codex may say to a session before it is held back: some 50 ms of its fastest text.
const INBOX: usize = 1024;

/// Requests to the registry that may wait; each is answered in microseconds.
const REQUESTS: usize = 256;

/// Why a session cannot be had.
#[derive(Clone, Debug, Error)]
pub enum OpenError {
    /// codex would not start or resume it.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// The journal would not take it, or another bridge has it.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// What it was once given is above today's limits.
    #[error(
        "session `{thread}` is not taken up again: it was begun with more than is allowed now. {why}; or start a new one with `codex`"
    )]
    Limit {
        /// The session.
        thread: ThreadId,
        /// Which limit, and what would do.
        why: String,
    },
    /// Nobody knows it.
    #[error(
        "there is no session `{0}` in the journal; check the `threadId`, or start one with `codex`. Where codex has it (`codex-sessions` with its `threadId` shows that), `codex-reply` goes on with it"
    )]
    Unknown(ThreadId),
    /// It has no such turn.
    #[error(
        "session `{0}` has no turn `{1}`; leave `turnId` out for the latest. A prompt that waited in line and was taken out or lost has none: send it again"
    )]
    NoTurn(ThreadId, TurnId),
    /// As many are open as may be, and all of them are at work.
    #[error("{0} sessions are at work, which is what limits.sessions allows; call again once one is at rest")]
    Full(usize),
    /// The bridge is ending.
    #[error("the bridge is shutting down; call again once the host has restarted it")]
    Closed,
}

/// What sessions are run with.
#[derive(Clone, Debug)]
pub struct Options {
    /// How codex's questions are dealt with.
    pub questions: QuestionOptions,
    /// How long a turn may do nothing but try again, as without a network.
    pub stall: Duration,
    /// The host for which it runs, where it runs for one alone.
    pub host: HostOptions,
    /// How many turns run at once, and wait.
    pub room: Room,
    /// How many sessions are open at once.
    pub most: usize,
    /// After which time at rest a session is let go, so that a terminal or an IDE can take it.
    pub release_after: Duration,
    /// Who counts what is recorded.
    pub observer: Observer,
}

/// The sessions of this bridge. A handle; cheap to clone.
#[derive(Clone)]
pub struct Sessions {
    requests: mpsc::Sender<Request>,
    pub(super) maker: Maker,
    pub(super) host: Arc<HostOptions>,
}

/// What it takes to make a session's task.
#[derive(Clone)]
pub(super) struct Maker {
    journal: Arc<dyn Journal>,
    pub(super) agent: mpsc::Sender<AgentCommand>,
    gate: Gate,
    pub options: Options,
    pub shutdown: CancellationToken,
    /// Held by who ends what another left open, so that nobody does it a second time.
    recovering: Arc<Mutex<()>>,
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sessions").finish_non_exhaustive()
    }
}

impl Sessions {
    /// Starts the registry on `tasks`; it ends, after all its sessions, when `shutdown` fires.
    pub fn start(
        journal: Arc<dyn Journal>,
        agent: mpsc::Sender<AgentCommand>,
        options: Options,
        shutdown: CancellationToken,
        tasks: &TaskTracker,
    ) -> Self {
        let (requests, inputs) = mpsc::channel(REQUESTS);
        let gate = Gate::open(options.room.clone(), shutdown.clone(), tasks);
        let host = Arc::new(options.host.clone());
        let maker = Maker { journal, agent, gate, options, shutdown, recovering: Arc::default() };
        tasks.spawn(Slots::new(maker.clone()).run(inputs));
        Self { requests, maker, host }
    }

    /// The same sessions, for another host.
    #[must_use]
    pub fn for_host(&self, host: HostOptions) -> Self {
        Self { host: Arc::new(host), ..self.clone() }
    }

    /// The journal, for readers.
    #[must_use]
    pub fn journal(&self) -> &Arc<dyn Journal> {
        &self.maker.journal
    }

    /// Starts a new session.
    ///
    /// # Errors
    /// When codex refuses it, or the bridge is ending.
    pub async fn create(&self, params: ThreadParams, title: &str) -> Result<Handle, OpenError> {
        self.begin(params, None, title).await
    }

    pub(super) async fn begin(
        &self,
        mut params: ThreadParams,
        fork: Option<Fork>,
        title: &str,
    ) -> Result<Handle, OpenError> {
        params.around.clone_from(&self.host.defaults.around);
        let seat = self.room().await?;
        let (inbox, events) = mpsc::channel(INBOX);
        let (reply, answer) = oneshot::channel();
        let command =
            AgentCommand::Start { params: Box::new(params.clone()), fork, inbox: inbox.clone(), reply };
        self.tell(command).await?;
        let opened = answer.await.map_err(|_| OpenError::Closed)??;
        if params.cwd.is_empty() {
            params.cwd.clone_from(&opened.info.cwd);
        }
        servers::keep(self.maker.journal.as_ref(), &opened.thread, &params).await?;
        let owner = self.maker.journal.bridge().clone();
        let mut row = row::new(opened.thread.clone(), &params, title, owner, Timestamp::now());
        row.principal.clone_from(&self.host.principal);
        let task = self.maker.task(opened, row, None, params, (inbox, events), seat);
        self.add(task).await
    }

    /// The session, if it lives in this bridge.
    pub async fn live(&self, thread: &ThreadId) -> Option<Handle> {
        let (reply, answer) = oneshot::channel();
        self.requests.send(Request::Get(thread.clone(), reply)).await.ok()?;
        answer.await.ok().flatten()
    }

    /// How many sessions are at work: a turn runs or waits in them, or a command goes on.
    pub async fn at_work(&self) -> usize {
        let (reply, answer) = oneshot::channel();
        match self.requests.send(Request::AtWork(reply)).await {
            Ok(()) => answer.await.unwrap_or(0),
            Err(_) => 0,
        }
    }

    /// Turns that run, and turns that wait for one of them to end.
    #[must_use]
    pub fn load(&self) -> Load {
        self.maker.gate.load()
    }

    /// Lets a session go that is at rest, where it lives here.
    /// False where it is not at rest, and stays.
    pub async fn let_go(&self, thread: &ThreadId) -> bool {
        match self.live(thread).await {
            Some(handle) => handle.release().await,
            None => true,
        }
    }

    /// The session, taken up again where it is not live.
    ///
    /// # Errors
    /// When another bridge has it, codex will not resume it, or the bridge is ending.
    pub async fn open(&self, thread: &ThreadId) -> Result<Handle, OpenError> {
        let (reply, answer) = oneshot::channel();
        let request = Request::Open(thread.clone(), self.host.clone(), reply);
        self.requests.send(request).await.map_err(|_| OpenError::Closed)?;
        let handle = answer.await.map_err(|_| OpenError::Closed)??;
        handle.ready().await;
        Ok(handle)
    }

    /// What there is to see of a session that does not live here: its latest turn, or the one named.
    /// Waits up to `wait` for the end of a turn that another bridge runs.
    ///
    /// # Errors
    /// When nobody knows it or the turn, or the journal cannot be read.
    pub async fn stored(
        &self,
        thread: &ThreadId,
        turn: Option<&TurnId>,
        wait: Duration,
    ) -> Result<Arc<View>, OpenError> {
        let journal = self.maker.journal.as_ref();
        let until = tokio::time::Instant::now() + wait;
        let mut changes = journal.watch(thread.clone()).await?;
        let mut looked = false;
        loop {
            let row = journal.session(thread.clone()).await?;
            let row = row.ok_or_else(|| OpenError::Unknown(thread.clone()))?;
            let view = fold::stored(journal, &row, turn).await?;
            if let Some(turn) = turn.filter(|turn| view.turn.as_ref() != Some(turn)) {
                return Err(OpenError::NoTurn(thread.clone(), turn.clone()));
            }
            if !view.busy() {
                return Ok(Arc::new(view));
            }
            // Its owner may have been killed: then nobody else would ever end it.
            if !looked {
                self.recover().await?;
                self.end_orphan(thread).await?;
                looked = true;
                continue;
            }
            if !view.decisions.is_empty() {
                // Nobody is asked from here: who waits can decide, or must know.
                return Ok(Arc::new(view));
            }
            looked = false;
            let changed = tokio::time::timeout_at(until, changes.changed()).await;
            if !matches!(changed, Ok(Ok(()))) {
                return Ok(Arc::new(view));
            }
        }
    }

    /// Answers a question of a live session. One that its desk no longer remembers is looked up, so that
    /// whoever comes late hears who decided.
    ///
    /// # Errors
    /// As [`Handle::decide`].
    pub async fn decide(
        &self,
        handle: &Handle,
        id: ApprovalId,
        verdict: Verdict,
    ) -> Result<PermissionDecision, CallError> {
        let decided = handle.decide(id.clone(), verdict).await;
        if let Err(CallError::Decide(DecideError::Unknown(_))) = &decided
            && let Ok(Some(decision)) =
                fold::decision(self.maker.journal.as_ref(), handle.thread(), &id).await
        {
            return Err(DecideError::Gone(Box::new(decision)).into());
        }
        decided
    }

    /// The live session that has a request.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn of_approval(&self, id: &ApprovalId) -> Result<Option<ThreadId>, JournalError> {
        self.maker.journal.approval(id.clone()).await
    }

    /// Ends in the journal what bridges that were killed left open.
    ///
    /// # Errors
    /// When the journal cannot be read or written.
    pub async fn recover(&self) -> Result<usize, JournalError> {
        // One at a time: who comes second finds everything ended, and not half of it.
        let _turn = self.maker.recovering.lock().await;
        let mut ended = 0;
        for mut row in self.maker.journal.abandoned().await? {
            // Another bridge that looks now may be at it: whoever claims it does it.
            if let Ok(claimed) = self.maker.journal.claim(row.thread_id.clone()).await {
                row.last_seq = claimed.last;
                self.maker.end_abandoned(row, claimed.cut).await?;
                ended += 1;
            }
        }
        Ok(ended)
    }

    /// Ends a session of ours whose task ended without a last word, as when the journal was full.
    async fn end_orphan(&self, thread: &ThreadId) -> Result<(), JournalError> {
        let _turn = self.maker.recovering.lock().await;
        let journal = &self.maker.journal;
        let row = journal.session(thread.clone()).await?;
        let ours = row.filter(|row| row.owner.as_ref() == Some(journal.bridge()));
        // In this order: the task of a row that is open was live when the row was read.
        if let Some(row) = ours
            && self.live(thread).await.is_none()
        {
            self.maker.end_abandoned(row, false).await?;
        }
        Ok(())
    }

    /// The right to have one session more; one at rest is let go for it.
    async fn room(&self) -> Result<Seat, OpenError> {
        let (reply, answer) = oneshot::channel();
        self.requests.send(Request::Room(reply)).await.map_err(|_| OpenError::Closed)?;
        answer.await.map_err(|_| OpenError::Closed)?
    }

    /// Gives the agent a command.
    pub(super) async fn tell(&self, command: AgentCommand) -> Result<(), OpenError> {
        self.maker.agent.send(command).await.map_err(|_| OpenError::Closed)
    }

    async fn add(&self, task: Task) -> Result<Handle, OpenError> {
        let (reply, answer) = oneshot::channel();
        let request = Request::Add(Box::new(task), reply);
        self.requests.send(request).await.map_err(|_| OpenError::Closed)?;
        let handle = answer.await.map_err(|_| OpenError::Closed)?;
        handle.ready().await;
        Ok(handle)
    }
}

impl Maker {
    fn task(
        &self,
        opened: Opened,
        row: SessionRecord,
        view: Option<View>,
        params: ThreadParams,
        (inbox, events): (mpsc::Sender<Heard>, mpsc::Receiver<Heard>),
        seat: Seat,
    ) -> Task {
        Task {
            view: view.unwrap_or_else(|| View::new(opened.thread.clone())),
            state: State::new(opened, row.last_seq, self.options.questions.clone(), self.options.stall),
            row,
            params,
            journal: self.journal.clone(),
            agent: self.agent.clone(),
            gate: self.gate.clone(),
            observer: self.options.observer.clone(),
            inbox,
            events,
            shutdown: self.shutdown.child_token(),
            seat,
        }
    }

    pub(super) async fn reopen(
        self,
        thread: ThreadId,
        host: &HostOptions,
        seat: Seat,
    ) -> Result<Task, OpenError> {
        let (claimed, row) = self.take(&thread).await?;
        let now = Timestamp::now();
        let (mut row, view, mut params) = match row {
            Some(row) => {
                let view = fold::stored(self.journal.as_ref(), &row, None).await?;
                match self.params(row, host).await {
                    Ok((row, params)) => (row, Some(view), params),
                    Err(error) => {
                        self.journal.release(thread.clone()).await?;
                        return Err(error);
                    }
                }
            }
            None => {
                // One that the CLI or an IDE made, or that was given up: codex knows it, the journal does
                // not, or nothing but where its numbers go on.
                let params = host.defaults.clone();
                let owner = self.journal.bridge().clone();
                let mut row = row::new(thread.clone(), &params, "", owner, now);
                row.last_seq = claimed.last;
                row.principal.clone_from(&host.principal);
                (row, None, params)
            }
        };
        let (inbox, events) = mpsc::channel(INBOX);
        let (reply, answer) = oneshot::channel();
        let command = AgentCommand::Resume {
            thread: thread.clone(),
            params: Box::new(params.clone()),
            known: row.turn_id.clone(),
            inbox: inbox.clone(),
            reply,
        };
        let opened = match self.agent.send(command).await {
            Ok(()) => answer.await.map_err(|_| OpenError::Closed)?.map_err(OpenError::from),
            Err(_) => Err(OpenError::Closed),
        };
        let mut opened = match opened {
            Ok(opened) => opened,
            Err(error) => {
                if view.is_some() {
                    self.journal.release(thread).await?;
                }
                return Err(error);
            }
        };
        if params.cwd.is_empty() {
            // The folder of a thread that another program made, as codex knows it.
            params.cwd.clone_from(&opened.info.cwd);
            row.settings = row::settings(&params);
        }
        if view.is_none() {
            row.title = row::title(opened.missed.prompt().unwrap_or_default());
            servers::keep(self.journal.as_ref(), &thread, &params).await?;
        }
        opened.info.resumed = true;
        row.owner = Some(self.journal.bridge().clone());
        Ok(self.task(opened, row, view, params, (inbox, events), seat))
    }

    /// What a session was given, where it may have that again.
    async fn params(
        &self,
        mut row: SessionRecord,
        host: &HostOptions,
    ) -> Result<(SessionRecord, ThreadParams), OpenError> {
        let mut params = servers::params(self.journal.as_ref(), &mut row).await?;
        params.around.clone_from(&host.defaults.around);
        match (host.keeps.0)(&params) {
            Ok(()) => Ok((row, params)),
            Err(why) => Err(OpenError::Limit { thread: row.thread_id, why }),
        }
    }

    /// Takes a session, and ends what a dead owner left open in it.
    async fn take(&self, thread: &ThreadId) -> Result<(Claimed, Option<SessionRecord>), JournalError> {
        let _turn = self.recovering.lock().await;
        let claimed = self.journal.claim(thread.clone()).await?;
        let row = match self.journal.session(thread.clone()).await? {
            Some(row) => Some(self.end_abandoned(row, claimed.cut).await?),
            None => None,
        };
        Ok((claimed, row))
    }

    /// Ends what a dead owner left open in a session that is ours by now, and says where it was `cut` off.
    async fn end_abandoned(&self, mut row: SessionRecord, cut: bool) -> Result<SessionRecord, JournalError> {
        let open = matches!(row.status, SessionStatus::Running | SessionStatus::NeedsDecision);
        if !open && !cut {
            return Ok(row);
        }
        let view = fold::stored(self.journal.as_ref(), &row, None).await?;
        let runs = if open { unbegun(self.journal.as_ref(), &row.thread_id).await? } else { Vec::new() };
        let events = recover(&view, view.next.max(row.last_seq), cut, runs, Timestamp::now());
        if events.is_empty() {
            return Ok(row);
        }
        let mut view = view;
        events.iter().for_each(|event| view.apply(event));
        self.journal.append(row::batch(&mut row, &view, events)).await?;
        Ok(row)
    }
}

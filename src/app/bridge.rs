//! One embedded bridge: journal, sessions and codex's task, and their end.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::control::Control;
use super::host::{Guest, host};
use super::limits::{limits, over_network};
use super::servers::depth;
use super::upkeep;
use crate::access::Grant;
use crate::approval::{Policy, Route};
use crate::codex::locate::Lookup;
use crate::codex::{Agent, Launch, Started};
use crate::config::Loaded;
use crate::control::Places;
use crate::ids::ApprovalId;
use crate::journal::{Journal, JournalError, SpareJournal, SqliteJournal};
use crate::limits::Limits;
use crate::mcp::{Meter, Server, ServerOptions};
use crate::metrics::Metrics;
use crate::session::{Observer, Options, QuestionOptions, Room, Sessions, Shares};

/// Commands of all sessions to codex that may wait; codex's task never waits for a session.
const COMMANDS: usize = 256;

/// How long sessions may take to record their end, and codex's tree to be gone.
const END: Duration = Duration::from_secs(5);

/// The parts of a running bridge.
pub struct Bridge {
    sessions: Sessions,
    journal: Arc<dyn Journal>,
    session_tasks: TaskTracker,
    agent_tasks: TaskTracker,
    sessions_over: CancellationToken,
    agent_over: CancellationToken,
    control: Control,
    options: ServerOptions,
    limits: Arc<Limits>,
    dialogs: bool,
    metrics: Arc<Metrics>,
}

impl Bridge {
    /// Opens the journal and starts the tasks; codex itself is started by the first call that needs it. `shares`: how
    /// turns are divided, where several share it.
    ///
    /// # Errors
    /// When the journal cannot be opened, and the user wants one.
    pub fn start(
        loaded: &Loaded,
        policy: Policy,
        drop_in: bool,
        shares: Shares,
    ) -> Result<Self, JournalError> {
        let path = loaded.journal();
        let journal: Arc<dyn Journal> = if loaded.settings.journal.required {
            Arc::new(SqliteJournal::open(&path)?)
        } else {
            SpareJournal::open(&path)
        };
        let dialogs = matches!(policy.route, Route::Auto | Route::Human);
        let (agent, commands) = mpsc::channel(COMMANDS);
        let (session_tasks, agent_tasks) = (TaskTracker::new(), TaskTracker::new());
        let (sessions_over, agent_over) = (CancellationToken::new(), CancellationToken::new());
        let limits = Arc::new(limits(&loaded.settings.limits));
        let metrics = Arc::new(Metrics::default());
        let (counted, started) = (metrics.clone(), metrics.clone());
        let started = Started(Arc::new(move || started.codex_started()));
        let launch = Launch { started, ..launch(loaded) };
        Agent::start(launch, commands, agent_over.clone(), &agent_tasks);
        let questions = QuestionOptions {
            deadline: loaded.settings.approvals.deadline,
            policy: Arc::new(policy),
            mint: ApprovalId::fresh,
        };
        let guest = Guest { limits: limits.clone(), dialogs, drop_in, env: BTreeMap::new(), grant: None };
        let (host, options) = host(loaded, guest);
        let limited = &loaded.settings.limits;
        let room = Room { running: limited.running, queue: limited.queue, shares };
        let sessions = Sessions::start(
            journal.clone(),
            agent,
            Options {
                questions,
                stall: loaded.settings.codex.stall,
                host,
                room,
                most: limited.sessions,
                release_after: loaded.settings.codex.release_after,
                observer: Observer(Arc::new(move |events| counted.observe(events))),
            },
            sessions_over.clone(),
            &session_tasks,
        );
        upkeep::start(&loaded.settings.journal, &sessions, &sessions_over, &session_tasks);
        let control = Control::start(&places(loaded), sessions.clone());
        Ok(Self {
            sessions,
            journal,
            session_tasks,
            agent_tasks,
            sessions_over,
            agent_over,
            control,
            options,
            limits,
            dialogs,
            metrics,
        })
    }

    /// A server for the connection of the one host that it was started for.
    #[must_use]
    pub fn server(&self) -> Server {
        Server::new(self.sessions.clone(), self.options.clone())
    }

    /// A server for the connection of one of several hosts. `env`: variables of its commands that codex's own
    /// process does not have.
    #[cfg(unix)]
    pub(super) fn server_for(&self, loaded: &Loaded, drop_in: bool, env: BTreeMap<String, String>) -> Server {
        let (limits, dialogs) = (self.limits.clone(), self.dialogs);
        let (host, options) = host(loaded, Guest { limits, dialogs, drop_in, env, grant: None });
        Server::new(self.sessions.for_host(host), options)
    }

    /// A server for all who come in by one token.
    ///
    /// # Errors
    /// A folder of the token that lies outside of those of the settings.
    pub(super) fn server_of(&self, loaded: &Loaded, grant: Arc<Grant>) -> Result<Server, PathBuf> {
        let limits = Arc::new(over_network(&loaded.settings.limits, &grant)?);
        let (dialogs, env) = (self.dialogs, BTreeMap::new());
        let guest = Guest { limits, dialogs, drop_in: false, env, grant: Some(grant) };
        let (host, mut options) = host(loaded, guest);
        let metrics = self.metrics.clone();
        options.meter = Meter(Arc::new(move |tool, failed, took| metrics.called(tool, failed, took)));
        Ok(Server::new(self.sessions.for_host(host), options))
    }

    /// What happens in it, in numbers.
    pub(super) fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// Its sessions.
    pub(super) fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// Ends everything: the way from other processes first, then sessions record their end, then codex and its tree,
    /// then the journal.
    pub async fn end(&self) {
        if tokio::time::timeout(END, self.control.end()).await.is_err() {
            tracing::warn!("an answer to another process took too long");
        }
        self.sessions_over.cancel();
        self.session_tasks.close();
        if tokio::time::timeout(END, self.session_tasks.wait()).await.is_err() {
            tracing::warn!("sessions took too long to record their end");
        }
        self.agent_over.cancel();
        self.agent_tasks.close();
        if tokio::time::timeout(END, self.agent_tasks.wait()).await.is_err() {
            tracing::warn!("codex took too long to end");
        }
        match tokio::time::timeout(END, self.journal.close()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the journal was not closed"),
            Err(_) => tracing::warn!("the journal took too long to close"),
        }
    }
}

/// Where the socket may lie for which other processes look in the journal.
pub(super) fn places(loaded: &Loaded) -> Places {
    let paths = &loaded.paths;
    Places { journal: loaded.journal(), runtime: paths.runtime.clone(), temp: paths.temp.clone() }
}

/// How codex is started.
pub(super) fn launch(loaded: &Loaded) -> Launch {
    let settings = &loaded.settings.codex;
    let (variable, depth) = depth(loaded);
    let mut env = vec![(variable.into(), Some(depth.to_string().into()))];
    if let Some(home) = &settings.home {
        env.push(("CODEX_HOME".into(), Some(home.clone().into_os_string())));
    }
    Launch {
        lookup: lookup(loaded),
        args: settings.args.iter().map(Into::into).collect(),
        env,
        cwd: None,
        home: loaded.env.home().map(ToOwned::to_owned),
        health: settings.health,
        started: Started::default(),
    }
}

/// Where codex is looked for.
pub(super) fn lookup(loaded: &Loaded) -> Lookup {
    Lookup {
        setting: loaded.settings.codex.bin.clone(),
        setting_origin: loaded.origin("codex.bin").to_string(),
        path_var: loaded.env.get("PATH").map(ToOwned::to_owned),
        cache: None,
    }
}

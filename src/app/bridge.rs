//! One embedded bridge: journal, sessions and codex's task, and their end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::control::Control;
use super::host::host;
use super::limits::{effective, limits};
use super::servers::depth;
use super::upkeep;
use crate::approval::{Policy, Route};
use crate::codex::locate::Lookup;
use crate::codex::{Accept, Agent, Launch};
use crate::config::Loaded;
use crate::control::Places;
use crate::ids::ApprovalId;
use crate::journal::{Journal, JournalError, SpareJournal, SqliteJournal};
use crate::limits::Limits;
use crate::mcp::{Server, ServerOptions};
use crate::session::{Options, QuestionOptions, Room, Sessions};

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
}

impl Bridge {
    /// Opens the journal and starts the tasks; codex itself is started by the first call that needs it.
    ///
    /// # Errors
    /// When the journal cannot be opened, and the user wants one.
    pub fn start(loaded: &Loaded, policy: Policy, drop_in: bool) -> Result<Self, JournalError> {
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
        Agent::start(launch(loaded, limits.clone()), commands, agent_over.clone(), &agent_tasks);
        let questions = QuestionOptions {
            deadline: loaded.settings.approvals.deadline,
            policy: Arc::new(policy),
            mint: ApprovalId::fresh,
        };
        let (host, options) = host(loaded, limits.clone(), dialogs, drop_in, BTreeMap::new());
        let limited = &loaded.settings.limits;
        let room = Room { running: limited.running, queue: limited.queue };
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
        let (host, options) = host(loaded, self.limits.clone(), self.dialogs, drop_in, env);
        Server::new(self.sessions.for_host(host), options)
    }

    /// Its sessions.
    #[cfg(unix)]
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
pub(super) fn launch(loaded: &Loaded, limits: Arc<Limits>) -> Launch {
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
        accept: Accept(Arc::new(effective(limits))),
        health: settings.health,
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

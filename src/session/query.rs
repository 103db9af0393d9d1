//! Questions to the agent that concern no live session: which threads it has, which models.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};
use tokio::sync::oneshot;

use super::agent::{AgentCommand, AgentError, ReviewTarget};
use super::registry::{OpenError, Sessions};
use super::servers;
use crate::event::{Body, ErrorInfo, Timestamp, TurnStatus};
use crate::ids::{ThreadId, TurnId};

/// What the agent is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Query {
    /// Its threads, of whichever program; the latest first. Answered by [`Answer::Threads`].
    Threads(ThreadsQuery),
    /// One of its threads. Answered by [`Answer::Thread`].
    Thread(ThreadId),
    /// The turns of a thread; the latest first. Answered by [`Answer::Turns`].
    Turns(TurnsQuery),
    /// The models for a session. Answered by [`Answer::Catalog`].
    Catalog(CatalogOf),
    /// Whether there is in a folder, to who has these variables, what is to be reviewed. Answered by [`Answer::Done`].
    Reviewable(String, ReviewTarget, Variables),
    /// Give a thread a name. Answered by [`Answer::Done`], as all that follow.
    Name(ThreadId, String),
    /// Take a thread out of the lists.
    Archive(ThreadId),
    /// Put it back.
    Unarchive(ThreadId),
}

/// The variables of a host. Their values may be secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Variables(pub BTreeMap<String, String>);

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

/// The session whose models are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CatalogOf {
    /// One that is to be.
    New {
        /// Its folder.
        cwd: String,
        /// Keys of codex's config.toml that it is given.
        config: Map<String, Value>,
    },
    /// One that there is.
    Thread {
        /// Its id.
        thread: ThreadId,
        /// Keys of codex's config.toml that it is given.
        config: Map<String, Value>,
    },
}

/// The models of a session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    /// Whether there are no others: only of some providers the agent knows that.
    pub whole: bool,
    /// What the agent's own configuration, or the session's, names; it need not be among `models`.
    pub configured: Option<String>,
    /// What is named there for reviews: it counts for them above all else.
    pub review: Option<String>,
    /// Those that the agent knows.
    pub models: Vec<Model>,
}

/// Which threads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ThreadsQuery {
    /// Only those of this folder.
    pub cwd: Option<String>,
    /// Those that were archived, instead of the others.
    pub archived: bool,
    /// Where to go on: [`ThreadPage::cursor`] of an earlier answer.
    pub cursor: Option<String>,
    /// How many at most.
    pub limit: u32,
}

/// Which turns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TurnsQuery {
    /// Of which thread.
    pub thread: ThreadId,
    /// Where to go on: [`TurnPage::cursor`] of an earlier answer.
    pub cursor: Option<String>,
    /// How many at most.
    pub limit: u32,
}

/// The agent's answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Threads.
    Threads(ThreadPage),
    /// A thread.
    Thread(Box<ThreadEntry>),
    /// Turns.
    Turns(TurnPage),
    /// The models of a session.
    Catalog(Catalog),
    /// It is done.
    Done,
}

/// Some of the agent's threads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ThreadPage {
    /// The latest first.
    pub threads: Vec<ThreadEntry>,
    /// Where to go on, if there are more.
    pub cursor: Option<String>,
}

/// One of the agent's threads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadEntry {
    /// Its id.
    pub thread: ThreadId,
    /// What a person called it.
    pub name: Option<String>,
    /// The beginning of its first prompt.
    pub preview: String,
    /// Its folder.
    pub cwd: String,
    /// Its model.
    pub model: Option<String>,
    /// Which program made it, in codex's word: `cli`, `exec`, `vscode` (all that speak to app-server).
    pub source: String,
    /// The thread that it was branched from; not in every list.
    pub forked_from: Option<ThreadId>,
    /// Whether it was taken out of the lists.
    pub archived: bool,
    /// When it began.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
}

/// Some turns of a thread.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TurnPage {
    /// The latest first.
    pub turns: Vec<PastTurn>,
    /// Where to go on, if there are more.
    pub cursor: Option<String>,
}

/// A turn that has been, as the agent keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct PastTurn {
    /// Its id.
    pub turn: TurnId,
    /// How it ended; `None` while it runs.
    pub status: Option<TurnStatus>,
    /// Why, where it failed.
    pub error: Option<ErrorInfo>,
    /// In milliseconds.
    pub duration_ms: Option<u64>,
    /// What happened in it, in order.
    pub bodies: Vec<Body>,
}

/// A model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// By which it is asked for.
    pub id: String,
    /// Whether it is offered to nobody who does not name it.
    pub hidden: bool,
    /// Whether it is the one where nothing else is said.
    pub default: bool,
    /// The reasoning efforts that it takes.
    pub efforts: Vec<String>,
}

impl Sessions {
    /// The variables that the host's commands have beside the agent's own.
    #[must_use]
    pub fn variables(&self) -> Variables {
        Variables(self.host.defaults.around.env.clone())
    }

    /// Asks the agent; starts it where it does not run.
    ///
    /// # Errors
    /// When it refuses, or the bridge is ending.
    pub async fn ask(&self, query: Query) -> Result<Answer, OpenError> {
        let (reply, answer) = oneshot::channel();
        self.tell(AgentCommand::Query { query, reply }).await?;
        Ok(answer.await.map_err(|_| OpenError::Closed)??)
    }

    /// Some of the agent's threads, of whichever program.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn threads(&self, query: ThreadsQuery) -> Result<ThreadPage, OpenError> {
        match self.ask(Query::Threads(query)).await? {
            Answer::Threads(page) => Ok(page),
            other => Err(unexpected(&other)),
        }
    }

    /// One of the agent's threads, of whichever program.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn thread(&self, thread: &ThreadId) -> Result<ThreadEntry, OpenError> {
        match self.ask(Query::Thread(thread.clone())).await? {
            Answer::Thread(entry) => Ok(*entry),
            other => Err(unexpected(&other)),
        }
    }

    /// Some turns of a thread.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn turns(&self, query: TurnsQuery) -> Result<TurnPage, OpenError> {
        match self.ask(Query::Turns(query)).await? {
            Answer::Turns(page) => Ok(page),
            other => Err(unexpected(&other)),
        }
    }

    /// Which keys of codex's config.toml a session that there is goes on with; nothing where the journal does
    /// not have it.
    pub async fn config_of(&self, thread: &ThreadId) -> Option<Map<String, Value>> {
        let journal = self.journal();
        let mut row = journal.session(thread.clone()).await.ok().flatten()?;
        let params = servers::params(journal.as_ref(), &mut row).await.ok()?;
        Some(params.config)
    }

    /// The models of a session.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn catalog(&self, of: CatalogOf) -> Result<Catalog, OpenError> {
        match self.ask(Query::Catalog(of)).await? {
            Answer::Catalog(catalog) => Ok(catalog),
            other => Err(unexpected(&other)),
        }
    }
}

/// An answer to another question: a fault of ours, which nobody must take for an empty list.
fn unexpected(answer: &Answer) -> OpenError {
    let message = match answer {
        Answer::Threads(_) => "threads came where they were not asked for",
        Answer::Thread(_) => "a thread came where it was not asked for",
        Answer::Turns(_) => "turns came where they were not asked for",
        Answer::Catalog(_) => "models came where they were not asked for",
        Answer::Done => "nothing came where an answer was asked for",
    };
    let (code, message) = ("bridge_fault".to_owned(), message.to_owned());
    AgentError(ErrorInfo { code, message, remedy: None, retryable: false }).into()
}

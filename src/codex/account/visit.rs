//! A codex that is started for its account alone, by a command at a terminal.

use std::path::Path;
use std::time::Duration;

use tokio_util::task::TaskTracker;

use super::{Begun, Way, login_failed};
use crate::codex::Launch;
use crate::codex::connection::{Connection, fault};
use crate::codex::inspect::{Account, who};
use crate::codex::protocol_account::LoginCompleted;
use crate::ids::Generation;
use crate::rpc::Incoming;
use crate::session::AgentError;

/// codex gives a person 15 minutes; one that says nothing any more is not waited for much longer.
const PERSON: Duration = Duration::from_mins(20);

/// Its guard is done when the child is; a child that the kernel holds is not waited for.
const END: Duration = Duration::from_secs(5);

/// A running codex, and its account.
pub struct Visit {
    connection: Connection,
    tasks: TaskTracker,
}

impl Visit {
    /// Starts it.
    ///
    /// # Errors
    /// When there is none, or it does not answer.
    pub async fn open(launch: &Launch) -> Result<Self, AgentError> {
        let tasks = TaskTracker::new();
        let connection = Connection::open(launch, Generation(1), &tasks).await?;
        Ok(Self { connection, tasks })
    }

    /// Begins a sign-in. With a key it is over at once.
    ///
    /// # Errors
    /// When codex refuses it, or cannot reach its account server.
    pub async fn start(&self, way: Way) -> Result<Begun, AgentError> {
        super::start(&self.connection.peer, way).await
    }

    /// Waits until a sign-in is over.
    ///
    /// # Errors
    /// When it came to nothing, or codex has ended.
    pub async fn completed(&mut self, id: Option<&str>) -> Result<(), AgentError> {
        match tokio::time::timeout(PERSON, self.end_of(id)).await {
            Ok(ended) => ended,
            Err(_) => Err(login_failed("device auth timed out: codex says nothing of it any more")),
        }
    }

    async fn end_of(&mut self, id: Option<&str>) -> Result<(), AgentError> {
        loop {
            let Some(said) = self.connection.incoming.recv().await else { return Err(lost()) };
            match said {
                Incoming::Notification { method, params, .. } if method == "account/login/completed" => {
                    let ended: LoginCompleted = serde_json::from_str(params.get()).unwrap_or_default();
                    if ended.login_id.as_deref() != id {
                        continue;
                    }
                    return match ended.success {
                        true => Ok(()),
                        false => {
                            Err(login_failed(ended.error.as_deref().unwrap_or("codex does not say why")))
                        }
                    };
                }
                Incoming::Closed { .. } => return Err(lost()),
                // A question is declined by being dropped.
                _ => {}
            }
        }
    }

    /// Gives a sign-in up.
    ///
    /// # Errors
    /// When codex does not answer.
    pub async fn cancel(&self, id: &str) -> Result<(), AgentError> {
        super::cancel(&self.connection.peer, id).await
    }

    /// Has codex forget who is signed in.
    ///
    /// # Errors
    /// When codex does not do it.
    pub async fn logout(&self) -> Result<(), AgentError> {
        super::logout(&self.connection.peer).await
    }

    /// Who is signed in. `cwd`: whose projects count.
    ///
    /// # Errors
    /// What happened instead.
    pub async fn who(&self, cwd: &Path, deadline: Duration) -> Result<Account, String> {
        who(&self.connection.peer, cwd, deadline).await
    }

    /// Ends it.
    pub async fn end(self) {
        self.connection.end().await;
        self.tasks.close();
        let _ = tokio::time::timeout(END, self.tasks.wait()).await;
    }
}

fn lost() -> AgentError {
    let message = "codex ended in the middle of the sign-in".to_owned();
    fault("codex_lost", message, Some("sign in again; `codex-bridge doctor` shows what is wrong with codex"))
}

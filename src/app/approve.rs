//! `codex-bridge approve` and `codex-bridge cancel`: decisions of a person at a terminal, in sessions
//! that another process runs. This process reads the journal and asks that one; it owns nothing.

mod ask;
mod error;
mod remote;
mod show;
mod terminal;
#[cfg(test)]
mod tests;

use std::io::{self, Read};

use serde_json::Value;

pub use self::error::ErrandError;
use self::remote::Remote;
use self::terminal::Console;
use crate::config::Loaded;
use crate::event::{Decision, PermissionRequest, Timestamp};
use crate::ids::{ApprovalId, ThreadId};

/// The most that is read of answers on stdin, in bytes: more is never taken.
const ANSWERS: u64 = 128 * 1024;

/// What a person came for.
#[derive(Clone, Debug)]
pub enum Errand {
    /// To see the open questions of all sessions.
    List,
    /// To see one, and to answer it where somebody sits at the terminal.
    Show {
        /// Which.
        id: String,
    },
    /// To answer one.
    Decide {
        /// Which.
        id: String,
        /// How.
        decision: Decision,
        /// Why.
        reason: Option<String>,
        /// JSON, or `-`: it is on stdin.
        answers: Option<String>,
    },
    /// To end the turn of a session.
    Cancel {
        /// Which session.
        thread: String,
    },
}

/// Does it, and says what came of it.
///
/// # Errors
/// When there is no such thing, it does not take that, or who has it cannot be reached.
pub async fn run_errand(loaded: &Loaded, errand: Errand) -> Result<(), ErrandError> {
    let remote = Remote::open(&loaded.journal())?;
    let done = match errand {
        Errand::List => list(&remote).await,
        Errand::Show { id } => show(&remote, ApprovalId::from(id)).await,
        Errand::Decide { id, decision, reason, answers } => {
            match answers.map(|answers| read(&answers)).transpose() {
                Ok(answers) => decide(&remote, ApprovalId::from(id), decision, reason, answers).await,
                Err(error) => Err(error),
            }
        }
        Errand::Cancel { thread } => cancel(&remote, ThreadId::from(thread)).await,
    };
    remote.close().await;
    done
}

async fn list(remote: &Remote) -> Result<(), ErrandError> {
    let open = remote.open_decisions().await?;
    terminal::say(&show::list(&open, Timestamp::now()));
    Ok(())
}

async fn show(remote: &Remote, id: ApprovalId) -> Result<(), ErrandError> {
    let open = remote.open_decisions().await?;
    let Some((row, request)) = open.into_iter().find(|(_, request)| request.approval_id == id) else {
        return Err(remote.why_not_open(id).await?);
    };
    terminal::say(&show::request(&row, &request, Timestamp::now()));
    let Some(chosen) = ask_at_terminal(request).await? else {
        terminal::say(&show::how_to_answer(&id));
        return Ok(());
    };
    decide(remote, id, chosen.decision, chosen.reason, chosen.answers).await
}

/// `None`: nobody is there, or nobody wanted to decide.
async fn ask_at_terminal(request: PermissionRequest) -> Result<Option<ask::Chosen>, ErrandError> {
    let Some(mut console) = Console::of_process() else { return Ok(None) };
    // On a thread that may block: nothing else is done meanwhile, but a signal must be heard.
    let asked = tokio::task::spawn_blocking(move || ask::decide(&mut console, &request)).await;
    asked.unwrap_or_else(|error| Err(io::Error::other(error))).map_err(ErrandError::Terminal)
}

async fn decide(
    remote: &Remote,
    id: ApprovalId,
    decision: Decision,
    reason: Option<String>,
    answers: Option<Value>,
) -> Result<(), ErrandError> {
    let record = remote.decide(id, decision, reason, answers).await?;
    terminal::say(&format!("{}: {}", record.approval_id, record.decision.name()));
    Ok(())
}

async fn cancel(remote: &Remote, thread: ThreadId) -> Result<(), ErrandError> {
    let words = match remote.cancel(&thread).await? {
        Some(turn) => format!("{thread}: turn {turn} is being ended"),
        None => format!("{thread}: no turn was running; nothing was cancelled"),
    };
    terminal::say(&words);
    Ok(())
}

fn read(answers: &str) -> Result<Value, ErrandError> {
    let mut text = String::new();
    if answers == "-" {
        io::stdin().lock().take(ANSWERS).read_to_string(&mut text).map_err(ErrandError::Terminal)?;
    } else {
        answers.clone_into(&mut text);
    }
    // Of the error only the place: its words may have a piece of the text, which may be a secret.
    serde_json::from_str(&text)
        .map_err(|error| ErrandError::BadJson { line: error.line(), column: error.column() })
}

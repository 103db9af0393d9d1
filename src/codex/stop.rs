//! The end of a turn and of its commands, and what is left of them.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;
use tokio::time::Instant;

use super::calls::call;
use super::protocol::threads::{TerminalsList, TerminalsListParams};
use super::protocol::{ThreadRef, TurnRef};
use crate::event::Survivor;
use crate::ids::{ThreadId, TurnId};
use crate::rpc::Peer;
use crate::session::AgentError;
use crate::supervise::{Marked, end_remains, marked};

/// Each of its calls is answered at once.
const STOP: Duration = Duration::from_secs(10);

/// How long commands may take to be gone, once codex has killed them: some 20 ms were seen.
const GONE: Duration = Duration::from_secs(2);

/// How often it is looked.
const LOOK: Duration = Duration::from_millis(20);

/// In which variable codex names the thread to its commands.
const THREAD: &str = "CODEX_THREAD_ID";

/// How many commands are asked for: more than a thread has.
const TERMINALS: u32 = 200;

/// What codex answers to an interrupt of a turn that it has not begun yet, though it has named it; and of one
/// that has ended.
const NOT_ACTIVE: &str = "no active turn";

/// What codex answers to an interrupt of a turn while another one runs in its place, before that one's id: the
/// part of a review, of which alone it knows.
const FOUND: &str = "but found ";

/// Where the turn of a thread stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Course {
    /// The last turn that ended.
    pub ended: Option<TurnId>,
    /// Whether the turn that is to begin, or runs, is a review.
    pub review: bool,
    /// The part of the review that runs: codex ends the review by that id, and refuses that of the review.
    pub part: Option<TurnId>,
    /// The processes of the thread that were there before the turn.
    pub earlier: HashSet<u32>,
}

/// `turn/interrupt`, and the end of the commands that codex would leave running; then what goes on all the
/// same. codex kills whole trees, but a process that made a session of its own before its parent ended is in
/// no tree any more, and codex knows nothing of it. `course`: nothing where nobody has the thread any more.
pub(super) async fn interrupt(
    peer: &Peer,
    thread: &ThreadId,
    turn: &TurnId,
    course: Option<watch::Receiver<Course>>,
) -> (Vec<Survivor>, Option<AgentError>) {
    let stopped = stop(peer, thread, turn, course.as_ref()).await;
    let of_thread = ThreadRef { thread_id: thread.to_string() };
    let cleaned: Result<Value, _> = call(peer, "thread/backgroundTerminals/clean", &of_thread, STOP).await;
    let earlier = course.map(|course| course.borrow().earlier.clone()).unwrap_or_default();
    (survivors(peer, thread, &earlier).await, cleaned.err().or(stopped.err()))
}

/// The processes of a thread.
pub(super) async fn running(thread: &ThreadId) -> HashSet<u32> {
    of_thread(thread).await.into_iter().map(|one| one.pid).collect()
}

/// Ends the turn, also one that codex is about to begin: `turn/start` is answered before that.
async fn stop(
    peer: &Peer,
    thread: &ThreadId,
    turn: &TurnId,
    course: Option<&watch::Receiver<Course>>,
) -> Result<(), AgentError> {
    let until = Instant::now() + STOP;
    let mut found: Option<String> = None;
    loop {
        let now = course.map(|course| course.borrow().clone());
        let part = now.as_ref().and_then(|now| now.part.as_ref()).map(TurnId::to_string);
        let turn_id = found.clone().or(part).unwrap_or_else(|| turn.to_string());
        let of_turn = TurnRef { thread_id: thread.to_string(), turn_id };
        let Err(error) = call::<_, Value>(peer, "turn/interrupt", &of_turn, STOP).await else {
            return Ok(());
        };
        let now = course.map(|course| course.borrow().clone());
        if now.as_ref().is_none_or(|now| now.ended.as_ref() == Some(turn)) || Instant::now() >= until {
            return Err(error);
        }
        // Of any other turn it would be the next one, which nobody has cancelled.
        let other = other_turn(&error.0.message).filter(|_| now.is_some_and(|now| now.review));
        match other {
            Some(other) if found.is_none() => found = Some(other.to_owned()),
            _ if error.0.message.contains(NOT_ACTIVE) => {}
            _ => return Err(error),
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// The turn that runs in the place of the one that was to be interrupted.
fn other_turn(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once(FOUND)?;
    let id = rest.split_whitespace().next()?.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    (!id.is_empty()).then_some(id)
}

/// What is still there when nothing should be, or after [`GONE`].
async fn survivors(peer: &Peer, thread: &ThreadId, earlier: &HashSet<u32>) -> Vec<Survivor> {
    let until = Instant::now() + GONE;
    loop {
        let mut left = listed(peer, thread).await;
        left.extend(escaped(thread, earlier).await);
        if left.is_empty() || Instant::now() >= until {
            return left;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// The commands that codex still lists. A codex that does not list them says nothing of them.
pub(super) async fn listed(peer: &Peer, thread: &ThreadId) -> Vec<Survivor> {
    let params = TerminalsListParams { thread_id: thread.to_string(), limit: TERMINALS };
    let list: Result<TerminalsList, _> = call(peer, "thread/backgroundTerminals/list", &params, STOP).await;
    let all = list.map(|list| list.data).unwrap_or_default();
    all.into_iter().map(|one| Survivor { command: one.command, process_id: one.process_id }).collect()
}

/// The processes of the turn that codex has lost sight of. What an earlier one has left is there on purpose, or
/// was named then.
async fn escaped(thread: &ThreadId, earlier: &HashSet<u32>) -> Vec<Survivor> {
    let found = of_thread(thread).await.into_iter().filter(|one| !earlier.contains(&one.pid));
    found.map(|one| Survivor { command: one.program, process_id: one.pid.to_string() }).collect()
}

/// The end of what a codex that has ended has left of the commands of these threads: killed, it ends of each its
/// first process alone (measured: `sleep 9; true` under `danger-full-access` leaves the `sleep`).
pub(super) async fn clear(threads: Vec<ThreadId>) {
    let left = end_remains(THREAD, threads.iter().map(ThreadId::to_string).collect()).await;
    for Marked { pid, program } in left {
        tracing::warn!(pid, program, "it left its command by a session of its own, and outlives codex");
    }
}

async fn of_thread(thread: &ThreadId) -> Vec<Marked> {
    let thread = thread.to_string();
    tokio::task::spawn_blocking(move || marked(THREAD, &thread)).await.unwrap_or_default()
}

#[cfg(test)]
mod tests;

//! The end of a turn and of its commands, and what is left of them.

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
use crate::supervise::marked;

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

/// `turn/interrupt`, and the end of the commands that codex would leave running; then what goes on all the
/// same. codex kills whole trees, but a process that made a session of its own before its parent ended is in
/// no tree any more, and codex knows nothing of it.
pub(super) async fn interrupt(
    peer: &Peer,
    thread: &ThreadId,
    turn: &TurnId,
    ended: watch::Receiver<Option<TurnId>>,
) -> (Vec<Survivor>, Option<AgentError>) {
    let stopped = stop(peer, thread, turn, &ended).await;
    let of_thread = ThreadRef { thread_id: thread.to_string() };
    let cleaned: Result<Value, _> = call(peer, "thread/backgroundTerminals/clean", &of_thread, STOP).await;
    (survivors(peer, thread).await, cleaned.err().or(stopped.err()))
}

/// Ends the turn, also one that codex is about to begin: `turn/start` is answered before that.
async fn stop(
    peer: &Peer,
    thread: &ThreadId,
    turn: &TurnId,
    ended: &watch::Receiver<Option<TurnId>>,
) -> Result<(), AgentError> {
    let of_turn = TurnRef { thread_id: thread.to_string(), turn_id: turn.to_string() };
    let until = Instant::now() + STOP;
    loop {
        match call::<_, Value>(peer, "turn/interrupt", &of_turn, STOP).await {
            Ok(_) => return Ok(()),
            Err(error) => {
                let over = ended.borrow().as_ref() == Some(turn) || Instant::now() >= until;
                if over || !error.0.message.contains(NOT_ACTIVE) {
                    return Err(error);
                }
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// What is still there when nothing should be, or after [`GONE`].
async fn survivors(peer: &Peer, thread: &ThreadId) -> Vec<Survivor> {
    let until = Instant::now() + GONE;
    loop {
        let mut left = listed(peer, thread).await;
        left.extend(escaped(thread).await);
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

/// The processes that codex has lost sight of.
async fn escaped(thread: &ThreadId) -> Vec<Survivor> {
    let thread = thread.to_string();
    let found = tokio::task::spawn_blocking(move || marked(THREAD, &thread)).await.unwrap_or_default();
    found.into_iter().map(|one| Survivor { command: one.program, process_id: one.pid.to_string() }).collect()
}

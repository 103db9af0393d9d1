//! Why things of a session end without anybody having asked for it, in words. Pure.

use super::gate::Full;
use crate::approval::Verdict;
use crate::event::{Body, DecidedBy, Decision, ErrorInfo, Survivor, TurnStatus};
use crate::ids::{Seq, ThreadId, TurnId};

const HOST_GONE: &str = "host_gone";
const CANCELLED: &str = "cancelled";

/// Why an embedded bridge's turn ends with its process.
pub(super) fn host_gone() -> ErrorInfo {
    ErrorInfo {
        code: HOST_GONE.into(),
        message: "the bridge that ran this turn ended before the turn did".into(),
        remedy: Some("continue the session with `codex-reply`".into()),
        retryable: true,
    }
}

pub(super) fn superseded() -> ErrorInfo {
    ErrorInfo {
        code: "superseded".into(),
        message: "codex began another turn and never said how this one ended".into(),
        remedy: None,
        retryable: false,
    }
}

/// The end of a turn that something ended under it.
pub(super) fn interrupted(error: ErrorInfo) -> Body {
    Body::TurnFinished { status: TurnStatus::Interrupted, error: Some(error), duration_ms: None, key: None }
}

/// The end of a turn that was asked for and never began, so that it has no name.
pub(super) fn unbegun(error: ErrorInfo, key: Option<String>) -> Body {
    let given_up = matches!(error.code.as_str(), HOST_GONE | CANCELLED);
    let status = if given_up { TurnStatus::Interrupted } else { TurnStatus::Failed };
    Body::TurnFinished { status, error: Some(error), duration_ms: None, key }
}

pub(super) fn codex_ended() -> Verdict {
    Verdict::own(Decision::Decline, DecidedBy::Shutdown, "codex ended")
}

/// codex answered a start with the name of a turn that has ended: it steered, or is confused.
pub(super) fn known_turn(turn: &TurnId) -> ErrorInfo {
    ErrorInfo {
        code: "codex_protocol".into(),
        message: format!("codex answered the start of a turn with `{turn}`, which has ended"),
        remedy: Some("call again".into()),
        retryable: true,
    }
}

/// codex took a turn, and never said that it began.
pub(super) fn unnamed() -> ErrorInfo {
    ErrorInfo {
        code: "codex_silent".into(),
        message: "codex took the turn and did not begin it in two minutes".into(),
        remedy: Some("call again".into()),
        retryable: true,
    }
}

/// There is no room for a turn, not even in line.
pub(super) fn full(full: &Full) -> ErrorInfo {
    ErrorInfo { code: "queue_full".into(), message: full.to_string(), remedy: None, retryable: true }
}

/// A turn that was cancelled while it waited.
pub(super) fn taken_out() -> ErrorInfo {
    ErrorInfo {
        code: CANCELLED.into(),
        message: "the turn was cancelled before it began: it was still waiting for others to end".into(),
        remedy: None,
        retryable: true,
    }
}

/// Prompts that waited for another turn of the session to end, and will not be worked on.
pub(super) fn not_begun(prompts: &[&str], runs: Vec<String>, why: &str) -> Body {
    /// Of a prompt this much is enough to know it again, in characters.
    const SHOWN: usize = 80;
    let shown =
        prompts.iter().map(|prompt| format!("\"{}\"", prompt.chars().take(SHOWN).collect::<String>()));
    let prompts = shown.collect::<Vec<_>>().join(", ");
    let message = format!("what waited in line will not be worked on, since {why}: {prompts}");
    Body::Warning { message, processes: Vec::new(), runs }
}

/// Runs that waited in line when their bridge was killed. What they were to do only it knew.
pub(super) fn lost_runs(runs: Vec<String>) -> Body {
    let names = runs.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let message = format!(
        "what waited in line is lost, since the bridge was killed; send these prompts again: {names}"
    );
    Body::Warning { message, processes: Vec::new(), runs }
}

/// A run that will have no turn, for whoever asks by its name.
pub(super) fn never_began(name: &str, thread: &ThreadId) -> ErrorInfo {
    ErrorInfo {
        code: "turn_unknown".into(),
        message: format!(
            "`{name}` of session `{thread}` has no turn and gets none: it was taken out of the line before it began, or \
             lost with its bridge"
        ),
        remedy: Some("send the prompt again".into()),
        retryable: true,
    }
}

/// The journal takes nothing more, so that the turn is ended.
pub(super) fn unrecorded(why: &str) -> ErrorInfo {
    ErrorInfo {
        code: "journal".into(),
        message: format!("the turn was ended, since its events cannot be kept: {why}"),
        remedy: Some(
            "then continue the session with `codex-reply`; journal.required = false lets work go on".into(),
        ),
        retryable: true,
    }
}

/// The journal takes nothing more, and the user lets work go on.
pub(super) fn unkept(why: &str) -> Body {
    Body::warning(format!("events of this session are not kept from here on, and end with the bridge: {why}"))
}

/// The machine stopped before what a session said last was on the disk.
pub(super) fn lost(known: Seq, last: Seq) -> Body {
    Body::warning(format!(
        "the machine stopped under the bridge: what came after event {known} may be lost; numbers go on after {last}, so that none is given twice"
    ))
}

/// Processes that an interrupt did not end.
pub(super) fn survived(left: Vec<Survivor>) -> Body {
    /// The most that are named in words.
    const NAMED: usize = 5;
    let names = left.iter().take(NAMED).map(|one| format!("`{}` ({})", one.command, one.process_id));
    let names = names.collect::<Vec<_>>().join(", ");
    let more = left.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let message =
        format!("the turn was interrupted, and of its session these processes go on: {names}{more}");
    Body::Warning { message, processes: left, runs: Vec::new() }
}

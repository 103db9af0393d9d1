//! The arguments of `codex-sessions`.

use super::bad::BadArguments;
use super::calls::{Args, THREAD};
use super::fields::Fields;
use crate::ids::ThreadId;

/// Which sessions are listed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Which {
    /// Those whose turn runs.
    Running,
    /// Those that wait for a decision.
    NeedsDecision,
    /// Those that are at rest.
    Idle,
    /// Those that were taken out of the lists.
    Archived,
}

impl Which {
    const ALL: [(&str, Self); 4] = [
        ("running", Self::Running),
        ("needs_decision", Self::NeedsDecision),
        ("idle", Self::Idle),
        ("archived", Self::Archived),
    ];
}

/// Of `codex-sessions`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SessionsArgs {
    /// The one that is shown with its turns; all are listed where none is named.
    pub thread_id: Option<ThreadId>,
    /// Only those of this folder.
    pub cwd: Option<String>,
    /// Only those that stand so.
    pub status: Option<Which>,
    /// How many at most.
    pub limit: u32,
    /// Where to go on.
    pub cursor: Option<String>,
}

impl Args for SessionsArgs {
    const TOOL: &'static str = "codex-sessions";
    const KNOWN: &'static [&'static str] = &["threadId", "cwd", "status", "limit", "cursor"];

    fn take(fields: &mut Fields) -> Result<Self, BadArguments> {
        Ok(Self {
            thread_id: fields.filled("threadId", THREAD)?.map(ThreadId::from),
            cwd: fields.filled("cwd", "a folder, or leave it out for all")?,
            status: fields.choice("status", &Which::ALL)?,
            limit: fields.list_limit()?,
            cursor: fields.filled("cursor", "the `cursor` of an earlier answer, or leave it out")?,
        })
    }
}

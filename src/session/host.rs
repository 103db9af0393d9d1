//! What a session has of the host that opens it: several hosts, each with its own flags, folder and
//! environment, can share one bridge.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::agent::ThreadParams;
use crate::event::{Event, SessionInfo};
use crate::ids::Principal;
use crate::servers::Sources;

type Check = dyn Fn(&ThreadParams) -> Result<(), String> + Send + Sync;
type Look = dyn Fn(&SessionInfo) -> Result<(), String> + Send + Sync;

/// Says why a thread may start no turn as codex has opened it, where it may not.
#[derive(Clone)]
pub struct Accepts(pub Arc<Look>);

impl Default for Accepts {
    fn default() -> Self {
        Self(Arc::new(|_| Ok(())))
    }
}

impl fmt::Debug for Accepts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Accepts(…)")
    }
}

/// Says why a session may not have again what it was once given, where it may not.
#[derive(Clone)]
pub struct Keeps(pub Arc<Check>);

impl fmt::Debug for Keeps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keeps(…)")
    }
}

type Observe = dyn Fn(&[Event]) + Send + Sync;

/// Hears of the events that sessions record, as they do.
#[derive(Clone)]
pub struct Observer(pub Arc<Observe>);

impl Default for Observer {
    fn default() -> Self {
        Self(Arc::new(|_| {}))
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer(…)")
    }
}

/// What a host brings to the sessions that it opens.
#[derive(Clone, Debug)]
pub struct HostOptions {
    /// What a thread that the CLI or an IDE made is taken up with.
    pub defaults: ThreadParams,
    /// Whether what a session was once given may be given again.
    pub keeps: Keeps,
    /// Whose the sessions are that it begins, or is the first to take up.
    pub principal: Option<Principal>,
}

/// What lies around a session and is no part of what was asked for: never kept, and given anew by whoever
/// opens the session.
#[derive(Clone, Default)]
pub struct Around {
    /// Where its MCP servers come from, beside codex's own configuration.
    pub sources: Sources,
    /// Folders that any writable workspace has too, absolute (`--add-dir`).
    pub add_dirs: Vec<PathBuf>,
    /// What codex notes down of where new threads come from (`--thread-source`).
    pub thread_source: Option<String>,
    /// Variables of its commands that are not those of codex's own process.
    pub env: BTreeMap<String, String>,
    /// Whether it may be used as codex has opened it.
    pub accepts: Accepts,
}

// Values of variables may be secrets.
impl fmt::Debug for Around {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Around")
            .field("sources", &self.sources)
            .field("add_dirs", &self.add_dirs)
            .field("thread_source", &self.thread_source)
            .field("env", &self.env.len())
            .field("accepts", &self.accepts)
            .finish()
    }
}

// It is no part of what a session was given: two that were given the same are the same, whoever opened them.
impl PartialEq for Around {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

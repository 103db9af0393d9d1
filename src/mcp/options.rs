//! What a server runs with, which is what its host may do.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::given::Profiles;
use super::hosts;
use super::reach::Reach;
use crate::access::Rights;
use crate::ids::Principal;
use crate::servers::Wanted;

/// What a server runs with.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// The folder of a session where a call names none.
    pub cwd: PathBuf,
    /// What a session gets where a call says nothing: codex's own flags.
    pub model: Option<String>,
    /// The same.
    pub sandbox: Option<String>,
    /// The same.
    pub approval_policy: Option<String>,
    /// The same, any key of config.toml.
    pub config: Map<String, Value>,
    /// The same, of codex's MCP servers.
    pub servers: Wanted,
    /// Sets a dotted or plain key of `config` so that no two keys overlap.
    pub overlay: fn(&mut Map<String, Value>, &str, Value),
    /// Profiles of codex by their names.
    pub profiles: Profiles,
    /// What a call may ask for, and which sessions its host may know of.
    pub reach: Reach,
    /// What its host may do with them.
    pub rights: Rights,
    /// Whose its host is, over the network.
    pub principal: Option<Principal>,
    /// Whether a person may be asked by dialogs (`approvals.route`).
    pub dialogs: bool,
    /// The most bytes of a result.
    pub budget: usize,
    /// How long a task can be asked for after its end.
    pub keep: Duration,
    /// Whether legacy hosts get `codex/event` notifications besides.
    pub legacy_events: bool,
    /// Started as `codex mcp-server` was: unknown hosts wait to the end.
    pub drop_in: bool,
    /// Hears how long calls of tools took.
    pub meter: Meter,
    /// The user's own waits, by the name of the host.
    pub waits: BTreeMap<String, hosts::WaitPolicy>,
}

type Measure = dyn Fn(&str, bool, Duration) + Send + Sync;

/// Hears that a call of a tool was answered, whether with an error, and after which time.
#[derive(Clone)]
pub struct Meter(pub Arc<Measure>);

impl Default for Meter {
    fn default() -> Self {
        Self(Arc::new(|_, _, _| {}))
    }
}

impl std::fmt::Debug for Meter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Meter(…)")
    }
}

/// The end of a bridge that takes its time. Nothing of it ever fires where it does not.
#[derive(Clone, Debug, Default)]
pub struct Closing {
    /// No work begins any more.
    pub begun: CancellationToken,
    /// No call waits any more: it is answered with a handle.
    pub late: CancellationToken,
}

//! One running `codex app-server`: launched, initialized, and ended as a whole tree.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use super::items::SHORTEN;
use super::locate::{Lookup, locate};
use super::protocol::{Capabilities, ClientInfo, InitializeParams, InitializeResult};
use super::servers::without_paths;
use crate::event::ErrorInfo;
use crate::ids::Generation;
use crate::rpc::{CallError, Incoming, Limits, Peer};
use crate::session::AgentError;
use crate::supervise::{Child, Grace, PostMortem, Spec};

/// How long codex may take from its start to its first answer: 50–280 ms measured, more on a
/// machine under load.
const INITIALIZE: Duration = Duration::from_secs(30);

/// How codex is started.
#[derive(Clone, Debug)]
pub struct Launch {
    /// Where to look for it; looked at anew at each start, so that an install mends a running bridge.
    pub lookup: Lookup,
    /// Arguments after `app-server`.
    pub args: Vec<OsString>,
    /// Changes to its environment.
    pub env: Vec<(OsString, Option<OsString>)>,
    /// Its folder.
    pub cwd: Option<PathBuf>,
    /// The user's, which codex's `~` stands for.
    pub home: Option<PathBuf>,
    /// Hears of each start.
    pub started: Started,
    /// How long it may say nothing before it is asked whether it lives, and after that.
    pub health: Duration,
}

/// Hears that codex was started.
#[derive(Clone)]
pub struct Started(pub Arc<dyn Fn() + Send + Sync>);

impl Default for Started {
    fn default() -> Self {
        Self(Arc::new(|| {}))
    }
}

impl std::fmt::Debug for Started {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Started(…)")
    }
}

/// A codex that answers.
pub(super) struct Connection {
    pub generation: Generation,
    pub peer: Peer,
    pub incoming: mpsc::Receiver<Incoming>,
    pub version: String,
    /// Its CODEX_HOME, as it says itself.
    pub home: String,
    child: Child,
}

impl Connection {
    /// Starts codex and greets it.
    pub async fn open(
        launch: &Launch,
        generation: Generation,
        tasks: &TaskTracker,
    ) -> Result<Self, AgentError> {
        let found =
            locate(&launch.lookup).map_err(|error| fault("codex_missing", error.to_string(), None))?;
        if let Some(path) = &found.passed_over {
            let used = found.binary.display();
            tracing::warn!(
                "codex.bin names {}, which cannot be used; {used} from PATH is used instead",
                path.display()
            );
        }
        let mut args = vec![OsString::from("app-server")];
        args.extend(launch.args.iter().cloned());
        let spec = Spec { program: found.binary, args, env: launch.env.clone(), cwd: launch.cwd.clone() };
        let (child, stdin, stdout) = Child::spawn(&spec, tasks)
            .map_err(|error| fault("codex_start_failed", error.to_string(), None))?;
        let limits = Limits { shorten: SHORTEN, ..Limits::default() };
        let (peer, incoming) = Peer::start(stdout, stdin, limits, tasks);
        let connection =
            Self { generation, peer, incoming, version: String::new(), home: String::new(), child };
        match connection.greet().await {
            Ok((version, home)) => Ok(Self { version, home, ..connection }),
            Err(error) => {
                let end = without_paths(&connection.end().await.to_string());
                let message = format!("codex did not start: {error}; it {end}");
                Err(fault(
                    "codex_start_failed",
                    message,
                    Some("`codex app-server` in a terminal shows what it says"),
                ))
            }
        }
    }

    /// Its version and its home.
    async fn greet(&self) -> Result<(String, String), CallError> {
        let params = InitializeParams {
            client_info: ClientInfo {
                name: "codex-bridge",
                title: "codex-bridge",
                version: env!("CARGO_PKG_VERSION"),
            },
            capabilities: Capabilities { experimental_api: true },
        };
        let answer = self.peer.call("initialize", &params, INITIALIZE).await?;
        self.peer.notify::<()>("initialized", None).await?;
        let answer: InitializeResult = serde_json::from_str(answer.get()).unwrap_or_default();
        let version = answer.user_agent.split(['/', ' ']).nth(1).unwrap_or_default();
        Ok((version.to_owned(), answer.codex_home))
    }

    /// Ends it and all that it started: end of input, then TERM, then KILL.
    pub async fn end(self) -> PostMortem {
        self.peer.close();
        drop(self.incoming);
        self.child.end(Grace::default()).await
    }
}

/// A fault of the agent, for a caller.
pub(super) fn fault(code: &str, message: String, remedy: Option<&str>) -> AgentError {
    AgentError(ErrorInfo {
        code: code.to_owned(),
        message,
        remedy: remedy.map(str::to_owned),
        retryable: code != "codex_missing",
    })
}

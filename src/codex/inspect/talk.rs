//! A conversation with a codex that was started for it: does it answer, who is signed in, what does it say of
//! its configuration and its MCP servers.

use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use super::servers::{McpServer, servers};
use crate::codex::Launch;
use crate::codex::connection::Connection;
use crate::codex::protocol::{
    AccountRead, AccountReadParams, ConfigRead, ConfigReadParams, ConfigWarning, McpServerStatuses,
    McpServerStatusesParams,
};
use crate::ids::Generation;
use crate::rpc::{Incoming, Peer};

/// How long codex is heard after its input has ended: it goes within 16 ms.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What came of it. Each part for itself: one that fails leaves the others.
#[derive(Debug)]
pub struct Talk {
    /// How long it took to its first answer.
    pub took: Duration,
    /// Its home, as it says itself.
    pub home: String,
    /// What it has to complain of in its configuration files.
    pub complaints: Vec<String>,
    /// Whether it can read its configuration.
    pub config: Result<(), String>,
    /// Who is signed in.
    pub account: Result<Account, String>,
    /// Its MCP servers.
    pub servers: Result<Vec<McpServer>, String>,
}

/// Whose model is used, and whether it may be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// How somebody is signed in, in words.
    pub signed_in: Option<String>,
    /// Whether the configured model needs that.
    pub needed: bool,
    /// The provider of the configuration, where it is not OpenAI.
    pub provider: Option<Provider>,
}

/// A model provider of codex's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Its name there.
    pub name: String,
    /// The variable that has its key.
    pub env_key: Option<String>,
}

/// Starts a codex, asks it, and ends it, each answer within `deadline`. `cwd`: whose projects count.
///
/// # Errors
/// What happened instead of a first answer.
pub async fn talk(launch: &Launch, cwd: &Path, deadline: Duration) -> Result<Talk, String> {
    let tasks = TaskTracker::new();
    let began = Instant::now();
    let opened = tokio::time::timeout(deadline, Connection::open(launch, Generation(1), &tasks)).await;
    let mut connection = match opened {
        Ok(Ok(connection)) => connection,
        Ok(Err(error)) => return Err(error.0.message),
        Err(_) => {
            return Err(format!("`codex app-server` did not answer `initialize` within {}", words(deadline)));
        }
    };
    let took = began.elapsed();
    let peer = connection.peer.clone();
    let mut complaints = Vec::new();
    let Asked { config, account, servers } = tokio::select! {
        asked = ask(&peer, cwd, deadline) => asked,
        () = listen(&mut connection.incoming, &mut complaints) => {
            let ended = || "codex ended while it was asked".to_owned();
            Asked { config: Err(ended()), account: Err(ended()), servers: Err(ended()) }
        }
    };
    let home = connection.home.clone();
    // An answer overtakes what was said before it: the rest is heard to its end, which this makes come.
    peer.close();
    drop(peer);
    let _ = tokio::time::timeout(LAST_WORDS, listen(&mut connection.incoming, &mut complaints)).await;
    connection.end().await;
    tasks.close();
    // Its guard is done when the child is; a child that the kernel holds is not waited for.
    let _ = tokio::time::timeout(deadline, tasks.wait()).await;
    Ok(Talk { took, home, complaints, config, account, servers })
}

struct Asked {
    config: Result<(), String>,
    account: Result<Account, String>,
    servers: Result<Vec<McpServer>, String>,
}

async fn ask(peer: &Peer, cwd: &Path, deadline: Duration) -> Asked {
    let cwd = ConfigReadParams { cwd: cwd.display().to_string() };
    let every = McpServerStatusesParams { detail: "toolsAndAuthOnly", limit: 1000 };
    let (config, account, statuses) = tokio::join!(
        call::<ConfigRead>(peer, "config/read", &cwd, deadline),
        call::<AccountRead>(peer, "account/read", &AccountReadParams {}, deadline),
        call::<McpServerStatuses>(peer, "mcpServerStatus/list", &every, deadline),
    );
    let config = config.map(|read| read.config);
    let known = config.as_ref().unwrap_or(&Value::Null);
    Asked {
        account: account.map(|read| account_of(&read, known)),
        servers: statuses.map(|statuses| servers(statuses, known)),
        config: config.map(|_| ()),
    }
}

/// Who is signed in at a codex that runs.
pub(in crate::codex) async fn who(peer: &Peer, cwd: &Path, deadline: Duration) -> Result<Account, String> {
    let cwd = ConfigReadParams { cwd: cwd.display().to_string() };
    let (config, account) = tokio::join!(
        call::<ConfigRead>(peer, "config/read", &cwd, deadline),
        call::<AccountRead>(peer, "account/read", &AccountReadParams {}, deadline),
    );
    Ok(account_of(&account?, &config?.config))
}

async fn call<T: DeserializeOwned>(
    peer: &Peer,
    method: &'static str,
    params: &impl Serialize,
    deadline: Duration,
) -> Result<T, String> {
    let answer = peer.call(method, params, deadline).await.map_err(|error| error.to_string())?;
    serde_json::from_str(answer.get())
        .map_err(|error| format!("the answer to `{method}` is strange: {error}"))
}

/// Hears what codex says until it ends: nothing may wait unread. A question is declined by being dropped.
async fn listen(incoming: &mut mpsc::Receiver<Incoming>, complaints: &mut Vec<String>) {
    while let Some(said) = incoming.recv().await {
        let Incoming::Notification { method, params, .. } = said else { continue };
        if method != "configWarning" {
            continue;
        }
        let warning: ConfigWarning = serde_json::from_str(params.get()).unwrap_or_default();
        // One without a file is about the machine: that bubblewrap comes with codex, as it does for most.
        if warning.path.is_some() {
            let words = [Some(warning.summary), warning.details].into_iter().flatten();
            complaints.push(words.collect::<Vec<_>>().join(" "));
        }
    }
}

pub(super) fn account_of(read: &AccountRead, config: &Value) -> Account {
    let signed_in = read.account["type"].as_str().map(|kind| match kind {
        "apiKey" => "with an API key".to_owned(),
        "chatgpt" => match read.account["planType"].as_str() {
            Some(plan) => format!("with ChatGPT, plan {plan}"),
            None => "with ChatGPT".to_owned(),
        },
        other => format!("as {other}"),
    });
    let name = config["model_provider"].as_str().filter(|name| *name != "openai");
    let provider = name.map(|name| {
        let env_key = config["model_providers"][name]["env_key"].as_str();
        Provider { name: name.to_owned(), env_key: env_key.map(str::to_owned) }
    });
    Account { signed_in, needed: read.requires_openai_auth, provider }
}

fn words(deadline: Duration) -> String {
    humantime::format_duration(deadline).to_string()
}

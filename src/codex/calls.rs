//! The calls to codex that the bridge makes, each with its deadline and its error in our terms.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::account;
use super::connection::{Launch, fault};
use super::environment::with_env;
use super::missed;
use super::protocol::{
    ConfigRead, ConfigReadParams, Thread, ThreadOpened, ThreadRead, ThreadRef, ThreadStartParams, TurnOpened,
    TurnStartParams, TurnSteerParams, UserInput,
};
use super::review;
use super::sandbox::{Sandboxed, sandboxed};
use super::servers::{Plan, Secrets, Wishes, required_failed};
use crate::event::{Body, SessionInfo};
use crate::ids::{Generation, ThreadId, TurnId};
use crate::rpc::{CallError, Peer};
use crate::servers::gather;
use crate::session::{
    Accepts, AgentError, Fork, Image, Missed, Opened, SteerError, ThreadParams, TurnParams,
};

/// A thread's start: 40–90 ms warm, 7.5 s for sixty at once with an MCP server each.
const OPEN: Duration = Duration::from_secs(120);

/// A turn's start is answered at once.
pub(super) const TURN: Duration = Duration::from_secs(60);

/// So is its end.
const STOP: Duration = Duration::from_secs(10);

/// A word to a running turn is answered at once too; the answer to a question waits for it.
pub(super) const NOTE: Duration = Duration::from_secs(2);

/// The name of the fault that an answer was too long to be taken.
pub(super) const TOO_LONG: &str = "codex_too_long";

/// What to do about a codex that lacks something.
const UPDATE: &str =
    "update codex (npm i -g @openai/codex), then call again; `codex-bridge doctor` names all that it lacks";

/// A thread that codex has loaded.
pub(super) struct Loaded {
    pub opened: Opened,
    /// What its session is told of its MCP servers.
    pub notes: Vec<Body>,
    /// What nothing may show that codex says of it.
    pub secrets: Secrets,
    /// What to do where its turns fail for want of sign-in.
    pub remedy: account::Remedy,
    /// Whether it may be used as codex has opened it.
    pub accepts: Accepts,
}

/// `thread/start`.
pub(super) async fn start(
    peer: &Peer,
    launch: &Launch,
    params: &ThreadParams,
    generation: Generation,
) -> Result<Loaded, AgentError> {
    let own = own_config(peer, &params.cwd).await?;
    let Sandboxed { start, mut config, turn } = sandboxed(params, &own, launch.home.as_deref());
    with_env(&mut config, &own, &params.around.env);
    let Plan { config: servers, notes, secrets } = servers(params, &own, true).await?;
    if !servers.is_empty() {
        config.insert("mcp_servers".to_owned(), Value::Object(servers));
    }
    let remedy = account::remedy(&own, &config);
    let (hidden, accepts) = (secrets.of_open(params), params.around.accepts.clone());
    let params = ThreadStartParams {
        cwd: Some(params.cwd.clone()),
        model: params.model.clone(),
        approval_policy: params.approval_policy.clone(),
        sandbox: start,
        config,
        base_instructions: params.base_instructions.clone(),
        developer_instructions: params.developer_instructions.clone(),
        thread_source: params.around.thread_source.clone(),
        ..ThreadStartParams::default()
    };
    let opened: Result<ThreadOpened, _> = call(peer, "thread/start", &params, OPEN).await;
    let opened = opened.map_err(|error| without_secrets(error, &hidden))?;
    Ok(Loaded { opened: into_opened(opened, generation, turn), notes, secrets, remedy, accepts })
}

/// The MCP servers of a thread. `fresh`: it begins now.
async fn servers(params: &ThreadParams, own: &Value, fresh: bool) -> Result<Plan, AgentError> {
    let wishes = Wishes {
        around: params.around.clone(),
        wanted: params.servers.clone(),
        own: own.get("mcp_servers").cloned().unwrap_or_default(),
        cwd: params.cwd.clone().into(),
    };
    // It looks at files, perhaps on a slow disk.
    let planning = tokio::task::spawn_blocking(move || {
        gather(&wishes.around.sources, &wishes.wanted, &wishes.cwd, fresh)
            .map(|gathered| wishes.plan(gathered))
    });
    match planning.await {
        Ok(Ok(plan)) => Ok(plan),
        Ok(Err(error)) => {
            let mut fault = fault("mcp_file", error.to_string(), None);
            fault.0.retryable = false;
            Err(fault)
        }
        Err(_) => Err(fault(
            "bridge_fault",
            "the MCP servers of the session could not be made out".to_owned(),
            None,
        )),
    }
}

fn without_secrets(error: AgentError, secrets: &Secrets) -> AgentError {
    let mut error = required_failed(&error.0.message).unwrap_or(error);
    error.0.message = secrets.hide(&error.0.message);
    error
}

/// What codex's own configuration says in a folder, that of its repository included.
async fn own_config(peer: &Peer, cwd: &str) -> Result<Value, AgentError> {
    let params = ConfigReadParams { cwd: cwd.to_owned() };
    let read: ConfigRead = call(peer, "config/read", &params, OPEN).await?;
    Ok(read.config)
}

/// `thread/resume`. codex keeps policy, model, effort and instructions of a thread; its sandbox and the
/// rest of `config` it forgets. Giving a model or an effort would drop the kept pair, so neither is.
pub(super) async fn resume(
    peer: &Peer,
    launch: &Launch,
    thread: &ThreadId,
    params: &ThreadParams,
    known: Option<&TurnId>,
    generation: Generation,
) -> Result<Loaded, AgentError> {
    let mut params = params.clone();
    if params.cwd.is_empty() {
        // With none, codex would say what its configuration is in its own folder.
        params.cwd = kept(peer, thread).await?.cwd;
    }
    let Again { sandbox, mut config, turn, mut notes, secrets, remedy } =
        again(peer, launch, &params).await?;
    let (hidden, accepts) = (secrets.of_open(&params), params.around.accepts.clone());
    config.retain(|key, _| key != "model" && key != "model_reasoning_effort");
    let params = ThreadStartParams {
        thread_id: Some(thread.to_string()),
        exclude_turns: Some(true),
        sandbox,
        config,
        ..ThreadStartParams::default()
    };
    let mut opened: Result<ThreadOpened, _> = call(peer, "thread/resume", &params, OPEN).await;
    if opened.as_ref().is_err_and(|error| error.0.message.contains("is archived")) {
        let of_thread = ThreadRef { thread_id: thread.to_string() };
        call::<_, Value>(peer, "thread/unarchive", &of_thread, OPEN).await?;
        let message = "the thread was archived, and is taken out of the archive to go on".to_owned();
        notes.push(Body::warning(message));
        opened = call(peer, "thread/resume", &params, OPEN).await;
    }
    let opened = opened.map_err(|error| without_secrets(explain(error, thread), &hidden))?;
    let mut opened = into_opened(opened, generation, turn);
    match missed::missed(peer, thread, known).await {
        Ok(missed) => opened.missed = missed,
        Err(error) => {
            let message = format!("what other programs did in this thread could not be read back: {error}");
            notes.push(Body::warning(message));
        }
    }
    Ok(Loaded { opened, notes, secrets, remedy, accepts })
}

/// `thread/fork`. Of a thread's settings codex keeps the policy alone (measured): the rest is given again,
/// model and effort as they are by now.
pub(super) async fn fork(
    peer: &Peer,
    launch: &Launch,
    fork: &Fork,
    params: &ThreadParams,
    generation: Generation,
) -> Result<Loaded, AgentError> {
    let mut params = params.clone();
    let thread = kept(peer, &fork.thread).await?;
    if params.cwd.is_empty() {
        params.cwd = thread.cwd;
    }
    let Again { sandbox, mut config, turn, notes, secrets, remedy } = again(peer, launch, &params).await?;
    let (hidden, accepts) = (secrets.of_open(&params), params.around.accepts.clone());
    if let Some(effort) = thread.reasoning_effort {
        config.insert("model_reasoning_effort".to_owned(), Value::String(effort));
    }
    let params = ThreadStartParams {
        thread_id: Some(fork.thread.to_string()),
        last_turn_id: fork.turn.as_ref().map(TurnId::to_string),
        exclude_turns: Some(true),
        cwd: Some(params.cwd),
        model: thread.model.or(params.model),
        approval_policy: params.approval_policy,
        sandbox,
        config,
        base_instructions: params.base_instructions,
        developer_instructions: params.developer_instructions,
        thread_source: params.around.thread_source.clone(),
    };
    let opened: Result<ThreadOpened, _> = call(peer, "thread/fork", &params, OPEN).await;
    let opened = opened.map_err(|error| without_secrets(unforked(error, fork), &hidden))?;
    let mut opened = into_opened(opened, generation, turn);
    opened.info.forked_from = Some(fork.thread.clone());
    Ok(Loaded { opened, notes, secrets, remedy, accepts })
}

/// What a thread is given that goes on.
struct Again {
    sandbox: Option<String>,
    config: Map<String, Value>,
    turn: Option<Value>,
    notes: Vec<Body>,
    secrets: Secrets,
    remedy: account::Remedy,
}

async fn again(peer: &Peer, launch: &Launch, params: &ThreadParams) -> Result<Again, AgentError> {
    let own = own_config(peer, &params.cwd).await?;
    let Sandboxed { start, mut config, turn } = sandboxed(params, &own, launch.home.as_deref());
    with_env(&mut config, &own, &params.around.env);
    let Plan { config: servers, notes, secrets } = servers(params, &own, false).await?;
    if !servers.is_empty() {
        config.insert("mcp_servers".to_owned(), Value::Object(servers));
    }
    let remedy = account::remedy(&own, &config);
    Ok(Again { sandbox: start, config, turn, notes, secrets, remedy })
}

/// What codex keeps of a thread, also of one that another program made or has.
async fn kept(peer: &Peer, thread: &ThreadId) -> Result<Thread, AgentError> {
    let of_thread = ThreadRef { thread_id: thread.to_string() };
    let read: Result<ThreadRead, _> = call(peer, "thread/read", &of_thread, OPEN).await;
    Ok(read.map_err(|error| explain(error, thread))?.thread)
}

fn unforked(error: AgentError, fork: &Fork) -> AgentError {
    let Some(turn) = fork.turn.as_ref().filter(|_| error.0.message.contains("turn not found")) else {
        return explain(error, &fork.thread);
    };
    let message = format!("session `{}` has no turn `{turn}` to branch off at", fork.thread);
    let remedy = "`codex-sessions` with its `threadId` lists its turns; `latest` takes all of them";
    let mut fault = fault("turn_unknown", message, Some(remedy));
    fault.0.retryable = false;
    fault
}

/// `turn/start`, or what else begins a turn. `thread/compact/start` names none: `turn/started` does.
pub(super) async fn run(
    peer: &Peer,
    thread: &ThreadId,
    turn: TurnParams,
) -> Result<Option<TurnId>, AgentError> {
    let peer = &peer.traced(turn.trace);
    if turn.compact {
        let of_thread = ThreadRef { thread_id: thread.to_string() };
        return call::<_, Value>(peer, "thread/compact/start", &of_thread, TURN).await.map(|_| None);
    }
    if let Some(target) = turn.review {
        return review::start(peer, thread, *target).await.map(Some);
    }
    let params = TurnStartParams {
        thread_id: thread.to_string(),
        input: input(turn.prompt, turn.images),
        output_schema: turn.output_schema,
        model: turn.model,
        effort: turn.effort,
        sandbox_policy: turn.sandbox_policy,
    };
    let opened: TurnOpened = call(peer, "turn/start", &params, TURN).await?;
    Ok(Some(TurnId::from(opened.turn.id)))
}

/// `thread/unsubscribe`: codex closes the thread a minute later, and another program can take it.
pub(super) async fn release(peer: &Peer, thread: &ThreadId) -> Result<(), AgentError> {
    let of_thread = ThreadRef { thread_id: thread.to_string() };
    call::<_, Value>(peer, "thread/unsubscribe", &of_thread, STOP).await.map(|_| ())
}

/// Asks for the least that codex can be asked for: that it answers is the answer.
pub(super) async fn probe(peer: &Peer, patience: Duration) {
    let _: Result<Value, _> = call(peer, "thread/loaded/list", &Value::Object(Map::new()), patience).await;
}

/// `turn/steer`: words and images that the model sees with what comes next in its turn. Nothing else of `more`
/// can be given to a turn that runs.
pub(super) async fn steer(
    peer: &Peer,
    thread: &ThreadId,
    turn: &TurnId,
    more: TurnParams,
    deadline: Duration,
) -> Result<(), AgentError> {
    let params = TurnSteerParams {
        thread_id: thread.to_string(),
        expected_turn_id: turn.to_string(),
        input: input(more.prompt, more.images),
    };
    call::<_, Value>(peer, "turn/steer", &params, deadline).await.map(|_| ())
}

/// Whether the turn was over: then what was said belongs into the next.
pub(super) fn steer_error(error: AgentError) -> SteerError {
    let said = &error.0.message;
    // A compaction or a review takes nothing more either.
    let words = ["no active turn", "expected active turn id", "cannot steer"];
    let over = words.iter().any(|words| said.contains(words));
    // A codex that is gone has no turn any more either.
    if over || error.0.code == "codex_lost" { SteerError::Over } else { SteerError::Other(error) }
}

fn input(words: String, images: Vec<Image>) -> Vec<UserInput> {
    let image = |image| match image {
        Image::File(path) => UserInput::LocalImage { path },
        Image::Address(url) => UserInput::Image { url },
    };
    let words = UserInput::Text { text: words, text_elements: [] };
    std::iter::once(words).chain(images.into_iter().map(image)).collect()
}

pub(super) async fn call<P: Serialize + Sync, T: DeserializeOwned>(
    peer: &Peer,
    method: &'static str,
    params: &P,
    deadline: Duration,
) -> Result<T, AgentError> {
    let answer = peer.call(method, params, deadline).await.map_err(|error| translate(method, error))?;
    serde_json::from_str(answer.get()).map_err(|error| {
        let message = format!("codex answered `{method}` in a way that this bridge does not read: {error}");
        fault("codex_protocol", message, Some("use a codex version that the README names"))
    })
}

fn translate(method: &str, error: CallError) -> AgentError {
    match error {
        CallError::Rejected(error) if account::relogin(&error) => account::refused(&error.message),
        // So it answers a method that it does not have.
        CallError::Rejected(error) if error.message.contains(&format!("unknown variant `{method}`")) => {
            let message = format!("this codex does not have `{method}`, which the call needs");
            let mut fault = fault("codex_too_old", message, Some(UPDATE));
            fault.0.retryable = false;
            fault
        }
        CallError::Rejected(error) => {
            fault("codex_refused", format!("codex refused: {}", error.message), None)
        }
        CallError::TooLong { .. } => {
            let mut fault = fault(TOO_LONG, error.to_string(), None);
            fault.0.retryable = false;
            fault
        }
        CallError::TimedOut { .. } => fault("codex_silent", error.to_string(), Some("call again")),
        error => fault("codex_lost", error.to_string(), Some("call again: codex is started anew")),
    }
}

/// What codex says of a thread that it will not resume, as a person can use it.
pub(super) fn explain(error: AgentError, thread: &ThreadId) -> AgentError {
    let said = error.0.message.to_lowercase();
    if said.contains("active writer") {
        let message = format!("session `{thread}` is held by another codex (a terminal or an IDE)");
        let remedy = "close it there (a codex that let it go frees it within a minute), then call again; or go on in a copy: \
                      `codex-reply` with `fork`: `latest`";
        return fault("thread_held", message, Some(remedy));
    }
    let unknown = ["no rollout", "not found", "not loaded", "invalid thread id", "no thread"];
    if unknown.iter().any(|words| said.contains(words)) {
        let message = format!("there is no session `{thread}`: codex does not know it");
        let remedy = "check the `threadId`, or start a new session with `codex`";
        let mut fault = fault("thread_unknown", message, Some(remedy));
        fault.0.retryable = false;
        return fault;
    }
    error
}

/// `turn` is the sandbox that each turn gets; without it that of the thread counts.
fn into_opened(opened: ThreadOpened, generation: Generation, turn: Option<Value>) -> Opened {
    let word = |value: &Value| value.as_str().map(str::to_owned);
    let policy = &opened.approval_policy;
    let effective = turn.as_ref().unwrap_or(&opened.sandbox);
    let sandbox = match effective.get("type").and_then(Value::as_str) {
        Some("readOnly") => Some("read-only".to_owned()),
        Some("workspaceWrite") => Some("workspace-write".to_owned()),
        Some("dangerFullAccess") => Some("danger-full-access".to_owned()),
        Some(other) => Some(other.to_owned()),
        None => word(effective),
    };
    Opened {
        thread: ThreadId::from(opened.thread.id),
        info: SessionInfo {
            cwd: opened.cwd.unwrap_or_default(),
            model: opened.model,
            sandbox,
            approval_policy: word(policy).or_else(|| policy.as_object()?.keys().next().cloned()),
            codex_version: opened.thread.cli_version,
            resumed: false,
            forked_from: None,
        },
        generation,
        sandbox_policy: turn,
        missed: Missed::default(),
    }
}

#[cfg(test)]
mod tests;

//! codex's notifications as what a session understands. Pure.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use super::place::Place;
use super::protocol::account::{RateLimitSnapshot, RateLimitsUpdated};
use super::protocol::{Turn, TurnError};
use super::servers::{known_as, plain_fault};
use super::text::text;
use super::{account, depth, items};
use crate::event::{Body, ErrorInfo, PlanStep, Tokens, TurnStatus};
use crate::ids::{ThreadId, TurnId};
use crate::session::{AgentEvent, Used};

/// Known, and of no use to a session: said elsewhere, or about the process.
pub(super) const PASSED_OVER: &[&str] = &[
    "account/login/completed",
    "account/updated",
    "app/list/updated",
    "deprecationNotice",
    "item/commandExecution/terminalInteraction",
    "item/fileChange/outputDelta",
    "item/fileChange/patchUpdated",
    "item/mcpToolCall/progress",
    "item/plan/delta",
    "item/reasoning/summaryPartAdded",
    "item/reasoning/summaryTextDelta",
    "item/reasoning/textDelta",
    "remoteControl/status/changed",
    "skills/changed",
    "thread/environment/connected",
    "thread/goal/cleared",
    "thread/goal/updated",
    "thread/name/updated",
    "thread/readState/changed",
    "thread/settings/updated",
    "thread/started",
    "thread/status/changed",
];

/// What a notification is.
#[derive(Debug, PartialEq)]
pub enum Notice {
    /// For a session.
    Session(ThreadId, Box<AgentEvent>),
    /// A question of codex is closed; its id, as JSON text.
    Resolved(ThreadId, String),
    /// What is left of the account.
    Limits(RateLimitSnapshot),
    /// For every session: it names none.
    Everyone(Body),
    /// For nobody.
    Nothing,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Of<T> {
    thread_id: String,
    #[serde(default)]
    turn_id: Option<String>,
    #[serde(flatten)]
    rest: T,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Piece {
    item_id: String,
    delta: String,
}

#[derive(Debug, Deserialize)]
struct OfTurn {
    turn: Turn,
}

/// An item stays as it came until it is known what it is: there may be a megabyte in it, which each look
/// at it as a value would copy.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OfItem<'a> {
    thread_id: String,
    #[serde(default)]
    turn_id: Option<String>,
    #[serde(borrow)]
    item: &'a RawValue,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OfDiff<'a> {
    thread_id: String,
    #[serde(default)]
    turn_id: Option<String>,
    #[serde(borrow)]
    diff: &'a RawValue,
}

#[derive(Debug, Deserialize)]
struct Plan {
    #[serde(default)]
    plan: Vec<Step>,
    #[serde(default)]
    explanation: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Step {
    step: String,
    status: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Usage {
    token_usage: TokenUsage,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TokenUsage {
    total: Counts,
    last: Counts,
    #[serde(default)]
    model_context_window: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Counts {
    input_tokens: u64,
    cached_input_tokens: u64,
    output_tokens: u64,
    reasoning_output_tokens: u64,
    total_tokens: u64,
}

#[derive(Debug, Deserialize)]
struct Server {
    name: String,
    status: String,
    #[serde(default)]
    error: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fault {
    error: TurnError,
    #[serde(default)]
    will_retry: bool,
}

#[derive(Debug, Deserialize)]
struct Warning {
    message: String,
}

#[derive(Debug, Deserialize)]
struct ConfigWarning {
    summary: String,
    #[serde(default)]
    details: Option<String>,
    #[serde(default)]
    path: Option<String>,
}

impl ConfigWarning {
    fn words(self) -> String {
        let path = self.path.map(|path| format!("{path}: ")).unwrap_or_default();
        let details = self.details.map(|details| format!(": {details}")).unwrap_or_default();
        format!("{path}{}{details}", self.summary)
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resolved {
    request_id: Value,
}

/// Translates a notification. One that cannot be read as its method says stays raw.
#[must_use]
pub fn notice(method: &str, params: &str) -> Notice {
    known(method, params).unwrap_or_else(|| raw(method, params))
}

/// A question that no part of the bridge answers, for the record: it has been refused.
#[must_use]
pub fn unknown_request(method: &str, params: &str) -> Notice {
    raw(&format!("request:{method}"), params)
}

fn known(method: &str, params: &str) -> Option<Notice> {
    Some(match method {
        "item/agentMessage/delta" => {
            said(params, |p: Piece| Some(Body::AssistantDelta { item_id: p.item_id, text: p.delta }))?
        }
        "item/commandExecution/outputDelta" => {
            said(params, |p: Piece| Some(Body::ToolOutput { item_id: p.item_id, text: p.delta }))?
        }
        "item/started" => item(params, items::started)?,
        "item/completed" => item(params, items::completed)?,
        "turn/diff/updated" => {
            let of: OfDiff<'_> = serde_json::from_str(params).ok()?;
            let turn = of.turn_id.map(TurnId::from);
            say(of.thread_id.into(), turn, Body::Diff { diff: text(of.diff)? })
        }
        "turn/plan/updated" => said(params, |p: Plan| Some(plan(p)))?,
        "mcpServer/startupStatus/updated" => said_to_some(params, |p: Server| {
            let (name, error) = (known_as(&p.name).to_owned(), p.error.as_deref().map(plain_fault));
            let (source, transport, target) = (None, None, None);
            Body::McpServer { name, status: p.status, error, source, transport, target }
        })?,
        "warning" | "guardianWarning" => said_to_some(params, |p: Warning| Body::warning(p.message))?,
        "configWarning" => said_to_some(params, |p: ConfigWarning| Body::warning(p.words()))?,
        "error" => said(params, |p: Fault| Some(Body::Error(fault(&p.error, p.will_retry))))?,
        "turn/started" => {
            let of: Of<OfTurn> = read(params)?;
            let turn = of.rest.turn;
            let event = AgentEvent::TurnStarted(TurnId::from(turn.root_turn_id.unwrap_or(turn.id)));
            Notice::Session(ThreadId::from(of.thread_id), Box::new(event))
        }
        "turn/completed" => {
            let of: Of<OfTurn> = read(params)?;
            Notice::Session(ThreadId::from(of.thread_id), Box::new(ended(of.rest.turn)))
        }
        "thread/tokenUsage/updated" => used(read(params)?),
        "account/rateLimits/updated" => Notice::Limits(read::<RateLimitsUpdated>(params)?.rate_limits),
        "serverRequest/resolved" => {
            let of: Of<Resolved> = read(params)?;
            Notice::Resolved(ThreadId::from(of.thread_id), of.rest.request_id.to_string())
        }
        _ if PASSED_OVER.contains(&method) => Notice::Nothing,
        _ => return None,
    })
}

/// The own id of a turn that begins as a part of another; as [`notice`] has it, it is that one.
pub(super) fn part(method: &str, params: &str) -> Option<TurnId> {
    if method != "turn/started" {
        return None;
    }
    let of: Of<OfTurn> = read(params)?;
    Some(TurnId::from(of.rest.turn.id))
}

fn read<T: DeserializeOwned>(params: &str) -> Option<T> {
    serde_json::from_str(params).ok()
}

fn said<T: DeserializeOwned>(params: &str, body: impl FnOnce(T) -> Option<Body>) -> Option<Notice> {
    let of: Of<T> = read(params)?;
    let Some(body) = body(of.rest) else { return Some(Notice::Nothing) };
    Some(say(of.thread_id.into(), of.turn_id.map(TurnId::from), body))
}

/// For the session that it names, or for all where it names none.
fn said_to_some<T: DeserializeOwned>(params: &str, body: impl FnOnce(T) -> Body) -> Option<Notice> {
    let place = Place::of(params);
    let body = body(read(params)?);
    Some(match place.thread() {
        Some(thread) => say(thread, place.turn(), body),
        None => Notice::Everyone(body),
    })
}

fn item(params: &str, body: fn(&RawValue) -> Option<Body>) -> Option<Notice> {
    let of: OfItem<'_> = serde_json::from_str(params).ok()?;
    let Some(body) = body(of.item) else { return Some(Notice::Nothing) };
    Some(say(of.thread_id.into(), of.turn_id.map(TurnId::from), body))
}

fn say(thread: ThreadId, turn: Option<TurnId>, body: Body) -> Notice {
    Notice::Session(thread, Box::new(AgentEvent::Said { turn, body }))
}

fn raw(method: &str, params: &str) -> Notice {
    let place = Place::of(params);
    let Some(thread) = place.thread() else {
        tracing::debug!(method, "codex said something that names no session");
        return Notice::Nothing;
    };
    let params = depth::parse(params);
    say(thread, place.turn(), Body::Raw { method: method.to_owned(), params })
}

fn plan(plan: Plan) -> Body {
    let status = |status: String| if status == "inProgress" { "in_progress".into() } else { status };
    let steps = plan.plan.into_iter().map(|s| PlanStep { step: s.step, status: status(s.status) });
    Body::Plan { steps: steps.collect(), explanation: plan.explanation }
}

fn used(of: Of<Usage>) -> Notice {
    let tokens = |c: &Counts| {
        let (output, reasoning) = (c.output_tokens, c.reasoning_output_tokens);
        Tokens::from_nested(c.input_tokens, c.cached_input_tokens, output, reasoning)
    };
    let usage = of.rest.token_usage;
    let event = AgentEvent::Used(Used {
        turn: of.turn_id.map(TurnId::from),
        total: tokens(&usage.total),
        last: tokens(&usage.last),
        context: usage.last.total_tokens,
        window: usage.model_context_window,
    });
    Notice::Session(ThreadId::from(of.thread_id), Box::new(event))
}

/// How a turn ended; `None` while it runs.
pub(super) fn status(word: &str) -> Option<TurnStatus> {
    match word {
        "inProgress" => None,
        "completed" => Some(TurnStatus::Completed),
        "interrupted" => Some(TurnStatus::Interrupted),
        _ => Some(TurnStatus::Failed),
    }
}

fn ended(turn: Turn) -> AgentEvent {
    AgentEvent::TurnEnded {
        turn: TurnId::from(turn.id),
        status: status(&turn.status).unwrap_or(TurnStatus::Failed),
        error: turn.error.map(|error| fault(&error, false)),
        duration_ms: turn.duration_ms,
    }
}

/// A fault of codex with a short name that stays, and what to do about it.
pub(super) fn fault(error: &TurnError, will_retry: bool) -> ErrorInfo {
    let info = &error.codex_error_info;
    if let Some(fault) = account::signed_out(&error.message, info) {
        return ErrorInfo { retryable: will_retry, ..fault };
    }
    let name = info.as_str().or_else(|| info.as_object()?.keys().next().map(String::as_str));
    let name = name.unwrap_or("other");
    let remedy = match name {
        "usageLimitExceeded" => Some("wait for the limit to reset, or use another model or account"),
        "contextWindowExceeded" => {
            Some("start a new session with `codex`, with the facts that matter in its prompt")
        }
        "sandboxError" => Some("check that codex's sandbox works here: `codex sandbox linux true`"),
        _ if will_retry => {
            Some("codex tries again by itself; `codex-wait` follows it, `codex-cancel` ends it")
        }
        _ => None,
    };
    let again = matches!(
        name,
        "serverOverloaded"
            | "httpConnectionFailed"
            | "responseStreamDisconnected"
            | "responseStreamConnectionFailed"
            | "internalServerError"
            | "responseTooManyFailedAttempts"
    );
    ErrorInfo {
        code: snake(name),
        message: error.message.clone(),
        remedy: remedy.map(str::to_owned),
        retryable: will_retry || again,
    }
}

fn snake(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

//! codex's questions in our terms. Pure.
//!
//! Every question must get exactly one answer: one without stalls the turn for ever, and an error
//! makes every MCP tool of codex fail. What is asked in a way that this bridge does not know is declined
//! in the shape of its method, and recorded; [`super::answers`] has the shapes.

use serde::Deserialize;
use serde_json::Value;

use super::answers::Shape;
use super::depth::is_deep;
use super::items::unwrap_shell;
use super::place::Place;
use super::servers::known_as;
use crate::event::{Choice, Decision, Question as Asked, RequestKind, Subject};
use crate::ids::{ThreadId, TurnId};
use crate::session::Ask;

/// A question that concerns a session.
#[derive(Debug, PartialEq)]
pub struct Question {
    /// The session.
    pub thread: ThreadId,
    /// The turn.
    pub turn: Option<TurnId>,
    /// What is asked.
    pub ask: Ask,
    /// What to answer for `approve-always`, in codex's words.
    pub always: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Params {
    item_id: Option<String>,
    cwd: Option<String>,
    reason: Option<String>,
    // item/commandExecution
    kind: Option<String>,
    command: Option<String>,
    network_approval_context: Option<Value>,
    additional_permissions: Option<Value>,
    available_decisions: Option<Vec<Value>>,
    // item/fileChange
    grant_root: Option<String>,
    // item/permissions
    permissions: Option<Value>,
    // item/tool/requestUserInput
    questions: Vec<UserQuestion>,
    // mcpServer/elicitation
    server_name: Option<String>,
    mode: Option<String>,
    message: Option<String>,
    requested_schema: Option<Value>,
    url: Option<String>,
    #[serde(rename = "_meta")]
    meta: Option<Meta>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Meta {
    codex_approval_kind: Option<String>,
    /// One word or a list of them.
    persist: Value,
    tool_name: Option<String>,
    tool_params: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct UserQuestion {
    id: String,
    header: String,
    question: String,
    is_other: bool,
    is_secret: bool,
    options: Option<Vec<UserOption>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct UserOption {
    label: String,
    description: String,
}

/// The question, if it names a session. `shape` is that of its method, `params` are its parameters as JSON.
#[must_use]
pub fn question(shape: Shape, params: &str) -> Option<Question> {
    let place = Place::of(params);
    let (thread, turn) = (place.thread()?, place.turn());
    // A member that is not as expected makes it a question of another kind, and not none.
    let params = serde_json::from_str(params).ok().filter(|params: &Params| !params.is_deep());
    let (ask, always) = match params {
        Some(params) => ask(shape, params),
        None => (unknown(), None),
    };
    Some(Question { thread, turn, ask, always })
}

impl Params {
    /// Whether there is something in it that could not be read again from an event.
    fn is_deep(&self) -> bool {
        let arguments = self.meta.as_ref().and_then(|meta| meta.tool_params.as_ref());
        let own = [
            &self.network_approval_context,
            &self.additional_permissions,
            &self.permissions,
            &self.requested_schema,
        ];
        own.into_iter().flatten().chain(arguments).any(is_deep)
    }
}

fn ask(shape: Shape, params: Params) -> (Ask, Option<Value>) {
    let kind = kind(shape, &params);
    if kind == RequestKind::Other {
        return (Ask { item_id: params.item_id, ..unknown() }, None);
    }
    let mut options = vec![Decision::Approve];
    let (mut proposed_rule, mut always) = (Vec::new(), None);
    match kind {
        RequestKind::Command => {
            let listed = params.available_decisions.iter().flatten();
            if let Some((decision, rule)) = listed.filter_map(amendment).next() {
                (proposed_rule, always) = (rule, Some(decision));
            }
            options.push(Decision::ApproveForSession);
        }
        RequestKind::FileChange | RequestKind::Permissions => options.push(Decision::ApproveForSession),
        RequestKind::McpTool => {
            let persist = params.meta.as_ref().map(|meta| &meta.persist);
            let may = |word: &str| {
                persist.is_some_and(|all| {
                    all == word || all.as_array().is_some_and(|all| all.iter().any(|w| w == word))
                })
            };
            if may("session") {
                options.push(Decision::ApproveForSession);
            }
            if may("always") {
                always = Some(Value::from("always"));
            }
        }
        RequestKind::McpForm | RequestKind::McpUrl | RequestKind::UserInput => options.push(Decision::Answer),
        RequestKind::Other => {}
    }
    if always.is_some() {
        options.push(Decision::ApproveAlways);
    }
    let item_id = params.item_id.clone();
    (Ask { kind, options, item_id, subject: subject(kind, params, proposed_rule) }, always)
}

fn kind(shape: Shape, params: &Params) -> RequestKind {
    match shape {
        Shape::Command => match params.kind.as_deref() {
            None | Some("command" | "writeStdin") => RequestKind::Command,
            // One that codex wants from a person at its own screen, or something new.
            Some(_) => RequestKind::Other,
        },
        Shape::FileChange => RequestKind::FileChange,
        Shape::Permissions => RequestKind::Permissions,
        Shape::UserInput if params.questions.is_empty() => RequestKind::Other,
        Shape::UserInput => RequestKind::UserInput,
        Shape::Elicitation => match params.mode.as_deref() {
            Some("form") if tool_of_codex(params).is_some() => RequestKind::McpTool,
            Some("form") => RequestKind::McpForm,
            Some("url") => RequestKind::McpUrl,
            _ => RequestKind::Other,
        },
    }
}

/// The tool, where codex itself asks before it calls one. A server's own questions come the same way, with
/// whatever `_meta` the server gave them: so only codex's sentence about that tool counts, with nothing
/// to fill in. To say yes to it is to allow that tool, whoever has written it. Before 0.169 the sentence alone
/// names the tool.
fn tool_of_codex(params: &Params) -> Option<&str> {
    let (meta, server) = (params.meta.as_ref()?, params.server_name.as_ref()?);
    let begin = format!("Allow the {server} MCP server to run tool \"");
    let tool = params.message.as_ref()?.strip_prefix(&begin)?.strip_suffix("\"?")?;
    let fields = params.requested_schema.as_ref().and_then(|schema| schema.get("properties")?.as_object());
    let asks = meta.codex_approval_kind.as_deref() == Some("mcp_tool_call")
        && meta.tool_name.as_deref().is_none_or(|named| named == tool)
        && fields.is_none_or(serde_json::Map::is_empty);
    asks.then_some(tool)
}

fn subject(kind: RequestKind, params: Params, proposed_rule: Vec<String>) -> Subject {
    let inner = params.command.as_deref().map(unwrap_shell);
    // In a server's own question it is whatever the server wrote.
    let tool = tool_of_codex(&params).filter(|_| kind == RequestKind::McpTool).map(str::to_owned);
    let meta = params.meta.unwrap_or_default();
    let of_server = matches!(kind, RequestKind::McpTool | RequestKind::McpForm | RequestKind::McpUrl);
    Subject {
        command_line: params.command.filter(|line| inner.as_ref() != Some(line)),
        command: inner,
        stdin: params.kind.as_deref() == Some("writeStdin"),
        cwd: params.cwd,
        reason: params.reason,
        network: params.network_approval_context,
        proposed_rule,
        grant_root: params.grant_root,
        changes: Vec::new(),
        server: params.server_name.filter(|_| of_server).map(|name| known_as(&name).to_owned()),
        tool,
        arguments: meta.tool_params.filter(|_| kind == RequestKind::McpTool),
        message: match kind {
            RequestKind::Permissions => Some(wanted(params.permissions.as_ref().unwrap_or(&Value::Null))),
            // Of a tool's call it is codex's own sentence, which the summary says better.
            RequestKind::McpTool => None,
            _ => params.message,
        },
        schema: params.requested_schema.filter(|_| kind == RequestKind::McpForm),
        url: params.url,
        permissions: params.permissions.or(params.additional_permissions),
        questions: params.questions.into_iter().map(asked).collect(),
    }
}

/// Permissions in words, for a person. What has no words here is said as it came.
fn wanted(permissions: &Value) -> String {
    let (mut words, mut rest) = (Vec::new(), permissions.clone());
    if rest.pointer("/network/enabled") == Some(&Value::Bool(true)) {
        words.push("network access".to_owned());
        take(&mut rest, "network", "enabled");
    }
    for access in ["read", "write"] {
        let paths = permissions.pointer(&format!("/fileSystem/{access}")).and_then(Value::as_array);
        let Some(paths) = paths.filter(|paths| paths.iter().all(Value::is_string)) else { continue };
        words.extend(paths.iter().filter_map(Value::as_str).map(|path| format!("{access} `{path}`")));
        take(&mut rest, "fileSystem", access);
    }
    let entries = permissions.pointer("/fileSystem/entries").and_then(Value::as_array);
    // All of them or none: what is left out of words must be in the rest.
    if let Some(entries) = entries.and_then(|all| all.iter().map(entry).collect::<Option<Vec<_>>>()) {
        words.extend(entries);
        take(&mut rest, "fileSystem", "entries");
    }
    if !says_nothing(&rest) {
        words.push(rest.to_string());
    }
    words.dedup();
    words.join(", ")
}

/// One entry, if it is no more than a way of access and a path.
fn entry(entry: &Value) -> Option<String> {
    let path = entry["path"].as_object()?;
    let named = ["path", "pattern"].iter().find_map(|name| path.get(*name)?.as_str())?;
    let plain = path.len() == 2 && path.contains_key("type") && entry.as_object()?.len() == 2;
    plain.then_some(())?;
    Some(format!("{} `{named}`", entry["access"].as_str()?))
}

fn take(value: &mut Value, outer: &str, inner: &str) {
    if let Some(members) = value.get_mut(outer).and_then(Value::as_object_mut) {
        members.remove(inner);
    }
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(members) => members.values().all(says_nothing),
        Value::Array(values) => values.is_empty(),
        _ => false,
    }
}

fn asked(question: UserQuestion) -> Asked {
    let option = |option: UserOption| Choice { label: option.label, description: option.description };
    Asked {
        id: question.id,
        header: question.header,
        question: question.question,
        options: question.options.into_iter().flatten().map(option).collect(),
        other: question.is_other,
        secret: question.is_secret,
    }
}

fn unknown() -> Ask {
    Ask { kind: RequestKind::Other, options: Vec::new(), item_id: None, subject: Subject::default() }
}

/// A decision of those that codex lists which makes a rule, and what the rule allows.
fn amendment(decision: &Value) -> Option<(Value, Vec<String>)> {
    if let Some(words) = decision.pointer("/acceptWithExecpolicyAmendment/execpolicy_amendment") {
        let words = words.as_array()?.iter().map(|word| word.as_str().map(str::to_owned));
        return Some((decision.clone(), words.collect::<Option<_>>()?));
    }
    let rule = decision.pointer("/applyNetworkPolicyAmendment/network_policy_amendment")?;
    let host = rule["host"].as_str().filter(|_| rule["action"] == "allow")?;
    Some((decision.clone(), vec![host.to_owned()]))
}

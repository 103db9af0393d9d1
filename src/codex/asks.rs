//! codex's questions in our terms. Pure.
//!
//! Every question must get exactly one answer: one without stalls the turn for ever, and an error
//! makes every MCP tool of codex fail. What is asked in a way that this bridge does not know is declined
//! in the shape of its method, and recorded; [`super::answers`] has the shapes.

use serde::Deserialize;
use serde_json::Value;

use super::answers::Shape;
use super::items::unwrap_shell;
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
    thread_id: Option<String>,
    turn_id: Option<String>,
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
    persist: Vec<String>,
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

/// The question, if it names a session. `shape` is that of its method.
#[must_use]
pub fn question(shape: Shape, raw: &Value) -> Option<Question> {
    // A member that is not as expected makes it a question of another kind, and not none.
    let params = Params::deserialize(raw).ok();
    let thread = raw.get("threadId")?.as_str()?;
    let turn = raw.get("turnId").and_then(Value::as_str).map(TurnId::from);
    let (ask, always) = match params {
        Some(params) => ask(shape, params),
        None => (unknown(), None),
    };
    Some(Question { thread: ThreadId::from(thread), turn, ask, always })
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
            let persist = params.meta.as_ref().map(|meta| meta.persist.as_slice()).unwrap_or_default();
            if persist.iter().any(|word| word == "session") {
                options.push(Decision::ApproveForSession);
            }
            if persist.iter().any(|word| word == "always") {
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
        Shape::UserInput => RequestKind::UserInput,
        Shape::Elicitation => {
            let approval = params.meta.as_ref().and_then(|meta| meta.codex_approval_kind.as_deref());
            match (approval, params.mode.as_deref()) {
                (Some("mcp_tool_call"), _) => RequestKind::McpTool,
                (None, Some("form")) => RequestKind::McpForm,
                (None, Some("url")) => RequestKind::McpUrl,
                _ => RequestKind::Other,
            }
        }
    }
}

fn subject(kind: RequestKind, params: Params, proposed_rule: Vec<String>) -> Subject {
    let inner = params.command.as_deref().map(unwrap_shell);
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
        server: params.server_name.filter(|_| of_server),
        tool: meta.tool_name,
        arguments: meta.tool_params,
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

/// Permissions in words, for a person.
fn wanted(permissions: &Value) -> String {
    let mut words = Vec::new();
    if permissions.pointer("/network/enabled") == Some(&Value::Bool(true)) {
        words.push("network access".to_owned());
    }
    let entries = permissions.pointer("/fileSystem/entries").and_then(Value::as_array);
    for entry in entries.into_iter().flatten() {
        let path = &entry["path"];
        let named = ["path", "pattern"].iter().find_map(|name| path[name].as_str());
        let place = named.or_else(|| path["value"]["kind"].as_str()).unwrap_or("?");
        words.push(format!("{} `{place}`", entry["access"].as_str().unwrap_or("?")));
    }
    if words.is_empty() { permissions.to_string() } else { words.join(", ") }
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

//! A question of codex as a request for a decision: its options, its line for a person, and what the
//! model is told when it ends with no. Pure.

use super::agent::Ask;
use crate::event::{
    DecidedBy, Decision, PermissionDecision, PermissionRequest, RequestKind, Subject, Timestamp, visible,
};
use crate::ids::ApprovalId;

/// The longest part of a summary, in characters: more is in the request itself.
const PART: usize = 200;

/// The request as it is recorded and shown.
pub(super) fn open(id: ApprovalId, ask: Ask, expires_at: Timestamp) -> PermissionRequest {
    let mut options = ask.options;
    options.extend([Decision::Decline, Decision::Cancel]);
    PermissionRequest {
        approval_id: id,
        kind: ask.kind,
        summary: summary(ask.kind, &ask.subject),
        options,
        expires_at,
        item_id: ask.item_id,
        subject: ask.subject,
    }
}

fn summary(kind: RequestKind, subject: &Subject) -> String {
    let place = subject.cwd.as_ref().map(|cwd| format!(" in `{}`", short(cwd))).unwrap_or_default();
    let server = short(subject.server.as_deref().unwrap_or("an MCP server"));
    let message = short(subject.message.as_deref().unwrap_or_default());
    match kind {
        RequestKind::Command => command(subject, &place),
        RequestKind::FileChange => {
            let files = subject.changes.iter().map(|c| format!("{} `{}`", c.kind, short(&c.path)));
            let mut files: Vec<_> = files.take(5).collect();
            if subject.changes.len() > files.len() {
                files.push(format!("and {} more", subject.changes.len() - files.len()));
            }
            let files = if files.is_empty() { "files".into() } else { files.join(", ") };
            format!("Allow codex to change files: {files}?")
        }
        RequestKind::Permissions => {
            format!("Allow codex more than its sandbox{place}: {message}?")
        }
        RequestKind::McpTool => {
            let tool = short(subject.tool.as_deref().unwrap_or("a tool"));
            format!("Allow codex to call the tool `{tool}` of its MCP server `{server}`?")
        }
        RequestKind::McpForm => format!("codex's MCP server `{server}` asks: {message}"),
        RequestKind::McpUrl => {
            format!("codex's MCP server `{server}` asks you to open an address: {message}")
        }
        RequestKind::UserInput => {
            let questions = subject.questions.iter().map(|q| short(&q.question)).collect::<Vec<_>>();
            format!("codex asks: {}", questions.join(" "))
        }
        RequestKind::Other => "codex asks for something that this bridge does not know".into(),
    }
}

fn command(subject: &Subject, place: &str) -> String {
    let command = short(subject.command.as_deref().unwrap_or("a command"));
    if subject.stdin {
        return format!("Allow codex to type into the running `{command}`{place}?");
    }
    match subject.network.as_ref().and_then(|network| network["host"].as_str()) {
        Some(host) => format!("Allow `{command}`{place} to reach `{}` over the network?", short(host)),
        None => format!("Allow codex to run `{command}`{place}?"),
    }
}

/// What the model is told of a request that ended with no, where there is more to say than that. codex
/// itself tells it only that it was declined.
pub(super) fn note(request: &PermissionRequest, record: &PermissionDecision) -> Option<String> {
    if record.decision != Decision::Decline {
        return None;
    }
    let who = match record.by {
        DecidedBy::Rule => "a rule of codex-bridge",
        DecidedBy::Deadline => "codex-bridge, because nobody answered in time",
        DecidedBy::Person => "the user",
        DecidedBy::Agent => "the agent that delegated this task",
        DecidedBy::Codex | DecidedBy::Shutdown => return None,
    };
    let why = record.reason.as_deref().filter(|_| record.by != DecidedBy::Deadline);
    if why.is_none() && !matches!(record.by, DecidedBy::Rule | DecidedBy::Deadline) {
        return None;
    }
    let why = why.map(|why| format!(": {why}")).unwrap_or_default();
    Some(format!("[codex-bridge] {} was declined by {who}{why}", what(request)))
}

/// What was asked, without the words of a third party: the model takes the note for its user's.
fn what(request: &PermissionRequest) -> String {
    let subject = &request.subject;
    let named = |text: &Option<String>| short(text.as_deref().unwrap_or("?"));
    match request.kind {
        RequestKind::Command => format!("`{}`", named(&subject.command)),
        RequestKind::FileChange => "the change of files".into(),
        RequestKind::Permissions => "the request for permissions".into(),
        RequestKind::McpTool => {
            format!("the call of `{}` of `{}`", named(&subject.tool), named(&subject.server))
        }
        RequestKind::McpForm => format!("the form of `{}`", named(&subject.server)),
        RequestKind::McpUrl => format!("the address of `{}`", named(&subject.server)),
        RequestKind::UserInput => "your question".into(),
        RequestKind::Other => "a question".into(),
    }
}

/// The beginning of an untrusted text, on one line, with nothing in it that hides.
fn short(text: &str) -> String {
    let mut line: String = text.chars().take(PART).collect();
    if line.len() < text.len() {
        line.push('…');
    }
    visible(&line).replace('\n', " ⏎ ")
}

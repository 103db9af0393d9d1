//! A question of codex, what can be answered to it, and what was.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{FileChange, Timestamp};
use crate::ids::ApprovalId;

/// What codex asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RequestKind {
    /// To run a command.
    Command,
    /// To change files.
    FileChange,
    /// For wider permissions.
    Permissions,
    /// To call a tool of one of its MCP servers.
    McpTool,
    /// To fill in a form of one of its MCP servers.
    McpForm,
    /// To open an address for one of its MCP servers.
    McpUrl,
    /// To answer questions.
    UserInput,
    /// Something that this bridge does not know.
    Other,
}

/// What can be decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// Yes, this once.
    Approve,
    /// Yes, and the like for the rest of the session.
    ApproveForSession,
    /// Yes, and the like from now on: a permanent rule.
    ApproveAlways,
    /// No; codex goes on without it.
    Decline,
    /// No, and the turn ends.
    Cancel,
    /// The answer to a form or to questions.
    Answer,
}

impl Decision {
    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::ApproveForSession => "approve-for-session",
            Self::ApproveAlways => "approve-always",
            Self::Decline => "decline",
            Self::Cancel => "cancel",
            Self::Answer => "answer",
        }
    }
}

/// Who decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecidedBy {
    /// A rule of the settings, or one that is built in.
    Rule,
    /// The person at the host.
    Person,
    /// The agent that calls the tools.
    Agent,
    /// Nobody in time.
    Deadline,
    /// codex withdrew the question.
    Codex,
    /// The bridge or codex ended with the question open.
    Shutdown,
}

/// An open question of codex.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PermissionRequest {
    /// The name to answer it by.
    pub approval_id: ApprovalId,
    /// What it is about.
    pub kind: RequestKind,
    /// One line for a person.
    pub summary: String,
    /// The decisions that it takes.
    pub options: Vec<Decision>,
    /// When it is declined for want of an answer.
    pub expires_at: Timestamp,
    /// The item that waits for it (`itemId` of its `tool_call`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item_id: Option<String>,
    /// The command, without codex's shell wrapper where that could be taken off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The whole line as codex runs it, where `command` is what its shell wrapper holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command_line: Option<String>,
    /// The folder in which it would run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// Why codex wants it, in its words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The files that would change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<FileChange>,
    /// What else codex said of it, in its own terms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Value>,
}

/// How a question ended.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PermissionDecision {
    /// The question.
    pub approval_id: ApprovalId,
    /// What was decided.
    pub decision: Decision,
    /// Who decided.
    pub by: DecidedBy,
    /// By which way: `elicitation`, `codex-approve`, the name of a rule, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub way: Option<String>,
    /// Why, in the words of who decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

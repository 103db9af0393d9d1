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

impl RequestKind {
    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::FileChange => "file_change",
            Self::Permissions => "permissions",
            Self::McpTool => "mcp_tool",
            Self::McpForm => "mcp_form",
            Self::McpUrl => "mcp_url",
            Self::UserInput => "user_input",
            Self::Other => "other",
        }
    }
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
    /// All but permanent rules, which are a person's: what an agent may decide unless the settings say more.
    pub const NOT_PERMANENT: [Self; 5] =
        [Self::Approve, Self::ApproveForSession, Self::Decline, Self::Cancel, Self::Answer];

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

impl DecidedBy {
    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rule => "rule",
            Self::Person => "person",
            Self::Agent => "agent",
            Self::Deadline => "deadline",
            Self::Codex => "codex",
            Self::Shutdown => "shutdown",
        }
    }
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
    /// What would happen.
    #[serde(flatten)]
    pub subject: Subject,
}

/// What a question is about, in the terms of its kind; which members are there depends on that.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Subject {
    /// The command, without codex's shell wrapper where that could be taken off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The whole line as codex runs it, where `command` is what its shell wrapper holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command_line: Option<String>,
    /// Not a new command, but input for this one, which runs already.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub stdin: bool,
    /// The folder in which it would run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// Why codex wants it, in its words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The network access that it needs: `{host, protocol}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<Value>,
    /// What `approve-always` allows from then on, in every session: the words that a command begins
    /// with, or a host.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub proposed_rule: Vec<String>,
    /// A folder in which all changes would be allowed from then on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant_root: Option<String>,
    /// The files that would change.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<FileChange>,
    /// The permissions beyond the sandbox: `{network, fileSystem}`, as codex says them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Value>,
    /// The MCP server of codex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// Its tool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// What the tool is called with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Value>,
    /// What the server says to the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The form, as a JSON Schema of one flat object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<Value>,
    /// The address to open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The questions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<Question>,
}

/// One question to the user.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Question {
    /// The name to answer it by.
    pub id: String,
    /// Its title.
    pub header: String,
    /// What is asked.
    pub question: String,
    /// The answers to choose from; any text where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<Choice>,
    /// Whether any other text is an answer too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub other: bool,
    /// Whether the answer is a secret: then it is kept nowhere.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub secret: bool,
}

/// One answer to choose.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Choice {
    /// The answer.
    pub label: String,
    /// What it means.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
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
    /// By which way: `elicitation`, `task`, `retry`, `codex-approve`, `terminal`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub way: Option<String>,
    /// The rule of the settings that decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Why, in the words of who decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// A person had closed the dialog for it before, without a decision.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub after_dismissal: bool,
    /// What was answered or granted; of a secret question `[secret]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<Value>,
}

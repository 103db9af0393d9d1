//! What can happen in a session: one variant an event type of the contract.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{PermissionDecision, PermissionRequest, RateLimit, Review, Survivor, Tokens};
use crate::ids::ThreadId;

/// What happened. On the wire its `type` is the variant in snake case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Body {
    /// The session exists, or was taken up again.
    SessionStarted(SessionInfo),
    /// codex began a turn.
    TurnStarted {
        /// The JSON Schema that its last message must fit, where its caller gave one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        output_schema: Option<Value>,
        /// The name of its run: the `key` of its caller, or one of the bridge for what waited in line.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<String>,
    },
    /// What the user, or an agent in their place, said.
    UserMessage {
        /// codex's name of the item.
        item_id: String,
        /// The text of all its parts.
        text: String,
        /// Paths and addresses of images that came with it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        images: Vec<String>,
    },
    /// A piece of an answer that is being written. May be left out by a reader.
    AssistantDelta {
        /// The item that it belongs to.
        item_id: String,
        /// The next piece of its text.
        text: String,
    },
    /// A whole message of codex.
    AssistantMessage {
        /// codex's name of the item.
        item_id: String,
        /// The whole text.
        text: String,
    },
    /// A summary of the model's reasoning.
    Reasoning {
        /// codex's name of the item.
        item_id: String,
        /// The whole summary.
        text: String,
    },
    /// codex's plan, whenever it changes.
    Plan {
        /// The steps in order.
        steps: Vec<PlanStep>,
        /// Why it changed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        explanation: Option<String>,
    },
    /// codex begins to use a tool, or wants to.
    ToolCall(ToolCall),
    /// A piece of a tool's output while it runs. May be left out by a reader.
    ToolOutput {
        /// The item that it belongs to.
        item_id: String,
        /// The next piece of its output.
        text: String,
    },
    /// A tool ended.
    ToolResult(ToolResult),
    /// All changes of the turn so far, as one unified diff.
    Diff {
        /// The diff.
        diff: String,
    },
    /// codex asks for a decision.
    PermissionRequest(Box<PermissionRequest>),
    /// A request for a decision ended.
    PermissionDecision(PermissionDecision),
    /// Tokens used.
    Usage {
        /// By this turn so far.
        turn: Tokens,
        /// By the thread in all.
        thread: Tokens,
        /// The model's context window, in tokens.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        context_window: Option<u64>,
        /// How much of it the thread takes, as of the latest request or compaction.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        context_used: Option<u64>,
        /// How much of the account's limits is used, where codex gives numbers.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        limits: Vec<RateLimit>,
    },
    /// The state of one of codex's own MCP servers.
    McpServer {
        /// Its name in codex's configuration.
        name: String,
        /// `configured` or `off` as the session is given it; then `starting`, `ready`, `failed`, `cancelled`, …
        status: String,
        /// Why it failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
        /// Who brought it; with `configured` and `off`, as the members below.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source: Option<ServerSource>,
        /// `stdio` or `http`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        transport: Option<String>,
        /// Its command without arguments, or the beginning of its address.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        target: Option<String>,
    },
    /// Something that a person should know, and that stopped nothing.
    Warning {
        /// What.
        message: String,
        /// The processes that it is about: what goes on after an interrupt.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        processes: Vec<Survivor>,
        /// The names of the runs that it is about: those that waited in line and will not be worked on.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        runs: Vec<String>,
    },
    /// A fault; with `retryable` true codex tries again by itself or may be asked again.
    Error(ErrorInfo),
    /// The turn ended.
    TurnFinished {
        /// How.
        status: TurnStatus,
        /// Why, where it failed or was interrupted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<ErrorInfo>,
        /// How long it took, in milliseconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        duration_ms: Option<u64>,
        /// The name of the run, where its turn never began.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<String>,
    },
    /// The session ended here; its thread can be taken up again.
    SessionFinished {
        /// Why.
        reason: String,
    },
    /// What codex said that this bridge does not know.
    Raw {
        /// codex's method or item type.
        method: String,
        /// As it came.
        params: Value,
    },
}

/// With what a session runs, as codex reports it.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionInfo {
    /// The working folder.
    pub cwd: String,
    /// The model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The effective sandbox: `read-only`, `workspace-write`, `danger-full-access`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<String>,
    /// The effective approval policy: `untrusted`, `on-request`, `never`, `granular`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_policy: Option<String>,
    /// codex's version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codex_version: Option<String>,
    /// Whether the thread existed before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub resumed: bool,
    /// The thread that it was branched off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forked_from: Option<ThreadId>,
}

/// One step of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlanStep {
    /// What it does.
    pub step: String,
    /// `pending`, `in_progress`, `completed`.
    pub status: String,
}

/// What kind of tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ToolKind {
    /// A command in a shell.
    Command,
    /// A change of files.
    FileChange,
    /// A tool of an MCP server.
    Mcp,
    /// A web search.
    WebSearch,
    /// Looking at or making an image.
    Image,
    /// Another agent of codex.
    Agent,
    /// Any other.
    Other,
}

/// The beginning of a tool's use. Which optional members are there depends on `tool`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ToolCall {
    /// codex's name of the item; its `tool_result` has the same.
    pub item_id: String,
    /// What kind.
    pub tool: ToolKind,
    /// The command, without codex's shell wrapper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The folder of the command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// codex's own id of the running command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process_id: Option<String>,
    /// The files, with their diffs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<FileChange>,
    /// The MCP server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// The tool's name, or codex's type of an item that has no kind of its own here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its arguments, as they came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Value>,
}

/// The end of a tool's use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ToolResult {
    /// codex's name of the item.
    pub item_id: String,
    /// What kind.
    pub tool: ToolKind,
    /// How it ended.
    pub status: ItemStatus,
    /// The exit code of a command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i64>,
    /// The output of a command, both streams, as codex kept it; of a very long one begin and end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// The files that changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<FileChange>,
    /// The result of any other tool, as it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    /// What a review found, where codex gave it in a form that can be read. Its words are then the message
    /// that follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<Box<Review>>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How long it took, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
}

/// How a tool's use ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ItemStatus {
    /// It ran.
    Completed,
    /// It ran and failed.
    Failed,
    /// It was not allowed to run.
    Declined,
    /// codex said something else.
    Other,
}

/// One file of a change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FileChange {
    /// The file.
    pub path: String,
    /// `add`, `delete`, `update`.
    pub kind: String,
    /// Where it is moved to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_to: Option<String>,
    /// For an update a unified diff, otherwise the content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
}

/// How a turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TurnStatus {
    /// To its end.
    Completed,
    /// By a cancel, or because something ended under it.
    Interrupted,
    /// By a fault.
    Failed,
}

impl TurnStatus {
    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Interrupted => "interrupted",
            Self::Failed => "failed",
        }
    }
}

/// A fault, for a program and for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ErrorInfo {
    /// A short name that stays: `host_gone`, `codex_lost`, `unauthorized`, …
    pub code: String,
    /// What happened.
    pub message: String,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// Whether the same may work later.
    #[serde(default)]
    pub retryable: bool,
}

/// Who brought one of codex's MCP servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ServerSource {
    /// codex's own configuration.
    Codex,
    /// The file of hosts, `mcp.json`.
    File,
    /// The call that started the session.
    Call,
}

/// Who made a turn, where it was not the bridge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The CLI or an IDE, on the same thread.
    Codex,
}

impl Body {
    /// Every `type`, in the order of the variants.
    pub const KINDS: [&'static str; 20] = [
        "session_started",
        "turn_started",
        "user_message",
        "assistant_delta",
        "assistant_message",
        "reasoning",
        "plan",
        "tool_call",
        "tool_output",
        "tool_result",
        "diff",
        "permission_request",
        "permission_decision",
        "usage",
        "mcp_server",
        "warning",
        "error",
        "turn_finished",
        "session_finished",
        "raw",
    ];

    /// Its `type` on the wire.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::SessionStarted(_) => "session_started",
            Self::TurnStarted { .. } => "turn_started",
            Self::UserMessage { .. } => "user_message",
            Self::AssistantDelta { .. } => "assistant_delta",
            Self::AssistantMessage { .. } => "assistant_message",
            Self::Reasoning { .. } => "reasoning",
            Self::Plan { .. } => "plan",
            Self::ToolCall(_) => "tool_call",
            Self::ToolOutput { .. } => "tool_output",
            Self::ToolResult(_) => "tool_result",
            Self::Diff { .. } => "diff",
            Self::PermissionRequest(_) => "permission_request",
            Self::PermissionDecision(_) => "permission_decision",
            Self::Usage { .. } => "usage",
            Self::McpServer { .. } => "mcp_server",
            Self::Warning { .. } => "warning",
            Self::Error(_) => "error",
            Self::TurnFinished { .. } => "turn_finished",
            Self::SessionFinished { .. } => "session_finished",
            Self::Raw { .. } => "raw",
        }
    }

    /// Something that a person should know.
    #[must_use]
    pub fn warning(message: impl Into<String>) -> Self {
        Self::Warning { message: message.into(), processes: Vec::new(), runs: Vec::new() }
    }

    /// Whether a brief reader leaves it out: the whole comes with another event.
    #[must_use]
    pub fn is_delta(&self) -> bool {
        matches!(self, Self::AssistantDelta { .. } | Self::ToolOutput { .. })
    }
}

//! The parts of app-server's protocol that the bridge uses (codex 0.169), by hand and tolerant:
//! what is missing is `None`, what is new is passed over. A test compares the names with the
//! schema of the installed codex.

pub mod account;
pub mod review;
pub mod threads;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The requests that the bridge makes.
pub const REQUESTS: &[&str] = &[
    "config/read",
    "initialize",
    "model/list",
    "review/start",
    "thread/archive",
    "thread/backgroundTerminals/clean",
    "thread/backgroundTerminals/list",
    "thread/compact/start",
    "thread/fork",
    "thread/list",
    "thread/loaded/list",
    "thread/name/set",
    "thread/read",
    "thread/resume",
    "thread/start",
    "thread/turns/list",
    "thread/unarchive",
    "thread/unsubscribe",
    "turn/interrupt",
    "turn/start",
    "turn/steer",
];

/// The notifications that become something for a session.
pub const NOTIFICATIONS: &[&str] = &[
    "account/rateLimits/updated",
    "configWarning",
    "error",
    "guardianWarning",
    "item/agentMessage/delta",
    "item/commandExecution/outputDelta",
    "item/completed",
    "item/started",
    "mcpServer/startupStatus/updated",
    "serverRequest/resolved",
    "thread/tokenUsage/updated",
    "turn/completed",
    "turn/diff/updated",
    "turn/plan/updated",
    "turn/started",
    "warning",
];

/// The questions that become a decision.
pub const SERVER_REQUESTS: &[&str] = &[
    "item/commandExecution/requestApproval",
    "item/fileChange/requestApproval",
    "item/permissions/requestApproval",
    "item/tool/requestUserInput",
    "mcpServer/elicitation/request",
];

/// What only a look at codex asks, beside `config/read`. A codex without it can be worked with.
pub const LOOKS: &[&str] = &["account/read", "mcpServerStatus/list"];

/// What only a look at codex listens to.
pub const LOOKED_FOR: &[&str] = &["configWarning"];

/// `initialize`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InitializeParams {
    /// Who we are.
    pub client_info: ClientInfo,
    /// What we can.
    pub capabilities: Capabilities,
}

/// Who the client is.
#[derive(Debug, Serialize)]
pub struct ClientInfo {
    /// A short name.
    pub name: &'static str,
    /// A name for people.
    pub title: &'static str,
    /// Its version.
    pub version: &'static str,
}

/// What the client can.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Capabilities {
    /// `thread/backgroundTerminals/clean` needs it.
    pub experimental_api: bool,
}

/// The answer to `initialize`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct InitializeResult {
    /// `<client>/<codex version> (…)`.
    pub user_agent: String,
    /// The CODEX_HOME in use.
    pub codex_home: String,
}

/// `config/read`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigReadParams {
    /// Whose projects count: the configuration of its repository is part of the answer.
    pub cwd: String,
}

/// The answer to `config/read`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ConfigRead {
    /// config.toml, all layers together.
    pub config: Value,
}

/// `account/read`: no member of it is needed.
#[derive(Debug, Serialize)]
pub struct AccountReadParams {}

/// The answer to `account/read`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AccountRead {
    /// `{type, …}`, or nothing where nobody is signed in.
    pub account: Value,
    /// Whether the configured provider is OpenAI's.
    pub requires_openai_auth: bool,
}

/// `mcpServerStatus/list`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct McpServerStatusesParams {
    /// `toolsAndAuthOnly`: resources are not asked for.
    pub detail: &'static str,
    /// How many at most.
    pub limit: u32,
}

/// The answer to `mcpServerStatus/list`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct McpServerStatuses {
    /// Each server of the configuration.
    pub data: Vec<McpServerStatus>,
}

/// One of codex's MCP servers.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct McpServerStatus {
    /// Its name.
    pub name: String,
    /// Who it says it is, once it has started.
    pub server_info: Value,
    /// Its tools by name.
    pub tools: Map<String, Value>,
    /// Why there are none. codex 0.153 does not have it.
    pub tools_error: Option<String>,
    /// `notLoggedIn` where somebody has to sign in first.
    pub auth_status: String,
}

/// `configWarning`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ConfigWarning {
    /// What is wrong.
    pub summary: String,
    /// Where, and why.
    pub details: Option<String>,
    /// The file.
    pub path: Option<String>,
}

/// `thread/start`, and the overrides of `thread/resume` and `thread/fork`.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreadStartParams {
    /// Only for `thread/resume` and `thread/fork`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread_id: Option<String>,
    /// Only for `thread/fork`: the last turn of the branch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_turn_id: Option<String>,
    /// Only for `thread/resume` and `thread/fork`: the turns are in our journal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclude_turns: Option<bool>,
    /// The working folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// The model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// `untrusted`, `on-request`, `never`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval_policy: Option<String>,
    /// `read-only`, `workspace-write`, `danger-full-access`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<String>,
    /// Keys of config.toml.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub config: Map<String, Value>,
    /// Instead of codex's own instructions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_instructions: Option<String>,
    /// Beside codex's own instructions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub developer_instructions: Option<String>,
    /// What codex notes down of where the thread comes from. Not for `thread/resume`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread_source: Option<String>,
}

/// The answer to `thread/read`.
#[derive(Debug, Deserialize)]
pub struct ThreadRead {
    /// The thread.
    pub thread: Thread,
}

/// The answer to `thread/start` and `thread/resume`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreadOpened {
    /// The thread.
    pub thread: Thread,
    /// The effective model.
    #[serde(default)]
    pub model: Option<String>,
    /// The effective folder.
    #[serde(default)]
    pub cwd: Option<String>,
    /// The effective policy: a word, or `{granular: …}`.
    #[serde(default)]
    pub approval_policy: Value,
    /// The effective sandbox: `{type, …}`.
    #[serde(default)]
    pub sandbox: Value,
}

/// A thread.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Thread {
    /// Its id.
    #[serde(deserialize_with = "id")]
    pub id: String,
    /// The codex that made it.
    #[serde(default)]
    pub cli_version: Option<String>,
    /// Its folder.
    #[serde(default)]
    pub cwd: String,
    /// Its model; not in every answer.
    #[serde(default)]
    pub model: Option<String>,
    /// Its reasoning effort; not in every answer.
    #[serde(default)]
    pub reasoning_effort: Option<String>,
    /// Whose models it has.
    #[serde(default)]
    pub model_provider: String,
}

/// `turn/start`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TurnStartParams {
    /// Of which thread.
    pub thread_id: String,
    /// What the user says.
    pub input: Vec<UserInput>,
    /// The model from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The reasoning effort from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effort: Option<String>,
    /// The JSON Schema of the last message; codex gives it to the model and does not look itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<Value>,
    /// The sandbox from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sandbox_policy: Option<Value>,
}

/// `turn/steer`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TurnSteerParams {
    /// Of which thread.
    pub thread_id: String,
    /// The turn that must run.
    pub expected_turn_id: String,
    /// What the user says.
    pub input: Vec<UserInput>,
}

/// One part of what the user says.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum UserInput {
    /// Words.
    Text {
        /// The words.
        text: String,
        /// codex's own marks in it; we make none.
        text_elements: [(); 0],
    },
    /// An image by its address.
    Image {
        /// `https:` or `data:`.
        url: String,
    },
    /// An image in a file.
    LocalImage {
        /// Absolute.
        path: String,
    },
}

/// The answer to `turn/start`.
#[derive(Debug, Deserialize)]
pub struct TurnOpened {
    /// The turn.
    pub turn: Turn,
}

/// A turn.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Turn {
    /// Its id.
    #[serde(deserialize_with = "id")]
    pub id: String,
    /// The turn that it is a part of: all that happens in it is told as of that one.
    #[serde(default)]
    pub root_turn_id: Option<String>,
    /// `inProgress`, `completed`, `interrupted`, `failed`.
    #[serde(default)]
    pub status: String,
    /// Why it failed.
    #[serde(default)]
    pub error: Option<TurnError>,
    /// How long it took.
    #[serde(default)]
    pub duration_ms: Option<u64>,
}

/// What names something names it: nothing could be found by an empty name, or ended.
fn id<'de, D: serde::Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let id = String::deserialize(from)?;
    if id.is_empty() { Err(serde::de::Error::custom("an `id` is empty")) } else { Ok(id) }
}

/// A fault of a turn.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TurnError {
    /// For a person.
    pub message: String,
    /// A word, or an object with one member named by it.
    pub codex_error_info: Value,
}

/// `turn/interrupt`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TurnRef {
    /// Of which thread.
    pub thread_id: String,
    /// Which.
    pub turn_id: String,
}

/// `thread/backgroundTerminals/clean`, `thread/read`, `thread/unsubscribe`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreadRef {
    /// Which.
    pub thread_id: String,
}

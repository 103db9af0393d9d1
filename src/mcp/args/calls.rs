//! The typed arguments of each tool.

use std::path::PathBuf;
use std::time::Duration;

use rmcp::model::JsonObject;

use super::bad::BadArguments;
use super::fields::Fields;
use crate::event::Decision;
use crate::ids::{ApprovalId, Seq, ThreadId, TurnId};
use crate::servers::Wanted;

/// How much codex's commands may touch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Sandbox {
    /// Read files.
    ReadOnly,
    /// And write in the working folder.
    WorkspaceWrite,
    /// Anything.
    DangerFullAccess,
}

impl Sandbox {
    const ALL: [Self; 3] = [Self::ReadOnly, Self::WorkspaceWrite, Self::DangerFullAccess];

    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ReadOnly => "read-only",
            Self::WorkspaceWrite => "workspace-write",
            Self::DangerFullAccess => "danger-full-access",
        }
    }
}

/// When codex asks before it acts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ApprovalPolicy {
    /// For all but commands that are known to be harmless.
    Untrusted,
    /// When the model sees a need.
    OnRequest,
    /// Never: what is not allowed fails.
    Never,
}

impl ApprovalPolicy {
    const ALL: [Self; 3] = [Self::Untrusted, Self::OnRequest, Self::Never];

    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Untrusted => "untrusted",
            Self::OnRequest => "on-request",
            Self::Never => "never",
        }
    }
}

/// How much of the events is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Detail {
    /// Without deltas: the whole comes with another event.
    #[default]
    Brief,
    /// All.
    Full,
}

/// What `codex-approve` takes.
const DECISIONS: [Decision; 6] = [
    Decision::Approve,
    Decision::ApproveForSession,
    Decision::ApproveAlways,
    Decision::Decline,
    Decision::Cancel,
    Decision::Answer,
];

const CONFIG: &str = "an object, such as {\"model_reasoning_effort\": \"high\"}";
const ANSWERS: &str =
    "an object: the form's members, {questionId: text}, or the part of `permissions` that is granted";
pub(super) const IMAGES: &str = "a list of paths or data:image/… addresses";
pub(super) const SCHEMA: &str = "a JSON Schema, as an object";
pub(super) const PROMPT: &str = "what codex should do, as text";
pub(super) const THREAD: &str = "the `threadId` of an earlier result";
pub(super) const NAME: &str = "a name for the lists, or leave it out";
pub(super) const KEY: &str = "a text of your own that names this run, the same when the call is made again";
const TURN: &str = "the `turnId` of an earlier result, or leave it out for the latest turn";
const TURN_OR_RUN: &str = "the `turnId` of an earlier result, or leave it out for all that the session does";
pub(super) const MODEL: &str = "the name of a model, or leave it out for codex's own choice";
pub(super) const EFFORT: &str = "a reasoning effort such as low, medium or high, or leave it out";

/// The arguments of one tool.
pub trait Args: Sized {
    /// The tool.
    const TOOL: &'static str;
    /// All parameters that it takes, those that must be there first.
    const KNOWN: &'static [&'static str];

    /// Takes them out of `fields`.
    #[doc(hidden)]
    fn take(fields: &mut Fields) -> Result<Self, BadArguments>;
}

/// The typed arguments of a call, or the sentence that says what is wrong with them.
pub fn parse<T: Args>(map: Option<JsonObject>) -> Result<T, BadArguments> {
    T::take(&mut Fields::new(T::TOOL, T::KNOWN, map.unwrap_or_default())?)
}

/// Of `codex`.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct CodexArgs {
    /// The task.
    pub prompt: String,
    /// The working folder.
    pub cwd: Option<PathBuf>,
    /// The model.
    pub model: Option<String>,
    /// Its reasoning effort; which there are depends on the model.
    pub effort: Option<String>,
    /// How much commands may touch.
    pub sandbox: Option<Sandbox>,
    /// When codex asks.
    pub approval_policy: Option<ApprovalPolicy>,
    /// Keys of codex's config.toml.
    pub config: Option<JsonObject>,
    /// Instead of codex's own instructions.
    pub base_instructions: Option<String>,
    /// Beside codex's own instructions.
    pub developer_instructions: Option<String>,
    /// How codex shortens a long thread.
    pub compact_prompt: Option<String>,
    /// Which MCP servers codex has; those of `config` are among them.
    pub mcp: Wanted,
    /// Paths and `data:` addresses of images.
    pub images: Vec<String>,
    /// What the last message must fit.
    pub output_schema: Option<JsonObject>,
    /// What the session is called in lists.
    pub name: Option<String>,
    /// Names the run, so that the same call made again does not do the work again.
    pub key: Option<String>,
    /// How long to block.
    pub wait: Option<Duration>,
}

impl Args for CodexArgs {
    const TOOL: &'static str = "codex";
    const KNOWN: &'static [&'static str] = &[
        "prompt",
        "cwd",
        "model",
        "effort",
        "sandbox",
        "approval-policy",
        "config",
        "base-instructions",
        "developer-instructions",
        "compact-prompt",
        "mcp",
        "images",
        "output-schema",
        "name",
        "key",
        "wait",
    ];

    fn take(fields: &mut Fields) -> Result<Self, BadArguments> {
        let mut config = fields.object("config", CONFIG)?;
        let mut mcp = fields.servers()?;
        if let Some(config) = &mut config {
            mcp.absorb(config)?;
        }
        Ok(Self {
            prompt: fields.required("prompt", PROMPT)?,
            cwd: fields.filled("cwd", "a folder, or leave it out for the host's own")?.map(PathBuf::from),
            model: fields.filled("model", MODEL)?,
            effort: fields.filled("effort", EFFORT)?,
            sandbox: fields.choice("sandbox", &Sandbox::ALL.map(|choice| (choice.name(), choice)))?,
            approval_policy: fields
                .choice("approval-policy", &ApprovalPolicy::ALL.map(|choice| (choice.name(), choice)))?,
            config,
            mcp,
            base_instructions: fields.text("base-instructions")?,
            developer_instructions: fields.text("developer-instructions")?,
            compact_prompt: fields.text("compact-prompt")?,
            images: fields.texts("images", IMAGES)?,
            output_schema: fields.object("output-schema", SCHEMA)?,
            name: fields.short("name", NAME)?,
            key: fields.short("key", KEY)?,
            wait: fields.wait()?,
        })
    }
}

fn thread(fields: &mut Fields) -> Result<ThreadId, BadArguments> {
    fields.required("threadId", THREAD).map(ThreadId::from)
}

/// Of `codex-wait`.
#[derive(Clone, PartialEq, Debug)]
pub struct WaitArgs {
    /// The session.
    pub thread_id: ThreadId,
    /// The turn; the latest if left out.
    pub turn_id: Option<TurnId>,
    /// How long to block.
    pub wait: Option<Duration>,
}

impl Args for WaitArgs {
    const TOOL: &'static str = "codex-wait";
    const KNOWN: &'static [&'static str] = &["threadId", "turnId", "wait"];

    fn take(fields: &mut Fields) -> Result<Self, BadArguments> {
        Ok(Self {
            thread_id: thread(fields)?,
            turn_id: fields.filled("turnId", TURN)?.map(TurnId::from),
            wait: fields.wait()?,
        })
    }
}

/// Of `codex-events`.
#[derive(Clone, PartialEq, Debug)]
pub struct EventsArgs {
    /// The session.
    pub thread_id: ThreadId,
    /// Events behind this one.
    pub after: Seq,
    /// How many at most.
    pub limit: usize,
    /// How long to block where there is none yet.
    pub wait: Option<Duration>,
    /// Only these types, as `Body::kind` gives them; all where empty.
    pub types: Vec<&'static str>,
    /// How much of them.
    pub detail: Detail,
    /// Where to read on in the text of the first of them, in bytes.
    pub from: Option<usize>,
}

impl Args for EventsArgs {
    const TOOL: &'static str = "codex-events";
    const KNOWN: &'static [&'static str] = &["threadId", "after", "limit", "wait", "types", "detail", "from"];

    fn take(fields: &mut Fields) -> Result<Self, BadArguments> {
        const DEFAULT_LIMIT: usize = 100;
        let limit = fields.limit()?.and_then(|limit| usize::try_from(limit).ok());
        Ok(Self {
            thread_id: thread(fields)?,
            after: fields.after()?.map_or(Seq::ZERO, Seq),
            limit: limit.unwrap_or(DEFAULT_LIMIT),
            wait: fields.wait()?,
            types: fields.types()?,
            detail: fields
                .choice("detail", &[("brief", Detail::Brief), ("full", Detail::Full)])?
                .unwrap_or_default(),
            from: fields.from()?.and_then(|from| usize::try_from(from).ok()),
        })
    }
}

/// Of `codex-approve`.
#[derive(Clone, PartialEq, Debug)]
pub struct ApproveArgs {
    /// The open request.
    pub approval_id: ApprovalId,
    /// The decision.
    pub decision: Decision,
    /// Why.
    pub reason: Option<String>,
    /// What is answered to a form or to questions, or granted of permissions.
    pub answers: Option<JsonObject>,
    /// How long to follow the turn after it.
    pub wait: Option<Duration>,
}

impl Args for ApproveArgs {
    const TOOL: &'static str = "codex-approve";
    const KNOWN: &'static [&'static str] = &["approvalId", "decision", "reason", "answers", "wait"];

    fn take(fields: &mut Fields) -> Result<Self, BadArguments> {
        const NEEDED: BadArguments =
            BadArguments::Missing { name: "decision", wanted: "one of the `options` of the open decision" };
        let id = fields.required("approvalId", "the `approvalId` of an open decision, from `decisions`")?;
        Ok(Self {
            approval_id: ApprovalId::from(id),
            decision: fields
                .choice("decision", &DECISIONS.map(|choice| (choice.name(), choice)))?
                .ok_or(NEEDED)?,
            reason: fields.text("reason")?,
            answers: fields.object("answers", ANSWERS)?,
            wait: fields.wait()?,
        })
    }
}

/// Of `codex-cancel`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CancelArgs {
    /// The session.
    pub thread_id: ThreadId,
    /// The turn, or the run that waits in line; all of the session if left out.
    pub turn_id: Option<TurnId>,
    /// Whether it is taken out of the lists too.
    pub archive: bool,
}

impl Args for CancelArgs {
    const TOOL: &'static str = "codex-cancel";
    const KNOWN: &'static [&'static str] = &["threadId", "turnId", "archive"];

    fn take(fields: &mut Fields) -> Result<Self, BadArguments> {
        let turn_id = fields.filled("turnId", TURN_OR_RUN)?.map(TurnId::from);
        let args = Self { thread_id: thread(fields)?, turn_id, archive: fields.flag("archive")? };
        if args.archive && args.turn_id.is_some() {
            return Err(BadArguments::NotArchived { name: "turnId" });
        }
        Ok(args)
    }
}

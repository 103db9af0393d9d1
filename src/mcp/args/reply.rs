//! The arguments of `codex-reply`.

use std::time::Duration;

use rmcp::model::JsonObject;

use super::bad::{BadArguments, cut};
use super::calls::{Args, EFFORT, IMAGES, KEY, MODEL, NAME, PROMPT, SCHEMA, THREAD};
use super::fields::Fields;
use crate::ids::{ThreadId, TurnId};
use crate::session::WhenBusy;

const LEAVE_OUT_THREAD: &str = "the `threadId` of an earlier result in `threadId`, and leave this out";
const FORK: &str = "`latest`, or the `turnId` of the last turn that the copy has";

/// What `when-busy` takes.
const WHEN_BUSY: [(&str, WhenBusy); 3] =
    [("reject", WhenBusy::Reject), ("steer", WhenBusy::Steer), ("queue", WhenBusy::Queue)];

/// Where a copy of a session ends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Branch {
    /// With all of its turns.
    Latest,
    /// With this one.
    Turn(TurnId),
}

/// Of `codex-reply`.
#[derive(Clone, PartialEq, Debug)]
pub struct ReplyArgs {
    /// The next task, or more about this one.
    pub prompt: String,
    /// The session; also where it came under its old name.
    pub thread_id: ThreadId,
    /// The model from now on.
    pub model: Option<String>,
    /// Its reasoning effort.
    pub effort: Option<String>,
    /// Paths and `data:` addresses of images.
    pub images: Vec<String>,
    /// What the last message must fit.
    pub output_schema: Option<JsonObject>,
    /// What becomes of it while a turn runs.
    pub when_busy: WhenBusy,
    /// Whether a copy of the session goes on instead, and up to which turn.
    pub fork: Option<Branch>,
    /// Whether what was said so far is put into fewer tokens first.
    pub compact: bool,
    /// What the session is called in lists from now on.
    pub name: Option<String>,
    /// Names the run, so that the same call made again does not do the work again.
    pub key: Option<String>,
    /// How long to block.
    pub wait: Option<Duration>,
}

impl Args for ReplyArgs {
    const TOOL: &'static str = "codex-reply";
    const KNOWN: &'static [&'static str] = &[
        "prompt",
        "threadId",
        "conversationId",
        "model",
        "effort",
        "images",
        "output-schema",
        "when-busy",
        "fork",
        "compact",
        "name",
        "key",
        "wait",
    ];

    fn take(fields: &mut Fields) -> Result<Self, BadArguments> {
        let args = Self {
            prompt: fields.required("prompt", PROMPT)?,
            thread_id: either_name(fields)?,
            images: fields.texts("images", IMAGES)?,
            output_schema: fields.object("output-schema", SCHEMA)?,
            model: fields.filled("model", MODEL)?,
            effort: fields.filled("effort", EFFORT)?,
            when_busy: fields.choice("when-busy", &WHEN_BUSY)?.unwrap_or_default(),
            fork: fields.filled("fork", FORK)?.map(|turn| match turn.as_str() {
                "latest" => Branch::Latest,
                turn => Branch::Turn(TurnId::from(turn)),
            }),
            compact: fields.flag("compact")?,
            name: fields.short("name", NAME)?,
            key: fields.short("key", KEY)?,
            wait: fields.wait()?,
        };
        let fixed = [
            ("model", args.model.is_some()),
            ("effort", args.effort.is_some()),
            ("output-schema", args.output_schema.is_some()),
            ("compact", args.compact),
            ("key", args.key.is_some()),
        ];
        match fixed.into_iter().find(|(_, given)| *given && args.when_busy == WhenBusy::Steer) {
            Some((name, _)) => Err(BadArguments::NotSteered { name }),
            None => Ok(args),
        }
    }
}

/// The session under its name, or its old one; both may be there where they agree.
fn either_name(fields: &mut Fields) -> Result<ThreadId, BadArguments> {
    let new = fields.filled("threadId", THREAD)?;
    let old = fields.filled("conversationId", LEAVE_OUT_THREAD)?;
    match (new, old) {
        (Some(new), Some(old)) if new != old => {
            Err(BadArguments::TwoThreads { thread_id: cut(&new), conversation_id: cut(&old) })
        }
        (Some(id), _) | (None, Some(id)) => Ok(ThreadId::from(id)),
        (None, None) => Err(BadArguments::Missing { name: "threadId", wanted: THREAD }),
    }
}

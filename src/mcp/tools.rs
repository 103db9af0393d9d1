//! The tools that run, wait for, decide in and end a turn.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rmcp::model::{CallToolResponse, CallToolResult, JsonObject};
use serde_json::{Value, json};

use super::args::{self, ApproveArgs, CancelArgs, CodexArgs, ReplyArgs, WaitArgs};
use super::call::{Call, Late, over};
use super::elsewhere::Decided;
use super::follow::by_host;
use super::given::Given;
use super::images::{self, BadImage};
use super::legacy_events::LegacyEvents;
use super::output;
use super::progress::Progress;
use super::result::{self, Note};
use super::runs::Run;
use super::server::{Context, Server};
use crate::approval::{DecideError, Verdict};
use crate::event::{Answers, DecidedBy, Decision, ErrorInfo};
use crate::ids::{Seq, ThreadId, TurnId};
use crate::limits::{LimitError, Wanted};
use crate::session::{AgentError, CallError, CallId, Handle, OpenError, ThreadParams, TurnParams, View};

/// How long `codex-cancel` waits for the turn's end: codex takes 10 ms.
pub(super) const CANCEL: Duration = Duration::from_secs(10);

/// What a caller is told who asked to wait for longer than its host does.
pub(super) const WAIT_CUT: &str = "`wait` was cut to what this host allows a call to take.";

/// What a host is told while another bridge runs the turn.
pub(super) const ELSEWHERE: &str = "waiting for the bridge that runs the turn";

/// How long "to the end" is for a turn that another bridge runs: as long as any call may ask for.
pub(super) const DAY: Duration = Duration::from_secs(86_400);

type Outcome = Result<CallToolResponse, CallToolResult>;

impl Server {
    pub(super) async fn codex(
        &self,
        arguments: Option<JsonObject>,
        context: &Context<'_>,
    ) -> CallToolResponse {
        flat(self.try_codex(arguments, context).await)
    }

    async fn try_codex(&self, arguments: Option<JsonObject>, context: &Context<'_>) -> Outcome {
        let args: CodexArgs = args::parse(arguments).map_err(|e| bad(&e))?;
        let params = self.thread_params(&args)?;
        let images = images::look(&args.images, Path::new(&params.cwd), &self.options.limits);
        let images = images.map_err(|error| bad_image(&error))?;
        let output_schema = schema(args.output_schema)?;
        let call = self.call(context, args.wait);
        let mut progress = Progress::of(call.context);
        let creating = Box::pin(call.before(self.sessions.create(params, &args.prompt)));
        let created = progress.during("starting a session of codex", creating).await;
        let handle = created.map_err(too_slow)?.map_err(|e| open_error(&e))?;
        // The effort is in the session's settings; the turn needs only its words.
        let turn = TurnParams { prompt: args.prompt, images, output_schema, ..TurnParams::default() };
        let begun = Self::start(&handle, turn, &call, &mut progress).await;
        let begun = begun.map_err(|error| call_error(&error, handle.thread()))?;
        Ok(self.run(&handle, begun, &call, progress, args.wait.is_some(), Seq::ZERO).await)
    }

    pub(super) async fn reply(
        &self,
        arguments: Option<JsonObject>,
        context: &Context<'_>,
    ) -> CallToolResponse {
        flat(self.try_reply(arguments, context).await)
    }

    async fn try_reply(&self, arguments: Option<JsonObject>, context: &Context<'_>) -> Outcome {
        let args: ReplyArgs = args::parse(arguments).map_err(|e| bad(&e))?;
        self.options.limits.model(args.model.as_deref()).map_err(|error| above(&error))?;
        let output_schema = schema(args.output_schema.clone())?;
        let thread = args.thread_id;
        let call = self.call(context, args.wait);
        let mut progress = Progress::of(call.context);
        let handle = self.open(&thread, &call, &mut progress).await?;
        self.still_within(&handle)?;
        let (prompt, model, effort) = (args.prompt, args.model, args.effort);
        let cwd = PathBuf::from(&handle.view().borrow().info.cwd);
        let images = images::look(&args.images, &cwd, &self.options.limits).map_err(|e| bad_image(&e))?;
        let turn = TurnParams { prompt, model, effort, images, output_schema, ..TurnParams::default() };
        let before = handle.view().borrow().next;
        let fail = |error: CallError| call_error(&error, &thread);
        let (handle, begun) = match Self::start(&handle, turn.clone(), &call, &mut progress).await {
            // It was at rest, and let go in this very moment.
            Err(CallError::Closed(_)) => {
                let handle = self.open(&thread, &call, &mut progress).await?;
                let begun = Self::start(&handle, turn, &call, &mut progress).await.map_err(fail)?;
                (handle, begun)
            }
            begun => (handle, begun.map_err(fail)?),
        };
        Ok(self.run(&handle, begun, &call, progress, args.wait.is_some(), before).await)
    }

    /// A folder may have become a link to another since its session began.
    fn still_within(&self, handle: &Handle) -> Result<(), CallToolResult> {
        let cwd = PathBuf::from(&handle.view().borrow().info.cwd);
        let real = std::fs::canonicalize(&cwd).unwrap_or(cwd);
        self.options.limits.folder(&real).map_err(|error| above(&error))
    }

    async fn open(
        &self,
        thread: &ThreadId,
        call: &Call<'_>,
        progress: &mut Progress<'_>,
    ) -> Result<Handle, CallToolResult> {
        let opening = call.before(self.sessions.open(thread));
        let opened = progress.during("taking the session up", opening).await;
        opened.map_err(too_slow)?.map_err(|error| open_error(&error))
    }

    /// Begins a turn; without a name where that takes longer than the caller waits.
    async fn start(
        handle: &Handle,
        turn: TurnParams,
        call: &Call<'_>,
        progress: &mut Progress<'_>,
    ) -> Result<Begun, CallError> {
        let start = handle.number();
        match progress.during("starting", begin(handle, start, turn, call)).await {
            Ok(begun) => begun.map(|turn| Begun { start, turn }),
            // It goes on to begin; whoever waits for it finds it.
            Err(Late::TooLong) => Ok(Begun { start, turn: None }),
            Err(Late::Cancelled) => {
                // What another call began goes on. A session that has ended has ended this one too.
                let _ = handle.give_up(start, by_host()).await;
                Err(AgentError(late_error(Late::Cancelled)).into())
            }
        }
    }

    /// Follows a turn that has begun, or hands its task out. `asked`: the call says how long it waits, so that
    /// it wants a handle and no task.
    async fn run<'a>(
        &self,
        handle: &Handle,
        begun: Begun,
        call: &Call<'a>,
        progress: Progress<'a>,
        asked: bool,
        before: Seq,
    ) -> CallToolResponse {
        if let Some(turn) = begun.turn.clone().filter(|_| call.host.tasks && !asked) {
            match self.tasks.create(handle.thread().clone(), turn).await {
                Ok(task) => return task.into(),
                // The turn runs: better a call that blocks than one that is lost.
                Err(error) => tracing::warn!(%error, "the journal took no task; the call is answered itself"),
            }
        }
        let old = self.options.legacy_events && call.host.legacy;
        let events = old.then(|| LegacyEvents::new(call.context, self.sessions.journal().clone(), before));
        let run = Run::new(handle, begun.turn, call, progress, true);
        self.follow(Run { events, start: Some(begun.start), ..run }).await
    }

    pub(super) async fn wait(
        &self,
        arguments: Option<JsonObject>,
        context: &Context<'_>,
    ) -> CallToolResponse {
        flat(self.try_wait(arguments, context).await)
    }

    async fn try_wait(&self, arguments: Option<JsonObject>, context: &Context<'_>) -> Outcome {
        let args: WaitArgs = args::parse(arguments).map_err(|e| bad(&e))?;
        let thread = args.thread_id;
        let turn = args.turn_id;
        let call = self.call(context, args.wait);
        let mut progress = Progress::of(call.context);
        if let Some(handle) = self.sessions.live(&thread).await {
            let view = handle.view().borrow().clone();
            let latest = if view.starting { None } else { view.turn.clone() };
            if turn.is_none() || turn == latest {
                return Ok(self.follow(Run::new(&handle, latest, &call, progress, false)).await);
            }
        }
        let wait = call.wait.unwrap_or(DAY);
        let ending = call.race(self.sessions.stored(&thread, turn.as_ref(), wait), None);
        let view = progress.during(ELSEWHERE, ending).await;
        let view = view.map_err(too_slow)?.map_err(|e| open_error(&e))?;
        Ok(result::of_view(&view, &cut_note(&call, &view), self.options.budget).into())
    }

    pub(super) async fn approve(
        &self,
        arguments: Option<JsonObject>,
        context: &Context<'_>,
    ) -> CallToolResponse {
        flat(self.try_approve(arguments, context).await)
    }

    async fn try_approve(&self, arguments: Option<JsonObject>, context: &Context<'_>) -> Outcome {
        let args: ApproveArgs = args::parse(arguments).map_err(|e| bad(&e))?;
        let id = args.approval_id;
        let thread = self.sessions.of_approval(&id).await.map_err(|e| open_error(&e.into()))?;
        let Some(thread) = thread else {
            let message = format!(
                "there is no request `{id}`; `codex-wait` with the session's `threadId` shows the open ones"
            );
            return Err(result::refused("approval_unknown", message));
        };
        let call = self.call(context, args.wait);
        let answers = args.answers.map(|answers| Answers(Value::Object(answers)));
        let Some(handle) = self.sessions.live(&thread).await else {
            let decided = Decided { decision: args.decision, reason: args.reason, answers };
            return Ok(self.approve_elsewhere(&thread, id, decided, &call).await?.into());
        };
        let verdict = Verdict {
            reason: args.reason,
            answers,
            ..Verdict::of(args.decision, DecidedBy::Agent, "codex-approve")
        };
        let turn = handle.view().borrow().turn.clone();
        let decided = self.sessions.decide(&handle, id, verdict).await;
        decided.map_err(|error| call_error(&error, &thread))?;
        Ok(self.follow(Run::new(&handle, turn, &call, Progress::of(call.context), false)).await)
    }

    pub(super) async fn cancel(&self, arguments: Option<JsonObject>) -> CallToolResult {
        self.try_cancel(arguments).await.unwrap_or_else(|refused| refused)
    }

    async fn try_cancel(&self, arguments: Option<JsonObject>) -> Result<CallToolResult, CallToolResult> {
        let args: CancelArgs = args::parse(arguments).map_err(|e| bad(&e))?;
        let thread = args.thread_id;
        let Some(handle) = self.sessions.live(&thread).await else {
            let view = self.sessions.stored(&thread, None, Duration::ZERO).await;
            let view = view.map_err(|e| open_error(&e))?;
            if view.busy() {
                return self.cancel_elsewhere(&thread).await;
            }
            return Ok(result::of_view(&view, &idle(), self.options.budget));
        };
        let was_busy = handle.view().borrow().busy();
        let verdict = Verdict {
            reason: Some("the turn was cancelled".into()),
            ..Verdict::of(Decision::Cancel, DecidedBy::Agent, "codex-cancel")
        };
        handle.cancel(None, verdict).await.map_err(|error| call_error(&error, &thread))?;
        let mut views = handle.view();
        let ended = tokio::time::timeout(CANCEL, views.wait_for(|view| !view.busy())).await;
        let note = match (was_busy, ended.is_ok()) {
            (false, _) => idle(),
            (true, true) => Note::default(),
            (true, false) => Note { text: Some("codex has not ended the turn yet.".into()) },
        };
        let view = handle.view().borrow().clone();
        Ok(result::of_view(&view, &note, self.options.budget))
    }

    fn thread_params(&self, args: &CodexArgs) -> Result<ThreadParams, CallToolResult> {
        let mut given = Given::of(args, &self.options)?;
        let own = [("model_reasoning_effort", &args.effort), ("compact_prompt", &args.compact_prompt)];
        for (key, value) in own {
            if let Some(value) = value {
                (self.options.overlay)(&mut given.config, key, json!(value));
            }
        }
        let cwd = self.folder(args.cwd.as_deref())?;
        let defaults = &self.options;
        let model = args.model.clone().or_else(|| given.or("model", defaults.model.as_ref()));
        let sandbox = args.sandbox.map(|s| s.name().to_owned());
        let sandbox = sandbox.or_else(|| given.or("sandbox_mode", defaults.sandbox.as_ref()));
        let policy = args.approval_policy.map(|p| p.name().to_owned());
        let approval_policy =
            policy.or_else(|| given.or("approval_policy", defaults.approval_policy.as_ref()));
        let wanted = Wanted {
            cwd: &cwd,
            sandbox: sandbox.as_deref(),
            approval_policy: approval_policy.as_deref(),
            model: model.as_deref(),
            config: &given.asked,
        };
        self.options.limits.check(&wanted).map_err(|error| above(&error))?;
        let added = [
            ("mcp.add", args.mcp.add()),
            ("config.mcp_servers", args.mcp.config()),
            ("config.profile", given.of_profile.config()),
        ];
        for (parameter, servers) in added {
            self.options.limits.add(parameter, servers).map_err(|error| above(&error))?;
        }
        let mut servers = self.options.servers.clone();
        servers.overlay(given.of_profile);
        servers.overlay(args.mcp.clone());
        Ok(ThreadParams {
            servers,
            cwd: cwd.to_string_lossy().into_owned(),
            model,
            sandbox,
            approval_policy,
            config: given.config,
            base_instructions: args.base_instructions.clone(),
            developer_instructions: args.developer_instructions.clone(),
        })
    }

    /// codex starts a thread in a folder that does not exist, so it is looked at here.
    fn folder(&self, asked: Option<&Path>) -> Result<PathBuf, CallToolResult> {
        let folder = self.options.cwd.join(asked.unwrap_or_else(|| Path::new("")));
        let refuse = |why: &str| {
            let remedy = "give an existing folder, absolute or relative to the one that the host started the bridge in";
            let message = format!("`cwd` is `{}`: {why}; {remedy}", folder.display());
            result::refused("bad_cwd", message)
        };
        if asked.is_none() && folder.parent().is_none() {
            return Err(refuse("the host started the bridge in the root folder, which is no workspace"));
        }
        match std::fs::canonicalize(&folder) {
            Ok(real) if real.is_dir() => Ok(plain(real)),
            Ok(_) => Err(refuse("it is not a folder")),
            Err(error) => Err(refuse(&error.to_string())),
        }
    }
}

/// A turn that this call asked for.
struct Begun {
    start: CallId,
    /// `None`: it has not begun yet.
    turn: Option<TurnId>,
}

/// Begins a turn, as long as the caller waits; where it must wait for others, no longer than was asked.
async fn begin(
    handle: &Handle,
    start: CallId,
    turn: TurnParams,
    call: &Call<'_>,
) -> Result<Result<Option<TurnId>, CallError>, Late> {
    let (until, mut views) = (call.waits_until(), handle.view());
    let in_line = async {
        over(until).await;
        views.wait_for(|view| view.queued.is_some()).await.map(|_| ())
    };
    tokio::select! {
        biased;
        begun = call.before(handle.run(start, turn)) => begun,
        Ok(()) = in_line => Err(Late::TooLong),
    }
}

/// Windows' canonical paths have a prefix that codex does not want.
fn plain(path: PathBuf) -> PathBuf {
    match path.to_str().and_then(|p| p.strip_prefix(r"\\?\")) {
        Some(rest) => Path::new(rest).to_owned(),
        None => path,
    }
}

pub(super) fn cut_note(call: &Call<'_>, view: &View) -> Note {
    let cut = call.was_cut && view.busy();
    Note { text: cut.then(|| WAIT_CUT.into()) }
}

pub(super) fn too_slow(late: Late) -> CallToolResult {
    result::of_error(&late_error(late))
}

fn late_error(late: Late) -> ErrorInfo {
    let (code, message) = match late {
        Late::TooLong => ("codex_slow", "codex has not begun in the time that this call may take"),
        Late::Cancelled => ("cancelled", "the host cancelled the call before codex began"),
    };
    ErrorInfo {
        code: code.into(),
        message: message.into(),
        remedy: Some("call again; `codex app-server` in a terminal shows whether codex starts at all".into()),
        retryable: true,
    }
}

/// A schema that can be used later: better to hear now that it cannot.
fn schema(given: Option<JsonObject>) -> Result<Option<Value>, CallToolResult> {
    let Some(schema) = given.map(Value::Object) else { return Ok(None) };
    match output::validator(&schema) {
        Ok(_) => Ok(Some(schema)),
        Err(why) => {
            Err(result::refused("bad_arguments", format!("`output-schema`: {why}; give a JSON Schema")))
        }
    }
}

fn bad_image(error: &BadImage) -> CallToolResult {
    let code = if matches!(error, BadImage::Limit(_)) { "limit" } else { "bad_arguments" };
    result::refused(code, error.to_string())
}

pub(super) fn above(error: &LimitError) -> CallToolResult {
    result::refused("limit", error.to_string())
}

fn idle() -> Note {
    Note { text: Some("No turn was running; nothing was cancelled.".into()) }
}

fn flat(outcome: Outcome) -> CallToolResponse {
    outcome.unwrap_or_else(CallToolResponse::Complete)
}

pub(super) fn bad(error: &args::BadArguments) -> CallToolResult {
    result::refused("bad_arguments", error.to_string())
}

pub(super) fn open_error(error: &OpenError) -> CallToolResult {
    let code = match error {
        OpenError::Agent(error) => return result::of_error(&error.0),
        OpenError::Unknown(_) => "thread_unknown",
        OpenError::NoTurn(..) => "turn_unknown",
        OpenError::Journal(_) => "journal",
        OpenError::Full(_) => "sessions_full",
        OpenError::Limit { .. } => "limit",
        OpenError::Closed => "closed",
    };
    result::refused(code, error.to_string())
}

fn call_error(error: &CallError, thread: &ThreadId) -> CallToolResult {
    let code = match error {
        CallError::Agent(error) => {
            let error: &ErrorInfo = &error.0;
            let mut result = result::of_error(error);
            if let Some(members) = result.structured_content.as_mut().and_then(Value::as_object_mut) {
                members.insert("threadId".into(), json!(thread));
            }
            return result;
        }
        CallError::Busy { .. } => "busy",
        CallError::Decide(DecideError::NotOffered { .. }) => "decision_not_offered",
        CallError::Decide(DecideError::NotAllowed { .. }) => "decision_not_allowed",
        CallError::Decide(DecideError::BadAnswers { .. }) => "bad_answers",
        CallError::Decide(_) => "approval_gone",
        CallError::Journal { .. } => "journal",
        CallError::Closed(_) => "closed",
    };
    result::refused(code, error.to_string())
}

//! The tools that run, wait for and decide in a turn.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use rmcp::model::{CallToolResponse, CallToolResult, JsonObject};
use serde_json::Value;

use super::args::{self, ApproveArgs, CodexArgs, WaitArgs};
use super::call::Call;
use super::elsewhere::Decided;
use super::faults::{bad, bad_image, call_error, open_error, too_slow};
use super::images;
use super::keys::{Earlier, Key};
use super::params::schema;
use super::progress::Progress;
use super::result::{self, Note};
use super::runs::Run;
use super::server::{Context, Server};
use crate::approval::Verdict;
use crate::event::{Answers, DecidedBy};
use crate::ids::{Seq, ThreadId};
use crate::session::{CallError, CatalogOf, TurnParams, View, WhenBusy};

/// What a caller is told who asked to wait for longer than its host does.
pub(super) const WAIT_CUT: &str = "`wait` was cut to what this host allows a call to take.";

/// What a host is told while another bridge runs the turn.
pub(super) const ELSEWHERE: &str = "waiting for the bridge that runs the turn";

/// How long "to the end" is for a turn that another bridge runs: as long as any call may ask for.
pub(super) const DAY: Duration = Duration::from_secs(86_400);

pub(super) type Outcome = Result<CallToolResponse, CallToolResult>;

impl Server {
    pub(super) async fn codex(
        &self,
        arguments: Option<JsonObject>,
        context: &Context<'_>,
    ) -> CallToolResponse {
        flat(Box::pin(self.try_codex(arguments, context)).await)
    }

    async fn try_codex(&self, arguments: Option<JsonObject>, context: &Context<'_>) -> Outcome {
        let mut key = Key::of("codex", arguments.as_ref());
        let args: CodexArgs = args::parse(arguments).map_err(|e| bad(&e))?;
        let call = self.call(context, args.wait);
        let mut progress = Progress::of(call.context);
        let unbegun = match self.unbegun(key.as_mut(), &call, &mut progress).await? {
            ControlFlow::Break(response) => return Ok(response),
            ControlFlow::Continue(unbegun) => unbegun,
        };
        let fresh = unbegun.is_none();
        let outcome = Box::pin(self.new_session(args, key.as_ref(), unbegun, &call, progress)).await;
        self.settled(key.as_ref(), fresh, outcome).await
    }

    async fn new_session<'a>(
        &self,
        args: CodexArgs,
        key: Option<&Key>,
        unbegun: Option<(ThreadId, Seq)>,
        call: &'a Call<'a>,
        mut progress: Progress<'a>,
    ) -> Outcome {
        let params = self.thread_params(&args)?;
        let images = images::look(&args.images, Path::new(&params.cwd), &self.options.reach.limits);
        let images = images.map_err(|error| bad_image(&error))?;
        let output_schema = schema(args.output_schema)?;
        let of = CatalogOf::New { cwd: params.cwd.clone(), config: params.config.clone() };
        let known = self.known_model(params.model.as_deref(), args.effort.as_deref(), of);
        call.before(known).await.map_err(too_slow)??;
        let title = args.name.as_deref().unwrap_or(&args.prompt);
        let before = unbegun.as_ref().map_or(Seq::ZERO, |(_, after)| *after);
        let handle = if let (Some((thread, after)), Some(key)) = (unbegun, key) {
            let (handle, _) = self.go_on(&thread, call, &mut progress).await?;
            // What codex had begun of it may have been read back by that.
            let again = self.follow_named(key, handle.thread(), after, call, &mut progress).await?;
            if let Earlier::Done(response) = again {
                return Ok(response);
            }
            handle
        } else {
            let creating = Box::pin(call.before(self.sessions.create(params, title)));
            let created = progress.during("starting a session of codex", creating).await;
            created.map_err(too_slow)?.map_err(|e| open_error(&e))?
        };
        let next = handle.view().borrow().next;
        self.placed(key, handle.thread(), next).await;
        let note = self.name(handle.thread(), args.name).await;
        // The effort is in the session's settings; the turn needs only its words.
        let turn = TurnParams {
            prompt: args.prompt,
            images,
            output_schema,
            key: key.map(|key| key.name.clone()),
            ..TurnParams::default()
        };
        let begun = self.start(&handle, turn, WhenBusy::Reject, call, &mut progress).await;
        if let (Err(CallError::Named(thread)), Some(key)) = (&begun, key)
            && let Earlier::Done(response) =
                self.follow_named(key, thread, before, call, &mut progress).await?
        {
            return Ok(response);
        }
        let mut begun = begun.map_err(|error| call_error(&error, handle.thread()))?;
        begun.notes.extend(note);
        Ok(self.run(&handle, begun, call, progress, Seq::ZERO).await)
    }

    pub(super) async fn wait(
        &self,
        arguments: Option<JsonObject>,
        context: &Context<'_>,
    ) -> CallToolResponse {
        flat(Box::pin(self.try_wait(arguments, context)).await)
    }

    async fn try_wait(&self, arguments: Option<JsonObject>, context: &Context<'_>) -> Outcome {
        let args: WaitArgs = args::parse(arguments).map_err(|e| bad(&e))?;
        let thread = args.thread_id;
        let call = self.call(context, args.wait);
        let mut progress = Progress::of(call.context);
        call.before(self.within(&thread)).await.map_err(too_slow)??;
        if let Some(turn) = args.turn_id {
            return self.wait_for(&thread, turn, &call, &mut progress).await;
        }
        if let Some(handle) = self.sessions.live(&thread).await {
            let view = handle.view().borrow().clone();
            let latest = if view.starting || !view.line.is_empty() { None } else { view.turn.clone() };
            return Ok(self.follow(Run::new(&handle, latest, &call, progress, false)).await);
        }
        let wait = call.wait.unwrap_or(DAY);
        let ending = call.race(self.sessions.stored(&thread, None, wait), None);
        let view = progress.during(ELSEWHERE, ending).await;
        let view = view.map_err(too_slow)?.map_err(|e| open_error(&e))?;
        Ok(result::of_view(&view, &cut_note(&call, &view), self.options.budget).into())
    }

    pub(super) async fn approve(
        &self,
        arguments: Option<JsonObject>,
        context: &Context<'_>,
    ) -> CallToolResponse {
        flat(Box::pin(self.try_approve(arguments, context)).await)
    }

    async fn try_approve(&self, arguments: Option<JsonObject>, context: &Context<'_>) -> Outcome {
        let args: ApproveArgs = args::parse(arguments).map_err(|e| bad(&e))?;
        let id = args.approval_id;
        let thread = self.sessions.of_approval(&id).await.map_err(|e| open_error(&e.into()))?;
        let within = async |thread: &ThreadId| self.within(thread).await.is_ok();
        let Some(thread) = (match thread {
            Some(thread) if within(&thread).await => Some(thread),
            _ => None,
        }) else {
            let message = format!(
                "there is no request `{id}`; `codex-wait` with the session's `threadId` shows the open ones"
            );
            return Err(result::refused("approval_unknown", message));
        };
        self.may_decide(args.decision).map_err(|why| result::refused("not_allowed", why))?;
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
}

pub(super) fn cut_note(call: &Call<'_>, view: &View) -> Note {
    let cut = call.was_cut && view.busy();
    Note::of(cut.then(|| WAIT_CUT.into()))
}

pub(super) fn flat(outcome: Outcome) -> CallToolResponse {
    outcome.unwrap_or_else(CallToolResponse::Complete)
}

//! `codex-reply`: the next turn of a session.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

use rmcp::model::{CallToolResponse, CallToolResult, JsonObject};

use super::args::{self, Branch, ReplyArgs};
use super::begin::Begun;
use super::call::Call;
use super::faults::{above, bad, bad_image, call_error, not_taken_up, open_error, too_slow};
use super::follow::by_host;
use super::images;
use super::keys::{Earlier, Key};
use super::params::schema;
use super::progress::Progress;
use super::server::{Context, Server};
use super::tools::{Outcome, flat};
use crate::event::TurnStatus;
use crate::ids::{Seq, ThreadId, TurnId};
use crate::session::{CallError, Fork, Handle, How, OpenError, Query, Status, TurnParams, WhenBusy};

impl Server {
    pub(super) async fn reply(
        &self,
        arguments: Option<JsonObject>,
        context: &Context<'_>,
    ) -> CallToolResponse {
        flat(Box::pin(self.try_reply(arguments, context)).await)
    }

    async fn try_reply(&self, arguments: Option<JsonObject>, context: &Context<'_>) -> Outcome {
        let mut key = Key::of("codex-reply", arguments.as_ref());
        let args: ReplyArgs = args::parse(arguments).map_err(|e| bad(&e))?;
        let call = self.call(context, args.wait);
        let mut progress = Progress::of(call.context);
        self.unless_anothers(key.as_ref(), &args.thread_id).await?;
        let unbegun = match self.unbegun(key.as_mut(), &call, &mut progress).await? {
            ControlFlow::Break(response) => return Ok(response),
            ControlFlow::Continue(unbegun) => unbegun,
        };
        let fresh = unbegun.is_none();
        let outcome = Box::pin(self.next_turn(args, key.as_ref(), unbegun, &call, progress)).await;
        self.settled(key.as_ref(), fresh, outcome).await
    }

    async fn next_turn<'a>(
        &self,
        args: ReplyArgs,
        key: Option<&Key>,
        unbegun: Option<(ThreadId, Seq)>,
        call: &'a Call<'a>,
        mut progress: Progress<'a>,
    ) -> Outcome {
        call.before(self.within(&args.thread_id)).await.map_err(too_slow)??;
        self.options.reach.limits.model(args.model.as_deref()).map_err(|error| above(&error))?;
        let known = self.known_in(&args.thread_id, args.model.as_deref(), args.effort.as_deref());
        call.before(known).await.map_err(too_slow)??;
        let output_schema = schema(args.output_schema.clone())?;
        // Looked at before codex is asked for anything: what is outside is neither loaded nor copied.
        let cwd = self.folder_of(&args.thread_id, call, &mut progress).await?;
        let images =
            images::look(&args.images, &cwd, &self.options.reach.limits).map_err(|e| bad_image(&e))?;
        let (handle, note) = match (&unbegun, &args.fork) {
            // A copy that was made for it already.
            (Some((thread, _)), _) => self.go_on(thread, call, &mut progress).await?,
            (None, Some(branch)) => self.copy(&args, branch, call, &mut progress).await?,
            (None, None) => self.go_on(&args.thread_id, call, &mut progress).await?,
        };
        if let (Some((_, after)), Some(key)) = (&unbegun, key) {
            // What codex had begun of it may have been read back by that.
            let again = self.follow_named(key, handle.thread(), *after, call, &mut progress).await?;
            if let Earlier::Done(response) = again {
                return Ok(response);
            }
        }
        self.still_within(&handle)?;
        let ReplyArgs { prompt, model, effort, name, when_busy, compact, .. } = args;
        let named = key.map(|key| key.name.clone());
        let turn =
            TurnParams { prompt, model, effort, images, output_schema, key: named, ..TurnParams::default() };
        let before = handle.view().borrow().next;
        let prompts = Prompts { turn, when_busy, compact };
        let thread = handle.thread().clone();
        self.placed(key, &thread, before).await;
        let after = unbegun.map_or(before, |(_, after)| after);
        let (handle, mut begun) = match prompts.clone().begin(self, &handle, call, &mut progress).await {
            // It was at rest, and let go in this very moment.
            Err(CallError::Closed(_)) => {
                let handle = self.open(&thread, call, &mut progress).await?;
                let begun = prompts.begin(self, &handle, call, &mut progress).await;
                (handle, begun.map_err(|error| call_error(&error, &thread))?)
            }
            Err(CallError::Named(thread)) if key.is_some() => {
                let Some(key) = key else {
                    return Err(call_error(&CallError::Named(thread.clone()), &thread));
                };
                return match self.follow_named(key, &thread, after, call, &mut progress).await? {
                    Earlier::Done(response) => Ok(response),
                    _ => Err(call_error(&CallError::Named(thread.clone()), &thread)),
                };
            }
            begun => (handle, begun.map_err(|error| call_error(&error, &thread))?),
        };
        let compaction = std::mem::take(&mut begun.notes);
        begun.notes = note.into_iter().chain(compaction).chain(self.name(&thread, name).await).collect();
        Ok(self.run(&handle, begun, call, progress, before).await)
    }

    /// A copy of a session, also of one that another program has.
    async fn copy(
        &self,
        args: &ReplyArgs,
        branch: &Branch,
        call: &Call<'_>,
        progress: &mut Progress<'_>,
    ) -> Result<(Handle, Option<String>), CallToolResult> {
        let thread = args.thread_id.clone();
        let turn = match branch {
            Branch::Latest => None,
            Branch::Turn(turn) => Some(turn.clone()),
        };
        let note = |handle: &Handle| {
            format!("This is a copy of session {}: it goes on as {}.", args.thread_id, handle.thread())
        };
        let title = args.name.as_deref().unwrap_or(&args.prompt);
        let forking = Box::pin(call.before(self.sessions.fork(Fork { thread, turn }, title)));
        let forked = progress.during("copying the session", forking).await;
        let handle = forked.map_err(too_slow)?.map_err(|error| open_error(&error))?;
        let note = note(&handle);
        Ok((handle, Some(note)))
    }

    /// A session that goes on, or one in the place of one that never began.
    pub(super) async fn go_on(
        &self,
        thread: &ThreadId,
        call: &Call<'_>,
        progress: &mut Progress<'_>,
    ) -> Result<(Handle, Option<String>), CallToolResult> {
        let opening = call.before(self.sessions.open(thread));
        let opened = progress.during("taking the session up", opening).await;
        let error = match opened.map_err(|late| not_taken_up(late, thread))? {
            Ok(handle) => return Ok((handle, None)),
            Err(error) => error,
        };
        if matches!(&error, OpenError::Agent(error) if error.0.code == "thread_unknown") {
            let anew = Box::pin(call.before(self.sessions.anew(thread)));
            let anew = progress.during("starting the session anew", anew).await.map_err(too_slow)?;
            if let Some(handle) = anew.map_err(|error| open_error(&error))? {
                let note = format!(
                    "Session {thread} had begun no turn, and codex keeps nothing of such a one: {} with the same \
                     settings took its place.",
                    handle.thread()
                );
                return Ok((handle, Some(note)));
            }
        }
        Err(open_error(&error))
    }

    /// The folder of a session, where it lies within the limits; empty where nobody knows the session.
    pub(super) async fn folder_of(
        &self,
        thread: &ThreadId,
        call: &Call<'_>,
        progress: &mut Progress<'_>,
    ) -> Result<PathBuf, CallToolResult> {
        let row = self.sessions.journal().session(thread.clone()).await;
        let row = row.map_err(|error| open_error(&error.into()))?;
        let cwd = match row.filter(|row| !row.cwd.is_empty()) {
            Some(row) => row.cwd,
            None => {
                let asking = call.before(self.sessions.thread(thread));
                let known = progress.during("looking for the session", asking).await.map_err(too_slow)?;
                known.map(|known| known.cwd).unwrap_or_default()
            }
        };
        let cwd = PathBuf::from(cwd);
        if !cwd.as_os_str().is_empty() {
            let real = std::fs::canonicalize(&cwd).unwrap_or_else(|_| cwd.clone());
            self.options.reach.limits.folder(&real).map_err(|error| above(&error))?;
        }
        Ok(cwd)
    }

    async fn open(
        &self,
        thread: &ThreadId,
        call: &Call<'_>,
        progress: &mut Progress<'_>,
    ) -> Result<Handle, CallToolResult> {
        let opening = call.before(self.sessions.open(thread));
        let opened = progress.during("taking the session up", opening).await;
        opened.map_err(|late| not_taken_up(late, thread))?.map_err(|error| open_error(&error))
    }

    /// Why a session was not compacted, where its compaction, which is over, did not end well.
    async fn not_compacted(&self, thread: &ThreadId, compaction: Option<TurnId>) -> Option<String> {
        let compaction = self.sessions.stored(thread, Some(&compaction?), Duration::ZERO).await.ok()?;
        let Status::Ended(TurnStatus::Failed | TurnStatus::Interrupted) = compaction.status else {
            return None;
        };
        let why = compaction.error.as_ref().map_or("it was interrupted", |error| &error.message);
        Some(format!("The session was not compacted: {why}"))
    }

    /// Gives a session a name; why not, where codex does not take it.
    pub(super) async fn name(&self, thread: &ThreadId, name: Option<String>) -> Option<String> {
        let query = Query::Name(thread.clone(), name?);
        let error = self.sessions.ask(query).await.err()?;
        Some(format!("The session was not named: {error}"))
    }
}

/// What a session is to do next.
#[derive(Clone)]
struct Prompts {
    turn: TurnParams,
    when_busy: WhenBusy,
    /// Whether it is compacted before that.
    compact: bool,
}

impl Prompts {
    async fn begin(
        self,
        server: &Server,
        handle: &Handle,
        call: &Call<'_>,
        progress: &mut Progress<'_>,
    ) -> Result<Begun, CallError> {
        let Self { turn, when_busy, compact } = self;
        if !compact {
            return server.start(handle, turn, when_busy, call, progress).await;
        }
        let (prompt, before) = ("(compaction)".to_owned(), turn.key.clone());
        let first = TurnParams { compact, prompt, before, ..TurnParams::default() };
        let first = server.start(handle, first, when_busy, call, progress).await?;
        match server.start(handle, turn, WhenBusy::Behind, call, progress).await {
            Ok(begun) => {
                let compaction = first.turn.filter(|_| begun.turn.is_some());
                let notes = server.not_compacted(handle.thread(), compaction).await.into_iter().collect();
                Ok(Begun { how: How::Begun, notes, ..begun })
            }
            Err(error) => {
                // Nobody wants it by itself.
                let _ = handle.give_up(first.start, by_host()).await;
                Err(error)
            }
        }
    }
}

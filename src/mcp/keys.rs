//! Runs that their callers named with `key`: the same call made again, also to another bridge and after a
//! restart, finds its run and does not do the work again.

use std::ops::ControlFlow;
use std::time::Duration;

use rmcp::model::{CallToolResponse, CallToolResult, JsonObject};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::call::{Call, Late};
use super::faults::{open_error, too_slow};
use super::progress::Progress;
use super::result;
use super::rounds::sorted;
use super::runs::Run;
use super::server::Server;
use super::tools::{DAY, Outcome, cut_note};
use crate::event::{Body, Origin, Timestamp};
use crate::ids::{Seq, ThreadId, TurnId};
use crate::journal::{JournalError, RunRecord};
use crate::session::{OpenError, View};

/// Events read from the journal at a time, and their bytes.
const PAGE: (usize, usize) = (256, 256 << 10);

/// How often somebody is asked whether a run has begun that another process is to begin.
const AGAIN: Duration = Duration::from_secs(1);

/// What a call is told that could not find out in time whether its run is there.
const SLOW: &str = "the journal did not say in time whether there is a run of this `key`: another process holds it, or just \
                    begins the run; nothing was started, call again";

/// A run that its caller named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub name: String,
    digest: String,
    /// Of this call, or of one that ended before it began the run.
    claim: String,
    /// What codex is told, by which a turn that this bridge was killed in is known again.
    prompt: String,
}

/// What became of a named run before.
pub(super) enum Earlier {
    /// It is new: this call is to begin it, and says where.
    New,
    /// It had a session, and began no turn in it that anybody knows: this call is to begin that.
    Unbegun(ThreadId, Seq),
    /// It has its turn, which this call has followed.
    Done(CallToolResponse),
}

impl Key {
    /// Of a call, if it names its run. How long it waits makes it no other call.
    pub fn of(tool: &str, arguments: Option<&JsonObject>) -> Option<Self> {
        let arguments = arguments?;
        let text = |name: &str| arguments.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (name, prompt) = (text("key"), text("prompt"));
        let mut asked = arguments.clone();
        asked.retain(|name, _| !matches!(name.as_str(), "key" | "wait"));
        let digest = Sha256::digest(format!("{tool} {}", sorted(&Value::Object(asked))));
        let digest = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let claim = uuid::Uuid::new_v4().to_string();
        (!name.is_empty()).then_some(Self { name, digest, claim, prompt })
    }
}

impl Server {
    /// The answer of a call whose run is there already; else where it is to begin, if it had a session before.
    pub(super) async fn unbegun(
        &self,
        key: Option<&mut Key>,
        call: &Call<'_>,
        progress: &mut Progress<'_>,
    ) -> Result<ControlFlow<CallToolResponse, Option<(ThreadId, Seq)>>, CallToolResult> {
        let Some(key) = key else { return Ok(ControlFlow::Continue(None)) };
        Ok(match self.earlier(key, call, progress).await? {
            Earlier::Done(response) => ControlFlow::Break(response),
            Earlier::New => ControlFlow::Continue(None),
            Earlier::Unbegun(thread, after) => ControlFlow::Continue(Some((thread, after))),
        })
    }

    /// Frees the name of a run that did not begin, where this call took it: one that others may go on with keeps
    /// it.
    pub(super) async fn settled(&self, key: Option<&Key>, fresh: bool, outcome: Outcome) -> Outcome {
        if outcome.is_err() && fresh {
            self.place(key, None).await;
        }
        outcome
    }

    /// Looks whether a named run is there already, and follows it where it is.
    async fn earlier(
        &self,
        key: &mut Key,
        call: &Call<'_>,
        progress: &mut Progress<'_>,
    ) -> Result<Earlier, CallToolResult> {
        let claiming = call.before(self.claim(key));
        let claimed = match progress.during("looking for the run", claiming).await {
            Ok(claimed) => claimed?,
            Err(late) => {
                // What is queued for the journal is done later, though nobody waits for it: so is this.
                drop(self.sessions.journal().place_run(key.claim.clone(), None));
                return Err(match late {
                    Late::Cancelled => too_slow(late),
                    Late::TooLong => result::refused("journal", SLOW),
                });
            }
        };
        let Some((claim, thread, after)) = claimed else { return Ok(Earlier::New) };
        let earlier = self.follow_named(key, &thread, after, call, progress).await?;
        if matches!(earlier, Earlier::Unbegun(..)) {
            // Its call is gone: this one does what that one did not come to.
            key.claim = claim;
        }
        Ok(earlier)
    }

    /// Follows a named run in its session, once it has begun.
    pub(super) async fn follow_named(
        &self,
        key: &Key,
        thread: &ThreadId,
        after: Seq,
        call: &Call<'_>,
        progress: &mut Progress<'_>,
    ) -> Result<Earlier, CallToolResult> {
        let finding = call.race(self.turn_of(key, thread, after), call.until());
        let Ok(found) = progress.during("waiting for the turn to begin", finding).await else {
            let view = match self.sessions.live(thread).await {
                Some(handle) => handle.view().borrow().as_ref().clone(),
                None => View::new(thread.clone()),
            };
            let place = view.line.iter().position(|one| one.key.as_ref() == Some(&key.name));
            let note = cut_note(call, &view);
            let result = result::not_begun(&view, place, &note, self.options.budget);
            return Ok(Earlier::Done(result.into()));
        };
        let turn = match found.map_err(|error| open_error(&error))? {
            Found::Turn(turn) => turn,
            Found::Unbegun => return Ok(Earlier::Unbegun(thread.clone(), after)),
            Found::Free => return Ok(Earlier::New),
        };
        if let Some(handle) = self.sessions.live(thread).await
            && handle.view().borrow().turn.as_ref() == Some(&turn)
        {
            let run = Run::new(&handle, Some(turn), call, Progress::of(call.context), false);
            return Ok(Earlier::Done(self.follow(run).await));
        }
        let ending = call.race(self.sessions.stored(thread, Some(&turn), call.wait.unwrap_or(DAY)), None);
        let view = progress.during("waiting for the turn", ending).await.map_err(too_slow)?;
        let view = view.map_err(|error| open_error(&error))?;
        Ok(Earlier::Done(result::of_view(&view, &cut_note(call, &view), self.options.budget).into()))
    }

    /// Says where a named run is. Not fatal: the run goes on, and is only not found again.
    pub(super) async fn placed(&self, key: Option<&Key>, thread: &ThreadId, after: Seq) {
        self.place(key, Some((thread.clone(), after))).await;
    }

    async fn place(&self, key: Option<&Key>, place: Option<(ThreadId, Seq)>) {
        let Some(key) = key else { return };
        if let Err(error) = self.sessions.journal().place_run(key.claim.clone(), place).await {
            tracing::warn!(%error, "the journal did not take where a named run is");
        }
    }

    /// Takes the name, or hears in which session its run is. A run that is just being given one is waited for.
    async fn claim(&self, key: &Key) -> Result<Option<(String, ThreadId, Seq)>, CallToolResult> {
        let journal = self.sessions.journal();
        let fail = |error: JournalError| open_error(&error.into());
        let mut changes = journal.watch_all().await.map_err(fail)?;
        loop {
            changes.mark_unchanged();
            let Some(found) = self.claimed(key).await.map_err(fail)? else { return Ok(None) };
            let shown = match &found.thread {
                Some(thread) => self.within(thread).await.is_ok(),
                None => true,
            };
            if found.digest != key.digest || !shown {
                let thread = found
                    .thread
                    .filter(|_| shown)
                    .map_or_else(String::new, |thread| format!(" in session `{thread}`"));
                let message = format!(
                    "`key` is `{}`, which names another run{thread}: it asked for something else; give each run a key of its own",
                    key.name
                );
                return Err(result::refused("key_taken", message));
            }
            if let Some(thread) = found.thread {
                return Ok(Some((found.claim, thread, found.after)));
            }
            // The end of another process changes nothing in the journal.
            let _ = tokio::time::timeout(AGAIN, changes.changed()).await;
        }
    }

    /// The run that has the name; `None` where this call has it from now on.
    async fn claimed(&self, key: &Key) -> Result<Option<RunRecord>, JournalError> {
        let journal = self.sessions.journal();
        let run = RunRecord {
            key: key.name.clone(),
            digest: key.digest.clone(),
            claim: key.claim.clone(),
            bridge: journal.bridge().clone(),
            thread: None,
            after: Seq::ZERO,
            created: Timestamp::now(),
        };
        journal.claim_run(run).await
    }

    /// The turn of a named run; waits for it as long as it may still begin.
    async fn turn_of(&self, key: &Key, thread: &ThreadId, after: Seq) -> Result<Found, OpenError> {
        let journal = self.sessions.journal();
        let mut changes = journal.watch(thread.clone()).await?;
        loop {
            changes.mark_unchanged();
            let live = self.sessions.live(thread).await;
            let waits = live.as_ref().is_some_and(|handle| handle.view().borrow().busy());
            let elsewhere = live.is_none() && self.sessions.is_elsewhere(thread).await;
            // Looked at in this order: one that begins meanwhile is found.
            if let Some(turn) = self.turn_with(key, thread, after).await? {
                return Ok(Found::Turn(turn));
            }
            if elsewhere {
                // Its call frees the name where it did not come to begin.
                if self.claimed(key).await?.is_none() {
                    return Ok(Found::Free);
                }
            } else if !waits {
                return Ok(Found::Unbegun);
            }
            let _ = tokio::time::timeout(AGAIN, changes.changed()).await;
        }
    }

    /// The turn that was begun under a name; or that codex began for it, and the bridge was killed before it had
    /// that in the journal: then it was read back.
    async fn turn_with(
        &self,
        key: &Key,
        thread: &ThreadId,
        after: Seq,
    ) -> Result<Option<TurnId>, JournalError> {
        let journal = self.sessions.journal();
        let (mut after, mut read_back) = (after, None);
        loop {
            let page = journal.read(thread.clone(), after, PAGE.0, PAGE.1).await?;
            let Some(last) = page.last() else { return Ok(read_back) };
            after = last.seq;
            for event in &page {
                match &event.body {
                    Body::TurnStarted { key: Some(name), .. } if *name == key.name => {
                        return Ok(event.turn_id.clone());
                    }
                    Body::UserMessage { text, .. }
                        if event.origin == Some(Origin::Codex) && *text == key.prompt =>
                    {
                        read_back.clone_from(&event.turn_id);
                    }
                    _ => {}
                }
            }
        }
    }
}

/// What there is of a named run in its session.
enum Found {
    /// Its turn.
    Turn(TurnId),
    /// No turn, and nobody who begins one.
    Unbegun,
    /// Nothing: its name is this call's now.
    Free,
}

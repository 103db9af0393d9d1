//! Runs that their callers named with `key`: the same call made again, also to another bridge and after a
//! restart, finds its run and does not do the work again.

use std::time::Duration;

use rmcp::model::{CallToolResponse, CallToolResult, JsonObject};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::call::Call;
use super::faults::{open_error, too_slow};
use super::progress::Progress;
use super::result;
use super::rounds::sorted;
use super::runs::Run;
use super::server::Server;
use super::tools::{DAY, cut_note};
use crate::event::{Body, Event, Origin, Timestamp};
use crate::ids::{Seq, ThreadId, TurnId};
use crate::journal::{JournalError, RunRecord};
use crate::session::{OpenError, View};

/// Events read from the journal at a time, and their bytes.
const PAGE: (usize, usize) = (256, 256 << 10);

/// How often somebody is asked whether a run has begun that another process is to begin.
const AGAIN: Duration = Duration::from_secs(1);

/// How long another process may take to begin a turn: it says nothing of one that codex refused.
const BEGINS: Duration = Duration::from_secs(60);

/// A run that its caller named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub name: String,
    digest: String,
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
        (!name.is_empty()).then_some(Self { name, digest, prompt })
    }
}

impl Server {
    /// Looks whether a named run is there already, and follows it where it is.
    pub(super) async fn earlier(
        &self,
        key: &Key,
        call: &Call<'_>,
        progress: &mut Progress<'_>,
    ) -> Result<Earlier, CallToolResult> {
        let claiming = call.before(self.claim(key));
        let claimed = progress.during("looking for the run", claiming).await.map_err(too_slow)?;
        let Some((thread, after)) = claimed? else { return Ok(Earlier::New) };
        self.follow_named(key, &thread, after, call, progress).await
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
            let view = View { starting: true, ..View::new(thread.clone()) };
            return Ok(Earlier::Done(
                result::of_view(&view, &cut_note(call, &view), self.options.budget).into(),
            ));
        };
        let Some(turn) = found.map_err(|error| open_error(&error))? else {
            return Ok(Earlier::Unbegun(thread.clone(), after));
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

    /// Frees the name of a run that did not begin.
    pub(super) async fn unplaced(&self, key: Option<&Key>) {
        self.place(key, None).await;
    }

    async fn place(&self, key: Option<&Key>, place: Option<(ThreadId, Seq)>) {
        let Some(key) = key else { return };
        if let Err(error) = self.sessions.journal().place_run(key.name.clone(), place).await {
            tracing::warn!(%error, "the journal did not take where a named run is");
        }
    }

    /// Takes the name, or hears in which session its run is. A run that is just being given one is waited for.
    async fn claim(&self, key: &Key) -> Result<Option<(ThreadId, Seq)>, CallToolResult> {
        let journal = self.sessions.journal();
        let fail = |error: JournalError| open_error(&error.into());
        let mut changes = journal.watch_all().await.map_err(fail)?;
        loop {
            changes.mark_unchanged();
            let run = RunRecord {
                key: key.name.clone(),
                digest: key.digest.clone(),
                bridge: journal.bridge().clone(),
                thread: None,
                after: Seq::ZERO,
                created: Timestamp::now(),
            };
            let Some(found) = journal.claim_run(run).await.map_err(fail)? else { return Ok(None) };
            if found.digest != key.digest {
                let thread =
                    found.thread.map_or_else(String::new, |thread| format!(" in session `{thread}`"));
                let message = format!(
                    "`key` is `{}`, which names another run{thread}: it asked for something else; give each run a key of its own",
                    key.name
                );
                return Err(result::refused("key_taken", message));
            }
            if let Some(thread) = found.thread {
                return Ok(Some((thread, found.after)));
            }
            // The end of another process changes nothing in the journal.
            let _ = tokio::time::timeout(AGAIN, changes.changed()).await;
        }
    }

    /// The turn of a named run; waits for it as long as it may still begin, and is `None` where it will not.
    async fn turn_of(&self, key: &Key, thread: &ThreadId, after: Seq) -> Result<Option<TurnId>, OpenError> {
        let journal = self.sessions.journal();
        let mut changes = journal.watch(thread.clone()).await?;
        let until = Instant::now() + BEGINS;
        loop {
            changes.mark_unchanged();
            let waits = match self.sessions.live(thread).await {
                Some(handle) => handle.view().borrow().busy(),
                None => Instant::now() < until && self.sessions.is_elsewhere(thread).await,
            };
            // Looked at in this order: one that begins meanwhile is found.
            if let Some(turn) = self.turn_with(key, thread, after).await? {
                return Ok(Some(turn));
            }
            if !waits {
                return Ok(None);
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
        let mut after = after;
        loop {
            let page = journal.read(thread.clone(), after, PAGE.0, PAGE.1).await?;
            let Some(last) = page.last() else { return Ok(None) };
            after = last.seq;
            if let Some(event) = page.iter().find(|event| is_of(key, event)) {
                return Ok(event.turn_id.clone());
            }
        }
    }
}

fn is_of(key: &Key, event: &Event) -> bool {
    match &event.body {
        Body::TurnStarted { key: Some(name), .. } => *name == key.name,
        Body::UserMessage { text, .. } => event.origin == Some(Origin::Codex) && *text == key.prompt,
        _ => false,
    }
}

//! Runs that have a name: the same call made again with its `key`, also to another bridge and after a restart, finds
//! its run and does not do the work again. What may wait in line gets a name also where its caller gave none.

use std::ops::ControlFlow;
use std::time::Duration;

use data_encoding::HEXLOWER;
use rmcp::model::{CallToolResponse, CallToolResult, JsonObject};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::call::{Call, Late};
use super::faults::{call_error, open_error, too_slow};
use super::progress::Progress;
use super::result::{self, Note};
use super::rounds::sorted;
use super::runs::Run;
use super::server::Server;
use super::tools::{DAY, ELSEWHERE, Outcome, cut_note};
use crate::event::Timestamp;
use crate::ids::{Seq, ThreadId, TurnId};
use crate::journal::{JournalError, RunRecord};
use crate::session::{AgentError, Begun, Named, OpenError, View, begun};

/// How often somebody is asked whether a run has begun that another process is to begin.
const AGAIN: Duration = Duration::from_secs(1);

/// What a call is told that could not find out in time whether its run is there.
const SLOW: &str = "the journal did not say in time whether there is a run of this `key`: another process holds it, or just \
                    begins the run; nothing was started, call again";

/// What a name of the bridge begins with.
const MADE: &str = "queued-";

/// A run that its caller named, or the bridge.
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
    /// Of a call, if it names its run; one that may wait in line is named here, so that it can be told from those that
    /// wait with it. How long it waits makes it no other call.
    pub fn of(tool: &str, arguments: Option<&JsonObject>) -> Option<Self> {
        let arguments = arguments?;
        let text = |name: &str| arguments.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (mut name, prompt) = (text("key"), text("prompt"));
        if name.is_empty() && text("when-busy") == "queue" {
            name = format!("{MADE}{}", uuid::Uuid::new_v4());
        }
        let mut asked = arguments.clone();
        asked.retain(|name, _| !matches!(name.as_str(), "key" | "wait"));
        let digest = Sha256::digest(format!("{tool} {}", sorted(&Value::Object(asked))));
        let digest = HEXLOWER.encode(&digest);
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

    /// Names are each caller's own, but what the events of one session say of a name they say of one run: there somebody
    /// else may have it.
    pub(super) async fn unless_anothers(
        &self,
        key: Option<&Key>,
        thread: &ThreadId,
    ) -> Result<(), CallToolResult> {
        let Some(key) = key else { return Ok(()) };
        let found = self.sessions.journal().run(thread.clone(), key.name.clone()).await;
        let found = found.map_err(|error| open_error(&error.into()))?;
        if found.is_none_or(|run| run.principal.as_ref() == self.principal()) {
            return Ok(());
        }
        let message = format!(
            "`key` is `{}`, which names another run in this session, of somebody else; give this one another key",
            key.name
        );
        Err(result::refused("key_taken", message))
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
        // Who does not wait hears all the same where it stands.
        let looking = call.before(self.look_for(key, thread, after)).await.map_err(too_slow)?;
        let found = match looking.map_err(|error| open_error(&error))? {
            Some(found) => Ok(found),
            None => {
                let finding = call.race(self.turn_of(key, thread, after), call.until());
                let Ok(found) = progress.during("waiting for the turn to begin", finding).await else {
                    return Ok(Earlier::Done(self.still_waits(thread, &key.name, call).await));
                };
                found
            }
        };
        let turn = match found.map_err(|error| open_error(&error))? {
            Found::Turn(turn) => turn,
            Found::Unbegun => return Ok(Earlier::Unbegun(thread.clone(), after)),
            Found::Free => return Ok(Earlier::New),
        };
        self.follow_turn(thread, turn, call, progress).await.map(Earlier::Done)
    }

    /// Follows a turn that is meant by its name, whether it runs here, elsewhere or no more.
    async fn follow_turn(
        &self,
        thread: &ThreadId,
        turn: TurnId,
        call: &Call<'_>,
        progress: &mut Progress<'_>,
    ) -> Outcome {
        if let Some(handle) = self.sessions.live(thread).await
            && handle.view().borrow().turn.as_ref() == Some(&turn)
        {
            let run = Run::new(&handle, Some(turn), call, Progress::of(call.context), false);
            return Ok(self.follow(run).await);
        }
        let ending = call.race(self.sessions.stored(thread, Some(&turn), call.wait.unwrap_or(DAY)), None);
        let view = progress.during(ELSEWHERE, ending).await.map_err(too_slow)?;
        let view = view.map_err(|error| open_error(&error))?;
        Ok(result::of_view(&view, &cut_note(call, &view), self.options.budget).into())
    }

    /// Waits for the turn that a caller of `codex-wait` names: by its own name, or by that of its run.
    pub(super) async fn wait_for(
        &self,
        thread: &ThreadId,
        turn: TurnId,
        call: &Call<'_>,
        progress: &mut Progress<'_>,
    ) -> Outcome {
        // Who does not wait hears all the same where it stands.
        let found = call.before(self.sessions.named(thread, turn.as_str())).await.map_err(too_slow)?;
        let found = match found {
            Ok(Named::Waits(_)) => {
                let beginning = call.race(self.sessions.begins(thread, turn.as_str()), call.until());
                progress.during("waiting for the turn to begin", beginning).await
            }
            found => Ok(found),
        };
        match found {
            Ok(Ok(Named::Unknown)) => self.follow_turn(thread, turn, call, progress).await,
            Ok(Ok(Named::Turn(turn))) => self.follow_turn(thread, turn, call, progress).await,
            Ok(Ok(Named::Over(why))) => Err(call_error(&AgentError(why).into(), thread)),
            Ok(Ok(Named::Waits(_))) | Err(Late::TooLong) => {
                Ok(self.still_waits(thread, turn.as_str(), call).await)
            }
            Ok(Err(error)) => Err(open_error(&error)),
            Err(late @ Late::Cancelled) => Err(too_slow(late)),
        }
    }

    /// What a caller is told whose run has not begun in the time that it waits.
    async fn still_waits(&self, thread: &ThreadId, name: &str, call: &Call<'_>) -> CallToolResponse {
        let view = match self.sessions.live(thread).await {
            Some(handle) => handle.view().borrow().as_ref().clone(),
            None => View::new(thread.clone()),
        };
        let note = Note { run: Some(name.to_owned()), ..cut_note(call, &view) };
        result::not_begun(&view, view.place_of(name), &note, self.options.budget).into()
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
            principal: self.principal().cloned(),
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
        let mut changes = self.sessions.journal().watch(thread.clone()).await?;
        loop {
            changes.mark_unchanged();
            if let Some(found) = self.look_for(key, thread, after).await? {
                return Ok(found);
            }
            let _ = tokio::time::timeout(AGAIN, changes.changed()).await;
        }
    }

    /// What there is of a named run now; nothing where it may still begin.
    async fn look_for(&self, key: &Key, thread: &ThreadId, after: Seq) -> Result<Option<Found>, OpenError> {
        let journal = self.sessions.journal().as_ref();
        let live = self.sessions.live(thread).await;
        let waits = live.as_ref().is_some_and(|handle| handle.view().borrow().busy());
        let elsewhere = live.is_none() && self.sessions.is_elsewhere(thread).await;
        // Looked at in this order: one that begins meanwhile is found.
        if let Begun::Turn(turn) = begun(journal, thread, &key.name, after, Some(&key.prompt)).await? {
            return Ok(Some(Found::Turn(turn)));
        }
        if elsewhere {
            // Its call frees the name where it did not come to begin; unless that had gone by then.
            let Some(run) = self.claimed(key).await? else { return Ok(Some(Found::Free)) };
            let said = begun(journal, thread, &key.name, run.after, None).await?;
            return Ok(matches!(said, Begun::Never(_)).then_some(Found::Unbegun));
        }
        Ok((!waits).then_some(Found::Unbegun))
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

//! Runs that have a name: where one stands. These look only, and neither take a name nor free one.

use std::collections::BTreeSet;
use std::time::Duration;

use super::ends::never_began;
use super::handle::{CallError, Handle};
use super::registry::{OpenError, Sessions};
use crate::approval::Verdict;
use crate::event::{Body, ErrorInfo, Event, Origin};
use crate::ids::{Seq, ThreadId, TurnId};
use crate::journal::{Journal, JournalError};

/// Events read from the journal at a time, and their bytes.
const PAGE: (usize, usize) = (256, 256 << 10);

/// The runs that are looked at where a bridge was killed: more than may wait in one line, and they are its latest.
const LATEST: usize = 128;

/// How often it is looked again: the end of another process changes nothing in the journal.
const AGAIN: Duration = Duration::from_secs(1);

/// Where a named run stands in its session.
#[derive(Clone, Debug, PartialEq)]
pub enum Named {
    /// It is no run of the session.
    Unknown,
    /// It is to begin, once those before it have ended; how many they are, where that is known.
    Waits(Option<usize>),
    /// It has begun this turn, which may have ended.
    Turn(TurnId),
    /// It never began and will not: why.
    Over(ErrorInfo),
}

/// What the events of a session say of a named run.
#[derive(Clone, Debug, PartialEq)]
pub enum Begun {
    /// Its turn.
    Turn(TurnId),
    /// It never began and will not: why, where that is known.
    Never(Option<ErrorInfo>),
    /// Nothing.
    Unsaid,
}

/// What the events behind `after` say of a run. `prompt`: what codex was told, where that is known: codex may have
/// begun a turn for it, and the bridge have been killed before it had that in the journal; then it was read back.
///
/// # Errors
/// When the journal cannot be read.
pub async fn begun(
    journal: &dyn Journal,
    thread: &ThreadId,
    name: &str,
    after: Seq,
    prompt: Option<&str>,
) -> Result<Begun, JournalError> {
    let (mut after, mut read_back, mut never) = (after, None, Begun::Unsaid);
    loop {
        let page = journal.read(thread.clone(), after, PAGE.0, PAGE.1).await?;
        let Some(last) = page.last() else { return Ok(read_back.map_or(never, Begun::Turn)) };
        after = last.seq;
        for event in &page {
            match &event.body {
                Body::TurnStarted { key: Some(key), .. } if key == name => {
                    if let Some(turn) = &event.turn_id {
                        return Ok(Begun::Turn(turn.clone()));
                    }
                }
                Body::UserMessage { text, .. }
                    if event.origin == Some(Origin::Codex) && Some(text.as_str()) == prompt =>
                {
                    read_back.clone_from(&event.turn_id);
                }
                Body::TurnFinished { key: Some(key), error, .. } if key == name => {
                    never = Begun::Never(error.clone());
                }
                Body::Warning { runs, .. } if runs.iter().any(|run| run == name) => {
                    never = Begun::Never(None)
                }
                _ => {}
            }
        }
    }
}

/// The names of runs of a session of which its events say nothing: they waited in line when its bridge was killed.
pub(super) async fn unbegun(journal: &dyn Journal, thread: &ThreadId) -> Result<Vec<String>, JournalError> {
    let mut runs = journal.runs(thread.clone(), LATEST).await?;
    runs.sort_by_key(|run| run.created);
    let Some(mut after) = runs.iter().map(|run| run.after).min() else { return Ok(Vec::new()) };
    let mut said = BTreeSet::new();
    loop {
        let page = journal.read(thread.clone(), after, PAGE.0, PAGE.1).await?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        for Event { seq, body, .. } in page {
            let names = match body {
                Body::TurnStarted { key: Some(key), .. } | Body::TurnFinished { key: Some(key), .. } => {
                    vec![key]
                }
                Body::Warning { runs, .. } => runs,
                _ => continue,
            };
            said.extend(names.into_iter().map(|name| (name, seq)));
        }
    }
    // What was said of a name before its prompt was sent again is of another attempt.
    let known = |name: &str, after: Seq| said.iter().any(|(said, seq)| said == name && *seq > after);
    runs.retain(|run| !known(&run.key, run.after));
    Ok(runs.into_iter().map(|run| run.key).collect())
}

impl Sessions {
    /// Where the run of this name stands, if it is one of this session.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn named(&self, thread: &ThreadId, name: &str) -> Result<Named, OpenError> {
        let journal = self.journal().as_ref();
        let run = journal.run(thread.clone(), name.to_owned()).await?;
        let Some(run) = run else { return Ok(Named::Unknown) };
        // Looked at before the events: one that begins meanwhile is found among them.
        let live = self.live(thread).await.map(|handle| handle.view().borrow().clone());
        let elsewhere = live.is_none() && self.is_elsewhere(thread).await;
        let place = live.as_ref().and_then(|view| view.place_of(name));
        if place.is_some() {
            return Ok(Named::Waits(place));
        }
        Ok(match begun(journal, thread, name, run.after, None).await? {
            Begun::Turn(turn) => Named::Turn(turn),
            Begun::Never(why) => Named::Over(why.unwrap_or_else(|| never_began(name, thread))),
            Begun::Unsaid => match live {
                Some(view) if view.busy() => Named::Waits(view.queued),
                None if elsewhere => Named::Waits(None),
                _ => Named::Over(never_began(name, thread)),
            },
        })
    }

    /// The same once it no longer waits, or is not to be found any more.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn begins(&self, thread: &ThreadId, name: &str) -> Result<Named, OpenError> {
        let mut changes = self.journal().watch(thread.clone()).await?;
        let mut waited = false;
        loop {
            changes.mark_unchanged();
            match self.named(thread, name).await? {
                Named::Waits(_) => waited = true,
                // Its caller was still there, and has freed its name.
                Named::Unknown if waited => return Ok(Named::Over(never_began(name, thread))),
                found => return Ok(found),
            }
            let _ = tokio::time::timeout(AGAIN, changes.changed()).await;
        }
    }

    /// Ends one turn of a live session, and no other: the one of this name, or the one of the run of this name, which is
    /// taken out of the line where it waits. Returns the name of the turn that is being ended; none where it did
    /// not run.
    ///
    /// # Errors
    /// When the session is closed, or the journal cannot be read.
    pub async fn cancel_one(
        &self,
        handle: &Handle,
        name: &str,
        verdict: Verdict,
    ) -> Result<Result<Option<TurnId>, CallError>, OpenError> {
        Ok(match self.named(handle.thread(), name).await? {
            Named::Unknown => handle.cancel(Some(TurnId::from(name)), verdict).await,
            Named::Turn(turn) => handle.cancel(Some(turn), verdict).await,
            Named::Waits(_) => handle.cancel_run(name, verdict).await,
            Named::Over(_) => Ok(None),
        })
    }
}

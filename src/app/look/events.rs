//! The events of one session, as they are, and as they come.

use std::ops::ControlFlow;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::error::LookError;
use super::journal::Archive;
use crate::app::shutdown_on_signal;
use crate::config::Loaded;
use crate::event::Event;
use crate::ids::{Seq, ThreadId};
use crate::journal::{Journal, SqliteJournal};
use crate::terminal::{self, Screen};

/// Events read from the journal at a time.
const PAGE: usize = 1000;

/// The same in bytes.
const PAGE_BYTES: usize = 4 << 20;

/// Which events are to be seen, and how.
#[derive(Clone, Debug)]
pub struct EventsQuery {
    /// The session: its id, the beginning of it, or `last`.
    pub thread: String,
    /// Whether to wait for more.
    pub follow: bool,
    /// The number after which to begin.
    pub after: u64,
    /// Only these types; all where empty.
    pub types: Vec<String>,
    /// As JSON, whole and all.
    pub json: bool,
    /// With the pieces of messages and outputs too.
    pub full: bool,
}

impl EventsQuery {
    fn wants(&self, event: &Event) -> bool {
        if !self.types.is_empty() {
            return self.types.iter().any(|kind| kind == event.body.kind());
        }
        self.full || self.json || !event.body.is_delta()
    }

    /// The event as text, with the ends of its lines.
    fn text(&self, event: &Event) -> String {
        if self.json {
            let line = serde_json::to_string(event).unwrap_or_default();
            return format!("{line}\n");
        }
        // Asked each time: a window changes its size.
        Screen::of_process().event(event)
    }
}

/// Prints the events of a session; with `follow` until nobody reads them any more, or a signal comes.
///
/// # Errors
/// When there is no such session, the journal cannot be read, or stdout not be written.
pub async fn show_events(loaded: &Loaded, query: EventsQuery) -> Result<(), LookError> {
    let archive = Archive::open(&loaded.journal())?;
    let (journal, thread) = archive.find(&query.thread).await?;
    let last = journal.session(thread.clone()).await?.map_or(Seq::ZERO, |row| row.last_seq);
    if Seq(query.after) > last {
        return Err(LookError::After { thread, after: Seq(query.after), last });
    }
    if !query.follow {
        // Whether to the end or to where the reader had enough: it is done.
        return print_all(journal, &thread, &query, Seq(query.after)).await.map(|_| ());
    }
    let (over, tasks) = (CancellationToken::new(), TaskTracker::new());
    shutdown_on_signal(over.clone(), &tasks).map_err(LookError::Signals)?;
    let shown = tokio::select! {
        shown = follow(journal, &thread, &query) => shown,
        () = terminal::closed() => Ok(()),
        () = over.cancelled() => Ok(()),
    };
    over.cancel();
    tasks.close();
    tasks.wait().await;
    shown
}

async fn follow(journal: &SqliteJournal, thread: &ThreadId, query: &EventsQuery) -> Result<(), LookError> {
    // Watched before it is read: what comes in between wakes.
    let mut changes = journal.watch(thread.clone()).await?;
    let mut at = Seq(query.after);
    while let ControlFlow::Continue(read) = print_all(journal, thread, query, at).await? {
        at = read;
        if changes.changed().await.is_err() {
            break;
        }
    }
    Ok(())
}

/// Prints what there is after `at`; how far it has read, unless nobody reads what it prints.
async fn print_all(
    journal: &SqliteJournal,
    thread: &ThreadId,
    query: &EventsQuery,
    mut at: Seq,
) -> Result<ControlFlow<(), Seq>, LookError> {
    loop {
        let page = journal.read(thread.clone(), at, PAGE, PAGE_BYTES).await?;
        let Some(last) = page.last() else { return Ok(ControlFlow::Continue(at)) };
        at = last.seq;
        let text: String =
            page.iter().filter(|event| query.wants(event)).map(|event| query.text(event)).collect();
        // On a thread that may block: a reader that is slow must not keep a signal from being heard.
        let printed = tokio::task::spawn_blocking(move || Screen::print(&text)).await;
        let printed = printed.unwrap_or_else(|error| Err(std::io::Error::other(error)));
        if printed.map_err(LookError::Output)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
}

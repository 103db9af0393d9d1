//! Tells one host which of the resources that it watches have changed: at most once in 100 ms each.
//!
//! A change of the journal only wakes; what has changed is looked up, so that nothing is missed by one
//! who is slow, and several changes are one notice.

use std::collections::BTreeMap;
use std::time::Duration;

use rmcp::model::ResourceUpdatedNotificationParam;
use rmcp::service::{Peer, RoleServer, SubscriptionSink};
use tokio::sync::watch;

use super::Uri;
use super::listed::Listed;
use crate::event::{Body, Event, Timestamp};
use crate::ids::{Seq, ThreadId};
use crate::journal::{Journal, JournalError};
use crate::mcp::reach::Reach;
use crate::session;

/// The least time between two notices of one resource.
const PAUSE: Duration = Duration::from_millis(100);

/// Sessions that are looked at for a change of their list.
const SESSIONS: usize = 200;

/// Events read at a time when a diff is looked for, and the same in bytes.
const PAGE: (usize, usize) = (256, 1 << 20);

/// What a host wants to hear of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::mcp) struct Wants {
    /// Resources, by the addresses that it gave, as they were then; one of which that is not known is told
    /// of at once.
    pub addresses: BTreeMap<String, Option<String>>,
    /// That there are others.
    pub list: bool,
}

/// Where notices go: to a legacy host, or into a subscription of a modern one.
pub(in crate::mcp) enum Outlet<'a> {
    /// A legacy host.
    Peer(&'a Peer<RoleServer>),
    /// A subscription.
    Sink(&'a SubscriptionSink),
}

impl Outlet<'_> {
    async fn updated(&self, address: &str) -> bool {
        match self {
            Self::Peer(peer) => {
                let params = ResourceUpdatedNotificationParam::new(address);
                peer.notify_resource_updated(params).await.is_ok()
            }
            Self::Sink(sink) => sink.notify_resource_updated(address).await.is_ok(),
        }
    }

    async fn list_changed(&self) -> bool {
        match self {
            Self::Peer(peer) => peer.notify_resource_list_changed().await.is_ok(),
            Self::Sink(sink) => sink.notify_resource_list_changed().await.is_ok(),
        }
    }
}

/// Tells of changes until the host has gone: sessions that were made after `since` are news. Ends by itself only then, or when the journal has closed.
pub(in crate::mcp) async fn run(
    journal: &dyn Journal,
    reach: &Reach,
    outlet: Outlet<'_>,
    mut wants: watch::Receiver<Wants>,
    since: Timestamp,
) {
    let Ok(mut changes) = journal.watch_all().await else { return };
    let mut watcher = Watcher::new(since);
    loop {
        let now = wants.borrow_and_update().clone();
        let news = watcher.look(journal, reach, now).await;
        for address in &news.updated {
            if !outlet.updated(address).await {
                return;
            }
        }
        if news.list && !outlet.list_changed().await {
            return;
        }
        tokio::time::sleep(PAUSE).await;
        if news.again {
            continue;
        }
        tokio::select! {
            changed = changes.changed() => if changed.is_err() { return },
            changed = wants.changed() => if changed.is_err() { return },
        }
    }
}

/// What a host is to be told.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct News {
    /// The addresses that look another way.
    pub updated: Vec<String>,
    /// There is another session.
    pub list: bool,
    /// Something could not be looked at: what woke us is used up, so that one must look again.
    pub again: bool,
}

/// What one host was last told of.
#[derive(Debug)]
pub(super) struct Watcher {
    /// How each resource looked.
    seen: BTreeMap<String, String>,
    diffs: BTreeMap<ThreadId, (Seq, Seq)>,
    since: Timestamp,
    listed: Option<Listed>,
}

impl Watcher {
    /// Of a host that listens since then.
    pub fn new(since: Timestamp) -> Self {
        Self { seen: BTreeMap::new(), diffs: BTreeMap::new(), since, listed: None }
    }

    /// Looks at all that is wanted.
    pub async fn look(&mut self, journal: &dyn Journal, reach: &Reach, wants: Wants) -> News {
        let mut news = News::default();
        self.seen.retain(|address, _| wants.addresses.contains_key(address));
        for (address, known) in wants.addresses {
            if let (None, Some(known)) = (self.seen.get(&address), known) {
                self.seen.insert(address.clone(), known);
            }
            match look(journal, reach, &address, &mut self.diffs).await {
                Ok(state) => {
                    if self.seen.insert(address.clone(), state.clone()) != Some(state) {
                        news.updated.push(address);
                    }
                }
                Err(_) => news.again = true,
            }
        }
        match journal.sessions(reach.own.clone(), SESSIONS).await {
            Ok(mut rows) => {
                rows.retain(|row| reach.shows(row));
                // The first look may come after a session that was made meanwhile.
                let older =
                    || rows.iter().filter(|row| row.created < self.since).cloned().collect::<Vec<_>>();
                let listed = self.listed.get_or_insert_with(|| Listed::of(&older()));
                news.list = listed.see(&rows) && wants.list;
            }
            Err(_) => news.again = true,
        }
        news
    }
}

/// What a resource looks like now, in as few words as tell it from what it was.
async fn look(
    journal: &dyn Journal,
    reach: &Reach,
    address: &str,
    diffs: &mut BTreeMap<ThreadId, (Seq, Seq)>,
) -> Result<String, JournalError> {
    Ok(match Uri::parse(address) {
        // An event never changes.
        Err(_) | Ok(Uri::EventSchema | Uri::Event(..)) => String::new(),
        Ok(Uri::Sessions | Uri::Mcp) => {
            let rows = journal.sessions(reach.own.clone(), SESSIONS).await?;
            let rows = rows.iter().filter(|row| reach.shows(row));
            let each = rows.map(|row| format!("{} {} {}", row.thread_id, row.last_seq, row.status.name()));
            each.collect::<Vec<_>>().join("\n")
        }
        Ok(Uri::Decisions) => {
            let open = session::open_decisions(journal).await?;
            let shown = open.iter().filter(|(row, _)| reach.shows(row));
            shown.map(|(_, request)| request.approval_id.as_str()).collect::<Vec<_>>().join("\n")
        }
        Ok(Uri::Diff(thread)) => last_diff(journal, reach, &thread, diffs).await?.to_string(),
        Ok(Uri::Session(thread) | Uri::Events(thread, ..) | Uri::Transcript(thread)) => journal
            .session(thread)
            .await?
            .filter(|row| reach.shows(row))
            .map_or(Seq::ZERO, |row| row.last_seq)
            .to_string(),
    })
}

/// The state that a host sees who subscribes now.
pub(in crate::mcp) async fn state(journal: &dyn Journal, reach: &Reach, address: &str) -> Option<String> {
    look(journal, reach, address, &mut BTreeMap::new()).await.ok()
}

/// The last event of a session that changed its diff: a diff, or the begin of a turn, which empties it. So
/// what is before the latest turn is not read.
async fn last_diff(
    journal: &dyn Journal,
    reach: &Reach,
    thread: &ThreadId,
    diffs: &mut BTreeMap<ThreadId, (Seq, Seq)>,
) -> Result<Seq, JournalError> {
    let row = journal.session(thread.clone()).await?.filter(|row| reach.shows(row));
    let Some(row) = row else { return Ok(Seq::ZERO) };
    let known = diffs.get(thread).copied().unwrap_or_default();
    let (mut at, mut last) = known.max((row.turn_seq, row.turn_seq));
    loop {
        let events = journal.read(thread.clone(), at, PAGE.0, PAGE.1).await?;
        let Some(end) = events.last() else { break };
        at = end.seq;
        let changes = |event: &&Event| matches!(event.body, Body::Diff { .. } | Body::TurnStarted { .. });
        last = events.iter().rfind(changes).map_or(last, |event| event.seq);
    }
    diffs.insert(thread.clone(), (at, last));
    Ok(last)
}

//! Tells one host which of the resources that it watches have changed: at most once in 100 ms each.
//!
//! A change of the journal only wakes; what has changed is looked up, so that nothing is missed by one
//! who is slow, and several changes are one notice.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rmcp::model::ResourceUpdatedNotificationParam;
use rmcp::service::{Peer, RoleServer, SubscriptionSink};
use tokio::sync::watch;

use super::Uri;
use crate::event::Body;
use crate::ids::{Seq, ThreadId};
use crate::journal::{Journal, JournalError};
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

/// What a resource looked like when the host was last told of it.
type Seen = BTreeMap<String, String>;

/// Tells of changes until the host has gone; ends by itself only then, or when the journal has closed.
pub(in crate::mcp) async fn run(
    journal: &dyn Journal,
    outlet: Outlet<'_>,
    mut wants: watch::Receiver<Wants>,
) {
    let Ok(mut changes) = journal.watch_all().await else { return };
    let mut diffs = BTreeMap::new();
    let mut listed = sessions_there(journal).await.unwrap_or_default();
    let mut seen = Seen::new();
    loop {
        let now = wants.borrow_and_update().clone();
        seen.retain(|address, _| now.addresses.contains_key(address));
        for (address, state) in now.addresses {
            if let (None, Some(state)) = (seen.get(&address), &state) {
                seen.insert(address.clone(), state.clone());
            }
            let Ok(state) = look(journal, &address, &mut diffs).await else { continue };
            if seen.insert(address.clone(), state.clone()) != Some(state) && !outlet.updated(&address).await {
                return;
            }
        }
        let there = sessions_there(journal).await.unwrap_or_else(|_| listed.clone());
        if now.list && there != listed && !outlet.list_changed().await {
            return;
        }
        listed = there;
        tokio::time::sleep(PAUSE).await;
        tokio::select! {
            changed = changes.changed() => if changed.is_err() { return },
            changed = wants.changed() => if changed.is_err() { return },
        }
    }
}

/// What a resource looks like now, in as few words as tell it from what it was.
async fn look(
    journal: &dyn Journal,
    address: &str,
    diffs: &mut BTreeMap<ThreadId, (Seq, Seq)>,
) -> Result<String, JournalError> {
    Ok(match Uri::parse(address) {
        // An event never changes.
        Err(_) | Ok(Uri::EventSchema | Uri::Event(..)) => String::new(),
        Ok(Uri::Sessions | Uri::Mcp) => {
            let rows = journal.sessions(SESSIONS).await?;
            let each =
                rows.iter().map(|row| format!("{} {} {}", row.thread_id, row.last_seq, row.status.name()));
            each.collect::<Vec<_>>().join("\n")
        }
        Ok(Uri::Decisions) => {
            let open = session::open_decisions(journal).await?;
            open.iter().map(|(_, request)| request.approval_id.as_str()).collect::<Vec<_>>().join("\n")
        }
        Ok(Uri::Diff(thread)) => last_diff(journal, &thread, diffs).await?.to_string(),
        Ok(Uri::Session(thread) | Uri::Events(thread, ..) | Uri::Transcript(thread)) => {
            journal.session(thread).await?.map_or(Seq::ZERO, |row| row.last_seq).to_string()
        }
    })
}

/// The state that a host sees who subscribes now.
pub(in crate::mcp) async fn state(journal: &dyn Journal, address: &str) -> Option<String> {
    look(journal, address, &mut BTreeMap::new()).await.ok()
}

/// The last event of a session that changed its diff: a diff, or the begin of a turn, which empties it.
async fn last_diff(
    journal: &dyn Journal,
    thread: &ThreadId,
    diffs: &mut BTreeMap<ThreadId, (Seq, Seq)>,
) -> Result<Seq, JournalError> {
    let (mut at, mut last) = diffs.get(thread).copied().unwrap_or_default();
    loop {
        let events = journal.read(thread.clone(), at, PAGE.0, PAGE.1).await?;
        let Some(end) = events.last() else { break };
        at = end.seq;
        let changes =
            |event: &&crate::event::Event| matches!(event.body, Body::Diff { .. } | Body::TurnStarted {});
        last = events.iter().rfind(changes).map_or(last, |event| event.seq);
    }
    diffs.insert(thread.clone(), (at, last));
    Ok(last)
}

/// The sessions that there are.
async fn sessions_there(journal: &dyn Journal) -> Result<BTreeSet<ThreadId>, JournalError> {
    Ok(journal.sessions(SESSIONS).await?.into_iter().map(|row| row.thread_id).collect())
}

//! Questions to codex that concern no live session: its threads, their turns, its models.

use std::time::Duration;

use serde_json::Value;

use super::calls::{call, explain};
use super::inbound::{fault, status};
use super::items;
use super::models::catalog;
use super::protocol::ThreadRef;
use super::protocol::threads::{
    KINDS, KeptTurn, NameParams, ThreadList, ThreadListParams, Threaded, ThreadedRead, TurnsList,
    TurnsListParams,
};
use super::review::reviewable;
use crate::event::Timestamp;
use crate::ids::{ThreadId, TurnId};
use crate::rpc::Peer;
use crate::session::{
    AgentError, Answer, PastTurn, Query, ThreadEntry, ThreadPage, ThreadsQuery, TurnPage, TurnsQuery,
};

/// The folder of what is archived, below codex's home.
const ARCHIVE: &str = "/archived_sessions/";

/// Lists come from codex's files: a second where there are thousands.
const LOOK: Duration = Duration::from_secs(30);

/// Asks.
pub(super) async fn ask(peer: &Peer, query: Query) -> Result<Answer, AgentError> {
    match query {
        Query::Threads(query) => threads(peer, query).await.map(Answer::Threads),
        Query::Thread(thread) => {
            let read: Result<ThreadedRead, _> = call(peer, "thread/read", &of(&thread), LOOK).await;
            let read = read.map_err(|error| explain(error, &thread))?;
            Ok(Answer::Thread(Box::new(entry(read.thread))))
        }
        Query::Turns(query) => turns(peer, query).await.map(Answer::Turns),
        Query::Catalog(of) => catalog(peer, of).await.map(Answer::Catalog),
        Query::Reviewable(cwd, target, variables) => {
            reviewable(&cwd, &target, &variables.0).await.map(|()| Answer::Done)
        }
        Query::Name(thread, name) => {
            let params = NameParams { thread_id: thread.to_string(), name };
            done(call(peer, "thread/name/set", &params, LOOK).await, &thread)
        }
        Query::Archive(thread) => done(call(peer, "thread/archive", &of(&thread), LOOK).await, &thread),
        Query::Unarchive(thread) => done(call(peer, "thread/unarchive", &of(&thread), LOOK).await, &thread),
    }
}

fn of(thread: &ThreadId) -> ThreadRef {
    ThreadRef { thread_id: thread.to_string() }
}

fn done(result: Result<Value, AgentError>, thread: &ThreadId) -> Result<Answer, AgentError> {
    result.map(|_| Answer::Done).map_err(|error| explain(error, thread))
}

/// `thread/list`: those of the CLI, `codex exec`, IDEs and the bridge alike.
async fn threads(peer: &Peer, query: ThreadsQuery) -> Result<ThreadPage, AgentError> {
    let ThreadsQuery { cwd, archived, cursor, limit } = query;
    let params = ThreadListParams { cwd, archived, cursor, limit, source_kinds: KINDS };
    let list: ThreadList = call(peer, "thread/list", &params, LOOK).await?;
    let threads = list.data.into_iter().map(entry).collect();
    Ok(ThreadPage { threads, cursor: list.next_cursor })
}

fn entry(thread: Threaded) -> ThreadEntry {
    let source = match &thread.source {
        Value::String(word) => word.clone(),
        other => other.as_object().and_then(|map| map.keys().next().cloned()).unwrap_or_default(),
    };
    ThreadEntry {
        thread: ThreadId::from(thread.id),
        name: thread.name.filter(|name| !name.is_empty()),
        preview: thread.preview,
        cwd: thread.cwd,
        model: thread.model,
        source,
        forked_from: thread.forked_from_id.map(ThreadId::from),
        archived: thread.path.is_some_and(|path| path.contains(ARCHIVE)),
        created: seconds(thread.created_at),
        updated: seconds(thread.updated_at),
    }
}

fn seconds(since_epoch: u64) -> Timestamp {
    Timestamp::default().after(Duration::from_secs(since_epoch))
}

/// Some turns of a thread, with what was said at their begin and at their end.
async fn turns(peer: &Peer, query: TurnsQuery) -> Result<TurnPage, AgentError> {
    let TurnsQuery { thread, cursor, limit } = query;
    let list = listed(peer, &thread, cursor, limit, View::Summary).await?;
    let mut turns = Vec::new();
    list.data.into_iter().for_each(|turn| add(&mut turns, turn));
    Ok(TurnPage { turns, cursor: list.next_cursor })
}

/// How much of a turn codex is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// Nothing of what happened in it.
    Bare,
    /// Its prompt, and its last message.
    Summary,
    /// All that happened in it.
    Full,
}

impl View {
    fn name(self) -> &'static str {
        match self {
            Self::Bare => "notLoaded",
            Self::Summary => "summary",
            Self::Full => "full",
        }
    }
}

/// `thread/turns/list`, the latest first.
pub(super) async fn listed(
    peer: &Peer,
    thread: &ThreadId,
    cursor: Option<String>,
    limit: u32,
    view: View,
) -> Result<TurnsList, AgentError> {
    let params = TurnsListParams {
        thread_id: thread.to_string(),
        cursor,
        limit,
        items_view: view.name(),
        sort_direction: "desc",
    };
    match call(peer, "thread/turns/list", &params, LOOK).await {
        // Nothing has been said in it.
        Err(error) if error.0.message.contains("not materialized") => Ok(TurnsList::default()),
        list => list.map_err(|error| explain(error, thread)),
    }
}

/// Puts a turn behind those that came after it. The one that codex runs inside of a review is a part of that:
/// codex tells of its begin alone, so that its end would be one of being interrupted.
pub(super) fn add(turns: &mut Vec<PastTurn>, turn: KeptTurn) {
    if turn.root_turn_id.as_ref().is_none_or(|root| *root == turn.id) {
        return turns.push(past(turn));
    }
    let root = turns.last_mut().filter(|root| Some(root.turn.as_str()) == turn.root_turn_id.as_deref());
    if let Some(root) = root {
        root.bodies.splice(0..0, past(turn).bodies);
    }
}

fn past(turn: KeptTurn) -> PastTurn {
    let bodies = turn.items.iter().flat_map(|raw| [items::started(raw), items::completed(raw)]);
    let bodies = bodies.flatten().collect();
    PastTurn {
        turn: TurnId::from(turn.id),
        status: status(&turn.status),
        error: turn.error.map(|error| fault(&error, false)),
        duration_ms: turn.duration_ms,
        bodies,
    }
}

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
        Query::Reviewable(cwd, target) => reviewable(&cwd, &target).await.map(|()| Answer::Done),
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

/// `thread/turns/list`, the latest first.
pub(super) async fn turns(peer: &Peer, query: TurnsQuery) -> Result<TurnPage, AgentError> {
    let TurnsQuery { thread, cursor, limit } = query;
    let params = TurnsListParams {
        thread_id: thread.to_string(),
        cursor,
        limit,
        items_view: "full",
        sort_direction: "desc",
    };
    let list: Result<TurnsList, _> = call(peer, "thread/turns/list", &params, LOOK).await;
    let list = match list {
        Ok(list) => list,
        // Nothing has been said in it.
        Err(error) if error.0.message.contains("not materialized") => TurnsList::default(),
        Err(error) => return Err(explain(error, &thread)),
    };
    Ok(TurnPage { turns: list.data.into_iter().map(past).collect(), cursor: list.next_cursor })
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

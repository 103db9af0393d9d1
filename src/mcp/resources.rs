//! Resources: sessions, their events, diffs and transcripts, open decisions, and the schema of events.
//! They show what the tools show, for hosts that read, and for people.

mod fences;
mod listed;
mod notices;
mod servers;
#[cfg(test)]
mod tests;
mod transcript;
mod uri;

pub(super) use notices::{Outlet, Wants, run as run_notices, state as seen_now};
pub use transcript::Transcript;
pub use uri::{NoSuchResource, Uri};

use std::collections::BTreeSet;
use std::time::Duration;

use rmcp::ErrorData;
use rmcp::model::{Annotations, ReadResourceResult, Resource, ResourceContents, ResourceTemplate};
use serde_json::{Value, json};

use super::args::{Detail, EventsArgs};
use super::cut;
use super::decision::decision;
use super::result::{self, Note};
use super::server::Server;
use crate::event::{self, Body, PermissionRequest};
use crate::ids::{Seq, ThreadId};
use crate::journal::{JournalError, SessionRecord, SessionStatus};
use crate::session::{self, OpenError, View};

/// Sessions that are listed by themselves: the latest. The others are in `codex://sessions`.
const LISTED: usize = 20;

/// Sessions that `codex://sessions` names.
const NAMED: usize = 200;

/// Sessions that are looked through where not all may be seen.
const ALL: usize = 1000;

/// The most bytes of a transcript or a diff: a person scrolls through them, an agent reads events.
const TEXT: usize = 1 << 20;

/// The most bytes of one event in one answer: a program reads on, and each answer is copied several times on
/// its way out.
const PIECE: usize = 256 << 10;

/// Events read from the journal at a time, and the same in bytes.
const PAGE: (usize, usize) = (512, 256 << 10);

impl Server {
    /// The resources that are there now.
    pub(super) async fn list_all(&self) -> Result<Vec<Resource>, ErrorData> {
        let of = |uri: &Uri, name: &str, title: &str, description: &str| {
            Resource::new(uri.to_string(), name)
                .with_title(title)
                .with_description(description)
                .with_mime_type(uri.mime())
        };
        let mut all = vec![
            of(&Uri::Sessions, "sessions", "Sessions", "All codex sessions, open decisions first"),
            of(&Uri::Decisions, "decisions", "Open decisions", "What codex waits to be allowed"),
            of(&Uri::Mcp, "mcp", "codex's MCP servers", "The state of the servers that codex has"),
            of(&Uri::EventSchema, "event-schema", "Schema of events", "JSON Schema of codex-events"),
        ];
        for row in self.latest(LISTED).await? {
            let uri = Uri::Transcript(row.thread_id.clone());
            let title = if row.title.is_empty() { row.thread_id.to_string() } else { row.title.clone() };
            let mut listed = of(&uri, &format!("transcript-{}", row.thread_id), &title, &row.cwd);
            let mut when = Annotations::default();
            when.last_modified = Some(row.updated.to_string());
            listed.annotations = Some(when);
            all.push(listed);
        }
        Ok(all)
    }

    /// What can be read of any session.
    pub(super) fn templates() -> Vec<ResourceTemplate> {
        let of = |part: &str, name: &str, description: &str, mime: &str| {
            ResourceTemplate::new(format!("codex://sessions/{{threadId}}{part}"), name)
                .with_description(description)
                .with_mime_type(mime)
        };
        let json = "application/json";
        vec![
            of("", "session", "A session and its latest turn", json),
            of("/events{?after,limit}", "events", "Its events behind a number", json),
            of("/events/{seq}{?from}", "event", "One event; of a long one the bytes behind `from`", json),
            of("/diff", "diff", "All changes of its latest turn", "text/x-diff"),
            of("/transcript", "transcript", "Its course, as Markdown", "text/markdown"),
        ]
    }

    /// Reads one.
    ///
    /// # Errors
    /// When there is none at this address, or the journal cannot be read.
    pub(super) async fn read_one(&self, address: &str) -> Result<ReadResourceResult, ErrorData> {
        let uri = Uri::parse(address).map_err(|error| missing(error.to_string(), address))?;
        if let Some(thread) = uri.thread() {
            let touched = self.options.reach.touches(&self.sessions, thread).await;
            touched.map_err(|error| unopened(&error, address))?;
        }
        let text = match &uri {
            Uri::Sessions => self.all_sessions().await?.to_string(),
            Uri::Decisions => self.all_decisions().await?.to_string(),
            Uri::EventSchema => event::schema().to_string(),
            Uri::Mcp => self.servers().await?.to_string(),
            Uri::Session(thread) => self.one_session(thread, address).await?.to_string(),
            Uri::Events(thread, after, limit) => {
                self.page(thread, *after, *limit, address).await?.to_string()
            }
            Uri::Event(thread, seq, from) => self.event(thread, *seq, *from, address).await?,
            Uri::Diff(thread) => self.diff(thread, address).await?,
            Uri::Transcript(thread) => self.transcript(thread, address).await?,
        };
        let contents = ResourceContents::text(text, address).with_mime_type(uri.mime());
        Ok(ReadResourceResult::new(vec![contents]))
    }

    async fn all_sessions(&self) -> Result<Value, ErrorData> {
        let journal = self.sessions.journal();
        // Those that wait for somebody come first, however long ago they were touched.
        let mut rows = journal.undecided().await.map_err(|error| broken(&error))?;
        rows.retain(|row| self.options.reach.shows(row));
        let latest = self.latest(NAMED).await?;
        rows.extend(latest.into_iter().filter(|row| row.status != SessionStatus::NeedsDecision));
        rows.truncate(NAMED);
        // Those of bridges that were killed, until one that lives has ended them.
        let abandoned = journal.abandoned().await.map_err(|error| broken(&error))?;
        let stale: BTreeSet<_> = abandoned.into_iter().map(|row| row.thread_id).collect();
        let status = |row: &SessionRecord| match row.status {
            SessionStatus::Idle => "idle",
            _ if stale.contains(&row.thread_id) => "stale",
            status => status.name(),
        };
        let named = rows.iter().map(|row| {
            json!({
                "threadId": row.thread_id, "status": status(row), "cwd": row.cwd, "title": row.title,
                "model": row.model, "created": row.created, "updated": row.updated, "next": row.last_seq,
                "principal": row.principal,
            })
        });
        Ok(json!({ "sessions": named.collect::<Vec<_>>() }))
    }

    async fn all_decisions(&self) -> Result<Value, ErrorData> {
        let open = session::open_decisions(self.sessions.journal().as_ref()).await;
        let open: Vec<(SessionRecord, PermissionRequest)> = open.map_err(|error| broken(&error))?;
        let shown = open.into_iter().filter(|(row, _)| self.options.reach.shows(row));
        let open: Vec<_> = shown.collect();
        let room = self.options.budget / open.len().max(1);
        let each = open.iter().map(|(row, request)| {
            let view = View { turn: row.turn_id.clone(), ..View::new(row.thread_id.clone()) };
            decision(request, &view, room)
        });
        Ok(json!({ "decisions": each.collect::<Vec<_>>() }))
    }

    /// The servers of the latest sessions, as codex last spoke of them.
    async fn servers(&self) -> Result<Value, ErrorData> {
        let rows = self.latest(LISTED).await?;
        let mut sessions = Vec::new();
        for row in rows {
            let mut servers = std::collections::BTreeMap::new();
            self.each_event(&row.thread_id, Seq::ZERO, |event| {
                if let Body::McpServer { name, .. } = &event.body {
                    if !servers.contains_key(name) && servers.len() == NAMED {
                        return false;
                    }
                    servers::state(servers.entry(name.clone()).or_default(), &event.body);
                }
                true
            })
            .await
            .map_err(|error| broken(&error))?;
            if !servers.is_empty() {
                sessions.push(json!({ "threadId": row.thread_id, "servers": servers }));
            }
        }
        Ok(json!({ "sessions": sessions }))
    }

    /// The latest sessions that may be seen.
    async fn latest(&self, most: usize) -> Result<Vec<SessionRecord>, ErrorData> {
        let reach = &self.options.reach;
        let read = if reach.is_limited() { ALL } else { most };
        let rows = self.sessions.journal().sessions(reach.own.clone(), read).await;
        let rows = rows.map_err(|error| broken(&error))?.into_iter();
        Ok(rows.filter(|row| reach.shows(row)).take(most).collect())
    }

    async fn one_session(&self, thread: &ThreadId, address: &str) -> Result<Value, ErrorData> {
        let view = match self.sessions.live(thread).await {
            Some(handle) => handle.view().borrow().clone(),
            None => {
                let stored = self.sessions.stored(thread, None, Duration::ZERO).await;
                stored.map_err(|error| unopened(&error, address))?
            }
        };
        let result = result::of_view(&view, &Note::default(), self.options.budget);
        let mut state = result.structured_content.unwrap_or_default();
        if let Some(members) = state.as_object_mut() {
            members.insert("session".into(), json!(view.info));
        }
        Ok(state)
    }

    async fn page(
        &self,
        thread: &ThreadId,
        after: Seq,
        limit: usize,
        address: &str,
    ) -> Result<Value, ErrorData> {
        self.known(thread, address).await?;
        let args = EventsArgs {
            thread_id: thread.clone(),
            after,
            limit,
            wait: None,
            types: Vec::new(),
            detail: Detail::Full,
            from: None,
        };
        self.events_page(&args).await.map_err(|error| broken(&error))
    }

    async fn diff(&self, thread: &ThreadId, address: &str) -> Result<String, ErrorData> {
        let row = self.known(thread, address).await?;
        // From the begin of its latest turn.
        let journal = self.sessions.journal();
        let last = journal.last(thread.clone(), row.turn_seq.before(), "diff").await;
        let last = last.map_err(|error| broken(&error))?;
        let seq = last.as_ref().map_or(Seq::ZERO, |event| event.seq);
        let diff = match last.map(|event| event.body) {
            Some(Body::Diff { diff }) => diff,
            _ => String::new(),
        };
        Ok(bounded(diff, &Uri::Event(thread.clone(), seq, Some(0))))
    }

    /// One event whole, or its text behind a byte: as much as one answer takes.
    async fn event(
        &self,
        thread: &ThreadId,
        seq: Seq,
        from: Option<usize>,
        address: &str,
    ) -> Result<String, ErrorData> {
        let row = self.known(thread, address).await?;
        let events = self.sessions.journal().read(thread.clone(), seq.before(), 1, PAGE.1).await;
        let events = events.map_err(|error| broken(&error))?;
        let Some(event) = events.first().filter(|event| event.seq == seq) else {
            let message = format!("session `{thread}` has no event {seq}; its last one is {}", row.last_seq);
            return Err(missing(message, address));
        };
        let bytes = cut::length(event);
        if from.is_none() && bytes > PIECE {
            let first = Uri::Event(thread.clone(), seq, Some(0));
            let message = format!(
                "event {seq} has {bytes} bytes, and an answer {PIECE} at most: read {first}, and then with `from` what you \
                 have read so far"
            );
            return Err(ErrorData::invalid_params(message, Some(json!({ "uri": address }))));
        }
        Ok(cut::window(event, from.unwrap_or_default(), PIECE).1)
    }

    async fn transcript(&self, thread: &ThreadId, address: &str) -> Result<String, ErrorData> {
        self.known(thread, address).await?;
        let (mut transcript, mut shown) = (Transcript::default(), Seq::ZERO);
        self.each_event(thread, Seq::ZERO, |event| {
            shown = event.seq.before();
            transcript.push(&event);
            transcript.as_str().len() <= TEXT
        })
        .await
        .map_err(|error| broken(&error))?;
        Ok(bounded(transcript.into_text(), &Uri::Events(thread.clone(), shown, uri::MAX_LIMIT)))
    }

    async fn known(&self, thread: &ThreadId, address: &str) -> Result<SessionRecord, ErrorData> {
        let row = self.sessions.journal().session(thread.clone()).await.map_err(|error| broken(&error))?;
        row.ok_or_else(|| unopened(&OpenError::Unknown(thread.clone()), address))
    }

    /// Shows the events of a session behind one, until it has seen enough.
    async fn each_event(
        &self,
        thread: &ThreadId,
        after: Seq,
        mut see: impl FnMut(event::Event) -> bool,
    ) -> Result<(), JournalError> {
        let mut at = after;
        loop {
            let events = self.sessions.journal().read(thread.clone(), at, PAGE.0, PAGE.1).await?;
            let Some(last) = events.last() else { return Ok(()) };
            at = last.seq;
            if !events.into_iter().all(&mut see) {
                return Ok(());
            }
        }
    }
}

/// A text cut where it is too long for one answer, with the address of the rest.
fn bounded(mut text: String, rest: &Uri) -> String {
    if text.len() > TEXT {
        let whole = text.len();
        text.truncate(text.floor_char_boundary(TEXT));
        text.shrink_to_fit();
        text.push_str(&format!("\n\n[cut: {whole} bytes or more in all; {rest} has the rest]\n"));
    }
    text
}

fn missing(message: String, address: &str) -> ErrorData {
    ErrorData::resource_not_found(message, Some(json!({ "uri": address })))
}

fn unopened(error: &OpenError, address: &str) -> ErrorData {
    match error {
        OpenError::Unknown(_) => missing(error.to_string(), address),
        other => ErrorData::internal_error(other.to_string(), None),
    }
}

fn broken(error: &JournalError) -> ErrorData {
    ErrorData::internal_error(error.to_string(), Some(json!({ "code": "journal" })))
}

//! `codex-sessions`: all threads of codex, of whichever program, joined with what the journal knows of them; and
//! what takes one out of the lists.

mod entry;

use std::collections::BTreeSet;
use std::fmt;

use rmcp::model::{CallToolResult, ContentBlock, JsonObject};
use serde_json::{Map, Value, json};

use self::entry::{Entry, Turn};
use super::args::{self, SessionsArgs, Which};
use super::faults::{bad, open_error, too_slow};
use super::progress::Progress;
use super::result;
use super::server::{Context, Server};
use crate::event::PermissionRequest;
use crate::ids::ThreadId;
use crate::journal::{SessionRecord, SessionStatus};
use crate::session::{OpenError, Query, ThreadsQuery, TurnsQuery, open_decisions};

/// Sessions of the journal that are looked through for those at work.
const ROWS: usize = 1000;

/// About as many bytes as an entry takes, as value and as line.
const ENTRY: usize = 400;

/// Where a list goes on.
enum Cursor {
    /// Behind so many of those at work.
    AtWork(usize),
    /// In codex's own list.
    Codex(String),
}

impl Cursor {
    fn parse(text: &str) -> Self {
        match text.strip_prefix("at-work:").and_then(|from| from.parse().ok()) {
            Some(from) => Self::AtWork(from),
            None => Self::Codex(text.to_owned()),
        }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtWork(from) => write!(f, "at-work:{from}"),
            Self::Codex(cursor) => f.write_str(cursor),
        }
    }
}

/// What is to be said of sessions.
#[derive(Debug, Default)]
struct List {
    entries: Vec<Entry>,
    turns: Vec<Turn>,
    cursor: Option<String>,
    /// What could not be looked at, and why.
    note: Option<String>,
}

impl Server {
    pub(super) async fn sessions(
        &self,
        arguments: Option<JsonObject>,
        context: &Context<'_>,
    ) -> CallToolResult {
        let args: SessionsArgs = match args::parse(arguments) {
            Ok(args) => args,
            Err(error) => return bad(&error),
        };
        let call = self.call(context, None);
        let looking = Box::pin(call.race(self.look(&args), call.limit()));
        let list = Progress::of(call.context).during("asking codex for its threads", looking).await;
        match list {
            Ok(Ok(list)) => list.result(self.options.budget),
            Ok(Err(error)) => open_error(&error),
            Err(late) => too_slow(late),
        }
    }

    async fn look(&self, args: &SessionsArgs) -> Result<List, OpenError> {
        match &args.thread_id {
            Some(thread) => {
                self.options.reach.touches(&self.sessions, thread).await?;
                self.one(thread, args).await
            }
            None => self.all(args).await,
        }
    }

    /// Those at work first, of them those that wait for a decision; then codex's own list.
    async fn all(&self, args: &SessionsArgs) -> Result<List, OpenError> {
        let journal = self.sessions.journal();
        let reach = &self.options.reach;
        let rows = journal.sessions(reach.own.clone(), ROWS).await?;
        let decisions = open_decisions(journal.as_ref()).await?;
        let shown =
            |row: &&SessionRecord| args.cwd.as_ref().is_none_or(|cwd| *cwd == row.cwd) && reach.shows(row);
        let idle = || rows.iter().filter(|row| row.status == SessionStatus::Idle).filter(shown);
        let mut at_work: Vec<Entry> = rows
            .iter()
            .filter(|row| row.status != SessionStatus::Idle)
            .filter(shown)
            .map(|row| Entry::of_row(row, waiting(&decisions, &row.thread_id)))
            .collect();
        at_work.sort_by_key(|entry| (entry.decisions.is_empty(), std::cmp::Reverse(entry.updated)));
        let known: BTreeSet<ThreadId> = at_work.iter().map(|entry| entry.thread.clone()).collect();
        match args.status {
            None => {}
            Some(Which::Running) => at_work.retain(|entry| entry.status == "running"),
            Some(Which::NeedsDecision) => at_work.retain(|entry| entry.status == "needs_decision"),
            Some(Which::Idle | Which::Archived) => at_work.clear(),
        }
        let codexs = reach.own.is_none();
        if !codexs && matches!(args.status, None | Some(Which::Idle)) {
            // codex knows not whose its threads are: who sees his own alone has them from the journal, all in one list.
            at_work.extend(idle().map(|row| Entry::of_row(row, Vec::new())));
        }
        let limit = self.fitting(args.limit);
        let (from, of_codex) = match args.cursor.as_deref().map(Cursor::parse) {
            None => (0, None),
            Some(Cursor::AtWork(from)) => (from, None),
            Some(Cursor::Codex(cursor)) => (at_work.len(), Some(cursor)),
        };
        let mut list =
            List { entries: at_work.iter().skip(from).take(limit).cloned().collect(), ..List::default() };
        let next = from + list.entries.len();
        if next < at_work.len() {
            list.cursor = Some(Cursor::AtWork(next).to_string());
            return Ok(list);
        }
        let left = limit - list.entries.len();
        if !codexs || matches!(args.status, Some(Which::Running | Which::NeedsDecision)) {
            return Ok(list);
        }
        if left == 0 {
            list.cursor = Some(Cursor::AtWork(next).to_string());
            return Ok(list);
        }
        let archived = args.status == Some(Which::Archived);
        let query = ThreadsQuery {
            cwd: args.cwd.clone(),
            archived,
            cursor: of_codex,
            limit: u32::try_from(left).unwrap_or(u32::MAX),
        };
        let page = match self.sessions.threads(query).await {
            Ok(page) => page,
            // The journal's are better than none; a cursor is codex's own, and of no use then.
            Err(OpenError::Agent(error)) if args.cursor.is_none() && !archived => {
                list.entries.extend(idle().take(left).map(|row| Entry::of_row(row, Vec::new())));
                list.note = Some(format!("codex could not be asked for its threads: {error}"));
                return Ok(list);
            }
            Err(error) => return Err(error),
        };
        list.cursor = page.cursor.map(|cursor| Cursor::Codex(cursor).to_string());
        for thread in page.threads {
            if known.contains(&thread.thread) {
                continue;
            }
            let row = journal.session(thread.thread.clone()).await?;
            let cwd = row.as_ref().map(|row| &row.cwd).filter(|cwd| !cwd.is_empty());
            if reach.sees(cwd.unwrap_or(&thread.cwd)) {
                list.entries.push(Entry::of_thread(thread, row.as_ref()));
            }
        }
        Ok(list)
    }

    /// So many entries as a result has room for.
    fn fitting(&self, limit: u32) -> usize {
        let room = (self.options.budget / ENTRY).max(1);
        usize::try_from(limit).unwrap_or(room).min(room)
    }

    /// One session and its turns, the latest first.
    async fn one(&self, thread: &ThreadId, args: &SessionsArgs) -> Result<List, OpenError> {
        let journal = self.sessions.journal();
        let row = journal.session(thread.clone()).await?;
        let decisions = open_decisions(journal.as_ref()).await?;
        let limit = u32::try_from(self.fitting(args.limit)).unwrap_or(args.limit);
        let query = TurnsQuery { thread: thread.clone(), cursor: args.cursor.clone(), limit };
        let (page, known) = match self.sessions.turns(query).await {
            Ok(page) => (Ok(page), self.sessions.thread(thread).await.ok()),
            Err(error) => (Err(error), None),
        };
        let waits = waiting(&decisions, thread);
        let entry = match (known, &row) {
            (Some(known), row) => {
                let mut entry = Entry::of_thread(known, row.as_ref());
                entry.decisions = waits;
                entry
            }
            (None, Some(row)) => Entry::of_row(row, waits),
            (None, None) => {
                let unknown = || OpenError::Unknown(thread.clone());
                return Err(page.err().unwrap_or_else(unknown));
            }
        };
        Ok(match page {
            Ok(page) => {
                let turns = page.turns.iter().map(Turn::of).collect();
                List { entries: vec![entry], turns, cursor: page.cursor, note: None }
            }
            Err(error) => {
                let note = Some(format!("codex does not tell its turns: {error}"));
                List { entries: vec![entry], note, ..List::default() }
            }
        })
    }

    /// Takes a session out of the lists; a turn that runs is ended first.
    pub(super) async fn archive(&self, thread: &ThreadId) -> Result<CallToolResult, CallToolResult> {
        if self.sessions.is_elsewhere(thread).await && self.sessions.live(thread).await.is_none() {
            let message = self.sessions.owner_elsewhere(thread).await;
            return Err(result::refused("thread_held", message));
        }
        if let Some(handle) = self.sessions.live(thread).await
            && handle.view().borrow().busy()
        {
            self.stop_turn(thread).await?;
        }
        // A turn that codex does not end is not archived under.
        if !self.sessions.let_go(thread).await {
            let message = format!(
                "session `{thread}` is not archived: codex has not ended its turn, or another one was begun; call again, or \
                 see with `codex-wait` what it does"
            );
            return Err(result::refused("busy", message));
        }
        if let Err(error) = self.sessions.ask(Query::Archive(thread.clone())).await {
            // Done twice, it is done.
            let there = self.sessions.thread(thread).await.is_ok_and(|known| known.archived);
            if !there {
                return Err(open_error(&error));
            }
        }
        let note = "Archived: no list shows it any more. `codex-reply` takes it out of the archive again.";
        let mut result = CallToolResult::success(vec![ContentBlock::text(note)]);
        result.structured_content = Some(json!({ "threadId": thread, "content": "", "status": "archived" }));
        Ok(result)
    }
}

fn waiting(all: &[(SessionRecord, PermissionRequest)], thread: &ThreadId) -> Vec<(String, String)> {
    let of_thread = all.iter().filter(|(of, _)| of.thread_id == *thread);
    of_thread.map(|(_, request)| (request.approval_id.to_string(), request.summary.clone())).collect()
}

impl List {
    /// Within `budget` bytes: what is too long is cut, and nothing is left out.
    fn result(&self, budget: usize) -> CallToolResult {
        let count = self.entries.len() + self.turns.len();
        let mut each = budget / (2 * count.max(1));
        loop {
            let result = self.with_room(each);
            let size = serde_json::to_string(&result).map_or(0, |text| text.len());
            if size <= budget || each < 16 {
                return result;
            }
            each = each * 2 / 3;
        }
    }

    fn with_room(&self, each: usize) -> CallToolResult {
        let mut members = Map::new();
        members.insert("sessions".into(), self.entries.iter().map(|entry| entry.value(each)).collect());
        if !self.turns.is_empty() {
            members.insert("turns".into(), self.turns.iter().map(|turn| turn.value(each)).collect());
        }
        if let Some(cursor) = &self.cursor {
            members.insert("cursor".into(), json!(cursor));
        }
        if let Some(note) = &self.note {
            members.insert("note".into(), json!(result::cut_plain(note, 600)));
        }
        let lines = self.note.iter().map(|note| result::cut_plain(note, 600));
        let lines = lines.chain(self.entries.iter().map(|entry| entry.line(each)));
        let mut text =
            lines.chain(self.turns.iter().map(|turn| turn.line(each))).collect::<Vec<_>>().join("\n");
        if text.is_empty() {
            text = "There is no such session.".to_owned();
        }
        let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
        result.structured_content = Some(Value::Object(members));
        result
    }
}

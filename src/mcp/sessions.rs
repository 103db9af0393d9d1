//! `codex-sessions`: all threads of codex, of whichever program, joined with what the journal knows of them; and
//! what takes one out of the lists.

mod entry;

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
use crate::session::{OpenError, Query, ThreadPage, ThreadsQuery, TurnsQuery, open_decisions};

/// Sessions of the journal that are looked through for those at work.
const ROWS: usize = 1000;

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
            Some(thread) => self.one(thread, args).await,
            None => self.all(args).await,
        }
    }

    /// Those at work first, of them those that wait for a decision; then codex's own list.
    async fn all(&self, args: &SessionsArgs) -> Result<List, OpenError> {
        let journal = self.sessions.journal();
        let rows = journal.sessions(ROWS).await?;
        let decisions = open_decisions(journal.as_ref()).await?;
        let in_folder = |row: &&SessionRecord| args.cwd.as_ref().is_none_or(|cwd| *cwd == row.cwd);
        let mut at_work: Vec<Entry> = rows
            .iter()
            .filter(|row| row.status != SessionStatus::Idle)
            .filter(in_folder)
            .map(|row| Entry::of_row(row, waiting(&decisions, &row.thread_id)))
            .collect();
        at_work.sort_by_key(|entry| (entry.decisions.is_empty(), std::cmp::Reverse(entry.updated)));
        let only = |status| at_work.iter().filter(|entry| entry.status == status).cloned().collect();
        match args.status {
            Some(Which::Running) => return Ok(List { entries: only("running"), ..List::default() }),
            Some(Which::NeedsDecision) => {
                return Ok(List { entries: only("needs_decision"), ..List::default() });
            }
            Some(Which::Idle | Which::Archived) | None => {}
        }
        let archived = args.status == Some(Which::Archived);
        let query =
            ThreadsQuery { cwd: args.cwd.clone(), archived, cursor: args.cursor.clone(), limit: args.limit };
        let (page, note) = match self.sessions.threads(query).await {
            Ok(page) => (page, None),
            // The journal's are better than none; a cursor is codex's own, and of no use then.
            Err(OpenError::Agent(error)) if args.cursor.is_none() => {
                (ThreadPage::default(), Some(format!("codex could not be asked for its threads: {error}")))
            }
            Err(error) => return Err(error),
        };
        let mut list = List { cursor: page.cursor, ..List::default() };
        if args.status.is_none() && args.cursor.is_none() {
            list.entries.clone_from(&at_work);
        }
        if note.is_some() && !archived {
            let idle = rows.iter().filter(|row| row.status == SessionStatus::Idle).filter(in_folder);
            let most = usize::try_from(args.limit).unwrap_or(usize::MAX);
            list.entries.extend(idle.take(most).map(|row| Entry::of_row(row, Vec::new())));
        }
        list.note = note;
        for thread in page.threads {
            // Those at work stand first, on the first page.
            if at_work.iter().all(|entry| entry.thread != thread.thread) {
                let row = journal.session(thread.thread.clone()).await?;
                list.entries.push(Entry::of_thread(thread, row.as_ref(), archived));
            }
        }
        Ok(list)
    }

    /// One session and its turns, the latest first.
    async fn one(&self, thread: &ThreadId, args: &SessionsArgs) -> Result<List, OpenError> {
        let journal = self.sessions.journal();
        let row = journal.session(thread.clone()).await?;
        let decisions = open_decisions(journal.as_ref()).await?;
        let query = TurnsQuery { thread: thread.clone(), cursor: args.cursor.clone(), limit: args.limit };
        let (page, known) = match self.sessions.turns(query).await {
            Ok(page) => (Ok(page), self.sessions.thread(thread).await.ok()),
            Err(error) => (Err(error), None),
        };
        let waits = waiting(&decisions, thread);
        let entry = match (known, &row) {
            (Some(known), row) => {
                let mut entry = Entry::of_thread(known, row.as_ref(), false);
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
        self.sessions.let_go(thread).await;
        let archived = self.sessions.ask(Query::Archive(thread.clone())).await;
        archived.map_err(|error| open_error(&error))?;
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

//! `codex-events`: pages of the journal, with a cursor, a long poll and a budget.

pub(super) mod shape;

use rmcp::model::{CallToolResult, ContentBlock, JsonObject};
use serde_json::{Map, Value, json};

use super::args::{self, Detail, EventsArgs};
use super::call::Call;
use super::cut;
use super::faults::{bad, open_error, too_slow};
use super::progress::Progress;
use super::result;
use super::server::{Context, Server};
use super::tools::WAIT_CUT;
use crate::event::Event;
use crate::ids::{Seq, ThreadId};
use crate::journal::JournalError;
use shape::{fitting, in_text, short};

/// Events read from the journal at a time.
const PAGE: usize = 256;

/// The same in bytes: a page shows a few kilobytes of them.
const PAGE_BYTES: usize = 64 << 10;

/// The part of the budget that is for the frame around the events.
const FRAME: usize = 768;

#[derive(Default)]
struct Page {
    events: Vec<Value>,
    next: Seq,
    more: bool,
    /// What the reader is told besides.
    note: Option<&'static str>,
}

/// What a page with cut events says.
const REST: &str = "An event with `cut` is not whole: read all its bytes with `after` = its seq - 1 and `from` = 0, or \
                    codex://sessions/{threadId}/events/{seq}.";

impl Page {
    fn new(after: Seq) -> Self {
        Self { next: after, ..Self::default() }
    }

    fn into_value(self) -> Value {
        let mut page = Map::new();
        let is_cut = self.events.iter().any(|event| event.get("cut").is_some());
        page.insert("events".into(), Value::Array(self.events));
        page.insert("next".into(), json!(self.next));
        page.insert("more".into(), json!(self.more));
        if let Some(note) = self.note.or(is_cut.then_some(REST)) {
            page.insert("note".into(), json!(note));
        }
        Value::Object(page)
    }
}

impl Server {
    pub(super) async fn events(
        &self,
        arguments: Option<JsonObject>,
        context: &Context<'_>,
    ) -> CallToolResult {
        let args: EventsArgs = match args::parse(arguments) {
            Ok(args) => args,
            Err(error) => return bad(&error),
        };
        let call = self.call(context, Some(args.wait.unwrap_or_default()));
        let page = Progress::of(call.context).during("waiting for events", self.page_of(&args, &call)).await;
        match page {
            Ok(body) => {
                let mut result = CallToolResult::success(vec![ContentBlock::text(body.to_string())]);
                result.structured_content = Some(body);
                result
            }
            Err(refused) => refused,
        }
    }

    /// What there is now, as `codex-events` shows it.
    pub(super) async fn events_page(&self, args: &EventsArgs) -> Result<Value, JournalError> {
        let mut page = Page::new(args.after);
        self.read(&args.thread_id, args, args.after, &mut page).await?;
        Ok(page.into_value())
    }

    async fn page_of(&self, args: &EventsArgs, call: &Call<'_>) -> Result<Value, CallToolResult> {
        let thread = args.thread_id.clone();
        let journal = self.sessions.journal();
        let fail = |error: JournalError| open_error(&error.into());
        call.before(self.within(&thread)).await.map_err(too_slow)??;
        let Some(row) = journal.session(thread.clone()).await.map_err(fail)? else {
            return Err(open_error(&crate::session::OpenError::Unknown(thread)));
        };
        if args.after > row.last_seq {
            let message = format!(
                "`after` is {}, but the last event of `{thread}` is {}; give the `next` of an answer for this session",
                args.after, row.last_seq
            );
            return Err(result::refused("after_unknown", message));
        }
        if let Some(from) = args.from {
            return self.part(args, from).await;
        }
        let until = call.until();
        // Watched before it is read: what comes in between wakes.
        let mut changes = journal.watch(thread.clone()).await.map_err(fail)?;
        let mut page = Page::new(args.after);
        let mut at = args.after;
        loop {
            at = self.read(&thread, args, at, &mut page).await.map_err(fail)?;
            if !page.events.is_empty() {
                return Ok(page.into_value());
            }
            if !matches!(call.race(changes.changed(), until).await, Ok(Ok(()))) {
                page.note = call.was_cut.then_some(WAIT_CUT);
                return Ok(page.into_value());
            }
        }
    }

    /// A piece of the first event that is wanted, as JSON text.
    async fn part(&self, args: &EventsArgs, from: usize) -> Result<Value, CallToolResult> {
        let first = self.first(args).await.map_err(|error| open_error(&error.into()))?;
        let Some(event) = first else {
            let message = format!("there is no event behind {}; `from` reads on in the next one", args.after);
            return Err(result::refused("event_unknown", message));
        };
        let room = self.options.budget.saturating_sub(FRAME) / 2;
        let bytes = cut::length(&event);
        let (from, text) = cut::window(&event, from.min(bytes), room);
        let text = fitting(&text, room);
        let mut part = json!({ "seq": event.seq, "bytes": bytes, "from": from, "text": text });
        let next = Some(from + text.len()).filter(|next| *next < bytes);
        if let Some(next) = next {
            part["next"] = json!(next);
        }
        // The cursor goes on behind the event with its last piece.
        let at = if next.is_some() { args.after } else { event.seq };
        Ok(json!({ "events": [], "part": part, "next": at, "more": next.is_some() }))
    }

    async fn first(&self, args: &EventsArgs) -> Result<Option<Event>, JournalError> {
        let mut at = args.after;
        loop {
            let events = self.sessions.journal().read(args.thread_id.clone(), at, PAGE, PAGE_BYTES).await?;
            let Some(last) = events.last() else { return Ok(None) };
            at = last.seq;
            if let Some(event) = events.into_iter().find(|event| args.types.is_empty() || wanted(event, args))
            {
                return Ok(Some(event));
            }
        }
    }

    /// Puts what is wanted after `at` on the page, as far as there is room; returns how far it has read.
    async fn read(
        &self,
        thread: &ThreadId,
        args: &EventsArgs,
        mut at: Seq,
        page: &mut Page,
    ) -> Result<Seq, JournalError> {
        let room = self.options.budget.saturating_sub(FRAME) / 2;
        let mut used = 0;
        loop {
            let events = self.sessions.journal().read(thread.clone(), at, PAGE, PAGE_BYTES).await?;
            let Some(last) = events.last() else { return Ok(at) };
            at = last.seq;
            for event in events.iter().filter(|event| wanted(event, args)) {
                let value = short(event, room);
                let size = in_text(&value);
                if page.events.len() == args.limit || (used + size > room && !page.events.is_empty()) {
                    page.more = true;
                    return Ok(at);
                }
                used += size;
                page.next = event.seq;
                page.events.push(value);
            }
        }
    }
}

fn wanted(event: &Event, args: &EventsArgs) -> bool {
    let kind = event.body.kind();
    if !args.types.is_empty() {
        return args.types.contains(&kind);
    }
    args.detail == Detail::Full || !event.body.is_delta()
}

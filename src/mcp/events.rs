//! `codex-events`: pages of the journal, with a cursor, a long poll and a budget.

use std::time::Duration;

use rmcp::model::{CallToolResult, ContentBlock, JsonObject};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::args::{self, Detail, EventsArgs};
use super::result::cut_plain;
use super::server::Server;
use super::tools::{bad, open_error};
use crate::event::Event;
use crate::ids::{Seq, ThreadId};

/// Events read from the journal at a time.
const PAGE: usize = 256;

/// The same in bytes.
const PAGE_BYTES: usize = 1 << 20;

/// The part of the budget that is for the frame around the events.
const FRAME: usize = 512;

struct Page {
    events: Vec<Value>,
    next: Seq,
    more: bool,
}

impl Server {
    pub(super) async fn events(&self, arguments: Option<JsonObject>) -> CallToolResult {
        let args: EventsArgs = match args::parse(arguments) {
            Ok(args) => args,
            Err(error) => return bad(&error),
        };
        match self.page_of(&args).await {
            Ok(page) => {
                let body = json!({ "events": page.events, "next": page.next, "more": page.more });
                let mut result = CallToolResult::success(vec![ContentBlock::text(body.to_string())]);
                result.structured_content = Some(body);
                result
            }
            Err(refused) => refused,
        }
    }

    async fn page_of(&self, args: &EventsArgs) -> Result<Page, CallToolResult> {
        let thread = args.thread_id.clone();
        let journal = self.sessions.journal();
        let fail = |error: crate::journal::JournalError| open_error(&error.into());
        if journal.session(thread.clone()).await.map_err(fail)?.is_none() {
            return Err(open_error(&crate::session::OpenError::Unknown(thread)));
        }
        let until = Instant::now() + args.wait.unwrap_or(Duration::ZERO);
        // Watched before it is read: what comes in between wakes.
        let mut changes = journal.watch(thread.clone()).await.map_err(fail)?;
        loop {
            let page = self.read(&thread, args).await.map_err(fail)?;
            if !page.events.is_empty() {
                return Ok(page);
            }
            let changed = tokio::time::timeout_at(until, changes.changed()).await;
            if !matches!(changed, Ok(Ok(()))) {
                return Ok(page);
            }
        }
    }

    async fn read(&self, thread: &ThreadId, args: &EventsArgs) -> Result<Page, crate::journal::JournalError> {
        let room = self.options.budget.saturating_sub(FRAME) / 2;
        let mut page = Page { events: Vec::new(), next: args.after, more: false };
        let mut used = 0;
        let mut at = args.after;
        loop {
            let events = self.sessions.journal().read(thread.clone(), at, PAGE, PAGE_BYTES).await?;
            let Some(last) = events.last() else { return Ok(page) };
            at = last.seq;
            for event in events.iter().filter(|event| wanted(event, args)) {
                if page.events.len() == args.limit {
                    page.more = true;
                    return Ok(page);
                }
                let value = short(event, room);
                let size = value.to_string().len() * 5 / 4 + 1;
                if used + size > room && !page.events.is_empty() {
                    page.more = true;
                    return Ok(page);
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

/// An event that fits by itself: its longest texts are cut, shorter at each try.
fn short(event: &Event, room: usize) -> Value {
    let mut value = serde_json::to_value(event).unwrap_or_default();
    if let Some(members) = value.as_object_mut() {
        members.remove("threadId");
    }
    let mut each = room / 2;
    while value.to_string().len() * 5 / 4 + 1 > room && each > 16 {
        cut_texts(&mut value, each);
        each /= 2;
    }
    value
}

fn cut_texts(value: &mut Value, each: usize) {
    match value {
        Value::String(text) if text.len() > each => *text = cut_plain(text, each),
        Value::Array(items) => items.iter_mut().for_each(|item| cut_texts(item, each)),
        Value::Object(members) => members.values_mut().for_each(|member| cut_texts(member, each)),
        _ => {}
    }
}

//! `codex-events`: pages of the journal, with a cursor, a long poll and a budget.

use rmcp::model::{CallToolResult, ContentBlock, JsonObject};
use serde_json::{Value, json};

use super::args::{self, Detail, EventsArgs};
use super::call::Call;
use super::cut;
use super::result::escaped;
use super::server::{Context, Server};
use super::tools::{bad, open_error};
use crate::event::Event;
use crate::ids::{Seq, ThreadId};

/// Events read from the journal at a time.
const PAGE: usize = 256;

/// The same in bytes: a page shows a few kilobytes of them.
const PAGE_BYTES: usize = 64 << 10;

/// The part of the budget that is for the frame around the events.
const FRAME: usize = 512;

struct Page {
    events: Vec<Value>,
    next: Seq,
    more: bool,
}

impl Page {
    fn into_value(self) -> Value {
        json!({ "events": self.events, "next": self.next, "more": self.more })
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
        match self.page_of(&args, &call).await {
            Ok(page) => {
                let body = page.into_value();
                let mut result = CallToolResult::success(vec![ContentBlock::text(body.to_string())]);
                result.structured_content = Some(body);
                result
            }
            Err(refused) => refused,
        }
    }

    /// What there is now, as `codex-events` shows it.
    pub(super) async fn events_page(&self, args: &EventsArgs) -> Result<Value, crate::journal::JournalError> {
        let mut page = Page { events: Vec::new(), next: args.after, more: false };
        self.read(&args.thread_id, args, args.after, &mut page).await?;
        Ok(page.into_value())
    }

    async fn page_of(&self, args: &EventsArgs, call: &Call<'_>) -> Result<Page, CallToolResult> {
        let thread = args.thread_id.clone();
        let journal = self.sessions.journal();
        let fail = |error: crate::journal::JournalError| open_error(&error.into());
        if journal.session(thread.clone()).await.map_err(fail)?.is_none() {
            return Err(open_error(&crate::session::OpenError::Unknown(thread)));
        }
        let until = call.until();
        // Watched before it is read: what comes in between wakes.
        let mut changes = journal.watch(thread.clone()).await.map_err(fail)?;
        let mut page = Page { events: Vec::new(), next: args.after, more: false };
        let mut at = args.after;
        loop {
            at = self.read(&thread, args, at, &mut page).await.map_err(fail)?;
            if !page.events.is_empty() {
                return Ok(page);
            }
            if !matches!(call.race(changes.changed(), until).await, Ok(Ok(()))) {
                return Ok(page);
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
    ) -> Result<Seq, crate::journal::JournalError> {
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

/// How much an event takes as text within JSON text, where its quotes are escaped: the longer of its
/// two forms in a result.
fn in_text(value: &Value) -> usize {
    escaped(&value.to_string()) + 1
}

fn wanted(event: &Event, args: &EventsArgs) -> bool {
    let kind = event.body.kind();
    if !args.types.is_empty() {
        return args.types.contains(&kind);
    }
    args.detail == Detail::Full || !event.body.is_delta()
}

/// An event that fits by itself: its texts are cut, shorter at each try; one that is still too long has too
/// many parts, and is only named.
fn short(event: &Event, room: usize) -> Value {
    // Quotes and line feeds take more within JSON text than here, so one text alone gets less than all.
    let tries = std::iter::successors(Some(room / 4 * 3), |each| Some(each / 2));
    let cut = tries.take_while(|each| *each >= cut::LEAST).map(|each| cut::json(event, each));
    for json in std::iter::once_with(|| cut::whole(event, room)).chain(cut) {
        // Whatever a try gives is small: only what fits becomes a value.
        let Ok(json) = json else { continue };
        if escaped(&json) < room
            && let Ok(mut value) = serde_json::from_str::<Value>(&json)
        {
            value.as_object_mut().and_then(|members| members.remove("threadId"));
            return value;
        }
    }
    json!({
        "seq": event.seq, "time": event.time, "type": event.body.kind(),
        "cut": "larger than a result may be; `codex-bridge events THREAD --json` has it",
    })
}

#[cfg(test)]
mod tests;

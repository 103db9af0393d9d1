//! What codex does now, in one line for a person. Pure.

use crate::event::visible;
use crate::mcp::result::cut_plain;
use crate::session::{Status, View};

/// The longest name of a command or a file in it, in bytes.
const PART: usize = 120;

/// ``running `cargo test` · 2 of 5 plan steps``.
#[must_use]
pub fn doing(view: &View) -> String {
    let mut parts = vec![match view.status {
        _ if let Some(ahead) = view.queued => format!("waiting for other turns to end, {ahead} ahead"),
        _ if view.starting => "starting".to_owned(),
        Status::New => "idle".into(),
        Status::NeedsDecision => match view.decisions.first() {
            Some(request) => format!("waiting for a decision: {}", cut_plain(&request.summary, 2 * PART)),
            None => "waiting for a decision".into(),
        },
        Status::Running => now(view),
        Status::Ended(_) => "done".into(),
    }];
    if let Some((done, all)) = view.plan {
        parts.push(format!("{done} of {all} plan steps"));
    }
    parts.join(" · ")
}

fn now(view: &View) -> String {
    // The newest is what a person waits for; what an earlier turn left running is not.
    let mut commands = view.commands.iter().rev().filter(|command| !command.background);
    if let Some(command) = commands.next() {
        let more = commands.count();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        return format!("running `{}`{more}", cut_plain(&visible(&command.what), PART));
    }
    match (view.tools.last(), &view.error) {
        (Some(tool), _) => cut_plain(&visible(&tool.what), PART),
        (None, Some(error)) => format!("retrying: {}", cut_plain(&error.message, PART)),
        (None, None) => "thinking".into(),
    }
}

#[cfg(test)]
mod tests;

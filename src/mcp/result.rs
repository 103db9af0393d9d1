//! The one result of all tools that run a turn: `structuredContent`, and the same as text. Empty
//! members are left out, and nothing is above the budget: what is cut says so, and where the rest is.

#[cfg(test)]
mod tests;

use rmcp::model::{CallToolResult, ContentBlock};
use serde_json::{Map, Value, json};

use super::decision::decision;
use super::output::output;
use crate::event::{ErrorInfo, TurnStatus};
use crate::ids::TurnId;
use crate::session::{Doing, How, Status, View};

/// The most changed files, and background commands, that a result names.
pub(super) const NAMED: usize = 50;

/// From here on a result says how much of the account's limits is used, in percent.
const NEAR_LIMIT: u32 = 80;

/// How many of them it names: codex has two windows for each of a few.
const LIMITS: usize = 4;

/// The value that a caller asked for, or why there is none.
type Output = Result<Value, ErrorInfo>;

/// What a caller is told besides the session's state.
#[derive(Clone, Debug)]
pub struct Note {
    /// A sentence for the agent, before everything else.
    pub text: Option<String>,
    /// What became of its prompt, where that is not simply a turn.
    pub sent: How,
    /// The name of its run, where its turn has not begun: the handle to that alone.
    pub run: Option<String>,
}

impl Default for Note {
    fn default() -> Self {
        Self::of(None)
    }
}

impl Note {
    /// A sentence, if there is one.
    #[must_use]
    pub fn of(text: Option<String>) -> Self {
        Self { text, sent: How::Begun, run: None }
    }
}

/// The result for a caller whose turn has not begun; `ahead`: how many others of its session it waits for.
#[must_use]
pub fn not_begun(view: &View, ahead: Option<usize>, note: &Note, budget: usize) -> CallToolResult {
    of_view(&view.to_begin(ahead), note, budget)
}

/// The result for a view, within `budget` bytes.
#[must_use]
pub fn of_view(view: &View, note: &Note, budget: usize) -> CallToolResult {
    // Of a turn that has not begun there is nothing to say; what is there is of the one before.
    let run = note.run.clone().map(TurnId::from);
    let blank = View {
        starting: true,
        queued: view.queued,
        next: view.next,
        turn: run,
        ..View::new(view.thread.clone())
    };
    let view = if view.starting { &blank } else { view };
    // A value is of use only as a whole: it comes first, and the words get what is left.
    let output = output(view);
    let value = output.as_ref().and_then(|output| output.as_ref().ok());
    let value = value
        .map(|value| (value.to_string().len(), value.clone()))
        .filter(|(bytes, _)| bytes * 3 <= budget * 2);
    let left = value.as_ref().map_or(budget, |(bytes, _)| budget.saturating_sub(bytes + VALUE));
    let mut result = fit(left, |room| {
        let content = cut(&view.content, room, view);
        let mut result = CallToolResult::success(vec![ContentBlock::text(text(
            view,
            output.as_ref(),
            &content,
            note,
            room,
        ))]);
        let mut members = members(view, output.as_ref(), &content, room);
        if value.is_some() {
            members.remove("outputBytes");
        }
        if note.sent != How::Begun {
            members.insert("sent".into(), json!(note.sent.name()));
        }
        result.structured_content = Some(Value::Object(members));
        let unfit = matches!(output, Some(Err(_)));
        result.is_error = (unfit || view.status == Status::Ended(TurnStatus::Failed)).then_some(true);
        result
    });
    if let (Some((_, value)), Some(Value::Object(members))) = (value, &mut result.structured_content) {
        members.insert("output".into(), value);
    }
    result
}

/// A fault as a result, so that the agent can mend it. Whatever was given, it stays short.
#[must_use]
pub fn of_error(error: &ErrorInfo) -> CallToolResult {
    let mut error = short_error(error, ERROR);
    error.remedy = error.remedy.map(|remedy| cut_plain(&remedy, ERROR / 2));
    let mut result = CallToolResult::error(vec![ContentBlock::text(sentence(&error))]);
    result.structured_content =
        Some(json!({ "threadId": "", "content": "", "status": "failed", "error": error }));
    result
}

/// What a value takes in a result besides itself.
const VALUE: usize = 16;

/// The longest message of a refusal, in bytes: what was given wrong may be as long as anyone likes.
const ERROR: usize = 600;

/// Makes a result with as much room for each of its parts as lets the whole fit.
fn fit(budget: usize, make: impl Fn(usize) -> CallToolResult) -> CallToolResult {
    let mut room = budget / 2;
    loop {
        let result = make(room);
        let size = serde_json::to_string(&result).map_or(0, |text| text.len());
        if size <= budget || room < 32 {
            return result;
        }
        room = room * 2 / 3;
    }
}

/// A refusal in words alone.
#[must_use]
pub fn refused(code: &str, message: impl Into<String>) -> CallToolResult {
    let (code, message) = (code.to_owned(), message.into());
    of_error(&ErrorInfo { code, message, remedy: None, retryable: false })
}

fn short_error(error: &ErrorInfo, room: usize) -> ErrorInfo {
    ErrorInfo {
        code: error.code.clone(),
        message: cut_plain(&error.message, room),
        remedy: error.remedy.as_deref().map(|remedy| cut_plain(remedy, room)),
        retryable: error.retryable,
    }
}

fn members(view: &View, output: Option<&Output>, content: &str, room: usize) -> Map<String, Value> {
    let mut out = Map::new();
    out.insert("threadId".into(), json!(view.thread));
    out.insert("content".into(), json!(content));
    out.insert("status".into(), json!(status(view)));
    if let Some(turn) = &view.turn {
        out.insert("turnId".into(), json!(turn));
    }
    if !view.decisions.is_empty() {
        let each = room / view.decisions.len();
        let decisions = view.decisions.iter().map(|request| decision(request, view, each));
        out.insert("decisions".into(), decisions.collect());
    }
    let changes = view.changes.iter().map(|(path, kind)| (path.as_str(), kind.as_str()));
    name_some(&mut out, "changes", ["path", "kind"], changes.collect(), room);
    if !view.usage.is_zero() {
        out.insert("usage".into(), json!(view.usage));
    }
    if let Some((used, window)) = view.context.filter(|(used, window)| used.saturating_mul(2) >= *window) {
        out.insert("context".into(), json!({ "used": used, "window": window }));
    }
    let limits = view.limits.iter().filter(|limit| limit.used_percent >= NEAR_LIMIT);
    let limits: Vec<_> = limits.take(LIMITS).collect();
    if !limits.is_empty() {
        out.insert("limits".into(), json!(limits));
    }
    if !view.busy() {
        let id = |one: &'_ Doing| one.process_id.clone().unwrap_or_else(|| one.item.clone());
        let ids: Vec<String> = view.commands.iter().map(id).collect();
        let commands = view.commands.iter().zip(&ids).map(|(one, id)| (one.what.as_str(), id.as_str()));
        let survivors = view.survivors.iter().map(|one| (one.command.as_str(), one.process_id.as_str()));
        let all = commands.chain(survivors).collect();
        name_some(&mut out, "background", ["command", "processId"], all, room);
    }
    match output {
        // Taken out again where there is room for the value. The text says where the whole of it is.
        Some(Ok(value)) => drop(out.insert("outputBytes".into(), json!(value.to_string().len()))),
        Some(Err(error)) => drop(out.insert("error".into(), json!(short_error(error, room / 2)))),
        None => {}
    }
    if let Some(error) = &view.error {
        out.insert("error".into(), json!(short_error(error, room / 4)));
    }
    if let Some(place) = view.queued {
        out.insert("ahead".into(), json!(place));
    }
    out.insert("next".into(), json!(view.next));
    out
}

/// Names things of a result as far as there is room, and says how many more there are.
fn name_some(
    out: &mut Map<String, Value>,
    member: &str,
    names: [&str; 2],
    all: Vec<(&str, &str)>,
    room: usize,
) {
    let count = all.len().min(NAMED).min(room / 32);
    let each = room / (2 * count.max(1));
    let named = all.iter().take(count).map(
        |(first, second)| json!({ names[0]: cut_plain(first, each), names[1]: cut_plain(second, each) }),
    );
    if count > 0 {
        out.insert(member.into(), named.collect());
    }
    if all.len() > count {
        out.insert(format!("{member}Left"), json!(all.len() - count));
    }
}

/// The status word of the contract.
#[must_use]
pub fn status(view: &View) -> &'static str {
    match view.status {
        _ if view.queued.is_some() => "queued",
        _ if view.starting => "running",
        Status::Ended(TurnStatus::Completed) => "completed",
        Status::Running => "running",
        Status::NeedsDecision => "needs_decision",
        // Its bridge was killed before the turn that it was made for began, or that comes yet.
        Status::New | Status::Ended(TurnStatus::Interrupted) => "interrupted",
        Status::Ended(TurnStatus::Failed) => "failed",
    }
}

fn text(view: &View, output: Option<&Output>, content: &str, note: &Note, room: usize) -> String {
    let thread = &view.thread;
    let mut lines: Vec<String> = note.text.iter().cloned().collect();
    match note.sent {
        How::Begun | How::Queued => {}
        How::Steered => lines.push("What you said was added to the turn that ran.".to_owned()),
        How::Late => {
            lines.push(
                "It became a turn of its own: the one that it was for took nothing more (it had just ended, or was a \
                 compaction or a review)."
                    .to_owned(),
            );
        }
    }
    let error = || view.error.as_ref().map(|error| sentence(&short_error(error, room / 4)));
    match view.status {
        _ if let Some(ahead) = view.queued => {
            let own = match &view.turn {
                Some(run) => format!(
                    "threadId `{thread}` and turnId `{run}` waits for its own result; `codex-cancel` with both takes \
                     out only this one."
                ),
                None => format!(
                    "threadId `{thread}` follows the session to its end; `codex-cancel` ends its running turn and \
                     takes out all that wait."
                ),
            };
            lines.push(format!(
                "The turn waits for others to end; {ahead} are to begin before it. `codex-wait` with {own}"
            ));
        }
        _ if view.starting => {
            let run = view.turn.as_ref().map(|run| format!(" and turnId `{run}`")).unwrap_or_default();
            lines.push(format!(
                "codex has not begun the turn yet. Call `codex-wait` with threadId `{thread}`{run} for the result."
            ));
        }
        Status::Ended(TurnStatus::Completed) => {
            if let Some(Err(error)) = output {
                lines.push(sentence(&short_error(error, room / 2)));
                return lines.join("\n");
            }
            if lines.is_empty() {
                return content.to_owned();
            }
            lines.push(content.to_owned());
        }
        Status::New => lines.push(format!("Session {thread} has had no turn yet.")),
        Status::Running => {
            lines.push(format!(
                "codex is still working. Call `codex-wait` with threadId `{thread}` for the result."
            ));
            lines.extend(error());
        }
        Status::NeedsDecision => {
            for request in &view.decisions {
                let options: Vec<_> = request.options.iter().map(|o| o.name()).collect();
                lines.push(format!(
                    "{}\napprovalId: {}\ndecision: one of {}",
                    cut_plain(&request.summary, (room / view.decisions.len()).min(1000)),
                    request.approval_id,
                    options.join(", ")
                ));
            }
            lines.push(format!("Answer with `codex-approve`. Session {thread}."));
        }
        Status::Ended(TurnStatus::Interrupted) => {
            lines.push(format!("The turn was interrupted. Session {thread} can go on with `codex-reply`."));
            if !view.survivors.is_empty() {
                lines.push(
                    "Not all of its processes ended: `background` names those that go on; end them yourself."
                        .into(),
                );
            }
            lines.extend(error());
        }
        Status::Ended(TurnStatus::Failed) => {
            lines.push(format!("The turn failed. Session {thread} can go on with `codex-reply`."));
            lines.extend(error());
        }
    }
    if view.busy() && !content.is_empty() {
        lines.push(content.to_owned());
    }
    lines.join("\n")
}

fn sentence(error: &ErrorInfo) -> String {
    match &error.remedy {
        Some(remedy) => format!("{}. To mend it: {remedy}.", error.message.trim_end_matches('.')),
        None => error.message.clone(),
    }
}

/// The last message, cut with a pointer to the whole of it.
fn cut(text: &str, room: usize, view: &View) -> String {
    if fits(text, room) {
        return text.to_owned();
    }
    let tail = format!(
        "\n[cut: {} bytes in all; read the whole with codex-events: threadId {thread}, after {}, from 0; or \
         codex://sessions/{thread}/events/{}]",
        text.len(),
        view.content_seq.before(),
        view.content_seq,
        thread = view.thread,
    );
    format!("{}{tail}", head(text, room.saturating_sub(tail.len())))
}

/// A text of at most `room` bytes once in JSON, with a mark where it was cut.
#[must_use]
pub fn cut_plain(text: &str, room: usize) -> String {
    if fits(text, room) {
        return text.to_owned();
    }
    let tail = format!("… [cut: {} bytes in all]", text.len());
    format!("{}{tail}", head(text, room.saturating_sub(tail.len())))
}

fn head(text: &str, room: usize) -> &str {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += width(c);
        if used > room {
            return &text[..at];
        }
    }
    text
}

/// Whether a text takes at most `room` bytes in JSON; looks at no more of it than that.
pub(super) fn fits(text: &str, room: usize) -> bool {
    head(text, room).len() == text.len()
}

/// How long a text is in JSON.
pub(super) fn escaped(text: &str) -> usize {
    text.chars().map(width).sum()
}

fn width(c: char) -> usize {
    match c {
        '"' | '\\' | '\n' | '\r' | '\t' => 2,
        c if c < ' ' => 6,
        c => c.len_utf8(),
    }
}

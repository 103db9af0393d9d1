//! An open request as a part of a result: what a decision needs, within so many bytes. Pure.

use serde_json::{Value, json};

use super::result::{NAMED, cut_plain, escaped};
use crate::event::{FileChange, PermissionRequest, Question};
use crate::session::View;

/// What stands for a part that is too long.
const ELSEWHERE: &str = "[cut: see the permission_request in codex-events]";

/// An open request within about `room` bytes.
#[must_use]
pub fn decision(request: &PermissionRequest, view: &View, room: usize) -> Value {
    let mut request = request.clone();
    request.summary = cut_plain(&request.summary, room / 4);
    request.item_id = None;
    let subject = &mut request.subject;
    subject.command_line = None;
    for (text, room) in [
        (&mut subject.command, room / 4),
        (&mut subject.message, room / 4),
        (&mut subject.url, room / 4),
        (&mut subject.reason, room / 8),
        (&mut subject.cwd, room / 8),
        (&mut subject.server, room / 16),
        (&mut subject.tool, room / 16),
    ] {
        *text = text.as_deref().map(|text| cut_plain(text, room));
    }
    for (value, room) in [
        (&mut subject.permissions, room / 2),
        (&mut subject.arguments, room / 4),
        (&mut subject.schema, room / 4),
        (&mut subject.network, room / 16),
    ] {
        if value.as_ref().is_some_and(|value| escaped(&value.to_string()) > room) {
            *value = Some(json!(ELSEWHERE));
        }
    }
    subject.changes = short_changes(&subject.changes, room / 2);
    subject.questions = short_questions(&subject.questions, room / 2);
    if subject.proposed_rule.iter().map(|word| escaped(word)).sum::<usize>() > room / 8 {
        subject.proposed_rule = vec![ELSEWHERE.into()];
    }
    let mut value = serde_json::to_value(&request).unwrap_or_default();
    if let Some(members) = value.as_object_mut() {
        members.insert("threadId".into(), json!(view.thread));
        if let Some(turn) = &view.turn {
            members.insert("turnId".into(), json!(turn));
        }
    }
    value
}

/// The changes with their paths and diffs cut so that all together fit; what is left out is counted
/// in the last one.
#[must_use]
pub fn short_changes(changes: &[FileChange], room: usize) -> Vec<FileChange> {
    let count = changes.len().min(NAMED).min(room / 64 + 1);
    let each = room / count.max(1);
    let short = |change: &FileChange| FileChange {
        path: cut_plain(&change.path, each / 4),
        diff: change.diff.as_deref().map(|diff| cut_plain(diff, each * 3 / 4)),
        kind: change.kind.clone(),
    };
    let mut out: Vec<FileChange> = changes.iter().take(count).map(short).collect();
    if changes.len() > count {
        let path = format!("[and {} more files]", changes.len() - count);
        out.push(FileChange { path, kind: "more".into(), diff: None });
    }
    out
}

/// Questions as they are where they fit; else without what their options mean, and then without the
/// options. An id is never cut: it is what an answer goes by.
fn short_questions(questions: &[Question], room: usize) -> Vec<Question> {
    let size =
        |questions: &[Question]| serde_json::to_string(questions).map_or(usize::MAX, |text| escaped(&text));
    let mut short = questions.to_vec();
    if size(&short) > room {
        let each = room / (2 * short.len().max(1));
        for question in &mut short {
            question.question = cut_plain(&question.question, each);
            question.header = cut_plain(&question.header, each / 4);
            question.options.iter_mut().for_each(|option| option.description.clear());
        }
    }
    if size(&short) > room {
        short.iter_mut().for_each(|question| question.options.clear());
    }
    if size(&short) > room {
        short.clear();
    }
    short
}

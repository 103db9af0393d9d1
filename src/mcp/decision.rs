//! An open request as a part of a result: what a decision needs, within so many bytes. Pure.

use serde_json::{Value, json};

use super::result::{NAMED, cut_plain, escaped, fits};
use crate::event::{FileChange, PermissionRequest, Question, Subject};
use crate::session::View;

/// What stands for a part that is too long.
const ELSEWHERE: &str = "[cut: see the permission_request in codex-events]";

/// An open request within about `room` bytes.
#[must_use]
pub fn decision(request: &PermissionRequest, view: &View, room: usize) -> Value {
    let subject = &request.subject;
    let text = |text: &Option<String>, room| text.as_deref().map(|text| cut_plain(text, room));
    let value = |value: &Option<Value>, room| {
        let fits = |value: &Value| fits(&value.to_string(), room);
        value.as_ref().map(|value| if fits(value) { value.clone() } else { json!(ELSEWHERE) })
    };
    let rule = &subject.proposed_rule;
    let long_rule = rule.iter().map(|word| escaped(word)).sum::<usize>() > room / 8;
    let short = PermissionRequest {
        approval_id: request.approval_id.clone(),
        kind: request.kind,
        summary: cut_plain(&request.summary, room / 4),
        options: request.options.clone(),
        expires_at: request.expires_at,
        item_id: None,
        subject: Subject {
            command: text(&subject.command, room / 4),
            command_line: None,
            stdin: subject.stdin,
            cwd: text(&subject.cwd, room / 8),
            reason: text(&subject.reason, room / 8),
            grant_root: text(&subject.grant_root, room / 16),
            network: value(&subject.network, room / 16),
            proposed_rule: if long_rule { vec![ELSEWHERE.into()] } else { rule.clone() },
            changes: short_changes(&subject.changes, room / 2),
            permissions: value(&subject.permissions, room / 2),
            server: text(&subject.server, room / 16),
            tool: text(&subject.tool, room / 16),
            arguments: value(&subject.arguments, room / 4),
            message: text(&subject.message, room / 4),
            schema: value(&subject.schema, room / 4),
            url: text(&subject.url, room / 4),
            questions: short_questions(&subject.questions, room / 2),
        },
    };
    let mut value = serde_json::to_value(&short).unwrap_or_default();
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
        moved_to: change.moved_to.as_deref().map(|path| cut_plain(path, each / 8)),
        diff: change.diff.as_deref().map(|diff| cut_plain(diff, each * 5 / 8)),
        kind: change.kind.clone(),
    };
    let mut out: Vec<FileChange> = changes.iter().take(count).map(short).collect();
    if changes.len() > count {
        let path = format!("[and {} more files]", changes.len() - count);
        out.push(FileChange { path, kind: "more".into(), ..FileChange::default() });
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

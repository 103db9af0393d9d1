//! The person at the terminal, as a list of lines; and what they get to see.

use std::collections::VecDeque;
use std::io;

use serde_json::{Value, json};

use super::ask::{Chosen, decide};
use super::show;
use super::terminal::Terminal;
use crate::event::{Decision, PermissionRequest, RequestKind, Subject, Timestamp};
use crate::ids::{ApprovalId, Seq, ThreadId};
use crate::journal::{SessionRecord, SessionStatus};

#[derive(Default)]
struct Script {
    lines: VecDeque<&'static str>,
    said: String,
    secrets: usize,
}

impl Terminal for Script {
    fn say(&mut self, text: &str) {
        self.said.push_str(text);
        self.said.push('\n');
    }

    fn line(&mut self, prompt: &str) -> io::Result<Option<String>> {
        self.say(prompt);
        Ok(self.lines.pop_front().map(str::to_owned))
    }

    fn secret(&mut self, prompt: &str) -> io::Result<Option<String>> {
        self.secrets += 1;
        self.line(prompt)
    }
}

fn request(kind: RequestKind, subject: Value) -> PermissionRequest {
    let answered = matches!(kind, RequestKind::McpForm | RequestKind::UserInput);
    let yes = if answered { Decision::Answer } else { Decision::ApproveForSession };
    PermissionRequest {
        approval_id: ApprovalId::from("apr_1"),
        kind,
        summary: "Allow it?".into(),
        options: vec![Decision::Approve, yes, Decision::Decline, Decision::Cancel],
        expires_at: Timestamp(90_500),
        item_id: None,
        subject: serde_json::from_value::<Subject>(subject).unwrap(),
    }
}

fn row() -> SessionRecord {
    SessionRecord {
        thread_id: ThreadId::from("t-1"),
        cwd: "/w".into(),
        title: "mend it".into(),
        status: SessionStatus::NeedsDecision,
        model: None,
        owner: None,
        principal: None,
        last_seq: Seq(1),
        turn_seq: Seq(1),
        turn_id: None,
        created: Timestamp(0),
        updated: Timestamp(0),
        settings: Value::Null,
    }
}

fn answered(request: &PermissionRequest, lines: &[&'static str]) -> (Option<Chosen>, Script) {
    let mut script = Script { lines: lines.iter().copied().collect(), ..Script::default() };
    let chosen = decide(&mut script, request).unwrap();
    (chosen, script)
}

#[test]
fn a_decision_by_its_number_or_its_name() {
    let asked = request(RequestKind::Command, json!({ "command": "touch x" }));
    for (lines, wanted) in [
        (&["1"][..], Some((Decision::Approve, None))),
        (&["yes", "9", "approve-for-session"], Some((Decision::ApproveForSession, None))),
        (&["decline", " not now "], Some((Decision::Decline, Some("not now".to_owned())))),
        (&["3", ""], Some((Decision::Decline, None))),
        (&[""], None),
        (&[], None),
    ] {
        let (chosen, _) = answered(&asked, lines);
        let wanted = wanted.map(|(decision, reason)| Chosen { decision, answers: None, reason });
        assert_eq!(chosen, wanted, "{lines:?}");
    }
}

#[test]
fn questions_one_by_one_and_a_secret_unseen() {
    let questions = json!([
        { "id": "a", "header": "H", "question": "Which?", "options": [{ "label": "A" }, { "label": "B" }] },
        { "id": "b", "header": "H", "question": "Which?", "options": [{ "label": "A" }], "other": true },
        { "id": "c", "header": "H", "question": "Key?", "secret": true },
    ]);
    let asked = request(RequestKind::UserInput, json!({ "questions": questions }));
    let (chosen, script) = answered(&asked, &["answer", "C", "2", "C", "", "s3cret"]);
    let chosen = chosen.unwrap();
    assert_eq!(chosen.answers, Some(json!({ "a": "B", "b": "C", "c": "s3cret" })));
    assert_eq!(script.secrets, 2);
    assert_eq!(answered(&asked, &["answer", "A"]).0, None, "who goes away leaves it open");
    let declined = answered(&asked, &["decline"]).0.unwrap();
    assert_eq!((declined.decision, declined.answers), (Decision::Decline, None));
}

#[test]
fn a_form_field_by_field() {
    let schema = json!({
        "type": "object", "required": ["name", "size"],
        "properties": {
            "count": { "type": "integer", "default": 3 },
            "name": { "type": "string", "title": "Your name", "description": "any" },
            "note": { "type": "string" },
            "ratio": { "type": "number" },
            "size": { "type": "string", "oneOf": [{ "const": "s", "title": "Small" }, { "const": "l" }] },
            "sure": { "type": "boolean" },
            "tags": { "type": "array", "items": { "enum": ["x", "y", "z"] } },
        },
    });
    let asked = request(RequestKind::McpForm, json!({ "server": "s", "schema": schema }));
    let lines = ["answer", "", "", "Ann", "", "a", "0.5", "m", "2", "y", "1, z"];
    let (chosen, script) = answered(&asked, &lines);
    let wanted =
        json!({ "count": 3, "name": "Ann", "ratio": 0.5, "size": "l", "sure": true, "tags": ["x", "z"] });
    assert_eq!(chosen.unwrap().answers, Some(wanted), "{}", script.said);
    assert!(script.said.contains("Your name (string)"), "{}", script.said);
    assert!(script.said.contains("note (string, may be left empty)"), "{}", script.said);
}

#[test]
fn what_is_shown() {
    let diff = (0..50).map(|n| format!("+{n}")).collect::<Vec<_>>().join("\n");
    let subject = json!({
        "command": "echo \u{1b}[8mrm -rf ~\u{202e}", "cwd": "/w", "reason": "it must",
        "changes": [{ "path": "a.txt", "kind": "update", "diff": diff }],
        "permissions": { "network": { "enabled": true } },
    });
    let asked = request(RequestKind::Command, subject);
    let page = show::request(&row(), &asked, Timestamp(500));
    for part in [
        "echo \\u{1b}[8mrm -rf ~\\u{202e}\n",
        "folder  /w",
        "reason  it must",
        "+39\n",
        "[10 more lines]",
        "\"enabled\": true",
        "1m 30s left",
        "approve, approve-for-session, decline, cancel",
    ] {
        assert!(page.contains(part), "{part:?} is not in\n{page}");
    }
    assert!(!page.contains("+40") && !page.contains("\u{1b}[8m") && !page.contains('\u{202e}'), "{page}");
    let list = show::list(&[(row(), asked)], Timestamp(500));
    for part in ["apr_1", "command, 1m 30s left", "Allow it?", "session t-1: mend it"] {
        assert!(list.contains(part), "{part:?} is not in\n{list}");
    }
    assert_eq!(show::list(&[], Timestamp(0)), "no decision is open");
}

//! Whether answers fit a request, and what of them may be kept. Pure.
//!
//! A form is checked against its schema, questions against their options, and a grant must be a part
//! of what was asked for: nobody can be granted more than codex wanted.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::event::{Answers, Decision, PermissionRequest, Question, RequestKind};
use crate::schemas::Schema;

/// The most bytes of answers. Codex puts them into the model's context.
const MAX_BYTES: usize = 64 * 1024;

/// What stands in a record for a secret.
const HIDDEN: &str = "[secret]";

/// The answers as codex is to get them; the error says what would fit.
pub(super) fn check(
    request: &PermissionRequest,
    decision: Decision,
    answers: Option<Answers>,
) -> Result<Option<Answers>, String> {
    let answers = answers.map(|answers| answers.0);
    if answers.as_ref().is_some_and(|answers| answers.to_string().len() > MAX_BYTES) {
        return Err(format!("they are longer than {MAX_BYTES} bytes"));
    }
    let yes = !matches!(decision, Decision::Decline | Decision::Cancel);
    let checked = match (request.kind, answers) {
        (_, None) if !yes => None,
        (_, Some(_)) if !yes => return Err(format!("`{}` takes none", decision.name())),
        (RequestKind::Permissions, None) => request.subject.permissions.clone(),
        (RequestKind::Permissions, Some(granted)) => {
            let asked = request.subject.permissions.clone().unwrap_or_default();
            if !granted.is_object() || !part_of(&granted, &asked) {
                return Err(format!("what is granted must be a part of what was asked for, {asked}"));
            }
            Some(granted)
        }
        (RequestKind::McpForm, answers) => Some(form(request, answers.unwrap_or_else(|| json!({})))?),
        (RequestKind::McpUrl, None) => None,
        (RequestKind::McpUrl, Some(Value::Object(members))) if members.is_empty() => None,
        (RequestKind::UserInput, answers) => {
            Some(chosen(&request.subject.questions, answers.unwrap_or_else(|| json!({})))?)
        }
        (_, None) => None,
        (_, Some(_)) => return Err("this kind of request takes none".into()),
    };
    Ok(checked.map(Answers))
}

/// The answers as they may be kept: without secrets.
pub(super) fn kept(request: &PermissionRequest, answers: &Answers) -> Value {
    let mut kept = answers.0.clone();
    for question in request.subject.questions.iter().filter(|question| question.secret) {
        if let Some(answer) = kept.get_mut(&question.id) {
            *answer = json!(HIDDEN);
        }
    }
    kept
}

/// Whether `granted` allows nothing that `asked` does not. What narrows (a limit, a denial) must stay.
fn part_of(granted: &Value, asked: &Value) -> bool {
    match (granted, asked) {
        (Value::Null | Value::Bool(false), _) => true,
        (Value::Object(granted), Value::Object(asked)) => {
            granted.iter().all(|(name, value)| asked.get(name).is_some_and(|asked| part_of(value, asked)))
                && asked.iter().all(|(name, value)| !value.is_number() || granted.contains_key(name))
        }
        (Value::Array(granted), Value::Array(asked)) => {
            granted.iter().all(|value| asked.contains(value))
                && asked.iter().all(|value| value["access"] != "deny" || granted.contains(value))
        }
        (granted, asked) => granted == asked,
    }
}

fn form(request: &PermissionRequest, answers: Value) -> Result<Value, String> {
    if !answers.is_object() {
        return Err("they must be an object, as the request's `schema` says".into());
    }
    let Some(schema) = &request.subject.schema else { return Ok(answers) };
    // A schema that is none, or takes too much, cannot be held against anything; its server checks what it gets.
    let Some(Ok(faults)) = Schema::new(schema).ok().map(|schema| schema.faults(&answers, 3)) else {
        return Ok(answers);
    };
    if faults.is_empty() { Ok(answers) } else { Err(faults.join("; ")) }
}

/// Each question with one or more texts.
fn chosen(questions: &[Question], answers: Value) -> Result<Value, String> {
    let ids = || questions.iter().map(|q| format!("`{}`", q.id)).collect::<Vec<_>>().join(", ");
    let Value::Object(mut given) = answers else {
        return Err(format!("they must be an object with {}", ids()));
    };
    let mut out = BTreeMap::new();
    for question in questions {
        let texts = match given.remove(&question.id) {
            Some(Value::String(text)) => vec![text],
            Some(Value::Array(texts)) if texts.iter().all(Value::is_string) => {
                texts.iter().filter_map(Value::as_str).map(str::to_owned).collect()
            }
            Some(_) => return Err(format!("`{}` must be a text or a list of texts", question.id)),
            None => return Err(format!("`{}` is missing; there are {}", question.id, ids())),
        };
        let known = |text: &String| question.options.iter().any(|option| option.label == *text);
        if !question.options.is_empty() && !question.other && !texts.iter().all(known) {
            let labels: Vec<_> = question.options.iter().map(|o| format!("`{}`", o.label)).collect();
            return Err(format!("`{}` takes {}", question.id, labels.join(", ")));
        }
        out.insert(question.id.clone(), json!(texts));
    }
    match given.keys().next() {
        Some(other) => Err(format!("there is no question `{other}`; there are {}", ids())),
        None => Ok(Value::Object(Map::from_iter(out))),
    }
}

//! Asks a person for a decision and, where it needs them, for answers, one at a time. Everything goes
//! through [`Terminal`], so that a test can be the person.

use std::io;

use serde_json::{Map, Value, json};

use super::terminal::Terminal;
use crate::event::{Decision, PermissionRequest, Question, RequestKind, visible};

/// What a person chose.
#[derive(Debug, PartialEq)]
pub(super) struct Chosen {
    /// The decision.
    pub decision: Decision,
    /// The answers that it needs.
    pub answers: Option<Value>,
    /// Why, where codex is told.
    pub reason: Option<String>,
}

/// `None`: the person left it open.
pub(super) fn decide(t: &mut dyn Terminal, request: &PermissionRequest) -> io::Result<Option<Chosen>> {
    t.say("");
    for (n, option) in (1..).zip(&request.options) {
        t.say(&format!("{n}) {:<20} {}", option.name(), meaning(*option)));
    }
    let names: Vec<_> = request.options.iter().map(|option| option.name()).collect();
    let decision = loop {
        let Some(line) = t.line("decision (empty: leave it open):")? else { return Ok(None) };
        match choice(line.trim(), &names).map(|at| request.options[at]) {
            Some(decision) => break decision,
            None if line.trim().is_empty() => return Ok(None),
            None => t.say(&format!("give a number or one of {}", names.join(", "))),
        }
    };
    let yes = !matches!(decision, Decision::Decline | Decision::Cancel);
    let answers = match request.kind {
        RequestKind::UserInput if yes => questions(t, &request.subject.questions)?,
        RequestKind::McpForm if yes => form(t, request.subject.schema.as_ref())?,
        _ => Some(Value::Null),
    };
    let Some(answers) = answers else { return Ok(None) };
    let reason = match decision {
        Decision::Decline => t.line("why, for codex (may be empty):")?,
        _ => None,
    };
    let reason = reason.map(|reason| reason.trim().to_owned()).filter(|reason| !reason.is_empty());
    Ok(Some(Chosen { decision, answers: Some(answers).filter(|answers| !answers.is_null()), reason }))
}

fn meaning(decision: Decision) -> &'static str {
    match decision {
        Decision::Approve => "yes, this once",
        Decision::ApproveForSession => "yes, and the like for this session",
        Decision::ApproveAlways => "yes, always",
        Decision::Decline => "no, codex goes on without it",
        Decision::Cancel => "no, and the turn ends",
        Decision::Answer => "answer it",
    }
}

/// Which of the names is meant, by its number or by itself.
fn choice(word: &str, names: &[&str]) -> Option<usize> {
    let number = word.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    names.iter().position(|name| *name == word).or(number.filter(|at| *at < names.len()))
}

fn questions(t: &mut dyn Terminal, questions: &[Question]) -> io::Result<Option<Value>> {
    let mut answers = Map::new();
    for question in questions {
        t.say(&format!("\n{}: {}", visible(&question.header), visible(&question.question)));
        for (n, option) in (1..).zip(&question.options) {
            t.say(&format!("{n}) {}  {}", visible(&option.label), visible(&option.description)));
        }
        let labels: Vec<_> = question.options.iter().map(|option| option.label.as_str()).collect();
        let answer = loop {
            let line = if question.secret { t.secret("answer:")? } else { t.line("answer:")? };
            let Some(line) = line else { return Ok(None) };
            match choice(line.trim(), &labels) {
                Some(at) => break labels[at].to_owned(),
                None if line.is_empty() => t.say("an answer is needed; Ctrl-D leaves the request open"),
                None if labels.is_empty() || question.other => break line,
                None => t.say("give a number or one of the answers above"),
            }
        };
        answers.insert(question.id.clone(), json!(answer));
    }
    Ok(Some(Value::Object(answers)))
}

/// The fields of a form. What its schema does not say is taken as text.
fn form(t: &mut dyn Terminal, schema: Option<&Value>) -> io::Result<Option<Value>> {
    let mut answers = Map::new();
    let schema = schema.unwrap_or(&Value::Null);
    let required =
        |name: &str| schema["required"].as_array().is_some_and(|required| required.iter().any(|r| r == name));
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        match self::field(t, name, field, required(name))? {
            Given::Value(value) => {
                answers.insert(name.clone(), value);
            }
            Given::Nothing => {}
            Given::End => return Ok(None),
        }
    }
    Ok(Some(Value::Object(answers)))
}

enum Given {
    Value(Value),
    Nothing,
    End,
}

fn field(t: &mut dyn Terminal, name: &str, field: &Value, required: bool) -> io::Result<Given> {
    let title = field["title"].as_str().unwrap_or(name);
    let need = if required { "" } else { ", may be left empty" };
    let kind = field["type"].as_str().unwrap_or("string");
    t.say(&format!("\n{} ({}{need})", visible(title), visible(kind)));
    if let Some(description) = field["description"].as_str() {
        t.say(&visible(description));
    }
    let several = kind == "array";
    let choices = choices(if several { &field["items"] } else { field });
    for (n, (value, title)) in (1..).zip(&choices) {
        t.say(&format!("{n}) {}  {}", visible(value), visible(title)));
    }
    let default = field.get("default");
    let prompt = match default {
        Some(default) => format!("{} [{}]:", visible(name), visible(&default.to_string())),
        None if several => format!("{}, with commas between:", visible(name)),
        None => format!("{}:", visible(name)),
    };
    loop {
        let Some(line) = t.line(&prompt)? else { return Ok(Given::End) };
        if line.trim().is_empty() {
            match default {
                Some(default) => return Ok(Given::Value(default.clone())),
                None if !required => return Ok(Given::Nothing),
                None => {}
            }
        }
        match value(&line, kind, &choices) {
            Some(value) => return Ok(Given::Value(value)),
            None => t.say("that does not fit; Ctrl-D leaves the request open"),
        }
    }
}

/// The values of a choice and what they are called: `enum` with its names, or titled constants.
fn choices(field: &Value) -> Vec<(String, String)> {
    let titled = field["oneOf"].as_array().or(field["anyOf"].as_array()).into_iter().flatten();
    let titled = titled.filter_map(|one| Some((one["const"].as_str()?, one["title"].as_str().unwrap_or(""))));
    let plain = field["enum"].as_array().into_iter().flatten().enumerate();
    let names = &field["enumNames"];
    let plain = plain.filter_map(|(at, value)| Some((value.as_str()?, names[at].as_str().unwrap_or(""))));
    titled.chain(plain).map(|(value, title)| (value.to_owned(), title.to_owned())).collect()
}

fn value(line: &str, kind: &str, choices: &[(String, String)]) -> Option<Value> {
    let word = line.trim();
    let names: Vec<_> = choices.iter().map(|(value, _)| value.as_str()).collect();
    let one = |word: &str| match names.is_empty() {
        true => Some(json!(word)),
        false => choice(word, &names).map(|at| json!(names[at])),
    };
    match kind {
        "array" if word.is_empty() => Some(json!([])),
        "array" => word.split(',').map(|word| one(word.trim())).collect::<Option<Vec<_>>>().map(Value::from),
        "boolean" => match word.to_lowercase().as_str() {
            "y" | "yes" | "true" => Some(json!(true)),
            "n" | "no" | "false" => Some(json!(false)),
            _ => None,
        },
        "integer" => word.parse::<i64>().ok().map(Value::from),
        "number" => word.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::from),
        _ if word.is_empty() => None,
        _ if names.is_empty() => Some(json!(line)),
        _ => one(word),
    }
}

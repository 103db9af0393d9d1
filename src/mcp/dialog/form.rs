//! The form of a dialog: nothing to fill in where yes or no is all there is. Pure.

use serde_json::{Map, Value, json};

use crate::event::{Decision, PermissionRequest, Question, RequestKind, visible};

/// What follows the name of a question in the name of the field for an answer of one's own.
const OTHER: &str = "-other";

/// The schema of the form; `None` where a form may not or cannot ask this.
pub(super) fn schema(request: &PermissionRequest, titled: bool) -> Option<Value> {
    match request.kind {
        RequestKind::Other => None,
        // The address stands in the message; accepting says that it was opened.
        RequestKind::McpUrl => Some(empty()),
        RequestKind::McpForm => of_server(request.subject.schema.as_ref()?, titled),
        RequestKind::UserInput => of_questions(&request.subject.questions, titled),
        RequestKind::Command | RequestKind::FileChange | RequestKind::Permissions | RequestKind::McpTool => {
            Some(of_options(request, titled))
        }
    }
}

/// The answers to the questions out of a filled-in form; what is not there is left out.
pub(super) fn answers(questions: &[Question], content: &Value) -> Value {
    let text = |name: &str| content.get(name).filter(|value| value.as_str().is_none_or(|t| !t.is_empty()));
    let answer = |question: &Question| {
        let own = text(&other(question, questions)).filter(|_| question.other);
        own.or_else(|| text(&question.id)).map(|value| (question.id.clone(), value.clone()))
    };
    Value::Object(questions.iter().filter_map(answer).collect())
}

/// The field for an answer of one's own: no question has its name.
fn other(question: &Question, questions: &[Question]) -> String {
    let mut name = format!("{}{OTHER}", question.id);
    while questions.iter().any(|question| question.id == name) {
        name.push_str(OTHER);
    }
    name
}

fn empty() -> Value {
    json!({ "type": "object", "properties": {} })
}

/// Accept alone means approve, and decline is an action of its own; where there is more to choose, one
/// property says what.
fn of_options(request: &PermissionRequest, titled: bool) -> Value {
    let choices: Vec<Decision> =
        request.options.iter().copied().filter(|option| *option != Decision::Decline).collect();
    if choices.iter().all(|option| matches!(option, Decision::Approve | Decision::Cancel)) {
        return empty();
    }
    let choices = choices.iter().map(|choice| (choice.name().to_owned(), title(*choice)));
    let mut property = json!({ "type": "string", "title": "Decision", "default": "approve" });
    one_of(&mut property, choices.collect(), titled);
    json!({ "type": "object", "properties": { "decision": property }, "required": ["decision"] })
}

fn title(decision: Decision) -> String {
    let words = match decision {
        Decision::Approve => "Yes, this once",
        Decision::ApproveForSession => "Yes, and the like for this session",
        // The message says what that is.
        Decision::ApproveAlways => "Yes, always, in every session",
        Decision::Decline => "No, go on without it",
        Decision::Cancel => "No, and end the turn",
        Decision::Answer => "Answer",
    };
    words.into()
}

/// The choices of a property, as the host's revision has them.
fn one_of(property: &mut Value, choices: Vec<(String, String)>, titled: bool) {
    if titled {
        property["oneOf"] =
            choices.iter().map(|(name, title)| json!({ "const": name, "title": title })).collect();
    } else {
        property["enum"] = choices.iter().map(|(name, _)| json!(name)).collect();
        property["enumNames"] = choices.iter().map(|(_, title)| json!(title)).collect();
    }
}

/// A form may not ask for a secret (MCP, elicitation): a terminal can.
fn of_questions(questions: &[Question], titled: bool) -> Option<Value> {
    if questions.is_empty() || questions.iter().any(|question| question.secret) {
        return None;
    }
    let mut properties = Map::new();
    let mut required = Vec::new();
    for question in questions {
        let title = visible(if question.header.is_empty() { &question.id } else { &question.header });
        let mut property =
            json!({ "type": "string", "title": title, "description": visible(&question.question) });
        if !question.options.is_empty() {
            let titles = question.options.iter().map(|option| {
                let sense = Some(&option.description).filter(|words| !words.is_empty());
                let sense = sense.map(|words| format!(": {words}")).unwrap_or_default();
                (option.label.clone(), visible(&format!("{}{sense}", option.label)))
            });
            one_of(&mut property, titles.collect(), titled);
        }
        let own = question.other && !question.options.is_empty();
        properties.insert(question.id.clone(), property);
        if own {
            let field = json!({ "type": "string", "title": format!("{title}: another answer") });
            properties.insert(other(question, questions), field);
        } else {
            required.push(json!(question.id));
        }
    }
    let mut schema = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    Some(schema)
}

/// The form of one of codex's MCP servers, as it is, or as an older host knows it.
fn of_server(schema: &Value, titled: bool) -> Option<Value> {
    if titled {
        return Some(schema.clone());
    }
    let mut schema = schema.clone();
    for property in schema.get_mut("properties")?.as_object_mut()?.values_mut() {
        if property["type"] == "array" {
            return None;
        }
        if let Some(choices) = property.as_object_mut()?.remove("oneOf") {
            let pair = |choice: &Value| {
                let name = choice["const"].as_str()?.to_owned();
                let title = choice["title"].as_str().unwrap_or(&name).to_owned();
                Some((name, title))
            };
            let choices: Option<Vec<_>> = choices.as_array()?.iter().map(pair).collect();
            one_of(property, choices?, false);
        }
    }
    Some(schema)
}

//! Which step comes next: a pure function of the conversation.

use serde_json::{Value, json};

/// Stands for the output of the last call until that is known.
const ECHO: &str = "\u{0}echo";

/// Where the script of a review is.
const REVIEW: &str = "REVIEW.script";

/// How codex begins to tell the model what a review is.
const GUIDELINES: &str = "# Review guidelines";

/// Stands for how many images have come.
const IMAGES: &str = "\u{0}images";

/// Stands for a member of the request, by its path, until that is known.
const REQUEST: &str = "\u{0}request ";

/// What the model answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// A tool call, as an item of the Responses API.
    Call(Value),
    /// A message, in these pieces.
    Say(Vec<String>),
    /// Nothing, ever.
    Hang,
    /// An error of the server.
    Fail,
}

/// The next reply to a request.
#[must_use]
pub fn reply_to(request: &Value) -> Reply {
    let input = request["input"].as_array().map(Vec::as_slice).unwrap_or_default();
    // codex up to 0.160 gives them so, and later ones as the first message.
    let guided = request["instructions"].as_str().is_some_and(|text| text.starts_with(GUIDELINES));
    match next(input, guided || is_review(input)) {
        Reply::Say(pieces) => match pieces.concat().strip_prefix(REQUEST) {
            Some(path) => say(&member(request, path)),
            None => Reply::Say(pieces),
        },
        other => other,
    }
}

/// A member by its dotted path, as text; of a list the one at that place, or with that `type` or `name`.
fn member(request: &Value, path: &str) -> String {
    let found = path.split('.').try_fold(request, |value, part| match value {
        Value::Array(all) => match part.parse::<usize>() {
            Ok(at) => all.get(at),
            Err(_) => all.iter().find(|one| one["type"] == part || one["name"] == part),
        },
        value => value.get(part),
    });
    match found {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => "none".to_owned(),
    }
}

/// The next reply to a conversation, given as the `input` of the request.
#[must_use]
pub fn reply(input: &[Value]) -> Reply {
    next(input, is_review(input))
}

fn next(input: &[Value], reviews: bool) -> Reply {
    let (prompt, since) = last_prompt(input);
    let done = since.iter().filter(|item| is_output(item)).count();
    if reviews && !prompt.lines().any(|line| step(line.trim(), 0).is_some()) {
        return review(since, done);
    }
    if let Some(outcome) = reviewed(&prompt) {
        return say(&json!({ "outcome": outcome }).to_string());
    }
    let steps: Vec<&str> = prompt.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    match steps.iter().filter_map(|line| step(line, done)).nth(done) {
        Some(Reply::Say(pieces)) if pieces == [ECHO] => say(&last_output(since)),
        Some(Reply::Say(pieces)) if pieces == [IMAGES] => say(&format!("{} images", images(input))),
        Some(reply) => reply,
        None if steps.iter().any(|line| step(line, 0).is_some()) => say("done"),
        None => say(&format!("ok: {}", prompt.chars().take(60).collect::<String>())),
    }
}

/// The text of the last message of the user that is a script, and what came after it: codex's user may
/// be told something in the middle of a turn. Without any script, the last one.
fn last_prompt(input: &[Value]) -> (String, &[Value]) {
    let users = || (0..input.len()).rev().filter(|at| is_user(&input[*at]));
    let scripted = users().find(|at| text(&input[*at]).lines().any(|line| step(line.trim(), 0).is_some()));
    match scripted.or_else(|| users().next()) {
        Some(at) => (text(&input[at]), &input[at + 1..]),
        None => (String::new(), input),
    }
}

/// Whether codex has the model review something: its guidelines come first.
fn is_review(input: &[Value]) -> bool {
    let first = input.iter().find(|item| item["role"] == "developer");
    first.is_some_and(|message| text(message).starts_with(GUIDELINES))
}

/// The prompt of a review is codex's own, so its script lies in the repository, in a file [`REVIEW`].
fn review(since: &[Value], done: usize) -> Reply {
    if done == 0 {
        let arguments = json!({ "cmd": format!("cat {REVIEW}") }).to_string();
        return Reply::Call(
            json!({ "type": "function_call", "name": "exec_command", "call_id": "call_0", "arguments": arguments }),
        );
    }
    let first = since.iter().find(|item| is_output(item)).and_then(|item| item["output"].as_str());
    let mut steps = first.into_iter().flat_map(str::lines).filter_map(|line| step(line.trim(), done));
    steps.nth(done - 1).unwrap_or_else(|| say("done"))
}

/// What codex's own reviewer is to answer, who is shown the lines of codex's user as a transcript.
fn reviewed(prompt: &str) -> Option<&str> {
    let asked = prompt.contains(">>> APPROVAL REQUEST START");
    prompt.lines().filter(|_| asked).find_map(|line| line.strip_prefix("user: REVIEW "))
}

fn is_user(item: &Value) -> bool {
    item["type"] == "message" && item["role"] == "user"
}

fn text(message: &Value) -> String {
    let parts = message["content"].as_array().into_iter().flatten();
    parts.filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join("\n")
}

/// The images of all messages.
fn images(input: &[Value]) -> usize {
    let parts = input.iter().filter_map(|item| item["content"].as_array()).flatten();
    parts.filter(|part| part["type"] == "input_image").count()
}

/// What codex gave back for the last call.
fn last_output(since: &[Value]) -> String {
    let output = since.iter().rfind(|item| is_output(item)).map(|item| &item["output"]);
    match output {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

fn is_output(item: &Value) -> bool {
    matches!(item["type"].as_str(), Some("function_call_output" | "custom_tool_call_output"))
}

fn step(line: &str, n: usize) -> Option<Reply> {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    let call_id = format!("call_{n}");
    let function = |name: &str, arguments: Value| {
        Reply::Call(json!({
            "type": "function_call", "name": name, "call_id": call_id, "arguments": arguments.to_string(),
        }))
    };
    Some(match word {
        "RUN" => function("exec_command", json!({ "cmd": rest })),
        "ESCALATE" => function(
            "exec_command",
            json!({ "cmd": rest, "sandbox_permissions": "require_escalated", "justification": "the script says so" }),
        ),
        "WRITE" => {
            let (file, text) = rest.split_once(' ').unwrap_or((rest, ""));
            let patch = format!("*** Begin Patch\n*** Add File: {file}\n+{text}\n*** End Patch\n");
            Reply::Call(json!({
                "type": "custom_tool_call", "name": "apply_patch", "call_id": call_id, "input": patch,
            }))
        }
        "ITEM" => Reply::Call(serde_json::from_str(rest).ok()?),
        "MCP" => {
            let mut words = rest.splitn(3, ' ');
            let (server, tool) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            Reply::Call(json!({
                "type": "function_call", "namespace": format!("mcp__{server}"), "name": tool,
                "call_id": call_id, "arguments": words.next().unwrap_or("{}"),
            }))
        }
        "ASK" | "ASKSECRET" => function(
            "request_user_input",
            json!({ "questions": [{
                "id": "q1", "header": "Question", "question": rest,
                "options": [{ "label": "A", "description": "a" }, { "label": "B", "description": "b" }],
                "isSecret": word == "ASKSECRET",
            }] }),
        ),
        "PERMIT" => {
            let wanted = match rest {
                "" => json!({ "network": { "enabled": true } }),
                paths => json!({ "file_system": { "write": paths.split(' ').collect::<Vec<_>>() } }),
            };
            function("request_permissions", json!({ "reason": "the script says so", "permissions": wanted }))
        }
        "MOVE" => {
            let (from, to) = rest.split_once(' ').unwrap_or((rest, ""));
            let patch = format!(
                "*** Begin Patch\n*** Update File: {from}\n*** Move to: {to}\n@@\n-old\n+new\n*** End Patch\n"
            );
            Reply::Call(json!({
                "type": "custom_tool_call", "name": "apply_patch", "call_id": call_id, "input": patch,
            }))
        }
        "STREAM" => Reply::Say((0..rest.parse().unwrap_or(1)).map(|n: usize| format!("piece{n} ")).collect()),
        "SAY" => say(rest),
        "ECHO" => say(ECHO),
        "IMAGES" => say(IMAGES),
        "REQUEST" => say(&format!("{REQUEST}{rest}")),
        "HANG" => Reply::Hang,
        "FAIL" => Reply::Fail,
        _ => return None,
    })
}

fn say(text: &str) -> Reply {
    Reply::Say(vec![text.to_owned()])
}

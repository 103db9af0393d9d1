//! `limits.roots`: a session of another folder is, to a caller, one that does not exist, whichever tool or
//! resource it is asked for by, and whichever bridge on the same journal has it.

use serde_json::{Value, json};

use crate::common::{Host, Place, Setup};

/// Threads and requests that nobody has.
const NO_THREAD: &str = "01a00000-0000-7000-8000-000000000000";
const NO_REQUEST: &str = "apr_00000000000000000000000000000000";

/// What the others of a session show, and must not show here.
const SECRET: &str = "told-outside";

fn bridge<'a>(place: &'a Place, roots: bool) -> Setup<'a> {
    let (inside, settings) = (place.work().join("in"), place.root.join("limits.toml"));
    for folder in ["in", "out"] {
        std::fs::create_dir_all(place.work().join(folder)).unwrap();
    }
    if !roots {
        return Setup::fake(place);
    }
    // Once: a bridge that just starts must not read half of it.
    if !settings.exists() {
        std::fs::write(&settings, format!("[limits]\nroots = [{inside:?}]\n")).unwrap();
    }
    Setup::fake(place).args(&["--settings", settings.to_str().unwrap(), "-C", inside.to_str().unwrap()])
}

/// Calls of a tool with its thread or request.
fn calls(tool: &Value, thread: &str, request: &str) -> Vec<Value> {
    let properties = &tool["inputSchema"]["properties"];
    let takes = |name: &str| properties.get(name).is_some();
    let mut call = json!({});
    match () {
        () if takes("threadId") => call["threadId"] = json!(thread),
        () if takes("approvalId") => call["approvalId"] = json!(request),
        () => return Vec::new(),
    }
    let required = tool["inputSchema"]["required"].as_array().cloned().unwrap_or_default();
    for name in required.iter().filter_map(Value::as_str).filter(|name| !name.ends_with("Id")) {
        call[name] = json!(if name == "decision" { "approve" } else { "say never" });
    }
    let with = |name: &str, value: Value| {
        let mut more = call.clone();
        more[name] = value;
        takes(name).then_some(more)
    };
    let more = [with("archive", json!(true)), with("fork", json!("latest")), with("wait", json!(0))];
    more.into_iter().flatten().chain([call.clone()]).collect()
}

/// An answer without the names of what was asked for.
fn plain(answer: &Value, names: [&str; 2]) -> String {
    names.iter().fold(answer.to_string(), |text, name| text.replace(name, "NAME"))
}

fn read(host: &mut Host, uri: &str) -> Value {
    let mut answer = host.request("resources/read", json!({ "uri": uri }));
    answer["id"] = Value::Null;
    answer
}

struct Outside {
    thread: String,
    request: String,
    task: Value,
}

/// A session outside that waits for a decision, and a task.
fn outside(host: &mut Host, place: &Place) -> Outside {
    let cwd = place.work().join("out");
    let prompt = format!("ask-file new.txt\nsay {SECRET}");
    let asks = host.structured("codex", json!({ "prompt": prompt, "cwd": cwd }));
    assert_eq!(asks["status"], "needs_decision", "{asks}");
    let mut modern = bridge(place, false)
        .modern(json!({ "elicitation": {}, "extensions": { "io.modelcontextprotocol/tasks": {} } }));
    let arguments = json!({ "prompt": format!("say {SECRET}"), "cwd": cwd });
    let task = modern.request("tools/call", json!({ "name": "codex", "arguments": arguments }));
    let task = task["result"]["taskId"].clone();
    assert!(task.is_string());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    Outside { thread: text(&asks["threadId"]), request: text(&asks["decisions"][0]["approvalId"]), task }
}

#[test]
fn what_lies_outside_does_not_exist() {
    let place = Place::new();
    let mut owner = bridge(&place, false).start();
    let it = outside(&mut owner, &place);
    let names = [it.thread.as_str(), it.request.as_str()];
    let unknown = [NO_THREAD, NO_REQUEST];
    let mut limited = bridge(&place, true).start();
    let tools = limited.request("tools/list", json!({}))["result"]["tools"].clone();
    let mut asked = std::collections::BTreeSet::new();
    for tool in tools.as_array().unwrap() {
        let name = tool["name"].as_str().unwrap();
        let (there, nowhere) = (calls(tool, names[0], names[1]), calls(tool, NO_THREAD, NO_REQUEST));
        for (there, nowhere) in there.into_iter().zip(nowhere) {
            let (seen, missing) = (limited.call(name, there.clone()), limited.call(name, nowhere));
            assert_eq!(plain(&seen, names), plain(&missing, unknown), "{name} {there}");
            assert_eq!(seen["isError"], true, "{name} {there}: {seen}");
            asked.insert(name.to_owned());
        }
    }
    let all =
        ["approve", "cancel", "events", "reply", "sessions", "wait"].map(|name| format!("codex-{name}"));
    assert!(all.iter().all(|name| asked.contains(name)), "{asked:?}");
    for part in ["", "/events", "/events/1", "/diff", "/transcript"] {
        let of = |thread: &str| format!("codex://sessions/{thread}{part}");
        let (seen, missing) = (read(&mut limited, &of(names[0])), read(&mut limited, &of(NO_THREAD)));
        assert_eq!(plain(&seen, names), plain(&missing, unknown), "{part}");
        assert!(seen.get("error").is_some(), "{part}: {seen}");
        assert!(read(&mut owner, &of(names[0])).get("result").is_some(), "{part}: its own bridge shows it");
    }
    for list in ["codex://sessions", "codex://decisions", "codex://mcp"] {
        let seen = read(&mut limited, list).to_string();
        assert!(!seen.contains(names[0]) && !seen.contains(names[1]) && !seen.contains(SECRET), "{seen}");
    }
    for seen in [limited.request("resources/list", json!({})), limited.call("codex-sessions", json!({}))] {
        assert!(!seen.to_string().contains(names[0]) && !seen.to_string().contains("/out"), "{seen}");
    }
    assert!(read(&mut owner, "codex://decisions").to_string().contains(names[1]));
    // Nobody has touched it.
    let still = owner.structured("codex-wait", json!({ "threadId": names[0], "wait": 0 }));
    assert_eq!(still["status"], "needs_decision", "{still}");
}

#[test]
fn a_task_outside_does_not_exist() {
    let place = Place::new();
    let mut owner = bridge(&place, false).start();
    let it = outside(&mut owner, &place);
    let capabilities = json!({ "elicitation": {}, "extensions": { "io.modelcontextprotocol/tasks": {} } });
    let mut limited = bridge(&place, true).modern(capabilities.clone());
    let mut open = bridge(&place, false).modern(capabilities);
    for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
        let params = |task: &Value| json!({ "taskId": task, "inputResponses": {} });
        let seen = limited.request(method, params(&it.task));
        let missing = limited.request(method, params(&json!("task_none")));
        assert_eq!(seen["error"], missing["error"], "{method}: {seen}");
        assert!(seen["error"].is_object(), "{method}: {seen}");
        let shown = open.request(method, params(&it.task));
        assert!(shown["result"].is_object(), "{method}: {shown}");
    }
}

/// A name that a run outside has is taken, and nothing of that run is told.
#[test]
fn a_named_run_outside_is_not_told_of() {
    let place = Place::new();
    let mut owner = bridge(&place, false).args(&["-C", place.work().join("out").to_str().unwrap()]).start();
    let call = json!({ "prompt": format!("say {SECRET}"), "key": "mine" });
    let done = owner.structured("codex", call.clone());
    let mut limited = bridge(&place, true).start();
    let seen = limited.call("codex", call);
    assert_eq!(seen["structuredContent"]["error"]["code"], "key_taken", "{seen}");
    assert!(!seen.to_string().contains(done["threadId"].as_str().unwrap()), "{seen}");
    assert!(!seen.to_string().contains(SECRET), "{seen}");
}

/// What changes outside is no news: what one hears of inside comes after it in the same journal.
#[test]
fn what_changes_outside_is_not_announced() {
    let place = Place::new();
    let mut owner = bridge(&place, false).start();
    let it = outside(&mut owner, &place);
    let mut limited = bridge(&place, true).start();
    let foreign = format!("codex://sessions/{}", it.thread);
    for uri in ["codex://decisions", "codex://sessions", &foreign, &format!("{foreign}/diff")] {
        let answer = limited.request("resources/subscribe", json!({ "uri": uri }));
        assert_eq!(answer["result"], json!({}), "{uri}: {answer}");
    }
    owner.structured("codex-approve", json!({ "approvalId": it.request, "decision": "approve" }));
    for prompt in ["say one", "say two"] {
        limited.structured("codex", json!({ "prompt": prompt }));
        let told = limited.asked("notifications/resources/updated");
        assert_eq!(told["params"]["uri"], "codex://sessions", "{told}");
        while let Some(more) = limited.heard("notifications/resources/updated") {
            assert_eq!(more["params"]["uri"], "codex://sessions", "{more}");
        }
    }
}

/// With codex out of order the journal alone says whose a session is.
#[test]
fn without_codex_nothing_more_is_told() {
    let place = Place::new();
    let mut owner = bridge(&place, false).start();
    let it = outside(&mut owner, &place);
    let mut setup = bridge(&place, true);
    setup.codex = place.root.join("no-codex");
    let mut limited = setup.env("PATH", "/nonexistent").start();
    for tool in ["codex-sessions", "codex-wait", "codex-events", "codex-cancel"] {
        let seen = limited.call(tool, json!({ "threadId": it.thread }));
        assert_eq!(seen["structuredContent"]["error"]["code"], "thread_unknown", "{tool}: {seen}");
    }
}

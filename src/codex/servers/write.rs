//! Servers in codex's spelling, and how codex merges them. Pure.

use serde_json::{Value, json};

use crate::servers::{Passed, Server, Transport};

/// A server as codex's configuration has it.
pub(super) fn write(server: &Server) -> Value {
    let mut entry = match &server.transport {
        Transport::Stdio { command, args, env, passed, cwd } => {
            let passed: Vec<Value> = passed.iter().map(variable).collect();
            json!({ "command": command, "args": args, "env": env, "env_vars": passed, "cwd": cwd })
        }
        Transport::Http { url, headers, header_variables, bearer_variable } => json!({
            "url": url, "http_headers": headers, "env_http_headers": header_variables,
            "bearer_token_env_var": bearer_variable,
        }),
        Transport::Sse => json!({}),
    };
    entry["enabled"] = json!(server.enabled);
    entry["required"] = json!(server.required);
    entry["enabled_tools"] = json!(server.enabled_tools);
    entry["disabled_tools"] = json!(server.disabled_tools);
    entry["startup_timeout_sec"] = json!(server.startup_timeout);
    entry["tool_timeout_sec"] = json!(server.tool_timeout);
    if let Some(members) = entry.as_object_mut() {
        // `null` would arrive as an empty text, which codex refuses.
        members.retain(|name, value| !value.is_null() && (name == "enabled" || *value != json!({})));
    }
    entry
}

fn variable(passed: &Passed) -> Value {
    match &passed.source {
        Some(source) => json!({ "name": passed.name, "source": source }),
        None => json!(passed.name),
    }
}

/// An entry with the depth in its environment: codex hands its own environment to no server.
pub(super) fn with_depth(entry: &Value, (variable, depth): (&str, u32)) -> Value {
    if entry.get("env").is_some_and(|env| !env.is_object() && !env.is_null()) {
        // codex takes no such environment, and says so.
        return entry.clone();
    }
    merged(entry, &json!({ "env": { variable: depth.to_string() } }))
}

/// What codex makes of an entry and a later one: tables are merged, everything else is replaced.
pub(super) fn merged(entry: &Value, later: &Value) -> Value {
    match (entry, later) {
        (Value::Object(entry), Value::Object(later)) => {
            let mut out = entry.clone();
            for (key, value) in later {
                let value = out.get(key).map_or_else(|| value.clone(), |held| merged(held, value));
                out.insert(key.clone(), value);
            }
            Value::Object(out)
        }
        (_, later) => later.clone(),
    }
}

/// Whether an entry says how to reach a server, and not only changes one.
pub(super) fn has_transport(entry: &Value) -> bool {
    entry.get("command").is_some() || entry.get("url").is_some()
}

/// Whether nothing of `own` is left once codex has merged `written` into it.
pub(super) fn covers(written: &Value, own: &Value) -> bool {
    let (Value::Object(own), Value::Object(written)) = (own, written) else { return true };
    own.iter()
        .all(|(key, value)| is_default(key, value) || written.get(key).is_some_and(|new| covers(new, value)))
}

/// What `config/read` shows although nobody has set it.
fn is_default(key: &str, value: &Value) -> bool {
    let empty = value.is_null() || *value == json!([]) || *value == json!({});
    empty || (key == "environment_id" && *value == json!("local"))
}

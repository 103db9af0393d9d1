//! An MCP server for codex: `echo`, and tools that ask codex's user for a form or to open an address,
//! and give back what was answered; `length` says how long a variable of its environment is, or a header
//! of the request, so that a test sees a secret arrive without its being told. On stdin and stdout, or with
//! `http` over Streamable HTTP at the address that it says.

#![expect(clippy::unwrap_used, reason = "a fake that cannot go on ends, and its test fails")]

mod http;

use std::io::{BufRead, Lines, StdinLock, Write};

use serde_json::{Value, json};

fn main() {
    if std::env::args().nth(1).as_deref() == Some("http") {
        return http::serve();
    }
    let mut lines = std::io::stdin().lock().lines();
    while let Some(Ok(line)) = lines.next() {
        let message: Value = serde_json::from_str(&line).unwrap();
        let (Some(id), Some(method)) = (message.get("id"), message["method"].as_str()) else { continue };
        let result = match method {
            "tools/call" => called(&message["params"], &mut lines),
            other => plain(other, &message["params"]),
        };
        send(&json!({ "jsonrpc": "2.0", "id": id, "result": result }));
    }
}

fn plain(method: &str, params: &Value) -> Value {
    match method {
        "initialize" => json!({
            "protocolVersion": params["protocolVersion"], "capabilities": { "tools": {} },
            "serverInfo": { "name": "fake", "version": "1" },
        }),
        "tools/list" => {
            json!({ "tools": [tool("echo"), tool("length"), tool("ask_form"), tool("ask_url")] })
        }
        _ => json!({}),
    }
}

fn text(said: &str) -> Value {
    json!({ "content": [{ "type": "text", "text": said }] })
}

fn tool(name: &str) -> Value {
    json!({ "name": name, "description": name, "inputSchema": { "type": "object", "properties": {} } })
}

fn called(params: &Value, lines: &mut Lines<StdinLock<'_>>) -> Value {
    let said = match params["name"].as_str() {
        Some("ask_form") => ask(
            lines,
            &json!({ "mode": "form", "message": "which colour?", "requestedSchema": {
                "type": "object", "properties": { "c": { "type": "string" } }, "required": ["c"],
            } }),
        ),
        Some("ask_url") => ask(
            lines,
            &json!({
                "mode": "url", "message": "sign in", "url": "https://example.org/sign-in", "elicitationId": "e-1",
            }),
        ),
        Some("length") => {
            let name = params["arguments"]["name"].as_str().unwrap_or_default();
            #[expect(clippy::disallowed_methods, reason = "what codex gives it is what is asked for")]
            let value = std::env::var(name).ok();
            return text(&format!("length {:?}", value.map(|value| value.len())));
        }
        _ => params["arguments"].clone(),
    };
    text(&format!("answered {said}"))
}

/// Asks the client, and waits for its answer.
fn ask(lines: &mut Lines<StdinLock<'_>>, params: &Value) -> Value {
    send(&json!({ "jsonrpc": "2.0", "id": "ask", "method": "elicitation/create", "params": params }));
    loop {
        let Some(Ok(line)) = lines.next() else { return Value::Null };
        let message: Value = serde_json::from_str(&line).unwrap();
        if message["id"] == "ask" {
            return message.get("result").or_else(|| message.get("error")).cloned().unwrap_or_default();
        }
    }
}

fn send(message: &Value) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{message}").unwrap();
    out.flush().unwrap();
}

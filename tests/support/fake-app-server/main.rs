//! A scripted stand-in for `codex app-server`, for faults that the real one cannot be made to show.
//! The prompt is the script, one directive a line: see `turn.rs`. What it says has the fields of
//! codex 0.169 (`shapes.rs`); `tests/it/fake.rs` holds it to captures of the real one.
//!
//! In the environment: `CODEX_FAKE_NO_INITIALIZE` never answers the first request, `CODEX_FAKE_DIE_AT_START`
//! ends at once, `CODEX_FAKE_STDIN_IGNORE` outlives its input, `CODEX_FAKE_KEEPS_NOTHING` knows only the threads that this
//! process began. `CODEX_FAKE_FAULT` names a file of one fault at a request: `fault.rs`. What it says of its account:
//! `account.rs`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a fake that fails loudly is what its test wants"
)]

mod account;
mod command;
mod fault;
mod server;
mod shapes;
mod turn;

use std::io::BufRead;

use serde_json::{Value, json};

use server::Server;

fn main() {
    command::become_one();
    if std::env::args().any(|arg| arg == "--version") {
        println!("codex-cli 0.169.0");
        return;
    }
    if set("CODEX_FAKE_DIE_AT_START") || fault::take("start").is_some() {
        eprintln!("fake: told to die at the start");
        std::process::exit(1);
    }
    let server = Server::default();
    account::look();
    for line in std::io::stdin().lock().lines() {
        let Ok(line) = line else { break };
        let Ok(message) = serde_json::from_str::<Value>(&line) else { continue };
        match message["method"].as_str() {
            Some(_) if message["id"].is_null() => {}
            Some("initialize") if set("CODEX_FAKE_NO_INITIALIZE") => {}
            Some(method) => {
                if fault::at(&server, method, &message) {
                    continue;
                }
                match request(&server, method, &message) {
                    Ok(()) => {}
                    Err(words) => server.refuse(&message, &words),
                }
            }
            None => server.answered(&message),
        }
    }
    if set("CODEX_FAKE_STDIN_IGNORE") {
        loop {
            std::thread::park();
        }
    }
    // codex ends its own commands with itself.
    server.end_commands(None);
}

fn set(name: &str) -> bool {
    std::env::var_os(name).is_some()
}

/// Answers a request, or says why it is refused.
fn request(server: &Server, method: &str, message: &Value) -> Result<(), String> {
    let params = &message["params"];
    let thread = params["threadId"].as_str().unwrap_or_default();
    match method {
        "initialize" => server.result(message, shapes::initialized(params)),
        method if method.starts_with("account/") => account::request(server, method, message)?,
        "mcpServerStatus/list" => server.result(message, json!({ "data": [], "nextCursor": null })),
        "config/read" => server.result(message, serde_json::json!({ "config": {} })),
        "thread/start" => {
            account::may_start()?;
            let id = shapes::new_id();
            let opened = shapes::opened(&id, params)?;
            server.open(&id, params);
            server.result(message, opened.clone());
            server.tell("thread/started", json!({ "thread": opened["thread"] }));
        }
        "thread/resume" => {
            uuid(thread)?;
            if set("CODEX_FAKE_KEEPS_NOTHING") && server.params(thread).is_none() {
                return Err(format!("no rollout found for thread id {thread}"));
            }
            // Overrides of a thread that is loaded are passed over, as the real one does.
            let params = server.params(thread).unwrap_or_else(|| params.clone());
            let opened = shapes::resumed(thread, &params)?;
            server.open(thread, &params);
            server.result(message, opened);
        }
        "thread/fork" => {
            uuid(thread)?;
            let params = server.params(thread).unwrap_or_else(|| params.clone());
            let id = shapes::new_id();
            let opened = shapes::opened(&id, &params)?;
            server.open(&id, &params);
            server.result(message, opened);
        }
        "thread/read" => {
            uuid(thread)?;
            let params = server.params(thread).unwrap_or_else(|| params.clone());
            let read = shapes::resumed(thread, &params)?;
            server.result(message, json!({ "thread": read["thread"] }));
        }
        // It keeps nothing of what was said.
        "thread/turns/list" => server.result(message, json!({ "data": [], "nextCursor": null })),
        "turn/start" => {
            uuid(thread)?;
            turn::start(server, thread, message)?;
        }
        "turn/steer" => {
            let turn = server.steer(thread, params["expectedTurnId"].as_str().unwrap_or_default())?;
            server.result(message, json!({ "turnId": turn }));
        }
        "turn/interrupt" => {
            server.result(message, json!({}));
            // One that is deaf goes on.
            if server.params(thread).is_none_or(|params| params["model"] != "deaf") {
                server.end_turn(thread, "interrupted", &Value::Null);
            }
        }
        "thread/backgroundTerminals/clean" => {
            server.end_commands(Some(thread));
            server.result(message, json!({}));
        }
        "thread/backgroundTerminals/list" => {
            let one = json!({ "itemId": "i", "processId": "77", "command": "rm -rf slowly", "cwd": "/" });
            let data = if server.is_immortal() { vec![one] } else { vec![] };
            server.result(message, json!({ "data": data, "nextCursor": null }));
        }
        "review/start" => {
            uuid(thread)?;
            turn::start(server, thread, message)?;
        }
        // Always one that fails.
        "thread/compact/start" => {
            uuid(thread)?;
            let mut compaction = message.clone();
            compaction["params"]["input"] = json!([{ "text": "fail compaction is broken here" }]);
            turn::start(server, thread, &compaction)?;
        }
        "thread/unsubscribe" => {
            let status = if server.close(thread) { "unsubscribed" } else { "notLoaded" };
            server.result(message, json!({ "status": status }));
        }
        _ => return Err(format!("Invalid request: unknown variant `{method}`")),
    }
    Ok(())
}

fn uuid(thread: &str) -> Result<(), String> {
    uuid::Uuid::parse_str(thread).map(drop).map_err(|e| format!("invalid thread id: {e}"))
}

//! A scripted stand-in for `codex app-server`, for faults that the real one cannot be made to
//! show. The prompt is the script, one directive a line; see `script.rs`.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::type_complexity,
    reason = "a fake that fails loudly is what its test wants"
)]

mod script;
mod wire;

use std::collections::HashMap;
use std::io::BufRead;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use script::Threads;
use wire::Wire;

fn main() {
    if std::env::args().any(|arg| arg == "--version") {
        println!("codex-cli 0.169.0");
        return;
    }
    if set("FAKE_DIE_AT_START") {
        eprintln!("fake: told to die at the start");
        std::process::exit(1);
    }
    let wire = Wire::new();
    let threads: Threads = Arc::new(Mutex::new(HashMap::new()));
    for line in std::io::stdin().lock().lines() {
        let Ok(line) = line else { break };
        let Ok(message) = serde_json::from_str::<Value>(&line) else { continue };
        match message["method"].as_str() {
            Some(method) => request(&wire, &threads, method, &message),
            None => wire.answered(&message),
        }
    }
    if set("FAKE_STDIN_IGNORE") {
        loop {
            std::thread::park();
        }
    }
    // codex ends its own commands with itself.
    script::end_children();
}

fn set(name: &str) -> bool {
    std::env::var_os(name).is_some()
}

fn request(wire: &Wire, threads: &Threads, method: &str, message: &Value) {
    let params = &message["params"];
    let thread = params["threadId"].as_str().unwrap_or_default().to_owned();
    let answer = match method {
        "initialize" if set("FAKE_NO_INITIALIZE") => return,
        "initialize" => {
            json!({ "userAgent": "codex-bridge/0.169.0 (Fake; x86_64) fake", "codexHome": "/fake" })
        }
        "initialized" => return,
        "thread/start" => opened(&uuid::Uuid::now_v7().to_string(), params),
        "thread/resume" if uuid::Uuid::parse_str(&thread).is_err() => {
            return wire.refuse(message, "invalid thread id: not a UUID");
        }
        "thread/resume" => opened(&thread, params),
        "turn/start" => return script::start(wire.clone(), threads.clone(), message.clone()),
        "turn/interrupt" => {
            wire.result(message, json!({}));
            return script::interrupt(wire, threads, &thread);
        }
        "thread/backgroundTerminals/clean" => {
            script::end_children();
            json!({})
        }
        _ => return wire.refuse(message, &format!("Invalid request: unknown variant `{method}`")),
    };
    wire.result(message, answer);
}

fn opened(thread: &str, params: &Value) -> Value {
    let or = |name: &str, default: &str| params[name].as_str().unwrap_or(default).to_owned();
    let sandbox = match or("sandbox", "read-only").as_str() {
        "workspace-write" => "workspaceWrite",
        "danger-full-access" => "dangerFullAccess",
        _ => "readOnly",
    };
    json!({
        "thread": { "id": thread, "cliVersion": "0.169.0", "status": { "type": "idle" }, "turns": [] },
        "model": or("model", "gpt-5.5"), "cwd": or("cwd", "/workspace"),
        "approvalPolicy": or("approvalPolicy", "on-request"), "sandbox": { "type": sandbox },
    })
}

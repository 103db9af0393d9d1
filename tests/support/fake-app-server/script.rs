//! A turn, directive by directive.
//!
//! `say TEXT`, `deltas N`, `ask-command CMD`, `ask-file PATH`, `ask-permissions`, `ask-user-input`,
//! `ask-mcp-tool`, `ask-unknown`, `stall`, `die`, `die-mid-line`, `garbage`, `flood N`,
//! `fail MESSAGE`, `duplicate-completed`, `resolve-itself`, `sleep-command`.

use std::collections::HashMap;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::wire::Wire;

/// The running turn of each thread.
pub type Threads = Arc<Mutex<HashMap<String, String>>>;

static CHILDREN: Mutex<Vec<Child>> = Mutex::new(Vec::new());

pub fn end_children() {
    for mut child in CHILDREN.lock().unwrap().drain(..) {
        let _ = child.kill();
        let _ = child.wait();
    }
}

struct Turn {
    wire: Wire,
    threads: Threads,
    thread: String,
    turn: String,
    items: u32,
    twice: bool,
}

/// Begins a turn, or steers the one that runs, as the real one does.
pub fn start(wire: Wire, threads: Threads, message: Value) {
    let thread = message["params"]["threadId"].as_str().unwrap_or_default().to_owned();
    let running = threads.lock().unwrap().get(&thread).cloned();
    if let Some(turn) = running {
        return wire.result(&message, json!({ "turn": { "id": turn, "status": "inProgress" } }));
    }
    let turn = uuid::Uuid::now_v7().to_string();
    threads.lock().unwrap().insert(thread.clone(), turn.clone());
    wire.result(
        &message,
        json!({ "turn": { "id": turn, "status": "inProgress", "items": [], "error": null } }),
    );
    let text = message["params"]["input"][0]["text"].as_str().unwrap_or_default().to_owned();
    std::thread::spawn(move || Turn { wire, threads, thread, turn, items: 0, twice: false }.run(&text));
}

/// Ends the running turn of a thread as interrupted.
pub fn interrupt(wire: &Wire, threads: &Threads, thread: &str) {
    if let Some(turn) = threads.lock().unwrap().remove(thread) {
        completed(wire, thread, &turn, "interrupted", Value::Null);
    }
}

fn completed(wire: &Wire, thread: &str, turn: &str, status: &str, error: Value) {
    let turn = json!({ "id": turn, "items": [], "status": status, "error": error, "durationMs": 5 });
    wire.tell("thread/status/changed", json!({ "threadId": thread, "status": { "type": "idle" } }));
    wire.tell("turn/completed", json!({ "threadId": thread, "turn": turn }));
}

impl Turn {
    fn run(mut self, text: &str) {
        let turn = json!({ "id": self.turn, "items": [], "status": "inProgress" });
        self.tell("turn/started", json!({ "turn": turn }));
        let content = json!([{ "type": "text", "text": text, "text_elements": [] }]);
        self.item(json!({ "type": "userMessage", "content": content }));
        for line in text.lines() {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            if !self.step(word, rest) {
                return;
            }
        }
        let counts = json!({ "totalTokens": 120, "inputTokens": 100, "cachedInputTokens": 10, "outputTokens": 20, "reasoningOutputTokens": 5 });
        let usage = json!({ "total": counts, "last": counts, "modelContextWindow": 258_400 });
        self.tell("thread/tokenUsage/updated", json!({ "tokenUsage": usage }));
        self.finish("completed", Value::Null);
    }

    /// False when the turn has ended, or never will.
    fn step(&mut self, word: &str, rest: &str) -> bool {
        match word {
            "say" => self.say(rest),
            "deltas" => self.deltas(rest.parse().unwrap_or(1)),
            "ask-command" => return self.ask_command(rest),
            "ask-file" => return self.ask_file(rest),
            "ask-permissions" => {
                let wanted = json!({ "network": { "enabled": true } });
                self.ask(
                    "item/permissions/requestApproval",
                    json!({ "reason": "net", "permissions": wanted }),
                );
            }
            "ask-user-input" => {
                let question = json!({ "id": "q1", "header": "H", "question": "Which?", "options": [] });
                self.ask("item/tool/requestUserInput", json!({ "questions": [question] }));
            }
            "ask-mcp-tool" => {
                let meta =
                    json!({ "codex_approval_kind": "mcp_tool_call", "tool_name": "echo", "tool_params": {} });
                let schema = json!({ "type": "object", "properties": {} });
                self.ask("mcpServer/elicitation/request", json!({
                    "serverName": "s", "mode": "form", "_meta": meta, "message": "Allow?", "requestedSchema": schema,
                }));
            }
            "ask-unknown" => {
                let answer = self.ask("some/newRequest", json!({}));
                self.say(&answer["error"]["message"].to_string());
            }
            "stall" => return false,
            "die" => {
                eprintln!("fake: told to die");
                std::process::exit(3);
            }
            "die-mid-line" => {
                self.wire.raw(b"{\"method\":\"item/agentMess");
                std::process::exit(3);
            }
            "garbage" => {
                self.wire
                    .raw(b"this is no json\n\xff\xfe\n[1,2]\n{\"id\":999999,\"result\":1}\n{\"id\":\"x\"}\n");
                self.tell("some/newNotice", json!({ "what": 1 }));
                self.tell("item/completed", json!({ "item": 7 }));
                self.tell("item/agentMessage/delta", json!({ "itemId": 5, "delta": [] }));
                self.tell("thread/tokenUsage/updated", json!({ "tokenUsage": "none" }));
            }
            "flood" => {
                for n in 0..rest.parse().unwrap_or(1) {
                    self.tell(
                        "item/commandExecution/outputDelta",
                        json!({ "itemId": "flood", "delta": format!("{n}\n") }),
                    );
                }
            }
            "fail" => {
                let error = json!({ "message": rest, "codexErrorInfo": "other", "additionalDetails": null });
                self.finish("failed", error);
                return false;
            }
            "duplicate-completed" => self.twice = true,
            "resolve-itself" => {
                let mut params = self.command("true");
                params["threadId"] = json!(self.thread);
                params["turnId"] = json!(self.turn);
                let (id, _) = self.wire.question("item/commandExecution/requestApproval", params);
                self.tell("serverRequest/resolved", json!({ "requestId": id }));
            }
            "sleep-command" => {
                let child = Command::new("sleep").arg("300").spawn().unwrap();
                CHILDREN.lock().unwrap().push(child);
            }
            _ => self.say(&format!("no such directive: {word}")),
        }
        true
    }

    fn tell(&self, method: &str, mut params: Value) {
        params["threadId"] = json!(self.thread);
        params["turnId"] = json!(self.turn);
        self.wire.tell(method, params);
    }

    fn ask(&self, method: &str, mut params: Value) -> Value {
        params["threadId"] = json!(self.thread);
        params["turnId"] = json!(self.turn);
        self.wire.ask(method, params)
    }

    fn id(&mut self) -> String {
        self.items += 1;
        format!("item_{}", self.items)
    }

    fn item(&mut self, mut item: Value) {
        item["id"] = json!(self.id());
        self.tell("item/started", json!({ "item": item }));
        self.tell("item/completed", json!({ "item": item }));
    }

    fn say(&mut self, text: &str) {
        self.item(json!({ "type": "agentMessage", "text": text }));
    }

    fn deltas(&mut self, count: u32) {
        let id = self.id();
        for n in 0..count {
            self.tell("item/agentMessage/delta", json!({ "itemId": id, "delta": format!("d{n} ") }));
        }
    }

    fn command(&mut self, command: &str) -> Value {
        let wrapped = format!("/bin/bash -lc '{command}'");
        json!({
            "kind": "command", "itemId": self.id(), "command": wrapped, "cwd": "/workspace", "reason": "to see",
            "availableDecisions": ["accept", "cancel"],
        })
    }

    fn ask_command(&mut self, command: &str) -> bool {
        let params = self.command(command);
        let mut item = json!({
            "type": "commandExecution", "id": params["itemId"], "command": params["command"],
            "cwd": "/workspace", "status": "inProgress",
        });
        self.tell("item/started", json!({ "item": item }));
        let answer = self.ask("item/commandExecution/requestApproval", params);
        self.decided(&mut item, &answer)
    }

    fn ask_file(&mut self, path: &str) -> bool {
        let change =
            json!({ "path": format!("/workspace/{path}"), "kind": { "type": "add" }, "diff": "hello\n" });
        let mut item =
            json!({ "type": "fileChange", "id": self.id(), "changes": [change], "status": "inProgress" });
        self.tell("item/started", json!({ "item": item }));
        let params = json!({ "itemId": item["id"], "reason": null });
        let answer = self.ask("item/fileChange/requestApproval", params);
        self.decided(&mut item, &answer)
    }

    fn decided(&mut self, item: &mut Value, answer: &Value) -> bool {
        match answer["result"]["decision"].as_str() {
            Some("accept" | "acceptForSession") => {
                item["status"] = json!("completed");
                item["exitCode"] = json!(0);
            }
            Some("cancel") => {
                self.finish("interrupted", Value::Null);
                return false;
            }
            _ => item["status"] = json!("declined"),
        }
        self.tell("item/completed", json!({ "item": item }));
        true
    }

    fn finish(&self, status: &str, error: Value) {
        if self.threads.lock().unwrap().remove(&self.thread).is_some() {
            completed(&self.wire, &self.thread, &self.turn, status, error.clone());
            if self.twice {
                completed(&self.wire, &self.thread, &self.turn, status, error);
            }
        }
    }
}

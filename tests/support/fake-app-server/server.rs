//! What the fake knows, and its voice. One lock covers both, so that nothing of a turn is said after
//! its end, whichever thread ends it.

use std::collections::HashMap;
use std::io::Write;
use std::process::Child;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};

use crate::command;
use crate::shapes;

/// The turn that a thread wanted to speak for is over.
pub struct Over;

/// A handle of the server.
#[derive(Clone, Default)]
pub struct Server(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    threads: HashMap<String, Thread>,
    asked: HashMap<u64, Asked>,
    next_ask: u64,
    /// A command goes on whatever is done to it.
    immortal: bool,
}

#[derive(Default)]
struct Thread {
    /// What it was opened with.
    params: Value,
    turns: u64,
    running: Option<Running>,
    commands: Vec<Child>,
    /// The groups of those that run in one of their own.
    groups: Vec<u32>,
}

struct Running {
    turn: String,
    began: u64,
    said: Option<Value>,
    /// `turn/completed` comes twice.
    twice: bool,
}

struct Asked {
    thread: String,
    answer: Sender<Value>,
}

impl Server {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Answers a request.
    pub fn result(&self, request: &Value, result: Value) {
        let _state = self.state();
        line(&json!({ "id": request["id"], "result": result }));
    }

    /// Refuses a request, with the one code that codex has for it.
    pub fn refuse(&self, request: &Value, words: &str) {
        let _state = self.state();
        line(&json!({ "error": { "code": -32600, "message": words }, "id": request["id"] }));
    }

    /// A notification that belongs to no turn.
    pub fn tell(&self, method: &str, params: Value) {
        let _state = self.state();
        notify(method, params);
    }

    /// Bytes as they are.
    pub fn raw(&self, bytes: &[u8]) {
        let _state = self.state();
        write(bytes);
    }

    /// The same in pieces, between which nothing else is said.
    pub fn raws<'a>(&self, pieces: impl Iterator<Item = &'a [u8]>) {
        let _state = self.state();
        pieces.for_each(write);
    }

    /// A thread is loaded from now on.
    pub fn open(&self, thread: &str, params: &Value) {
        let mut state = self.state();
        let known = state.threads.entry(thread.into()).or_default();
        known.params = params.clone();
    }

    /// Forgets a thread; whether it was loaded.
    pub fn close(&self, thread: &str) -> bool {
        self.end_commands(Some(thread));
        self.state().threads.remove(thread).is_some()
    }

    /// What a loaded thread was opened with.
    pub fn params(&self, thread: &str) -> Option<Value> {
        self.state().threads.get(thread).map(|known| known.params.clone())
    }

    /// Begins a turn and answers the request; `None` when one runs, which is thereby steered.
    pub fn begin(&self, thread: &str, request: &Value) -> Result<Option<String>, String> {
        let mut state = self.state();
        let Some(known) = state.threads.get_mut(thread) else {
            return Err(format!("thread not found: {thread}"));
        };
        let steered = known.running.as_ref().map(|running| running.turn.clone());
        let turn = steered.clone().unwrap_or_else(shapes::new_id);
        let begun = shapes::turn(&turn, "inProgress", None);
        line(&json!({ "id": request["id"], "result": { "turn": begun } }));
        if steered.is_some() {
            return Ok(None);
        }
        known.turns += 1;
        known.running = Some(Running { turn: turn.clone(), began: shapes::now(), said: None, twice: false });
        status(thread, json!({ "type": "active", "activeFlags": [] }));
        let mut begun = begun;
        begun["startedAt"] = json!(shapes::now() / 1000);
        notify("turn/started", json!({ "threadId": thread, "turn": begun }));
        Ok(Some(turn))
    }

    /// The running turn, if it is the expected one.
    pub fn steer(&self, thread: &str, expected: &str) -> Result<String, String> {
        let state = self.state();
        match state.threads.get(thread).and_then(|t| t.running.as_ref()) {
            None => Err("no active turn to steer".into()),
            Some(running) if running.turn == expected => Ok(running.turn.clone()),
            Some(running) => {
                Err(format!("expected active turn id `{expected}` but found `{}`", running.turn))
            }
        }
    }

    /// A notification of a turn, unless it is over.
    pub fn tell_of(&self, thread: &str, turn: &str, method: &str, mut params: Value) -> Result<(), Over> {
        let mut state = self.state();
        let running = state.running(thread, turn)?;
        if method == "item/completed" && params["item"]["type"] == "agentMessage" {
            running.said = Some(params["item"].clone());
        }
        params["threadId"] = json!(thread);
        params["turnId"] = json!(turn);
        notify(method, params);
        Ok(())
    }

    /// The end of a turn will be said twice.
    pub fn end_twice(&self, thread: &str, turn: &str) -> Result<(), Over> {
        self.state().running(thread, turn)?.twice = true;
        Ok(())
    }

    /// A request to the client; its id, and where the answer comes. The receiver ends with the turn.
    pub fn ask(
        &self,
        thread: &str,
        turn: &str,
        method: &str,
        mut params: Value,
    ) -> Result<(u64, Receiver<Value>), Over> {
        let mut state = self.state();
        state.running(thread, turn)?;
        params["threadId"] = json!(thread);
        params["turnId"] = json!(turn);
        let flag =
            if method == "item/tool/requestUserInput" { "waitingOnUserInput" } else { "waitingOnApproval" };
        status(thread, json!({ "type": "active", "activeFlags": [flag] }));
        let (answer, receiver) = channel();
        let id = state.next_ask;
        state.next_ask += 1;
        state.asked.insert(id, Asked { thread: thread.into(), answer });
        line(&json!({ "method": method, "id": id, "params": params }));
        Ok((id, receiver))
    }

    /// The first answer to a question counts; another is passed over without a word.
    pub fn answered(&self, message: &Value) {
        let mut state = self.state();
        let Some(id) = message["id"].as_u64() else { return };
        let Some(asked) = state.asked.remove(&id) else { return };
        resolved(&asked.thread, id);
        status(&asked.thread, json!({ "type": "active", "activeFlags": [] }));
        let _ = asked.answer.send(message.clone());
    }

    /// Closes a question that nobody has answered.
    pub fn withdraw(&self, id: u64) {
        let mut state = self.state();
        if let Some(asked) = state.asked.remove(&id) {
            resolved(&asked.thread, id);
            status(&asked.thread, json!({ "type": "active", "activeFlags": [] }));
        }
    }

    /// Ends the running turn of a thread, if there is one; its questions are closed after it.
    pub fn end_turn(&self, thread: &str, how: &str, error: &Value) {
        let mut state = self.state();
        let Some(known) = state.threads.get_mut(thread) else { return };
        let Some(running) = known.running.take() else { return };
        notify(
            "thread/tokenUsage/updated",
            json!({
                "threadId": thread, "turnId": running.turn, "tokenUsage": shapes::usage(known.turns),
            }),
        );
        status(thread, json!({ "type": "idle" }));
        let said = if how == "completed" { running.said.as_ref() } else { None };
        let mut turn = shapes::turn(&running.turn, how, said);
        turn["error"] = error.clone();
        turn["startedAt"] = json!(running.began / 1000);
        turn["completedAt"] = json!(shapes::now() / 1000);
        turn["durationMs"] = json!(shapes::now() - running.began);
        for _ in 0..if running.twice { 2 } else { 1 } {
            notify("turn/completed", json!({ "threadId": thread, "turn": turn }));
        }
        let open: Vec<u64> =
            state.asked.iter().filter(|(_, asked)| asked.thread == thread).map(|(id, _)| *id).collect();
        for id in open {
            state.asked.remove(&id);
            resolved(thread, id);
        }
    }

    /// A command of a running turn, which may outlive it; one that comes after its end is ended.
    pub fn keep_command(&self, thread: &str, turn: &str, mut child: Child) -> Result<(), Over> {
        let mut state = self.state();
        if state.running(thread, turn).is_err() {
            let _ = child.kill();
            let _ = child.wait();
            return Err(Over);
        }
        state.threads.get_mut(thread).ok_or(Over)?.commands.push(child);
        Ok(())
    }

    /// A command with a group of its own, likewise.
    pub fn keep_group(&self, thread: &str, turn: &str, pid: u32) -> Result<(), Over> {
        let mut state = self.state();
        if state.running(thread, turn).is_err() {
            command::end(pid);
            return Err(Over);
        }
        state.threads.get_mut(thread).ok_or(Over)?.groups.push(pid);
        Ok(())
    }

    /// Its first process has ended: what it has left is ended too.
    pub fn group_over(&self, thread: &str, pid: u32) {
        let mut state = self.state();
        let Some(known) = state.threads.get_mut(thread) else { return };
        if known.groups.contains(&pid) {
            command::end(pid);
            known.groups.retain(|group| *group != pid);
        }
    }

    /// From now on a command is listed that nothing ends.
    pub fn immortal(&self) {
        self.state().immortal = true;
    }

    pub fn is_immortal(&self) -> bool {
        self.state().immortal
    }

    /// Ends the commands of one thread, or of all.
    pub fn end_commands(&self, thread: Option<&str>) {
        let mut state = self.state();
        for (id, known) in &mut state.threads {
            if thread.is_none_or(|thread| thread == id) {
                for mut child in known.commands.drain(..) {
                    let _ = child.kill();
                    let _ = child.wait();
                }
                known.groups.drain(..).for_each(command::end);
            }
        }
    }
}

impl State {
    fn running(&mut self, thread: &str, turn: &str) -> Result<&mut Running, Over> {
        let known = self.threads.get_mut(thread).ok_or(Over)?;
        known.running.as_mut().filter(|running| running.turn == turn).ok_or(Over)
    }
}

fn status(thread: &str, status: Value) {
    notify("thread/status/changed", json!({ "threadId": thread, "status": status }));
}

fn resolved(thread: &str, id: u64) {
    notify("serverRequest/resolved", json!({ "threadId": thread, "requestId": id }));
}

fn notify(method: &str, params: Value) {
    line(&json!({ "method": method, "params": params, "emittedAtMs": shapes::now() }));
}

fn line(message: &Value) {
    write(format!("{message}\n").as_bytes());
}

fn write(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    // A client that no longer reads is about to close our input.
    let _ = out.write_all(bytes);
    let _ = out.flush();
}

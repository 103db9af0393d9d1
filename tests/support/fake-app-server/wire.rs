//! Writing lines, and waiting for the answers to our own questions.

use std::collections::HashMap;
use std::io::Write;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// The output, shared by the threads of all turns.
#[derive(Clone)]
pub struct Wire {
    waiting: Arc<Mutex<(u64, HashMap<u64, Sender<Value>>)>>,
}

impl Wire {
    pub fn new() -> Self {
        Self { waiting: Arc::new(Mutex::new((0, HashMap::new()))) }
    }

    pub fn raw(&self, bytes: &[u8]) {
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(bytes);
        let _ = out.flush();
    }

    pub fn send(&self, message: &Value) {
        self.raw(format!("{message}\n").as_bytes());
    }

    pub fn result(&self, request: &Value, result: Value) {
        self.send(&json!({ "id": request["id"], "result": result }));
    }

    pub fn refuse(&self, request: &Value, words: &str) {
        self.send(&json!({ "id": request["id"], "error": { "code": -32600, "message": words } }));
    }

    pub fn tell(&self, method: &str, params: Value) {
        self.send(&json!({ "method": method, "params": params, "emittedAtMs": 1 }));
    }

    /// Sends a question without waiting; returns its id and where the answer comes.
    pub fn question(&self, method: &str, params: Value) -> (u64, std::sync::mpsc::Receiver<Value>) {
        let (send, receive) = channel();
        let id = {
            let mut waiting = self.waiting.lock().unwrap();
            let id = waiting.0;
            waiting.0 += 1;
            waiting.1.insert(id, send);
            id
        };
        self.send(&json!({ "method": method, "id": id, "params": params }));
        (id, receive)
    }

    /// Asks, waits, and says that the question is closed.
    pub fn ask(&self, method: &str, params: Value) -> Value {
        let thread = params["threadId"].clone();
        let (id, receive) = self.question(method, params);
        let answer = receive.recv().unwrap_or_default();
        self.tell("serverRequest/resolved", json!({ "threadId": thread, "requestId": id }));
        answer
    }

    pub fn answered(&self, message: &Value) {
        let Some(id) = message["id"].as_u64() else { return };
        if let Some(waiting) = self.waiting.lock().unwrap().1.remove(&id) {
            let _ = waiting.send(message.clone());
        }
    }
}

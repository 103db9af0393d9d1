//! A client of an app-server, without the bridge: to see what the fake and the real one say.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use serde_json::{Value, json};

use crate::common::PATIENCE;

/// A running app-server; it ends with its input when this is dropped.
pub struct AppServer {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<Vec<u8>>,
    id: u64,
    /// The method of each request, and all that came, in order.
    pub asked: Vec<String>,
    pub heard: Vec<Value>,
}

impl AppServer {
    /// Starts one and shakes hands.
    pub fn start(binary: &Path, env: &[(&str, &Path)]) -> Self {
        let mut server = Self::spawn(binary, env);
        let client = json!({ "name": "tests", "title": "Tests", "version": "0" });
        server.request(
            "initialize",
            json!({ "clientInfo": client, "capabilities": { "experimentalApi": true } }),
        );
        server.send(&json!({ "method": "initialized" }));
        server
    }

    /// Starts one without a word.
    pub fn spawn(binary: &Path, env: &[(&str, &Path)]) -> Self {
        let mut child = Command::new(binary)
            .arg("app-server")
            .envs(env.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|e| panic!("{}: {e}", binary.display()));
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let (send, lines) = channel();
        std::thread::spawn(move || {
            let mut line = Vec::new();
            while stdout.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
                if send.send(std::mem::take(&mut line)).is_err() {
                    break;
                }
            }
        });
        Self { stdin: child.stdin.take(), child, lines, id: 0, asked: Vec::new(), heard: Vec::new() }
    }

    pub fn send(&mut self, message: &Value) {
        let stdin = self.stdin.as_mut().unwrap();
        writeln!(stdin, "{message}").unwrap();
        stdin.flush().unwrap();
    }

    /// Asks and waits for the answer, a result or an error.
    pub fn request(&mut self, method: &str, params: Value) -> Value {
        let id = self.id;
        self.id += 1;
        self.asked.push(method.to_owned());
        self.send(&json!({ "id": id, "method": method, "params": params }));
        self.next(|message| message["id"] == id && message.get("method").is_none())
    }

    /// Starts a thread; its id.
    pub fn thread(&mut self, params: Value) -> String {
        let opened = self.request("thread/start", params);
        opened["result"]["thread"]["id"].as_str().unwrap_or_else(|| panic!("{opened}")).to_owned()
    }

    /// Starts a turn; its id.
    pub fn turn(&mut self, thread: &str, text: &str) -> String {
        let input = json!([{ "type": "text", "text": text, "text_elements": [] }]);
        let begun = self.request("turn/start", json!({ "threadId": thread, "input": input }));
        begun["result"]["turn"]["id"].as_str().unwrap_or_else(|| panic!("{begun}")).to_owned()
    }

    /// The next message by this method.
    pub fn hear(&mut self, method: &str) -> Value {
        self.next(|message| message["method"] == method)
    }

    /// The next line that is JSON and wanted.
    pub fn next(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let Some(line) = self.line() else {
                panic!("nothing came, or the end; heard: {:#?}", self.heard)
            };
            let Ok(message) = serde_json::from_slice::<Value>(&line) else { continue };
            self.heard.push(message.clone());
            if wanted(&message) {
                return message;
            }
        }
    }

    /// The next line as it is; `None` at the end.
    pub fn line(&mut self) -> Option<Vec<u8>> {
        self.lines.recv_timeout(PATIENCE).ok()
    }

    /// Closes its input; its exit code.
    pub fn end(&mut self) -> Option<i32> {
        self.stdin = None;
        self.child.wait().unwrap().code()
    }
}

impl Drop for AppServer {
    fn drop(&mut self) {
        self.stdin = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

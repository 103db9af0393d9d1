//! A host in a test: the real binary as a child, spoken to line by line, so that a test sees the
//! wire itself. Each host has a state folder and a CODEX_HOME of its own unless it is given one.

pub mod accounts;
#[cfg(target_os = "linux")]
pub mod chance;
pub mod http;
#[cfg(target_os = "linux")]
pub mod rounds;
pub mod terminal;
#[cfg(target_os = "linux")]
pub mod told;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long anything may take before a test fails.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Where a host's things are.
pub struct Place {
    _dir: tempfile::TempDir,
    pub root: PathBuf,
    /// Whether a bridge in the background may run here.
    shared: AtomicBool,
}

impl Place {
    /// A new folder below target/, since codex warns about one below /tmp.
    pub fn new() -> Self {
        let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("target").join("test-places");
        std::fs::create_dir_all(&base).unwrap();
        let dir = tempfile::tempdir_in(&base).unwrap();
        let root = dir.path().to_owned();
        for folder in ["work", "codex-home"] {
            std::fs::create_dir(root.join(folder)).unwrap();
        }
        Self { _dir: dir, root, shared: AtomicBool::new(false) }
    }

    pub fn work(&self) -> PathBuf {
        self.root.join("work").canonicalize().unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.shared.load(Ordering::Relaxed) {
            // Before its folder goes.
            let _ = Setup::fake(self).command().args(["daemon", "stop"]).output();
        }
    }
}

/// What a host starts the bridge with.
pub struct Setup<'a> {
    pub place: &'a Place,
    pub program: PathBuf,
    pub codex: PathBuf,
    pub args: Vec<String>,
    pub env: Vec<(String, String)>,
    pub capabilities: Value,
    pub version: &'static str,
    pub name: &'static str,
}

impl<'a> Setup<'a> {
    /// With the fake app-server.
    pub fn fake(place: &'a Place) -> Self {
        Self::with(place, PathBuf::from(env!("CARGO_BIN_EXE_fake-app-server")))
    }

    /// With a codex binary.
    pub fn with(place: &'a Place, codex: PathBuf) -> Self {
        let setup = Self {
            place,
            program: env!("CARGO_BIN_EXE_codex-bridge").into(),
            codex,
            args: Vec::new(),
            env: Vec::new(),
            capabilities: json!({}),
            version: "2025-06-18",
            name: "mcp",
        };
        if std::env::var_os("TEST_EMBEDDED").is_some() { setup.alone() } else { setup.shared() }
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    pub fn args(mut self, args: &[&str]) -> Self {
        self.args.extend(args.iter().map(|a| (*a).to_owned()));
        self
    }

    /// With a bridge in the background, which ends with the place: as the product has it.
    pub fn shared(self) -> Self {
        self.place.shared.store(cfg!(unix), Ordering::Relaxed);
        self.env("CODEX_BRIDGE_DAEMON_ENABLED", if cfg!(unix) { "true" } else { "false" })
    }

    /// All in the process of the host.
    pub fn alone(self) -> Self {
        self.env("CODEX_BRIDGE_DAEMON_ENABLED", "false")
    }

    pub fn elicits(mut self) -> Self {
        self.capabilities = json!({ "elicitation": {} });
        self
    }

    /// The bridge as a command, with all that a host sets up.
    pub fn command(&self) -> Command {
        let root = &self.place.root;
        let mut command = Command::new(&self.program);
        command
            .args(&self.args)
            .current_dir(self.place.work())
            .env("CODEX_BRIDGE_CODEX_BIN", &self.codex)
            .env("CODEX_BRIDGE_JOURNAL_PATH", root.join("state").join("journal.db"))
            .env("CODEX_HOME", root.join("codex-home"))
            // codex takes a snapshot of the login shell; this user's own profile is none of ours.
            .env("HOME", root)
            .env("XDG_CONFIG_HOME", root.join("config"))
            .env("SCRIPTED_KEY", "scripted")
            // Sockets lie beside the journal, not where those of other tests do.
            .env_remove("XDG_RUNTIME_DIR")
            .envs(self.env.iter().map(|(k, v)| (k.clone(), v.clone())));
        command
    }

    /// Starts the bridge without a word.
    pub fn spawn(self) -> Host {
        let mut command = self.command();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        let stderr = child.stderr.take().unwrap();
        let (send, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    break;
                }
            }
        });
        let (say, said) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let _ = say.send(line);
            }
        });
        Host { stdin: child.stdin.take(), child, lines, said, id: 0, held: Vec::new(), meta: None }
    }

    /// Starts the bridge as a host of 2026-07-28, which shakes no hands: what it can stands in each request.
    pub fn modern(self, capabilities: Value) -> Host {
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": capabilities,
            "io.modelcontextprotocol/clientInfo": { "name": self.name, "version": "1" },
        });
        let mut host = self.spawn();
        host.meta = Some(meta);
        host
    }

    /// Starts the bridge and shakes hands.
    pub fn start(self) -> Host {
        let (capabilities, version, name) = (self.capabilities.clone(), self.version, self.name);
        let mut host = self.spawn();
        let params = json!({
            "protocolVersion": version, "capabilities": capabilities,
            "clientInfo": { "name": name, "version": "1" },
        });
        let answer = host.request("initialize", params);
        assert_eq!(answer["result"]["protocolVersion"], version, "{answer}");
        host.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        host
    }
}

/// A running bridge, seen from its host.
pub struct Host {
    pub child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    said: Receiver<String>,
    id: u64,
    held: Vec<Value>,
    /// What a modern host says with each request.
    pub meta: Option<Value>,
}

impl Host {
    pub fn send(&mut self, message: &Value) {
        self.try_send(message).unwrap();
    }

    fn try_send(&mut self, message: &Value) -> std::io::Result<()> {
        let stdin = self.stdin.as_mut().expect("stdin is open");
        writeln!(stdin, "{message}")?;
        stdin.flush()
    }

    /// Says bytes as they are.
    pub fn say(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().expect("stdin is open");
        stdin.write_all(bytes).unwrap();
        stdin.flush().unwrap();
    }

    /// Sends a request and returns its id.
    pub fn post(&mut self, method: &str, params: Value) -> u64 {
        self.try_post(method, params).expect("the bridge reads")
    }

    /// Sends a request to a bridge that may have ended; its id, or nothing where it has.
    pub fn try_post(&mut self, method: &str, mut params: Value) -> Option<u64> {
        self.id += 1;
        if let Some(meta) = &self.meta {
            let mut all = meta.clone();
            if let Some(more) = params.get("_meta").and_then(Value::as_object) {
                all.as_object_mut().unwrap().extend(more.clone());
            }
            params["_meta"] = all;
        }
        let id = self.id;
        self.try_send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })).ok()?;
        Some(id)
    }

    /// The answer to a request, or nothing where the bridge ends before it.
    pub fn answer_or_end(&mut self, id: u64) -> Option<Value> {
        let wanted = |m: &Value| m["id"] == id && m.get("method").is_none();
        if let Some(at) = self.held.iter().position(wanted) {
            return Some(self.held.remove(at));
        }
        let until = Instant::now() + PATIENCE;
        loop {
            let line = match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) => line,
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => panic!("no answer to {id}; held: {:?}", self.held),
            };
            let message: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"));
            if wanted(&message) {
                return Some(message);
            }
            self.held.push(message);
        }
    }

    /// The answer to a request; other messages are kept.
    pub fn answer(&mut self, id: u64) -> Value {
        self.find(|m| m["id"] == id && m.get("method").is_none())
    }

    /// The next request of the server's with this method.
    pub fn asked(&mut self, method: &str) -> Value {
        self.find(|m| m["method"] == method)
    }

    /// A request or notice of the server's with this method that has come already.
    pub fn heard(&mut self, method: &str) -> Option<Value> {
        let at = self.held.iter().position(|message| message["method"] == method)?;
        Some(self.held.remove(at))
    }

    pub fn request(&mut self, method: &str, params: Value) -> Value {
        let id = self.post(method, params);
        self.answer(id)
    }

    /// Calls a tool: the whole result.
    pub fn call(&mut self, tool: &str, arguments: Value) -> Value {
        result(&self.request("tools/call", json!({ "name": tool, "arguments": arguments })))
    }

    /// Calls a tool that must succeed: its structured content.
    pub fn structured(&mut self, tool: &str, arguments: Value) -> Value {
        content(&self.call(tool, arguments))
    }

    /// All events of a session.
    pub fn events(&mut self, thread: &Value) -> Vec<Value> {
        let (mut all, mut after) = (Vec::new(), json!(0));
        loop {
            let arguments = json!({ "threadId": thread, "after": after, "limit": 1000, "detail": "full" });
            let page = self.structured("codex-events", arguments);
            all.extend(page["events"].as_array().unwrap().iter().cloned());
            after = page["next"].clone();
            if page["more"] != true {
                return all;
            }
        }
    }

    /// The whole of an event, however long, as the resource gives it.
    pub fn whole_event(&mut self, thread: &str, seq: &Value) -> Value {
        let mut text = String::new();
        loop {
            let uri = format!("codex://sessions/{thread}/events/{seq}?from={}", text.len());
            let read = self.request("resources/read", json!({ "uri": uri }));
            let piece =
                read["result"]["contents"][0]["text"].as_str().unwrap_or_else(|| panic!("{read}")).to_owned();
            if piece.is_empty() {
                return serde_json::from_str(&text).unwrap();
            }
            text.push_str(&piece);
        }
    }

    /// The next message that is wanted; others are kept.
    pub fn find(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.held.iter().position(&wanted) {
            return self.held.remove(at);
        }
        let until = Instant::now() + PATIENCE;
        loop {
            let message = self.line(until.saturating_duration_since(Instant::now()));
            if wanted(&message) {
                return message;
            }
            self.held.push(message);
        }
    }

    fn line(&mut self, patience: Duration) -> Value {
        match self.lines.recv_timeout(patience) {
            Ok(line) => serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}")),
            Err(RecvTimeoutError::Timeout) => {
                panic!("nothing came; held: {:?}; stderr: {:?}", self.held, self.stderr())
            }
            Err(RecvTimeoutError::Disconnected) => panic!("the bridge ended; stderr: {:?}", self.stderr()),
        }
    }

    pub fn stderr(&self) -> Vec<String> {
        self.said.try_iter().collect()
    }

    /// Waits until the log has a line with these words.
    #[cfg(unix)]
    pub fn says(&self, words: &str) {
        while !self.said.recv_timeout(PATIENCE).unwrap().contains(words) {}
    }

    pub fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// Waits for the end; its exit code (negative: the signal).
    pub fn ended(&mut self) -> i32 {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait().unwrap() {
                #[cfg(unix)]
                if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
                    return -signal;
                }
                return status.code().unwrap();
            }
            std::thread::yield_now();
        }
        panic!("the bridge did not end; stderr: {:?}", self.stderr());
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.close_stdin();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The result of an answer that is no error of the protocol.
pub fn result(answer: &Value) -> Value {
    assert!(answer.get("result").is_some(), "{answer}");
    answer["result"].clone()
}

/// The structured content of a result that is no error.
pub fn content(result: &Value) -> Value {
    assert_ne!(result["isError"], true, "{result}");
    result["structuredContent"].clone()
}

/// Reads what a child says up to a line with these words; what it says after that is still to be read.
#[cfg(unix)]
pub fn reads_to(child: &mut Child, words: &str) -> BufReader<ChildStdout> {
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains(words) {
        line.clear();
        assert!(out.read_line(&mut line).unwrap() > 0, "it ended before it said {words}");
    }
    out
}

/// The journal, held so that no bridge writes to it until this is dropped.
pub fn hold(place: &Place) -> rusqlite::Connection {
    let db = rusqlite::Connection::open(place.root.join("state").join("journal.db")).unwrap();
    db.busy_timeout(PATIENCE).unwrap();
    db.execute_batch("BEGIN IMMEDIATE").unwrap();
    db
}

/// The children of a process.
#[cfg(target_os = "linux")]
pub fn children(pid: u32) -> Vec<u32> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap().flatten();
    let all = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    all.collect::<String>().split_whitespace().map(|pid| pid.parse().unwrap()).collect()
}

/// The processes that carry a mark in their environment, by what they are.
#[cfg(target_os = "linux")]
pub fn marked(mark: &str) -> Vec<(u32, String)> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
        let Ok(env) = std::fs::read(entry.path().join("environ")) else { continue };
        if String::from_utf8_lossy(&env).contains(mark) {
            let words = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
            out.push((pid, String::from_utf8_lossy(&words).replace('\0', " ")));
        }
    }
    out
}

/// Waits until no process carries the mark.
#[cfg(target_os = "linux")]
pub fn none_left(mark: &str, within: Duration) {
    let until = Instant::now() + within;
    loop {
        let left = marked(mark);
        if left.is_empty() {
            return;
        }
        assert!(Instant::now() < until, "left behind: {left:?}");
        std::thread::yield_now();
    }
}

//! `codex-bridge serve` in a test, and clients that speak HTTP byte by byte, so that a test sees the wire and can do on it
//! what no library would.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::Instant;

use serde_json::{Value, json};

use super::{PATIENCE, Place, Setup, content, result};

/// A token for a name, as the file of tokens has it here.
pub fn token(name: &str) -> String {
    format!("cbt_{name}_0123456789abcdef0123456789abcdef")
}

/// Writes the file of tokens: names, and what each gives besides.
pub fn write_tokens(place: &Place, tokens: &[(&str, &str)]) -> PathBuf {
    let entries = tokens
        .iter()
        .map(|(name, more)| format!("[[token]]\nname = \"{name}\"\ntoken = \"{}\"\n{more}\n", token(name)));
    let path = place.root.join("tokens.toml");
    std::fs::write(&path, entries.collect::<String>()).unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    path
}

/// A bridge that serves.
pub struct Served {
    pub child: Child,
    pub address: SocketAddr,
    pub log: PathBuf,
}

impl Served {
    /// Starts one with these tokens.
    pub fn start(setup: &Setup<'_>, tokens: &[(&str, &str)]) -> Self {
        let path = write_tokens(setup.place, tokens);
        Self::again(setup, &["--listen", "127.0.0.1:0", "--tokens", path.to_str().unwrap()])
    }

    /// Starts one.
    pub fn again(setup: &Setup<'_>, args: &[&str]) -> Self {
        let log = setup.place.root.join("serve.log");
        let out = std::fs::OpenOptions::new().create(true).append(true).open(&log).unwrap();
        let mut command = setup.command();
        command.arg("serve").args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(out);
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap_or_else(|| panic!("{}", read(&log))).unwrap();
        let address = first.strip_prefix("codex-bridge listens at ").unwrap_or_else(|| panic!("{first}"));
        Self { child, address: address.parse().unwrap(), log }
    }

    /// What it has logged.
    pub fn logged(&self) -> String {
        read(&self.log)
    }

    /// A client with a token.
    pub fn client(&self, name: &str) -> Client {
        Client::new(self.address, &token(name))
    }

    /// Asks it to end.
    #[cfg(unix)]
    pub fn terminate(&self) {
        let pid = rustix::process::Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    }

    /// Waits for its end; its exit code.
    pub fn ended(&mut self) -> Option<i32> {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < until, "it does not end: {}", self.logged());
            std::thread::yield_now();
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(log: &std::path::Path) -> String {
    std::fs::read_to_string(log).unwrap_or_default()
}

/// The head of an answer, and its body to be read.
pub struct Reply {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Body,
}

impl Reply {
    /// The whole body.
    pub fn text(mut self) -> String {
        let mut text = String::new();
        self.body.read_to_string(&mut text).unwrap();
        text
    }

    /// The next message of a stream of events, or the one of a plain answer.
    pub fn message(&mut self) -> Option<Value> {
        let events =
            self.headers.get("content-type").is_some_and(|kind| kind.starts_with("text/event-stream"));
        if !events {
            let mut text = String::new();
            self.body.read_to_string(&mut text).unwrap();
            return serde_json::from_str(&text).ok();
        }
        loop {
            let mut line = String::new();
            if self.body.read_line(&mut line).unwrap_or(0) == 0 {
                return None;
            }
            if let Some(data) = line.strip_prefix("data:")
                && !data.trim().is_empty()
            {
                return Some(serde_json::from_str(data).unwrap_or_else(|error| panic!("{error}: {line}")));
            }
        }
    }
}

/// A body, however it is sent.
pub struct Body {
    from: BufReader<TcpStream>,
    chunked: bool,
    left: Option<u64>,
    over: bool,
    held: Vec<u8>,
    at: usize,
}

impl Body {
    fn fill(&mut self) -> std::io::Result<()> {
        if self.chunked && self.left.unwrap_or(0) == 0 {
            let mut line = String::new();
            self.from.read_line(&mut line)?;
            if line.trim().is_empty() {
                // The end of the chunk before, or of all.
                line.clear();
                if self.from.read_line(&mut line)? == 0 {
                    return Err(std::io::ErrorKind::UnexpectedEof.into());
                }
            }
            let size = u64::from_str_radix(line.trim(), 16).map_err(std::io::Error::other)?;
            self.over = size == 0;
            self.left = Some(size);
        }
        let most = self.left.unwrap_or(8192).min(8192);
        self.held.resize(usize::try_from(most).unwrap(), 0);
        self.at = 0;
        let read = if most == 0 || self.over { 0 } else { self.from.read(&mut self.held)? };
        self.held.truncate(read);
        self.over |= read == 0;
        if let Some(left) = &mut self.left {
            *left -= read as u64;
            self.over |= !self.chunked && *left == 0;
        }
        Ok(())
    }
}

impl Read for Body {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        let held = self.fill_buf()?;
        let count = held.len().min(to.len());
        to[..count].copy_from_slice(&held[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Body {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        if self.at >= self.held.len() && !self.over {
            self.fill()?;
        }
        Ok(&self.held[self.at..])
    }

    fn consume(&mut self, count: usize) {
        self.at += count;
    }
}

/// Sends bytes, and reads the head of the answer.
pub fn raw(address: SocketAddr, bytes: &[u8]) -> std::io::Result<Reply> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    // Who is refused early may find the other side closed.
    let _ = stream.write_all(bytes);
    heard(stream)
}

/// Reads the head of an answer.
pub fn heard(stream: TcpStream) -> std::io::Result<Reply> {
    let mut from = BufReader::new(stream);
    let mut line = String::new();
    if from.read_line(&mut line)? == 0 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    let status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.ok_or_else(|| std::io::Error::other(line.clone()))?;
    let mut headers = BTreeMap::new();
    loop {
        line.clear();
        from.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let chunked = headers.get("transfer-encoding").is_some_and(|how| how == "chunked");
    let left = headers.get("content-length").and_then(|length| length.parse().ok());
    let over = left == Some(0);
    Ok(Reply { status, headers, body: Body { from, chunked, left, over, held: Vec::new(), at: 0 } })
}

/// One request as bytes. What `headers` has replaces what is usual.
pub fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Vec<u8> {
    let host = address.to_string();
    let length = body.len().to_string();
    let mut all: Vec<(&str, &str)> = vec![
        ("host", &host),
        ("connection", "close"),
        ("accept", "application/json, text/event-stream"),
        ("content-type", "application/json"),
        ("content-length", &length),
    ];
    all.retain(|(name, _)| !headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)));
    all.extend(headers);
    let lines: String = all.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("{method} {path} HTTP/1.1\r\n{lines}\r\n{body}").into_bytes()
}

/// An MCP client of one era.
#[derive(Clone)]
pub struct Client {
    pub address: SocketAddr,
    pub token: String,
    pub name: &'static str,
    /// The session of a legacy one.
    pub session: Option<String>,
    /// What a modern one can.
    pub modern: Option<Value>,
    id: u64,
}

impl Client {
    /// One that has said nothing yet.
    pub fn new(address: SocketAddr, token: &str) -> Self {
        Self { address, token: token.into(), name: "mcp", session: None, modern: None, id: 0 }
    }

    /// Of 2026-07-28, which shakes no hands.
    pub fn modern(mut self, capabilities: Value) -> Self {
        self.modern = Some(capabilities);
        self
    }

    /// Of 2025-11-25, which does.
    pub fn legacy(mut self, capabilities: Value) -> Self {
        let hello = json!({
            "protocolVersion": "2025-11-25", "capabilities": capabilities,
            "clientInfo": { "name": self.name, "version": "1" },
        });
        let mut reply = self.open("initialize", hello);
        assert_eq!(reply.status, 200);
        self.session = reply.headers.get("mcp-session-id").cloned();
        assert!(reply.message().is_some_and(|message| message["result"].is_object()));
        let told = self.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        assert_eq!(told.status, 202);
        self
    }

    /// Sends one message.
    pub fn send(&self, message: &Value) -> Reply {
        raw(self.address, &self.bytes(message)).unwrap()
    }

    /// One message as bytes.
    pub fn bytes(&self, message: &Value) -> Vec<u8> {
        let bearer = format!("Bearer {}", self.token);
        let method = message["method"].as_str().unwrap_or_default();
        let params = &message["params"];
        let name = ["name", "uri", "taskId"].iter().find_map(|key| params[key].as_str()).unwrap_or_default();
        let mut headers = vec![("authorization", bearer.as_str())];
        if let Some(session) = &self.session {
            headers.extend([("mcp-session-id", session.as_str()), ("mcp-protocol-version", "2025-11-25")]);
        }
        if self.modern.is_some() {
            headers.extend([("mcp-protocol-version", "2026-07-28"), ("mcp-method", method)]);
            if !name.is_empty() {
                headers.push(("mcp-name", name));
            }
        }
        request(self.address, "POST", "/mcp", &headers, &message.to_string())
    }

    /// The next request as a message.
    pub fn message(&mut self, method: &str, mut params: Value) -> Value {
        self.id += 1;
        if let Some(capabilities) = &self.modern {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": capabilities,
                "io.modelcontextprotocol/clientInfo": { "name": self.name, "version": "1" },
            });
        }
        json!({ "jsonrpc": "2.0", "id": self.id, "method": method, "params": params })
    }

    /// Sends a request; its answer is still to be read.
    pub fn open(&mut self, method: &str, params: Value) -> Reply {
        let message = self.message(method, params);
        self.send(&message)
    }

    /// Sends a request; its answer, the last message of it.
    pub fn request(&mut self, method: &str, params: Value) -> Value {
        let mut reply = self.open(method, params);
        let mut last = Value::Null;
        let id = json!(self.id);
        while let Some(message) = reply.message() {
            last = message;
            if last["id"] == id && last.get("method").is_none() {
                return last;
            }
        }
        panic!("{method}: {} and no answer: {last}", reply.status)
    }

    /// Calls a tool: the whole result.
    pub fn call(&mut self, tool: &str, arguments: Value) -> Value {
        result(&self.request("tools/call", json!({ "name": tool, "arguments": arguments })))
    }

    /// Calls a tool that must succeed: its structured content.
    pub fn structured(&mut self, tool: &str, arguments: Value) -> Value {
        content(&self.call(tool, arguments))
    }

    /// Another request of HTTP, with the token.
    pub fn http(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let bearer = format!("Bearer {}", self.token);
        let mut all = vec![("authorization", bearer.as_str())];
        all.extend(headers);
        raw(self.address, &request(self.address, method, path, &all, body)).unwrap()
    }
}

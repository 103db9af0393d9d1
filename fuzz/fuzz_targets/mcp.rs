//! What a host writes, to the server as it is: journal, sessions, and a codex that is not there. Each request gets its one
//! answer, the server goes on whatever came before, and no secret of the settings comes out.
//!
//! The first byte of an input says which kind of host writes it; then come lines. One that begins with `@` stands for the call
//! of a tool (`@NAME ARGUMENTS`), `%METHOD PARAMS` for another request, `=` for a sealed state that was tampered with; any
//! other goes out as it is.

#![no_main]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use codex_bridge::app::{Bridge, policy};
use codex_bridge::config::{Env, Flags, load};
use codex_bridge::event::{Body, Event, SessionInfo, Timestamp, TurnStatus};
use codex_bridge::ids::{Seq, ThreadId, TurnId};
use codex_bridge::journal::{Batch, Journal, SessionRecord, SessionStatus, SqliteJournal};
use codex_bridge::mcp::rounds::{Binding, Rounds};
use codex_bridge::mcp::serve;
use codex_bridge::session::Shares;
use libfuzzer_sys::{Corpus, fuzz_target};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

const SECRET: &str = "pAs5w0rd-of-nobody";

/// A session that the journal has.
const THREAD: &str = "01a207f6-189d-7f22-8ac2-ac2311bb1a88";
const TURN: &str = "01a207f6-18b5-7b00-96f4-7674a285d867";

/// The last request of each input: whoever answers it lives.
const LAST: &str = "the-last";

/// What anything may take, with a machine that has other work.
const PATIENCE: Duration = Duration::from_secs(20);

/// What an answer may have at most: a page of events, and what lies around it.
const LONGEST: usize = 256 << 10;

struct Host {
    runtime: Runtime,
    bridge: Bridge,
    rounds: Rounds,
    sealed: String,
}

thread_local! {
    static HOST: Host = Host::new();
}

fuzz_target!(|data: &[u8]| -> Corpus {
    let [how, lines @ ..] = data else { return Corpus::Reject };
    if lines.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()) {
        return Corpus::Reject;
    }
    HOST.with(|host| host.hear(*how, lines));
    Corpus::Keep
});

/// How a host opens.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Era {
    /// With `initialize`.
    Legacy,
    /// Each request names its revision.
    Modern,
    /// With whatever it writes first.
    Raw,
}

impl Host {
    fn new() -> Self {
        let folder =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("target/mcp").join(std::process::id().to_string());
        for name in ["work", "home/.codex", "config/codex-bridge", "state"] {
            std::fs::create_dir_all(folder.join(name)).expect("a folder of our own");
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let bridge = runtime.block_on(Self::bridge(&folder));
        let rounds = Rounds::default();
        let asked = rounds.ask(&binding(), Default::default(), "state", Duration::from_secs(3600));
        let sealed = asked.expect("a state").request_state.expect("sealed");
        Self { runtime, bridge, rounds, sealed }
    }

    async fn bridge(folder: &Path) -> Bridge {
        let servers =
            json!({ "mcpServers": { "s": { "command": "x", "args": [SECRET], "env": { "A": SECRET } } } });
        let config = folder.join("config/codex-bridge");
        std::fs::write(config.join("mcp.json"), servers.to_string()).expect("a file of our own");
        std::fs::write(folder.join("home/.codex/p.config.toml"), format!("a.token = \"{SECRET}\"\n"))
            .expect("one more");
        let at = |name: &str| folder.join(name).into_os_string();
        let variables = [
            ("HOME", at("home")),
            ("XDG_CONFIG_HOME", at("config")),
            ("XDG_STATE_HOME", at("state")),
            ("XDG_RUNTIME_DIR", at("state")),
            ("TMPDIR", at("state")),
            ("OPENAI_API_KEY", SECRET.into()),
            ("CODEX_BRIDGE_CODEX_BIN", at("no-codex")),
            ("CODEX_BRIDGE_LIMITS_ROOTS", format!("[{:?}]", folder.join("work")).into()),
        ];
        let flags = Flags {
            config: vec![
                format!("model_providers.x.api_key=\"{SECRET}\""),
                "mcp_servers.s.enabled=true".into(),
            ],
            ..Flags::default()
        };
        let loaded = load(flags, Env::from_pairs(variables), folder.join("work")).expect("settings");
        seed(&loaded.journal(), &folder.join("work")).await;
        Bridge::start(&loaded, policy(&loaded).expect("a policy"), false, Shares::default())
            .expect("a bridge")
    }

    fn hear(&self, how: u8, lines: &[u8]) {
        let era = [Era::Legacy, Era::Modern, Era::Raw][usize::from(how % 3)];
        let mut out = Sent::new(era);
        for line in lines.split(|byte| *byte == b'\n') {
            match line.split_first() {
                Some((b'=', with)) => self.tampered(with),
                Some((b'@', call)) => out.call(call),
                Some((b'%', request)) => out.request_line(request),
                _ => out.raw(line),
            }
        }
        // The rest of the byte says in what pieces it is written.
        let piece = [usize::MAX, 1, 7, 1000][usize::from(how / 3 % 4)];
        self.runtime.block_on(out.play(self.bridge.server(), piece));
    }

    /// A state that is not the one that was given out, in any of its bytes, is refused.
    fn tampered(&self, with: &[u8]) {
        let mut state = self.sealed.clone().into_bytes();
        for pair in with.chunks_exact(2) {
            let at = usize::from(pair[0]) % state.len();
            state[at] = pair[1] & 0x7f;
        }
        state.truncate(if with.len() % 2 == 1 { usize::from(with[0]) } else { usize::MAX });
        let state = String::from_utf8(state).expect("ASCII");
        if state != self.sealed {
            assert!(self.rounds.take::<Value>(&binding(), &state).is_err(), "{state}");
        }
        let text = String::from_utf8_lossy(with);
        assert!(self.rounds.take::<Value>(&binding(), &text).is_err());
    }
}

fn binding() -> Binding {
    Binding::of("stdio", "tools/call", "codex", None)
}

/// A session that has ended, with a bit of all there is.
async fn seed(path: &PathBuf, cwd: &Path) {
    let journal = SqliteJournal::open(path).expect("a journal");
    let (thread, turn) = (ThreadId::from(THREAD), TurnId::from(TURN));
    journal.claim(thread.clone()).await.expect("nobody has it");
    let info = SessionInfo { cwd: cwd.to_string_lossy().into_owned(), ..SessionInfo::default() };
    let item = || "item".to_owned();
    let mut bodies = vec![Body::SessionStarted(info), Body::TurnStarted { output_schema: None, key: None }];
    for n in 0..40 {
        bodies.push(Body::AssistantMessage {
            item_id: item(),
            text: format!("message {n} {}", "€ ".repeat(n * 7)),
        });
    }
    bodies.push(Body::Diff { diff: "+a\n".repeat(500) });
    let (status, error) = (TurnStatus::Completed, None);
    bodies.push(Body::TurnFinished { status, error, duration_ms: Some(1), key: None });
    let events: Vec<Event> = (1..)
        .zip(bodies)
        .map(|(n, body)| Event {
            seq: Seq(n),
            time: Timestamp::now(),
            thread_id: thread.clone(),
            turn_id: Some(turn.clone()),
            origin: None,
            body,
        })
        .collect();
    let session = SessionRecord {
        thread_id: thread.clone(),
        cwd: cwd.to_string_lossy().into_owned(),
        title: "a session".into(),
        status: SessionStatus::Idle,
        model: None,
        owner: Some(journal.bridge().clone()),
        principal: None,
        last_seq: Seq(events.len() as u64),
        turn_seq: Seq(2),
        turn_id: Some(turn),
        created: Timestamp::now(),
        updated: Timestamp::now(),
        settings: json!({}),
    };
    journal.append(Batch { events, session, durable: false }).await.expect("room");
    journal.release(thread).await.expect("it was ours");
    journal.close().await.expect("an end");
}

/// What a host writes, and what it is owed.
struct Sent {
    era: Era,
    bytes: Vec<u8>,
    next: u64,
    /// How often each id was used, by its JSON.
    ids: BTreeMap<String, usize>,
    /// Those that may be answered late, or not at all.
    open: BTreeSet<String>,
}

impl Sent {
    fn new(era: Era) -> Self {
        let (bytes, ids, open) = (Vec::new(), BTreeMap::new(), BTreeSet::new());
        let mut new = Self { era, bytes, next: 1000, ids, open };
        if era == Era::Legacy {
            let about = json!({ "protocolVersion": "2025-11-25", "capabilities": { "elicitation": {} },
                                "clientInfo": { "name": "fuzz", "version": "0" } });
            new.write(&json!({ "jsonrpc": "2.0", "id": "open", "method": "initialize", "params": about }));
            new.write(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        }
        if era == Era::Modern {
            // Whoever opens with something else is shown the door.
            new.request(json!("open"), "tools/list", json!({}));
        }
        new
    }

    fn write(&mut self, message: &Value) {
        self.raw(message.to_string().as_bytes());
    }

    fn request(&mut self, id: Value, method: &str, mut params: Value) {
        if self.era == Era::Modern && params.is_object() {
            let meta = json!({ "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                               "io.modelcontextprotocol/clientInfo": { "name": "fuzz", "version": "0" },
                               "io.modelcontextprotocol/clientCapabilities": { "elicitation": { "form": {} } } });
            if params.get("_meta").is_none() {
                params["_meta"] = meta;
            }
        }
        self.write(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
    }

    fn request_line(&mut self, line: &[u8]) {
        let (method, params) = worded(line);
        self.next += 1;
        self.request(json!(self.next), &method, params);
    }

    fn call(&mut self, line: &[u8]) {
        let (name, arguments) = worded(line);
        self.next += 1;
        self.request(json!(self.next), "tools/call", json!({ "name": name, "arguments": arguments }));
    }

    /// A line, and what follows from it where it is a request.
    fn raw(&mut self, line: &[u8]) {
        self.bytes.extend_from_slice(line);
        self.bytes.push(b'\n');
        let Ok(message) = serde_json::from_slice::<Value>(line) else { return };
        let method = message["method"].as_str();
        if method == Some("notifications/cancelled") {
            self.open.insert(message["params"]["requestId"].to_string());
        }
        let fits = message["jsonrpc"] == "2.0"
            && method.is_some()
            && message.get("params").is_none_or(|params| params.is_object())
            && message["params"].get("_meta").is_none_or(|meta| meta.is_object());
        let id = message.get("id").filter(|id| id.is_string() || id.as_i64().is_some());
        let Some(id) = id.map(ToString::to_string) else { return };
        *self.ids.entry(id.clone()).or_default() += 1;
        // Whoever is not known, and whoever waits, may wait for longer than an input takes.
        let waits = message
            .pointer("/params/arguments")
            .is_some_and(|all| ["wait", "after", "tail"].iter().any(|name| all.get(*name).is_some()));
        if !fits || waits || method == Some("subscriptions/listen") || self.era == Era::Raw {
            self.open.insert(id);
        }
    }

    async fn play(mut self, server: codex_bridge::mcp::Server, piece: usize) {
        self.request(json!(LAST), "ping", json!({}));
        let ((near_in, far_out), (far_in, near_out)) = (duplex(64 << 10), duplex(64 << 10));
        let over = CancellationToken::new();
        let serving = serve(server, near_in, near_out, over.clone());
        let speaking = self.speak(far_out, piece);
        let owed = || {
            let once = self.ids.iter().filter(|(id, count)| **count == 1 && !self.open.contains(*id));
            once.map(|(id, _)| id.clone()).collect::<BTreeSet<_>>()
        };
        let hearing = async {
            let heard = self.hear(far_in, owed()).await;
            over.cancel();
            heard
        };
        let all = async { tokio::join!(Box::pin(serving), speaking, hearing) };
        let Ok((served, _way, heard)) = tokio::time::timeout(PATIENCE, all).await else {
            panic!("not answered, or no end: {}", String::from_utf8_lossy(&self.bytes));
        };
        if self.era != Era::Raw {
            let left: Vec<_> = owed().into_iter().filter(|id| !heard.contains_key(id)).collect();
            let sent = || String::from_utf8_lossy(&self.bytes);
            assert!(left.is_empty(), "{left:?} not answered ({served:?}): {}", sent());
        }
    }

    /// The way to the server, which stays open: its end would end what is under way. Whoever opened with anything is
    /// answered or not, so there the end must do.
    async fn speak(&self, mut to: DuplexStream, piece: usize) -> Option<DuplexStream> {
        for piece in self.bytes.chunks(piece.min(self.bytes.len())) {
            to.write_all(piece).await.ok()?;
            if piece.len() < 100 {
                tokio::task::yield_now().await;
            }
        }
        (self.era != Era::Raw).then_some(to)
    }

    /// Until all that is owed has come, or the server ends.
    async fn hear(&self, from: DuplexStream, mut owed: BTreeSet<String>) -> BTreeMap<String, usize> {
        let (mut lines, mut heard) = (BufReader::new(from).lines(), BTreeMap::new());
        while !owed.is_empty() || self.era == Era::Raw {
            let Ok(Some(line)) = lines.next_line().await else { break };
            assert!(!line.contains(SECRET), "{line}");
            assert!(line.len() <= LONGEST, "{} bytes: {}", line.len(), &line[..200]);
            let message: Value = serde_json::from_str(&line).expect("each line is JSON");
            assert_eq!(message["jsonrpc"], "2.0", "{line}");
            if message.get("method").is_some() {
                continue;
            }
            assert!(message.get("result").is_some() != message.get("error").is_some(), "{line}");
            let id = message["id"].to_string();
            owed.remove(&id);
            let count = heard.entry(id.clone()).or_default();
            *count += 1;
            let asked = self.ids.get(&id).copied().unwrap_or(0);
            assert!(*count <= asked || id == "null", "answered {count} times, asked {asked} times: {line}");
        }
        heard
    }
}

/// A word and JSON behind it; no JSON is an empty object, as a host writes it.
fn worded(line: &[u8]) -> (String, Value) {
    let at = line.iter().position(|byte| *byte == b' ').unwrap_or(line.len());
    let value = serde_json::from_slice(line.get(at + 1..).unwrap_or_default()).unwrap_or_else(|_| json!({}));
    (String::from_utf8_lossy(&line[..at]).into_owned(), value)
}

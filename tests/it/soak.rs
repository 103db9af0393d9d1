//! Ten thousand short turns: what the bridge holds at the end is what it held after the first thousand.

use std::fs::read_to_string;
use std::path::Path;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use codex_bridge::app::{Bridge, policy};
use codex_bridge::config::{Env, Flags, load};
use codex_bridge::mcp::serve;
use codex_bridge::session::Shares;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines, ReadHalf, WriteHalf};
use tokio_util::sync::CancellationToken;

use crate::common::{Host, PATIENCE, Place, Setup};

/// The turns of each of two hosts: one stays in its first session, the other has a new one every [`SESSION`] turns and
/// is a new host every [`HOST`].
const TURNS: u32 = 5000;
/// Likewise of the one in the background, whose hosts are processes: those cost more.
const OUTSIDE: u32 = 1500;
const FIRST: u32 = 500;
const SESSION: u32 = 10;
const HOST: u32 = 100;

/// Sessions that are open at once: as many after the first turns as later.
const OPEN: (&str, &str) = ("CODEX_BRIDGE_LIMITS_SESSIONS", "8");

/// What a process holds.
#[derive(Clone, Copy, Debug)]
struct Held {
    /// Bytes besides pages of files.
    memory: u64,
    descriptors: u64,
    /// Tasks of the runtime, or threads.
    tasks: u64,
}

impl Held {
    fn of(process: &Path, tasks: u64) -> Self {
        let status = read_to_string(process.join("status")).unwrap();
        let of = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
        };
        let descriptors = std::fs::read_dir(process.join("fd")).unwrap().count() as u64;
        Self { memory: of("VmRSS:") - of("RssFile:"), descriptors, tasks }
    }

    /// What is in the middle of its end counts no more: looks until a look is within a tenth.
    fn assert_like(first: Self, turns: u32, look: impl Fn() -> Self) {
        let until = Instant::now() + Duration::from_secs(10);
        loop {
            let now = look();
            let within = |now: u64, first: u64| now * 10 <= first * 11;
            if within(now.memory, first.memory)
                && within(now.descriptors, first.descriptors)
                && within(now.tasks, first.tasks)
            {
                return;
            }
            assert!(Instant::now() < until, "after {}: {first:?}; after {}: {now:?}", 2 * FIRST, 2 * turns);
            std::thread::yield_now();
        }
    }
}

/// What a host asks besides, once in [`SESSION`] turns: the caches of the journal are as full after the first turns
/// as later.
fn looks(thread: &Value) -> [(&'static str, Value); 2] {
    let events = json!({ "threadId": thread, "limit": 200, "detail": "full" });
    [("codex-sessions", json!({ "limit": 50 })), ("codex-events", events)]
}

/// The tool and the arguments of a turn.
fn turn(n: u32, thread: Option<&Value>) -> (&'static str, Value) {
    let prompt = format!("say {n}");
    match thread {
        None => ("codex", json!({ "prompt": prompt })),
        Some(thread) => ("codex-reply", json!({ "prompt": prompt, "threadId": thread })),
    }
}

fn check(n: u32, result: &Value) -> Value {
    let got = &result["structuredContent"];
    assert_eq!((&got["status"], &got["content"]), (&json!("completed"), &json!(n.to_string())), "{result}");
    got["threadId"].clone()
}

/// The real binary, in the background.
#[test]
fn slow_three_thousand_turns_of_the_one_in_the_background() {
    let place = Place::new();
    let setup = || Setup::fake(&place).shared().env(OPEN.0, OPEN.1);
    let stays = setup().start();
    let [daemon] = crate::daemon::daemons(&place)[..] else { panic!() };
    let process = Path::new("/proc").join(daemon.to_string());
    let look = || {
        let threads = std::fs::read_dir(process.join("task")).unwrap().count() as u64;
        Held::of(&process, threads)
    };
    let barrier = Barrier::new(2);
    std::thread::scope(|scope| {
        let long = scope.spawn(|| {
            let (mut host, mut thread) = (stays, None);
            let mut first = None;
            for n in 0..OUTSIDE {
                if n == FIRST {
                    barrier.wait();
                    first = Some(look());
                    barrier.wait();
                }
                let (tool, arguments) = turn(n, thread.as_ref());
                thread = Some(check(n, &host.call(tool, arguments)));
                if n.is_multiple_of(SESSION) {
                    for (tool, arguments) in looks(thread.as_ref().unwrap()) {
                        host.structured(tool, arguments);
                    }
                }
            }
            (first.unwrap(), host)
        });
        let (mut host, mut thread): (Option<Host>, _) = (None, None);
        for n in 0..OUTSIDE {
            if n == FIRST {
                barrier.wait();
                barrier.wait();
            }
            if n.is_multiple_of(HOST) {
                host = Some(setup().start());
            }
            if n.is_multiple_of(SESSION) {
                thread = None;
            }
            let (tool, arguments) = turn(n, thread.as_ref());
            thread = Some(check(n, &host.as_mut().unwrap().call(tool, arguments)));
        }
        let (first, _stays) = long.join().unwrap();
        Held::assert_like(first, OUTSIDE, look);
    });
}

/// A host in this process.
struct Inside {
    lines: Lines<BufReader<ReadHalf<DuplexStream>>>,
    write: WriteHalf<DuplexStream>,
    served: tokio::task::JoinHandle<()>,
    id: u64,
}

impl Inside {
    async fn start(bridge: &Bridge) -> Self {
        let (ours, theirs) = tokio::io::duplex(64 << 10);
        let (read, write) = tokio::io::split(theirs);
        let server = bridge.server();
        let served = tokio::task::spawn(async move {
            Box::pin(serve(server, read, write, CancellationToken::new())).await.unwrap();
        });
        let (read, write) = tokio::io::split(ours);
        let mut host = Self { lines: BufReader::new(read).lines(), write, served, id: 0 };
        host.request("initialize", json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "mcp", "version": "1" } })).await;
        host.say(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await;
        host
    }

    async fn say(&mut self, message: &Value) {
        self.write.write_all(format!("{message}\n").as_bytes()).await.unwrap();
    }

    async fn request(&mut self, method: &str, params: Value) -> Value {
        self.id += 1;
        self.say(&json!({ "jsonrpc": "2.0", "id": self.id, "method": method, "params": params })).await;
        loop {
            let line =
                tokio::time::timeout(PATIENCE, self.lines.next_line()).await.unwrap().unwrap().unwrap();
            let message: Value = serde_json::from_str(&line).unwrap();
            if message["id"] == self.id && message.get("method").is_none() {
                return message["result"].clone();
            }
        }
    }

    async fn turn(&mut self, n: u32, thread: Option<&Value>) -> Value {
        let (tool, arguments) = turn(n, thread);
        let thread =
            check(n, &self.request("tools/call", json!({ "name": tool, "arguments": arguments })).await);
        if n.is_multiple_of(SESSION) {
            for (tool, arguments) in looks(&thread) {
                self.request("tools/call", json!({ "name": tool, "arguments": arguments })).await;
            }
        }
        thread
    }

    async fn end(mut self) {
        self.write.shutdown().await.unwrap();
        drop((self.write, self.lines));
        self.served.await.unwrap();
    }
}

/// The library in this process, as the one in the background has it: the runtime's tasks too.
#[test]
fn slow_ten_thousand_turns_inside() {
    let place = Place::new();
    let command = Setup::fake(&place).env(OPEN.0, OPEN.1).command();
    let vars = command.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
    let loaded = load(Flags::default(), Env::from_pairs(vars), place.work()).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let bridge = Bridge::start(&loaded, policy(&loaded).unwrap(), false, Shares::default()).unwrap();
        let look = || {
            let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks() as u64;
            Held::of(Path::new("/proc/self"), tasks)
        };
        let mut stays = Inside::start(&bridge).await;
        let (mut comes, mut long, mut short) = (None, None, None);
        let mut first = None;
        for n in 0..TURNS {
            if n == FIRST {
                first = Some(look());
            }
            if n.is_multiple_of(HOST)
                && let Some(gone) = comes.replace(Inside::start(&bridge).await)
            {
                gone.end().await;
            }
            if n.is_multiple_of(SESSION) {
                short = None;
            }
            let (one, other) =
                tokio::join!(stays.turn(n, long.as_ref()), comes.as_mut().unwrap().turn(n, short.as_ref()));
            (long, short) = (Some(one), Some(other));
        }
        Held::assert_like(first.unwrap(), TURNS, look);
        comes.unwrap().end().await;
        stays.end().await;
        bridge.end().await;
    });
}

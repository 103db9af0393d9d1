//! Two threads, one each way.

use std::fs::File;
use std::io;
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::io::{has_closed, read, readable, readable_within, send, write};
use super::talk::{KEPT, Reply, Talk};
use crate::scan::Scanner;

/// What is read at a time, each way.
const BUFFER: usize = 64 * 1024;

/// How long the bridge may still answer once the host has ended its input: it gives its own calls 50 ms.
const LAST: Duration = Duration::from_millis(250);

/// How long a bridge may take nothing before it counts as gone: it reads as long as it lives.
const STUCK: Duration = Duration::from_secs(30);

/// How long it counts that there was no bridge: to find that out takes seconds where one hangs, and lines may come
/// faster.
const AGAIN: Duration = Duration::from_secs(1);

/// A line of the bridge that is longer than this answers no handshake.
const HELD: usize = 1024 * 1024;

/// The code of an answer that the bridge did not give: of those that JSON-RPC leaves to servers.
const LOST: i32 = -32_000;

/// The bridges that a host may be served by.
pub struct Bridges {
    /// Finds one that serves, or says why there is none.
    pub reach: Box<dyn FnMut() -> Result<UnixStream, String> + Send>,
    /// Whether the one that was found last still answers who comes anew.
    pub answers: Answers,
    /// How long it may say nothing while it owes something before it is asked whether it still answers.
    pub quiet: Duration,
}

/// Whether a bridge answers.
pub type Answers = Arc<dyn Fn() -> bool + Send + Sync>;

/// How it ended.
#[derive(Debug)]
pub enum Ended {
    /// The host has gone.
    Host,
    /// The host does not take its answers any more.
    Output(io::Error),
}

/// What both threads look at.
struct Shared {
    talk: Mutex<Talk>,
    out: Mutex<Out>,
    /// The host has ended its input.
    host_gone: AtomicBool,
    /// The latest connection that has ended; they count from 1.
    lost: AtomicU64,
    /// The last one ended because the bridge does not answer any more.
    hangs: AtomicBool,
    answers: Answers,
    quiet: Duration,
    /// Shut down once the host takes nothing any more: whoever waits for its input waits no longer.
    deaf: UnixStream,
}

/// The way to the host.
struct Out {
    file: File,
    /// Whether the last line is whole.
    whole: bool,
}

impl Out {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        write(&self.file, bytes)?;
        self.whole = bytes.ends_with(b"\n");
        Ok(())
    }

    /// Ends what a bridge that died has left of its last line.
    fn end_line(&mut self) -> io::Result<()> {
        if self.whole { Ok(()) } else { self.put(b"\n") }
    }

    /// One line.
    fn line(&mut self, message: &Value) -> io::Result<()> {
        self.end_line()?;
        self.put(format!("{message}\n").as_bytes())
    }
}

impl Shared {
    // A thread that panicked has left nothing half done: each lock is for one step.
    fn talk(&self) -> MutexGuard<'_, Talk> {
        self.talk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn out(&self) -> MutexGuard<'_, Out> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why what was asked has no answer.
    fn why(&self) -> &'static str {
        if self.hangs.load(Ordering::SeqCst) { HANGS } else { GONE }
    }

    /// Answers a request that no bridge answers.
    fn refuse(&self, id: &[u8], why: &str) -> io::Result<()> {
        // One that is no JSON by itself cannot be named to anybody.
        let Ok(id) = serde_json::from_slice::<Value>(id) else { return Ok(()) };
        let message =
            format!("{why}. What was begun is in the journal: call again, and `codex-sessions` shows it");
        self.out().line(&json!({ "jsonrpc": "2.0", "id": id, "error": { "code": LOST, "message": message } }))
    }
}

/// A bridge that is spoken to.
struct Connection {
    number: u64,
    to: File,
    stream: UnixStream,
    over: Receiver<io::Result<()>>,
}

/// Serves the host on `input` and `output` until it ends; where a bridge dies or hangs, the next is looked for.
pub fn pump(first: UnixStream, mut bridges: Bridges, input: OwnedFd, output: OwnedFd) -> Ended {
    match serve(first, &mut bridges, &File::from(input), output.into()) {
        Ok(()) => Ended::Host,
        Err(error) => Ended::Output(error),
    }
}

fn serve(first: UnixStream, bridges: &mut Bridges, input: &File, output: File) -> io::Result<()> {
    let (deaf, over) = UnixStream::pair()?;
    let shared = Shared {
        talk: Mutex::default(),
        out: Mutex::new(Out { file: output, whole: true }),
        host_gone: AtomicBool::new(false),
        lost: AtomicU64::new(0),
        hangs: AtomicBool::new(false),
        answers: bridges.answers.clone(),
        quiet: bridges.quiet,
        deaf,
    };
    Host::new(Arc::new(shared), first)?.run(input, &over, bridges)
}

/// The thread that reads the host.
struct Host {
    shared: Arc<Shared>,
    connection: Option<Connection>,
    connections: u64,
    scanner: Scanner,
    /// The line so far, where it is short.
    line: Vec<u8>,
    too_long: bool,
    begun: bool,
    /// Why this line reaches no bridge.
    broken: Option<String>,
    /// Why there was none, and when.
    none: Option<(Instant, String)>,
}

const GONE: &str = "the bridge in the background has ended before this was answered";

const HANGS: &str =
    "the bridge in the background does not answer any more (`codex-bridge daemon stop` ends its process)";

impl Host {
    fn new(shared: Arc<Shared>, first: UnixStream) -> io::Result<Self> {
        let mut host = Self {
            shared,
            connection: None,
            connections: 0,
            scanner: Scanner::default(),
            line: Vec::new(),
            too_long: false,
            begun: false,
            broken: None,
            none: None,
        };
        host.connect(first)?;
        Ok(host)
    }

    fn run(&mut self, input: &File, over: &UnixStream, bridges: &mut Bridges) -> io::Result<()> {
        let mut buffer = vec![0; BUFFER];
        loop {
            if !readable(input, over)? {
                return Err(self.why_deaf());
            }
            let count = match read(input, &mut buffer) {
                // An input that cannot be read is over.
                Ok(0) | Err(_) => break,
                Ok(count) => count,
            };
            for piece in buffer[..count].split_inclusive(|byte| *byte == b'\n') {
                self.piece(piece, bridges)?;
            }
        }
        self.shared.host_gone.store(true, Ordering::SeqCst);
        let Some(Connection { stream, over, .. }) = self.connection.take() else { return Ok(()) };
        let _ = stream.shutdown(Shutdown::Write);
        // What comes later nobody waits for.
        match over.recv_timeout(LAST) {
            Ok(Err(error)) => Err(error),
            _ => Ok(()),
        }
    }

    fn why_deaf(&self) -> io::Error {
        let word = self.connection.as_ref().and_then(|connection| connection.over.try_recv().ok());
        word.and_then(Result::err).unwrap_or_else(|| io::ErrorKind::BrokenPipe.into())
    }

    fn piece(&mut self, piece: &[u8], bridges: &mut Bridges) -> io::Result<()> {
        if !self.begun && piece != b"\n" {
            self.begun = true;
            // One that ended before this word takes it not with it.
            if self.connection.as_ref().is_some_and(|connection| has_closed(&connection.stream)) {
                self.see_the_end()?;
            }
            self.broken = self.reconnect(bridges)?;
        }
        let (text, ends) = match piece.strip_suffix(b"\n") {
            Some(text) => (text, true),
            None => (piece, false),
        };
        self.scanner.feed(text);
        if self.line.len() + piece.len() <= KEPT && !self.too_long {
            self.line.extend(piece);
        } else {
            self.too_long = true;
        }
        let message = ends.then(|| self.scanner.end());
        // Before it is sent: its answer finds it.
        if let Some(message) = &message {
            self.shared.talk().host_says(message, (!self.too_long).then_some(&self.line));
        }
        if self.broken.is_none()
            && let Some(connection) = &self.connection
            && send(&connection.to, piece).is_err()
        {
            self.broken = Some(self.shared.why().to_owned());
            self.see_the_end()?;
        }
        if let Some(message) = message {
            let why = self.broken.take().or_else(|| self.is_lost().then(|| self.shared.why().to_owned()));
            if let (Some(why), Some(id)) = (why, &message.id)
                && message.method.is_some()
                && self.shared.talk().give_up(id)
            {
                self.shared.refuse(id, &why)?;
            }
            self.line.clear();
            (self.too_long, self.begun) = (false, false);
        }
        Ok(())
    }

    /// Waits until the other thread has seen the end that is there, and has answered what was open.
    fn see_the_end(&mut self) -> io::Result<()> {
        let word = self.connection.as_ref().and_then(|connection| connection.over.recv_timeout(LAST).ok());
        let Some(word) = word else { return Ok(()) };
        self.connection = None;
        word
    }

    /// Whether there is no bridge, or the last one has ended.
    fn is_lost(&self) -> bool {
        let lost = self.shared.lost.load(Ordering::SeqCst);
        self.connection.as_ref().is_none_or(|connection| connection.number <= lost)
    }

    /// Finds another bridge where the last one has ended; why not, where there is none.
    fn reconnect(&mut self, bridges: &mut Bridges) -> io::Result<Option<String>> {
        if !self.is_lost() {
            return Ok(None);
        }
        if let Some(Connection { over, .. }) = self.connection.take()
            && let Ok(Err(error)) = over.try_recv()
        {
            // It was the host that ended the last one.
            return Err(error);
        }
        if let Some((since, why)) = &self.none
            && since.elapsed() < AGAIN
        {
            return Ok(Some(why.clone()));
        }
        match (bridges.reach)() {
            Ok(stream) => {
                self.none = None;
                self.connect(stream).map(|()| None)
            }
            Err(why) => {
                let why = format!("{}, and there is no other: {why}", self.shared.why());
                self.none = Some((Instant::now(), why.clone()));
                Ok(Some(why))
            }
        }
    }

    fn connect(&mut self, stream: UnixStream) -> io::Result<()> {
        self.connections += 1;
        let number = self.connections;
        stream.set_write_timeout(Some(STUCK))?;
        let to = File::from(OwnedFd::from(stream.try_clone()?));
        let from = File::from(OwnedFd::from(stream.try_clone()?));
        // A new bridge hears first what the last one knew.
        let again = self.shared.talk().again().concat();
        let (end, over) = sync_channel(1);
        let shared = self.shared.clone();
        shared.hangs.store(false, Ordering::SeqCst);
        thread::Builder::new().name("from the bridge".to_owned()).spawn(move || {
            from_bridge(&shared, number, &from, &end);
        })?;
        if send(&to, &again).is_err() {
            tracing::debug!("the bridge has ended at once");
        }
        self.connection = Some(Connection { number, to, stream, over });
        Ok(())
    }
}

/// The thread that reads a bridge: to its end, or to that of the host.
fn from_bridge(shared: &Shared, number: u64, from: &File, end: &SyncSender<io::Result<()>>) {
    let result = hand_on(shared, from).and_then(|()| {
        // Nobody is told of the end who ended it.
        if shared.host_gone.load(Ordering::SeqCst) { Ok(()) } else { answer_all(shared, number) }
    });
    shared.lost.fetch_max(number, Ordering::SeqCst);
    let is_deaf = result.is_err();
    // Full never: it is the one word of this thread.
    let _ = end.try_send(result);
    if is_deaf {
        let _ = shared.deaf.shutdown(Shutdown::Both);
    }
}

/// Hands on what the bridge says; an error is one of the host's side.
fn hand_on(shared: &Shared, from: &File) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    let (mut scanner, mut held) = (Scanner::default(), Vec::new());
    loop {
        if matches!(readable_within(from, shared.quiet), Ok(false)) {
            // The other thread goes on while this one asks.
            let owes = shared.talk().owes();
            let hangs = owes && !(shared.answers)();
            // Or it was slow, and has said something meanwhile.
            if hangs && matches!(readable_within(from, Duration::ZERO), Ok(false)) {
                shared.hangs.store(true, Ordering::SeqCst);
                // Nor does it take what it is sent.
                let _ = rustix::net::shutdown(from, rustix::net::Shutdown::Both);
                return Ok(());
            }
            continue;
        }
        let count = match read(from, &mut buffer) {
            Ok(0) | Err(_) => return Ok(()),
            Ok(count) => count,
        };
        for piece in buffer[..count].split_inclusive(|byte| *byte == b'\n') {
            let (text, ends) = match piece.strip_suffix(b"\n") {
                Some(text) => (text, true),
                None => (piece, false),
            };
            scanner.feed(text);
            // While answers are awaited that are not for the host, no line goes out before it is known whose it is.
            let hold = shared.talk().awaits() && held.len() + piece.len() <= HELD;
            if !ends {
                held.extend(piece);
                if !hold {
                    shared.out().put(&held)?;
                    held.clear();
                }
                continue;
            }
            let reply = shared.talk().bridge_says(&scanner.end());
            held.extend(piece);
            if reply == Reply::Pass {
                shared.out().put(&held)?;
            }
            held.clear();
        }
    }
}

/// The bridge has ended: each request of the host gets an answer, and each dialog is withdrawn.
fn answer_all(shared: &Shared, number: u64) -> io::Result<()> {
    shared.out().end_line()?;
    let (asked, asking) = {
        let mut talk = shared.talk();
        // From here on what the host asks is refused by the other thread.
        shared.lost.fetch_max(number, Ordering::SeqCst);
        talk.lost()
    };
    for id in asking {
        let Ok(id) = serde_json::from_slice::<Value>(&id) else { continue };
        let params = json!({ "requestId": id, "reason": shared.why() });
        let withdrawn = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": params });
        shared.out().line(&withdrawn)?;
    }
    asked.iter().try_for_each(|id| shared.refuse(id, shared.why()))
}

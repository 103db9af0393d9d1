//! One round: a host is at work, one of the processes is killed at a random time, and it is looked what is lost and
//! what is left behind. All chance comes from a seed, which a failure names.

mod aftermath;

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::chance::{Dice, Process, kill, parent};
use super::told::Told;
use super::{Host, PATIENCE, Setup};

/// A test for each who may be killed, by what plays its rounds.
macro_rules! each_victim {
    ($rounds:ident) => {
        #[test]
        fn slow_of_a_bridge() {
            $rounds(Victim::Bridge);
        }

        #[test]
        fn slow_of_the_one_in_the_background() {
            $rounds(Victim::Daemon);
        }

        #[test]
        fn slow_of_the_process_of_a_host() {
            $rounds(Victim::Pump);
        }

        #[test]
        fn slow_of_codex() {
            $rounds(Victim::Codex);
        }
    };
}
pub(crate) use each_victim;

/// Who is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Victim {
    /// A bridge of one host.
    Bridge,
    /// The one in the background.
    Daemon,
    /// The process of a host whose bridge is in the background.
    Pump,
    Codex,
}

/// What the host is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scene {
    /// It says its first word.
    Hello,
    Start,
    Stream,
    Question,
    Dialog,
    Command,
    /// A command runs on behind a message.
    Background,
}

const SCENES: [Scene; 7] = [
    Scene::Hello,
    Scene::Start,
    Scene::Stream,
    Scene::Question,
    Scene::Dialog,
    Scene::Command,
    Scene::Background,
];

/// Who plays.
pub struct Cast<'a> {
    pub setup: Box<dyn Fn() -> Setup<'a> + Sync + 'a>,
    /// The arguments of the call that begins a scene.
    pub call: fn(Scene, &mut Dice) -> Value,
    /// About how long a scene takes.
    pub life: Duration,
    /// The seed of all, and how many rounds.
    pub seed: u64,
    pub rounds: u64,
    /// The threads of earlier rounds.
    pub known: Mutex<HashSet<String>>,
}

impl<'a> Cast<'a> {
    /// `rounds`: where `TEST_KILLS_ROUNDS` says nothing else; `TEST_KILLS_SEED` makes a round happen again.
    pub fn new(
        setup: impl Fn() -> Setup<'a> + Sync + 'a,
        call: fn(Scene, &mut Dice) -> Value,
        life: Duration,
        rounds: u64,
    ) -> Self {
        let of = |name: &str| Some(std::env::var(name).ok()?.parse::<u64>().unwrap());
        let fresh = || {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
            u64::try_from(now.as_nanos() % 1_000_000_000_000).unwrap()
        };
        Self {
            setup: Box::new(setup),
            call,
            life,
            seed: of("TEST_KILLS_SEED").unwrap_or_else(fresh),
            rounds: of("TEST_KILLS_ROUNDS").unwrap_or(rounds),
            known: Mutex::default(),
        }
    }

    pub fn play(&self, victim: Victim) {
        for seed in (self.seed..).take(usize::try_from(self.rounds).unwrap()) {
            let round = || Round::new(self, victim, seed).run();
            if let Err(why) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(round)) {
                let words = why.downcast_ref::<String>().map(String::as_str);
                let words = words.or(why.downcast_ref::<&str>().copied()).unwrap_or_default();
                let log = (self.setup)().place.root.join("state/daemon.log");
                let log = std::fs::read_to_string(log).unwrap_or_default();
                panic!(
                    "{victim:?}: TEST_KILLS_SEED={seed} TEST_KILLS_ROUNDS=1 begins with this round: {words}\n{log}"
                );
            }
        }
    }
}

struct Round<'r, 'a> {
    cast: &'r Cast<'a>,
    victim: Victim,
    scene: Scene,
    dice: Dice,
    mark: String,
    shared: bool,
    /// The call is one for a task.
    task: bool,
    over: AtomicBool,
}

/// The kill: who, and when.
struct Kill {
    pid: u32,
    at: Instant,
    /// As events have it.
    time: String,
}

impl<'r, 'a> Round<'r, 'a> {
    fn new(cast: &'r Cast<'a>, victim: Victim, seed: u64) -> Self {
        let mut dice = Dice(seed);
        let scenes = if victim == Victim::Codex { &SCENES[1..] } else { &SCENES };
        let scene = dice.of(scenes);
        let shared = match victim {
            Victim::Bridge => false,
            Victim::Daemon | Victim::Pump => true,
            Victim::Codex => dice.one_in(2),
        };
        let task = !matches!(scene, Scene::Hello | Scene::Dialog) && dice.one_in(4);
        // The folder of the place is in the environment of all of its processes, also of the bridge in the
        // background, which takes over what all hosts share and nothing else.
        let mark = (cast.setup)().place.root.display().to_string();
        Self { cast, victim, scene, dice, mark, shared, task, over: AtomicBool::new(false) }
    }

    fn setup(&self) -> Setup<'a> {
        let setup = (self.cast.setup)();
        if self.shared { setup.shared() } else { setup.args(&["--embedded"]) }
    }

    fn run(mut self) {
        let mut host = match (self.task, self.scene) {
            (true, _) => self.setup().modern(extensions()),
            (false, Scene::Dialog) => self.setup().elicits().spawn(),
            (false, _) => self.setup().spawn(),
        };
        let call = (self.cast.call)(self.scene, &mut self.dice);
        let (looked_at, waits) = (self.dice.one_in(6), self.dice.one_in(2));
        let landmark = self.dice.one_in(2);
        let life = u64::try_from(self.cast.life.as_micros()).unwrap();
        let delay = Duration::from_micros(self.dice.below(if landmark { life / 4 } else { life }));
        let pid = host.child.id();
        let mut told = Told::default();
        let (go, gone) = channel();
        let this = &self;
        let (kill, seen) = thread::scope(|scope| {
            let killer = scope.spawn(move || this.kill(&gone, delay, pid));
            let looks = looked_at.then(|| scope.spawn(|| this.look()));
            this.play(&mut host, &mut told, &call, (waits, landmark), go);
            let kill = killer.join().unwrap();
            (kill, looks.and_then(|looks| looks.join().unwrap()))
        });
        self.nothing_is_left(&kill);
        let lives = matches!(self.victim, Victim::Daemon | Victim::Codex);
        let mut next = if lives && self.dice.one_in(2) && self.scene != Scene::Hello {
            host
        } else {
            drop(host);
            if self.task { self.setup().modern(extensions()) } else { self.setup().start() }
        };
        if let Some(seen) = seen {
            for (thread, events) in &seen.events {
                told.page(thread, &json!({ "events": events.values().collect::<Vec<_>>() }));
            }
        }
        self.nothing_is_lost(&mut next, &told, &kill);
        self.end(next);
    }

    /// Kills, so long after the word, or at once where none comes.
    fn kill(&self, gone: &Receiver<()>, delay: Duration, host: u32) -> Kill {
        if gone.recv().is_ok() {
            // This is no wait for something: the time of the kill is what the round is about.
            thread::sleep(delay);
        }
        let until = Instant::now() + PATIENCE;
        let pid = loop {
            let found = match self.victim {
                Victim::Bridge | Victim::Pump => Some(host),
                Victim::Daemon => self.all().into_iter().find(Process::is_daemon).map(|one| one.pid),
                // Where all is in one process, who looks on has a codex of its own.
                Victim::Codex => {
                    let its = |one: &Process| self.shared || parent(one.pid) == Some(host);
                    self.all().into_iter().find(|one| one.is_codex() && its(one)).map(|one| one.pid)
                }
            };
            if let Some(pid) = found {
                break pid;
            }
            assert!(Instant::now() < until, "there is nobody to kill: {:?}", self.all());
            thread::yield_now();
        };
        let time = humantime::format_rfc3339_millis(std::time::SystemTime::now()).to_string();
        kill(pid);
        let at = Instant::now();
        self.over.store(true, Ordering::SeqCst);
        Kill { pid, at, time }
    }

    /// Plays the host until the kill, and hears the answer that is owed by then.
    fn play(
        &self,
        host: &mut Host,
        told: &mut Told,
        call: &Value,
        (waits, landmark): (bool, bool),
        go: Sender<()>,
    ) -> Option<()> {
        let mut go = Some(go);
        if self.scene == Scene::Hello {
            go.take()?.send(()).unwrap();
        }
        if self.task {
            let id = host.try_post("tools/list", json!({}))?;
            host.answer_or_end(id)?;
        } else {
            let capabilities =
                if self.scene == Scene::Dialog { json!({ "elicitation": {} }) } else { json!({}) };
            let hello = json!({ "protocolVersion": "2025-06-18", "capabilities": capabilities, "clientInfo": { "name": "mcp", "version": "1" } });
            let id = host.try_post("initialize", hello)?;
            host.answer_or_end(id)?;
            host.try_send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).ok()?;
        }
        // Not earlier: a host whose daemon dies at its start does the work itself, and nobody else dies of that.
        if !landmark && let Some(go) = go.take() {
            let _ = go.send(());
        }
        let mut arguments = call.clone();
        arguments["wait"] = json!(if waits { 50 } else { 0 });
        let call = host.try_post("tools/call", json!({ "name": "codex", "arguments": arguments }))?;
        let mut pending = Some(call);
        // Where a dialog is shown the call waits for its answer.
        if self.task || (!waits && self.scene != Scene::Dialog) {
            let answer = host.answer_or_end(call)?;
            told.task = answer["result"].get("taskId").cloned();
            pending = None;
        }
        let mut thread: Option<String> = None;
        while !self.over.load(Ordering::SeqCst) {
            let (tool, arguments) = match &thread {
                None => ("codex-sessions", json!({ "limit": 5 })),
                Some(thread) => {
                    // Half of the calls that wait are ones for events, where no other is open.
                    let wait = u8::from(go.is_none());
                    let after = told.last(thread);
                    let page = json!({ "threadId": thread, "after": after, "detail": "full", "limit": 50, "wait": wait });
                    ("codex-events", page)
                }
            };
            let id = host.try_post("tools/call", json!({ "name": tool, "arguments": arguments }))?;
            let answer = host.answer_or_end(id)?;
            match &thread {
                Some(thread) if answer["result"]["structuredContent"]["events"].is_array() => {
                    told.page(thread, &answer["result"]["structuredContent"]);
                }
                Some(_) => {}
                None => thread = self.newest(&answer),
            }
            if thread.is_some()
                && told.has(self.scene)
                && let Some(go) = go.take()
            {
                let _ = go.send(());
            }
        }
        // Each waiting call returns, but for one whose turn begins with the next codex.
        if let Some(id) = pending
            && self.victim == Victim::Codex
            && !told.has_turn()
        {
            let params = json!({ "requestId": id });
            host.send(&json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": params }));
            return Some(());
        }
        pending.and_then(|id| host.answer_or_end(id)).map(drop)
    }

    /// Another host that looks at the same sessions. It is killed by nobody, and its calls all have answers.
    fn look(&self) -> Option<Told> {
        if self.scene == Scene::Hello {
            return None;
        }
        let (mut told, mut thread) = (Told::default(), None::<String>);
        let mut host = self.setup().spawn();
        let hello = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "mcp", "version": "1" } });
        host.request("initialize", hello);
        host.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        while !self.over.load(Ordering::SeqCst) {
            let Some(thread) = &thread else {
                let answer = host
                    .request("tools/call", json!({ "name": "codex-sessions", "arguments": { "limit": 5 } }));
                thread = self.newest(&answer);
                continue;
            };
            let page = json!({ "threadId": thread, "after": told.last(thread), "detail": "full", "limit": 50, "wait": 1 });
            let answer = host.request("tools/call", json!({ "name": "codex-events", "arguments": page }));
            if answer["result"]["structuredContent"]["events"].is_array() {
                told.page(thread, &answer["result"]["structuredContent"]);
            }
        }
        Some(told)
    }

    /// The thread of this round, as soon as there is one.
    fn newest(&self, answer: &Value) -> Option<String> {
        let known = self.cast.known.lock().unwrap_or_else(PoisonError::into_inner);
        let listed = answer["result"]["structuredContent"]["sessions"].as_array()?;
        let mut threads = listed.iter().filter_map(|one| one["threadId"].as_str());
        threads.find(|thread| !known.contains(*thread)).map(str::to_owned)
    }

    fn all(&self) -> Vec<Process> {
        super::marked(&self.mark).into_iter().map(|(pid, words)| Process { pid, words }).collect()
    }
}

/// What a modern host can: tasks.
fn extensions() -> Value {
    json!({ "extensions": { "io.modelcontextprotocol/tasks": {} } })
}

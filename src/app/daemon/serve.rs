//! The daemon itself: who comes in is served, and when nothing is left to do it ends.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::door::place;
use super::key::{Key, program};
use crate::app::logging::start_daemon_log;
use crate::app::{Bridge, policy, shutdown_on_signal};
use crate::approval::Verdict;
use crate::config::{DisconnectSetting, Env, Flags, Loaded, load};
use crate::control::door::{Door, Hello, PROTOCOL, State, Visit, Visitor, Welcome};
use crate::event::{DecidedBy, Decision, Timestamp};
use crate::mcp::{Mine, serve};
use crate::session::Shares;

/// How often it is looked whether there is anything to do.
const LOOK: Duration = Duration::from_secs(5);

/// Turns that a host has begun, above which those that have ended are forgotten.
const PRUNE: usize = 64;

/// Serves hosts until a signal, a word, or having had nothing to do for long.
///
/// # Errors
/// When there is another already, or no place, journal or log for it.
pub async fn run_daemon(loaded: Loaded) -> anyhow::Result<()> {
    // Away from the terminal and the group of the host that started it. One that a person started at a terminal
    // leads its group, and stays.
    let _ = rustix::process::setsid();
    let policy = policy(&loaded)?;
    start_daemon_log(&loaded)?;
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    let key = Key::of(&loaded).context("the settings have no form in text")?;
    let door = Door::open(place(&loaded, &key)?, &loaded.journal())?;
    // It must hold no folder: what was mounted can be unmounted.
    std::env::set_current_dir("/").context("the folder of the root")?;
    let (shutdown, tasks) = (CancellationToken::new(), TaskTracker::new());
    shutdown_on_signal(shutdown.clone(), &tasks).context("signal handlers")?;
    let bridge = Bridge::start(&loaded, policy, false, Shares::default())?;
    let served = Arc::new(Served { key, program: program(&loaded), loaded, bridge });
    tracing::info!("a bridge in the background has begun");
    let daemon = Daemon {
        served: served.clone(),
        since: Timestamp::now(),
        hosts: JoinSet::new(),
        over: shutdown.clone(),
    };
    let waits = daemon.run(door).await;
    shutdown.cancel();
    tasks.close();
    tasks.wait().await;
    served.bridge.end().await;
    drop(waits);
    tracing::info!("a bridge in the background has ended");
    Ok(())
}

/// What hosts are served with.
struct Served {
    key: Key,
    program: String,
    loaded: Loaded,
    bridge: Bridge,
}

struct Daemon {
    served: Arc<Served>,
    since: Timestamp,
    hosts: JoinSet<()>,
    over: CancellationToken,
}

impl Daemon {
    /// Until there is nothing to do any more; with who waits for the end of all.
    async fn run(mut self, mut door: Door) -> Option<Visitor> {
        let idle = self.served.loaded.settings.daemon.idle;
        let mut look = interval(LOOK.min(idle));
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut last = Instant::now();
        let waits = loop {
            tokio::select! {
                biased;
                () = self.over.cancelled() => break None,
                Some(_) = self.hosts.join_next() => last = Instant::now(),
                visitor = door.next() => {
                    last = Instant::now();
                    if let Some(visitor) = self.meet(visitor).await {
                        break Some(visitor);
                    }
                }
                _ = look.tick() => {
                    if !self.hosts.is_empty() || self.served.bridge.sessions().at_work().await > 0 {
                        last = Instant::now();
                    } else if last.elapsed() >= idle || !door.is_there() {
                        // Without its socket nobody would ever come.
                        break None;
                    }
                }
            }
        };
        // Whoever comes now finds nobody, and starts another.
        drop(door);
        // Their processes answer what is open, in words of their own.
        self.hosts.shutdown().await;
        waits
    }

    /// Does what a visitor wants; who wants the end is given back.
    async fn meet(&mut self, mut visitor: Visitor) -> Option<Visitor> {
        let other = |journal: &PathBuf| *journal != self.served.loaded.journal();
        match &visitor.hello {
            Hello::Status { journal } | Hello::Stop { journal } if other(journal) => {
                visitor.answer(&Welcome::Other).await;
                None
            }
            Hello::Status { .. } => {
                let state = self.state().await;
                visitor.answer(&Welcome::State(Box::new(state))).await;
                None
            }
            Hello::Stop { .. } => {
                let state = self.state().await;
                visitor.answer(&Welcome::Stopping(Box::new(state))).await;
                Some(visitor)
            }
            Hello::Serve(visit) => {
                // The bridge or codex was replaced since this one began.
                let outdated = program(&self.served.loaded) != self.served.program;
                if outdated && self.hosts.is_empty() && self.served.bridge.sessions().at_work().await == 0 {
                    visitor.answer(&Welcome::Replaced).await;
                    return Some(visitor);
                }
                let (served, visit) = (self.served.clone(), visit.clone());
                self.hosts.spawn(async move { host(&served, *visit, visitor).await });
                None
            }
        }
    }

    async fn state(&self) -> State {
        State {
            pid: std::process::id(),
            since: self.since.to_string(),
            hosts: self.hosts.len(),
            at_work: self.served.bridge.sessions().at_work().await,
        }
    }
}

/// Serves one host until it goes.
async fn host(served: &Arc<Served>, visit: Visit, mut visitor: Visitor) {
    let (pid, drop_in) = (visit.pid, visit.drop_in);
    let loaded = match host_settings(served, visit).await {
        Ok(loaded) => loaded,
        Err(message) => {
            visitor.answer(&Welcome::Refused { message }).await;
            return;
        }
    };
    if !visitor.answer(&Welcome::Serving).await {
        return;
    }
    tracing::info!(pid, "a host has come");
    let env = served.key.brought(&loaded, &served.loaded);
    let server = served.bridge.server_for(&loaded, drop_in, env);
    let ends = loaded.settings.daemon.on_disconnect == DisconnectSetting::Interrupt;
    let (server, mine) = if ends { server.telling() } else { (server, None) };
    // At the end of all it is dropped: a call has no answer then that says that its turn goes on.
    let serving = Box::pin(serve(server, visitor.read, visitor.write, CancellationToken::new()));
    let (ended, mine) = tokio::join!(serving, collect(mine));
    for Mine { handle, start } in mine {
        // One that has ended meanwhile has ended.
        let _ = handle.give_up(start, host_gone()).await;
    }
    match ended {
        Ok(()) => tracing::info!(pid, "a host has gone"),
        Err(error) => tracing::warn!(pid, %error, "the connection to a host"),
    }
}

/// What a host has begun, until it goes; what has ended by then does not matter.
async fn collect(begun: Option<mpsc::Receiver<Mine>>) -> Vec<Mine> {
    let mut all = Vec::new();
    let Some(mut begun) = begun else { return all };
    while let Some(mine) = begun.recv().await {
        if all.len() >= PRUNE {
            all.retain(|mine: &Mine| mine.handle.view().borrow().busy());
        }
        all.push(mine);
    }
    all
}

/// What becomes of the questions of a turn whose host has gone.
fn host_gone() -> Verdict {
    Verdict {
        reason: Some("the host has gone, and daemon.on_disconnect is `interrupt`".to_owned()),
        ..Verdict::of(Decision::Cancel, DecidedBy::Agent, "disconnect")
    }
}

/// The settings of a host, which must be those of the daemon where they count for all.
async fn host_settings(served: &Arc<Served>, visit: Visit) -> Result<Loaded, String> {
    if visit.protocol != PROTOCOL {
        return Err(format!(
            "the bridge in the background speaks form {PROTOCOL} of its own protocol, this host {}; it is replaced once \
             it has nothing to do (`codex-bridge daemon stop` ends it at once)",
            visit.protocol
        ));
    }
    let flags: Flags = serde_json::from_value(visit.flags).map_err(|error| format!("its flags: {error}"))?;
    let env = Env::from_pairs(visit.env);
    let served = served.clone();
    let work = move || {
        let loaded = load(flags, env, visit.cwd).map_err(|error| error.to_string())?;
        let key = Key::of(&loaded).map_err(|error| error.to_string())?;
        let same = key.name == served.key.name;
        same.then_some(loaded).ok_or_else(|| "its settings have just changed".to_owned())
    };
    // It reads files.
    tokio::task::spawn_blocking(work).await.map_err(|error| error.to_string())?
}

//! One door for each token: what it gives, its own front of MCP, and how often one may come through. The file of tokens
//! is looked at again and again, so that one that is taken out lets nobody in any more.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::access::{self, Grant, Tokens};
use crate::ids::Principal;
use crate::mcp::{Front, FrontOptions, Server};

/// How often the file of tokens is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// How often sessions of MCP are ended that nobody uses, in looks.
const SWEEP: u32 = 30;

/// The part of all connections that one token may have for itself, and how many it has at least.
const PART: usize = 4;
const LEAST: usize = 8;

/// When one may try again who has as many requests open as he may.
const BUSY: Duration = Duration::from_secs(5);

/// Makes the server for a token; the error is a folder of it that the settings do not allow.
pub type Make = Box<dyn Fn(Arc<Grant>) -> Result<Server, PathBuf> + Send + Sync>;

/// What there is for one token.
#[derive(Debug)]
pub struct Door {
    /// What it gives.
    pub grant: Arc<Grant>,
    /// Where its requests go.
    pub front: Front,
    /// By which it is known that the token is the same still.
    print: Option<[u8; 32]>,
    rate: DefaultDirectRateLimiter,
    /// How many of its requests may be answered at once.
    room: Arc<Semaphore>,
}

impl Door {
    /// Whether one more request may come through now, which holds what is given back until it is answered; else in how
    /// long.
    pub(super) fn admits(&self) -> Result<OwnedSemaphorePermit, Duration> {
        use governor::clock::{Clock, DefaultClock};
        let late = |not_until: governor::NotUntil<_>| not_until.wait_time_from(DefaultClock::default().now());
        self.rate.check().map_err(late)?;
        self.room.clone().try_acquire_owned().map_err(|_| BUSY)
    }
}

/// All doors, as the file of tokens has them now.
#[derive(Debug, Default)]
pub struct Doors {
    tokens: Arc<Tokens>,
    doors: BTreeMap<Principal, Arc<Door>>,
}

impl Doors {
    /// The door that a token opens.
    #[must_use]
    pub fn find(&self, token: &str) -> Option<&Arc<Door>> {
        self.doors.get(&self.tokens.find(token)?.name)
    }

    /// The tokens that open them.
    #[must_use]
    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// The door of somebody whose token was good before.
    #[must_use]
    pub fn of(&self, name: &Principal) -> Option<&Arc<Door>> {
        self.doors.get(name)
    }
}

/// Keeps the doors as the file of tokens says.
pub struct Keeper {
    path: PathBuf,
    make: Make,
    options: FrontOptions,
    requests: NonZeroU32,
    room: usize,
    tokens: watch::Sender<Arc<Tokens>>,
    doors: watch::Sender<Arc<Doors>>,
    seen: Option<Stamp>,
}

impl std::fmt::Debug for Keeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keeper").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Keeper {
    /// Over the tokens that `tokens` holds, which came from the file at `path`. `requests`: a minute, where a token says
    /// nothing else. `connections`: of all together.
    #[must_use]
    pub fn new(
        path: PathBuf,
        tokens: watch::Sender<Arc<Tokens>>,
        make: Make,
        options: FrontOptions,
        requests: NonZeroU32,
        connections: usize,
    ) -> Self {
        let seen = stamp(&path);
        let now = tokens.borrow().clone();
        let (room, doors) = ((connections / PART).max(LEAST), watch::Sender::default());
        let keeper = Self { path, make, options, requests, room, tokens, doors, seen };
        let (doors, _) = keeper.built(now);
        keeper.doors.send_replace(Arc::new(doors));
        keeper
    }

    /// The doors, as they are at any time.
    #[must_use]
    pub fn doors(&self) -> watch::Receiver<Arc<Doors>> {
        self.doors.subscribe()
    }

    /// Looks after them until `over` fires; then ends what is open behind them.
    pub async fn run(mut self, over: CancellationToken) {
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for look in 1.. {
            tokio::select! {
                () = over.cancelled() => break,
                _ = looks.tick() => {}
            }
            self.look().await;
            if look % SWEEP == 0 {
                let doors = self.doors.borrow().clone();
                for door in doors.doors.values() {
                    door.front.sweep().await;
                }
            }
        }
        let doors = self.doors.borrow().clone();
        for door in doors.doors.values() {
            door.front.end();
        }
    }

    async fn look(&mut self) {
        let path = self.path.clone();
        // It reads files.
        let looked = tokio::task::spawn_blocking(move || (stamp(&path), path)).await;
        let Ok((stamp, path)) = looked else { return };
        if stamp == self.seen {
            return;
        }
        let read = tokio::task::spawn_blocking(move || access::read(&path)).await;
        self.seen = stamp;
        match read {
            Ok(Ok(tokens)) => {
                let (doors, closed) = self.built(Arc::new(tokens));
                self.tokens.send_replace(doors.tokens.clone());
                self.doors.send_replace(Arc::new(doors));
                for door in closed {
                    tracing::info!(token = %door.grant.name, "what is open with a token ends: it is gone, or gives something else");
                    door.front.end();
                }
            }
            Ok(Err(error)) => tracing::error!(%error, "the tokens stay as they were"),
            Err(error) => tracing::error!(%error, "the tokens stay as they were"),
        }
    }

    /// The doors for these tokens, and those of before that are closed by that.
    fn built(&self, tokens: Arc<Tokens>) -> (Doors, Vec<Arc<Door>>) {
        let before = self.doors.borrow().clone();
        let mut doors = BTreeMap::new();
        for grant in tokens.grants() {
            let print = tokens.print(&grant.name);
            let same = |door: &&Arc<Door>| door.print == print && door.grant.is_like(grant);
            let door = match before.doors.get(&grant.name).filter(same) {
                Some(door) if door.grant == *grant => Ok(door.clone()),
                // What is open stays: only how much comes through is another.
                Some(door) => Ok(self.door(grant.clone(), print, door.front.clone())),
                None => (self.make)(grant.clone())
                    .map(|server| self.door(grant.clone(), print, Front::new(server, self.options))),
            };
            match door {
                Ok(door) => drop(doors.insert(grant.name.clone(), door)),
                Err(folder) => tracing::error!(
                    token = %grant.name,
                    folder = %folder.display(),
                    "a token lets nobody in: its folder lies outside of limits.roots"
                ),
            }
        }
        let stays = |door: &Arc<Door>| doors.values().any(|one: &Arc<Door>| one.front.is(&door.front));
        let closed = before.doors.values().filter(|door| !stays(door)).cloned().collect();
        (Doors { tokens, doors }, closed)
    }

    fn door(&self, grant: Arc<Grant>, print: Option<[u8; 32]>, front: Front) -> Arc<Door> {
        let rate = RateLimiter::direct(Quota::per_minute(grant.requests.unwrap_or(self.requests)));
        let room = Arc::new(Semaphore::new(self.room));
        Arc::new(Door { grant, front, print, rate, room })
    }
}

/// By what a file is known to have changed: its time, its length, and where the system says it, which file it is and when
/// anything of it changed.
type Stamp = (SystemTime, u64, [i64; 3]);

fn stamp(path: &std::path::Path) -> Option<Stamp> {
    let meta = std::fs::metadata(path).ok()?;
    Some((meta.modified().ok()?, meta.len(), which(&meta)))
}

#[cfg(unix)]
fn which(meta: &std::fs::Metadata) -> [i64; 3] {
    use std::os::unix::fs::MetadataExt;
    [meta.ino().cast_signed(), meta.ctime(), meta.ctime_nsec()]
}

#[cfg(not(unix))]
fn which(_: &std::fs::Metadata) -> [i64; 3] {
    [0; 3]
}

//! The process of a host: finds a daemon or starts one, then hands bytes on.

use std::fmt;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::door::place;
use super::key::Key;
use super::start::{Between, Starting, pause};
use crate::app::logging::daemon_log_path;
use crate::config::{Loaded, load};
use crate::control::door::{Hello, KnockError, PROTOCOL, Place, Text, Visit, Welcome, knock};
use crate::pump::{Answers, Bridges, Ended, pump};

/// How long a daemon may take to answer, or to begin: it takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long one that listens may take to say anything.
const SILENCE: Duration = Duration::from_secs(4);

/// How long one may owe an answer and say nothing before it is knocked at: most of the time a turn says something.
const QUIET: Duration = Duration::from_secs(10);

/// Why there is no daemon for a host.
#[derive(Debug)]
pub struct Unreachable(String);

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Serves the host of this process by a daemon, until the host ends; or until it takes no answers any more, which
/// is the inner error.
///
/// # Errors
/// When no daemon can be had at the start: nothing was read from the host then.
pub fn pump_for_host(loaded: &Loaded, drop_in: bool) -> Result<io::Result<()>, Unreachable> {
    let mut host = Host::of(loaded.clone(), drop_in).map_err(Unreachable)?;
    let first = host.reach().map_err(Unreachable)?;
    let descriptor = |fd: &dyn AsFd| fd.as_fd().try_clone_to_owned().map_err(|e| Unreachable(e.to_string()));
    let (input, output) = (descriptor(&io::stdin())?, descriptor(&io::stdout())?);
    let answers = host.answers();
    let bridges = Bridges { reach: Box::new(move || host.again()), answers, quiet: QUIET };
    Ok(match pump(first, bridges, input, output) {
        Ended::Host => Ok(()),
        Ended::Output(error) => Err(error),
    })
}

struct Host {
    loaded: Loaded,
    key: Key,
    place: Place,
    /// The same, for who asks whether the one that serves still answers.
    found: Arc<Mutex<Place>>,
    drop_in: bool,
    hello: Hello,
}

impl Host {
    fn of(loaded: Loaded, drop_in: bool) -> Result<Self, String> {
        let key = Key::of(&loaded).map_err(|error| error.to_string())?;
        let place = place(&loaded, &key).map_err(|error| error.to_string())?;
        let flags = serde_json::to_value(&loaded.flags).map_err(|error| error.to_string())?;
        let mut env: Vec<(Text, Text)> =
            loaded.env.iter().map(|(name, value)| (name.into(), value.into())).collect();
        if let Some(home) = loaded.env.home().filter(|_| loaded.env.get("HOME").is_none()) {
            // The system knows it, and the daemon reads only what it is told.
            env.push((Text::Plain("HOME".to_owned()), home.as_os_str().into()));
        }
        let visit = Visit {
            protocol: PROTOCOL,
            pid: std::process::id(),
            cwd: loaded.cwd.clone(),
            flags,
            env,
            drop_in,
        };
        let found = Arc::new(Mutex::new(place.clone()));
        Ok(Self { loaded, key, place, found, drop_in, hello: Hello::Serve(Box::new(visit)) })
    }

    /// The same once the last one has ended: settings, codex and this program may be others by now.
    fn again(&mut self) -> Result<UnixStream, String> {
        let Loaded { flags, env, cwd, .. } = self.loaded.clone();
        let loaded = load(flags, env, cwd).map_err(|error| error.to_string())?;
        let found = self.found.clone();
        *self = Self { found, ..Self::of(loaded, self.drop_in)? };
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = self.place.clone();
        self.reach()
    }

    /// Whether the one that serves answers who comes anew: nobody else can know whether it hangs.
    fn answers(&self) -> Answers {
        let (found, journal) = (self.found.clone(), self.loaded.journal());
        Arc::new(move || {
            let place = found.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let asked = knock(&place, &Hello::Status { journal: journal.clone() }, PATIENCE);
            // One that has gone has ended the connection too.
            !matches!(asked, Err(KnockError::Silent { .. }))
        })
    }

    /// A connection on which a daemon serves.
    fn reach(&mut self) -> Result<UnixStream, String> {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(stream) = self.knock()? {
                return Ok(stream);
            }
            let fail = |error: io::Error| format!("it cannot be started: {error}");
            let Some(starting) = Starting::wait(&self.place, until).map_err(fail)? else {
                return Err("another process starts it, and takes too long".to_owned());
            };
            // Whoever had the lock before may have started it.
            if let Some(stream) = self.knock()? {
                return Ok(stream);
            }
            let between = starting.spawn(&self.loaded, &self.key).map_err(fail)?;
            if let Some(stream) = self.wait_for(between, until)? {
                return Ok(stream);
            }
            if Instant::now() >= until {
                return Err(format!("it did not begin; {}", self.log()));
            }
        }
    }

    /// Waits for one that was just started.
    fn wait_for(&self, mut between: Between, until: Instant) -> Result<Option<UnixStream>, String> {
        while Instant::now() < until {
            if let Some(stream) = self.knock()? {
                return Ok(Some(stream));
            }
            if let Some(status) = between.ended() {
                // Where another was there first, that one is it.
                let found = self.knock()?;
                let why = || format!("it ended at its start with {status}; {}", self.log());
                return found.map(Some).ok_or_else(why);
            }
            pause();
        }
        Ok(None)
    }

    /// `None`: nobody is there, or it has just gone.
    fn knock(&self) -> Result<Option<UnixStream>, String> {
        match knock(&self.place, &self.hello, SILENCE) {
            Ok(answer) => match answer.welcome {
                Welcome::Serving => Ok(Some(answer.stream)),
                Welcome::Replaced => Ok(None),
                Welcome::Refused { message } => Err(format!("it does not serve this host: {message}")),
                other => Err(format!("it answered out of place: {other:?}")),
            },
            Err(KnockError::Nobody(_)) => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }

    fn log(&self) -> String {
        let path: PathBuf = daemon_log_path(&self.loaded);
        format!("`{}` has its words", path.display())
    }
}

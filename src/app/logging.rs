//! Logs: to stderr, or to a file. stdout belongs to the protocol.

use std::fs::{File, OpenOptions};
#[cfg(unix)]
use std::io::Write;
use std::io::{self, IsTerminal};
use std::path::Path;
#[cfg(unix)]
use std::path::PathBuf;
use std::sync::Mutex;

use anyhow::Context;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

#[cfg(unix)]
use crate::config::Loaded;
use crate::config::{LogLevel, LogSettings};

/// Below `info` only the bridge itself speaks: libraries write whole messages then, and in those are
/// prompts and the answers to secret questions.
fn directives(level: LogLevel) -> String {
    match level {
        LogLevel::Debug | LogLevel::Trace => format!("info,codex_bridge={}", level.name()),
        level => level.name().to_owned(),
    }
}

/// Starts the log as the settings say.
///
/// # Errors
/// When the level cannot be read or the file not opened.
pub fn start_logging(settings: &LogSettings) -> anyhow::Result<()> {
    match &settings.file {
        Some(path) => start(settings, Mutex::new(append(path)?), false),
        None => start(settings, io::stderr, io::stderr().is_terminal()),
    }
}

/// Starts the log of a bridge in the background, which has no host that reads stderr.
///
/// # Errors
/// As [`start_logging`].
#[cfg(unix)]
pub(super) fn start_daemon_log(loaded: &Loaded) -> anyhow::Result<()> {
    let settings = &loaded.settings.log;
    if settings.file.is_some() || io::stderr().is_terminal() {
        return start_logging(settings);
    }
    let log = Bounded::open(daemon_log_path(loaded))?;
    start(settings, Mutex::new(log), false)
}

fn start<W>(settings: &LogSettings, writer: W, ansi: bool) -> anyhow::Result<()>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(directives(settings.level)).context("log.level")?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_target(false);
    // A second start in one process (as tests do) keeps the first log.
    let _ = builder.with_ansi(ansi).with_writer(writer).try_init();
    Ok(())
}

fn append(path: &Path) -> anyhow::Result<File> {
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.with_context(|| format!("log.file `{}` cannot be opened", path.display()))
}

/// Where a bridge in the background logs, where the settings name no file.
#[cfg(unix)]
pub(super) fn daemon_log_path(loaded: &Loaded) -> PathBuf {
    loaded.journal().with_file_name("daemon.log")
}

/// The same, for what it says before its log has begun.
///
/// # Errors
/// When it cannot be opened.
#[cfg(unix)]
pub(super) fn daemon_log(loaded: &Loaded) -> io::Result<File> {
    Bounded::open(daemon_log_path(loaded)).map(|log| log.file)
}

/// The most bytes of a daemon's log; as many again are kept of what was before.
#[cfg(unix)]
const MOST: u64 = 1024 * 1024;

/// A file that does not grow for ever.
#[cfg(unix)]
struct Bounded {
    file: File,
    path: PathBuf,
    bytes: u64,
}

#[cfg(unix)]
impl Bounded {
    fn open(path: PathBuf) -> io::Result<Self> {
        use std::os::unix::fs::OpenOptionsExt;
        let options = || OpenOptions::new().create(true).append(true).mode(0o600).open(&path);
        let mut file = options()?;
        let mut bytes = file.metadata()?.len();
        if bytes >= MOST {
            std::fs::rename(&path, path.with_extension("log.old"))?;
            file = options()?;
            bytes = 0;
        }
        Ok(Self { file, path, bytes })
    }
}

#[cfg(unix)]
impl Write for Bounded {
    fn write(&mut self, words: &[u8]) -> io::Result<usize> {
        if self.bytes >= MOST {
            *self = Self::open(self.path.clone())?;
        }
        let written = self.file.write(words)?;
        self.bytes += u64::try_from(written).unwrap_or(u64::MAX);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

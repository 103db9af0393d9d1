//! Logs: to stderr, or to a file. stdout belongs to the protocol.

use std::fs::OpenOptions;
use std::io::{self, IsTerminal};
use std::sync::Mutex;

use anyhow::Context;
use tracing_subscriber::EnvFilter;

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
    let filter = EnvFilter::try_new(directives(settings.level)).context("log.level")?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_target(false);
    let started = match &settings.file {
        Some(path) => {
            let file = OpenOptions::new().create(true).append(true).open(path);
            let file = file.with_context(|| format!("log.file `{}` cannot be opened", path.display()))?;
            builder.with_ansi(false).with_writer(Mutex::new(file)).try_init()
        }
        None => builder.with_ansi(io::stderr().is_terminal()).with_writer(io::stderr).try_init(),
    };
    // A second start in one process (as tests do) keeps the first log.
    let _ = started;
    Ok(())
}

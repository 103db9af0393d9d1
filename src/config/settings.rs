//! The settings, typed. Each struct is one section of `codex-bridge.toml`.
//!
//! Ranges are checked while a value is read, so that an error of the file names its line.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::approvals::ApprovalSettings;
use super::http::HttpSettings;
use super::limits::{LimitSettings, McpSettings};
use super::values;

/// All settings. What nothing reads yet is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Settings {
    /// `[codex]`: which codex runs, and how.
    pub codex: CodexSettings,
    /// `[approvals]`: what becomes of codex's questions.
    pub approvals: ApprovalSettings,
    /// `[wait]`: how long a tool call may block.
    pub wait: WaitSettings,
    /// `[limits]`: what a call may ask for, and how much at once.
    pub limits: LimitSettings,
    /// `[mcp]`: codex's own MCP servers.
    pub mcp: McpSettings,
    /// `[daemon]`: the bridge in the background.
    pub daemon: DaemonSettings,
    /// `[http]`: the bridge over the network.
    pub http: HttpSettings,
    /// `[journal]`: where events are kept.
    pub journal: JournalSettings,
    /// `[log]`: what the bridge says of itself.
    pub log: LogSettings,
}

/// Which codex runs, and how.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct CodexSettings {
    /// The codex to start; without it, the one on `PATH`.
    pub bin: Option<PathBuf>,
    /// codex's own folder, before `$CODEX_HOME`.
    pub home: Option<PathBuf>,
    /// Arguments after `codex app-server`.
    pub args: Vec<String>,
    /// After which time at rest a session is let go, so that a terminal or an IDE can take it.
    #[serde(deserialize_with = "values::deadline", serialize_with = "values::write_span")]
    pub release_after: Duration,
    /// How long codex may say nothing before it is asked whether it lives; one that says nothing for as long again
    /// is ended.
    #[serde(deserialize_with = "values::deadline", serialize_with = "values::write_span")]
    pub health: Duration,
    /// How long a turn may do nothing but try again, as without a network: codex never ends it by itself.
    #[serde(deserialize_with = "values::deadline", serialize_with = "values::write_span")]
    pub stall: Duration,
}

impl Default for CodexSettings {
    fn default() -> Self {
        Self {
            bin: None,
            home: None,
            args: Vec::new(),
            release_after: Duration::from_mins(1),
            health: Duration::from_secs(30),
            stall: Duration::from_mins(5),
        }
    }
}

/// How long a tool call may block before it returns a handle.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct WaitSettings {
    /// For hosts of which nothing is known; without it, 50 s.
    #[serde(deserialize_with = "values::optional_span", serialize_with = "values::write_optional_span")]
    pub default: Option<Duration>,
    /// For one host, by the name that it gives in `clientInfo`.
    #[serde(deserialize_with = "values::spans_by_name", serialize_with = "values::write_spans_by_name")]
    pub hosts: BTreeMap<String, Duration>,
}

/// The bridge in the background, which hosts share and their tasks outlive them in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct DaemonSettings {
    /// Whether hosts use it; without, each has all in its own process.
    pub enabled: bool,
    /// After which time with no host, no turn and no command it ends.
    #[serde(deserialize_with = "values::deadline", serialize_with = "values::write_span")]
    pub idle: Duration,
    /// What becomes of the turns that a host began once it has gone.
    pub on_disconnect: DisconnectSetting,
}

impl Default for DaemonSettings {
    fn default() -> Self {
        Self {
            enabled: cfg!(unix),
            idle: Duration::from_mins(10),
            on_disconnect: DisconnectSetting::Continue,
        }
    }
}

/// What becomes of turns whose host has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DisconnectSetting {
    /// They go on, and another host finds them.
    Continue,
    /// They are ended.
    Interrupt,
}

impl DisconnectSetting {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Continue, Self::Interrupt];

    /// Its name in the settings.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Continue => "continue",
            Self::Interrupt => "interrupt",
        }
    }
}

/// Where events are kept, and how long.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct JournalSettings {
    /// The database; without it, `journal.db` in the state folder.
    pub path: Option<PathBuf>,
    /// How long a session is kept after its last event.
    #[serde(deserialize_with = "values::deadline", serialize_with = "values::write_span")]
    pub keep: Duration,
    /// How many megabytes are kept: above that the oldest sessions go.
    #[serde(deserialize_with = "values::megabytes")]
    pub size: u64,
    /// Whether nothing may run whose events cannot be kept.
    pub required: bool,
}

impl Default for JournalSettings {
    fn default() -> Self {
        Self { path: None, keep: Duration::from_hours(7 * 24), size: 1024, required: true }
    }
}

/// What the bridge says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct LogSettings {
    /// From which level on.
    pub level: LogLevel,
    /// A file instead of stderr.
    pub file: Option<PathBuf>,
}

/// How much is logged. A level contains the ones before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Nothing.
    Off,
    /// What failed.
    Error,
    /// What a person should look at.
    #[default]
    Warn,
    /// Starts and ends of things.
    Info,
    /// What is decided, and why.
    Debug,
    /// Every message.
    Trace,
}

impl LogLevel {
    /// All of them, in order.
    pub const ALL: [Self; 6] = [Self::Off, Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Trace];

    /// Its name in the settings, which is also a directive of `tracing`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

//! What a session gets where a call says nothing: codex's own flags, checked and merged.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::nearest::nearest;
use super::{ConfigError, overrides};

/// The flags of the command line, as they were given. Plain data, filled by `cli`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// `-m`: the model.
    pub model: Option<String>,
    /// `-p`: a profile of codex, by name.
    pub profile: Option<String>,
    /// `-c`: `key=value` of codex's configuration, in order.
    pub config: Vec<String>,
    /// `--enable`: features of codex to switch on.
    pub enable: Vec<String>,
    /// `--disable`: features of codex to switch off.
    pub disable: Vec<String>,
    /// `-s`: the sandbox.
    pub sandbox: Option<String>,
    /// `-a`: the approval policy.
    pub approval: Option<String>,
    /// `-C`: the working folder.
    pub cd: Option<PathBuf>,
    /// `--strict-config`: codex refuses keys of its configuration that it does not know.
    pub strict_config: bool,
    /// `--legacy-events`.
    pub legacy_events: bool,
    /// `--settings`: a file instead of the usual one.
    pub settings: Option<PathBuf>,
    /// `--mcp-config`: a file of MCP servers instead of the usual one.
    pub mcp_config: Option<PathBuf>,
}

/// What a session gets where the call says nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Defaults {
    /// The working folder. Whether it exists, and may be worked in, is asked at each call.
    pub cwd: PathBuf,
    /// The model, above the one in `config`.
    pub model: Option<String>,
    /// The sandbox, above the one in `config`.
    pub sandbox: Option<String>,
    /// The approval policy, above the one in `config`.
    pub approval_policy: Option<String>,
    /// Keys of codex's configuration: the profile, then `-c`, then the features.
    pub config: Map<String, Value>,
}

const SANDBOXES: &[&str] = &["read-only", "workspace-write", "danger-full-access"];
const POLICIES: &[&str] = &["untrusted", "on-request", "never"];

impl Defaults {
    /// From the flags of a process that was started in `cwd`.
    pub(super) fn from_flags(flags: &Flags, cwd: &Path, codex_home: &Path) -> Result<Self, ConfigError> {
        let mut config = match &flags.profile {
            Some(name) => read_profile(name, codex_home)?,
            None => Map::new(),
        };
        for given in &flags.config {
            let (key, value) = overrides::parse(given)?;
            overrides::overlay(&mut config, &key, value);
        }
        let switches = [(&flags.enable, true), (&flags.disable, false)];
        for (feature, on) in switches.into_iter().flat_map(|(names, on)| names.iter().map(move |f| (f, on))) {
            overrides::overlay(&mut config, &format!("features.{feature}"), Value::Bool(on));
        }
        Ok(Self {
            cwd: flags.cd.as_deref().map_or_else(|| cwd.to_owned(), |folder| cwd.join(folder)),
            model: flags.model.clone(),
            sandbox: one_of("-s", "sandbox", flags.sandbox.as_deref(), SANDBOXES)?,
            approval_policy: one_of("-a", "approval policy", flags.approval.as_deref(), POLICIES)?,
            config,
        })
    }
}

fn one_of(
    flag: &'static str,
    what: &'static str,
    given: Option<&str>,
    known: &'static [&'static str],
) -> Result<Option<String>, ConfigError> {
    match given {
        Some(value) if !known.contains(&value) => Err(ConfigError::UnknownValue {
            flag,
            what,
            value: value.to_owned(),
            nearest: nearest(value, known.iter().copied()),
            known,
        }),
        given => Ok(given.map(str::to_owned)),
    }
}

const PROFILE_END: &str = ".config.toml";

// codex's app-server takes no `-p`, so its file is read here and handed over as configuration.
fn read_profile(name: &str, codex_home: &Path) -> Result<Map<String, Value>, ConfigError> {
    if name.is_empty() || name.starts_with('.') || name.contains(['/', '\\', ':']) {
        return Err(ConfigError::BadProfileName { name: name.to_owned(), home: codex_home.to_owned() });
    }
    let path = codex_home.join(format!("{name}{PROFILE_END}"));
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => {
            return Err(ConfigError::ProfileMissing {
                name: name.to_owned(),
                path,
                there: profiles(codex_home),
            });
        }
        Err(source) => return Err(ConfigError::Unreadable { path, source }),
    };
    match text.parse() {
        Ok(table) => Ok(overrides::table_to_json(table)),
        Err(source) => Err(ConfigError::BadFile { path, source: Box::new(source) }),
    }
}

fn profiles(codex_home: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(codex_home).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| Some(entry.file_name().to_str()?.strip_suffix(PROFILE_END)?.to_owned()))
        .collect();
    names.sort();
    names
}

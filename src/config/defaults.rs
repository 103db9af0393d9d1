//! What a session gets where a call says nothing: codex's own flags, checked and merged.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::nearest::nearest;
use super::{ConfigError, local, overrides, profile};

/// The flags of the command line, as they were given. Plain data, filled by `cli`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// `--add-dir`: folders that may be written too, wherever the workspace may.
    pub add_dirs: Vec<PathBuf>,
    /// `--search`: the model may search the web as it is now.
    pub search: bool,
    /// `--oss`: a model of this machine.
    pub oss: bool,
    /// `--local-provider`: who serves it.
    pub local_provider: Option<String>,
    /// `--approve-for-me`: codex's own reviewer answers its questions.
    pub approve_for_me: bool,
    /// `--dangerously-bypass-approvals-and-sandbox`.
    pub bypass_approvals_and_sandbox: bool,
    /// `--dangerously-bypass-hook-trust`.
    pub bypass_hook_trust: bool,
    /// `--thread-source`: what codex notes down of where new threads come from.
    pub thread_source: Option<String>,
    /// `--strict-config`: codex refuses keys of its configuration that it does not know.
    pub strict_config: bool,
    /// `--legacy-events`.
    pub legacy_events: bool,
    /// `--settings`: a file instead of the usual one.
    pub settings: Option<PathBuf>,
    /// `--mcp-config`: a file of MCP servers instead of the usual one.
    pub mcp_config: Option<PathBuf>,
}

impl Flags {
    /// Those that a codex takes at its start.
    pub(super) fn overrides(&self) -> Vec<String> {
        let all = [("-c", &self.config), ("--enable", &self.enable), ("--disable", &self.disable)];
        let pairs = all.into_iter().flat_map(|(flag, values)| values.iter().map(move |value| (flag, value)));
        pairs.flat_map(|(flag, value)| [flag.to_owned(), value.clone()]).collect()
    }

    /// codex refuses the same pairs.
    fn fit(&self) -> Result<(), ConfigError> {
        const BYPASS: &str = "--dangerously-bypass-approvals-and-sandbox";
        const REVIEWED: &str = "--approve-for-me";
        let (sandbox, policy) = (self.sandbox.is_some(), self.approval.is_some());
        let pairs = [
            (self.bypass_approvals_and_sandbox && policy, BYPASS, "-a"),
            (self.bypass_approvals_and_sandbox && self.approve_for_me, BYPASS, REVIEWED),
            (self.approve_for_me && sandbox, REVIEWED, "-s"),
            (self.approve_for_me && policy, REVIEWED, "-a"),
        ];
        if let Some((_, one, other)) = pairs.into_iter().find(|(both, ..)| *both) {
            return Err(ConfigError::Contradiction { one, other });
        }
        match &self.local_provider {
            // codex passes over it in silence.
            Some(name) if !self.oss => Err(ConfigError::NotLocal { name: name.clone() }),
            _ => Ok(()),
        }
    }
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
    /// Keys of codex's configuration: the profile, then `-c`, then the features, then other flags.
    pub config: Map<String, Value>,
    /// Folders that may be written too, absolute.
    pub add_dirs: Vec<PathBuf>,
    /// The source of new threads.
    pub thread_source: Option<String>,
}

const SANDBOXES: &[&str] = &["read-only", "workspace-write", "danger-full-access"];
const POLICIES: &[&str] = &["untrusted", "on-request", "never"];

impl Defaults {
    /// From the flags of a process that was started in `cwd`.
    pub(super) fn from_flags(flags: &Flags, cwd: &Path, codex_home: &Path) -> Result<Self, ConfigError> {
        flags.fit()?;
        let mut config = match &flags.profile {
            Some(name) => profile::read("-p", name, codex_home)?,
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
        let mut model = flags.model.clone();
        let (mut sandbox, mut approval) = (flags.sandbox.as_deref(), flags.approval.as_deref());
        if flags.search {
            overlay(&mut config, "web_search", "live");
        }
        if flags.oss {
            let provider = local::provider(flags.local_provider.as_deref(), &config, codex_home)?;
            model = model.or_else(|| local::model(&provider).map(str::to_owned));
            overlay(&mut config, "model_provider", provider);
        }
        if flags.approve_for_me {
            (sandbox, approval) = (Some("workspace-write"), Some("on-request"));
            overlay(&mut config, "approvals_reviewer", "auto_review");
        }
        if flags.bypass_approvals_and_sandbox {
            (sandbox, approval) = (Some("danger-full-access"), Some("never"));
        }
        if flags.bypass_hook_trust {
            overlay(&mut config, "bypass_hook_trust", true);
        }
        Ok(Self {
            cwd: flags.cd.as_deref().map_or_else(|| cwd.to_owned(), |folder| cwd.join(folder)),
            model,
            sandbox: one_of("-s", "sandbox", sandbox, SANDBOXES)?,
            approval_policy: one_of("-a", "approval policy", approval, POLICIES)?,
            config,
            add_dirs: flags.add_dirs.iter().map(|folder| cwd.join(folder)).collect(),
            thread_source: flags.thread_source.clone(),
        })
    }
}

fn overlay(config: &mut Map<String, Value>, key: &str, value: impl Into<Value>) {
    overrides::overlay(config, key, value.into());
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

//! How long a call may block at which host, known by the name that the host gives itself.
//!
//! A host that loses patience drops the call, and the work with it; a call that ends before that hands
//! back a handle. Absent here: reading settings; who calls brings the exceptions.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

/// How long a call blocks. `None` is to the end of the turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct WaitPolicy {
    /// Where the call does not say.
    pub default: Option<Duration>,
    /// However much the call asks for.
    pub max: Option<Duration>,
}

impl WaitPolicy {
    /// To the end of the turn, and as long as is asked for.
    pub const TO_THE_END: Self = Self { default: None, max: None };

    /// This many seconds, and never more.
    #[must_use]
    pub const fn seconds(seconds: u64) -> Self {
        let limit = Some(Duration::from_secs(seconds));
        Self { default: limit, max: limit }
    }
}

/// The key of the overrides for hosts that nothing else names.
pub const ANY_HOST: &str = "default";

/// Under the 60 s that the official TypeScript client, and so most hosts, allow.
const UNKNOWN: WaitPolicy = WaitPolicy::seconds(50);

/// Hosts by the beginning of their name. Each wait is safely under what the host allows.
const HOSTS: &[(&str, WaitPolicy)] = &[
    // 27.8 hours, and in the background after two minutes.
    ("claude-code", WaitPolicy::TO_THE_END),
    // Claude Desktop: 240 s in chat, but 60 s in Code and Cowork, all under one name.
    ("claude-ai", WaitPolicy::seconds(50)),
    ("visual-studio-code", WaitPolicy::TO_THE_END),
    // About 5 min.
    ("cursor", WaitPolicy::seconds(240)),
    // 300 s.
    ("codex", WaitPolicy::seconds(280)),
    // 600 s.
    ("gemini-cli", WaitPolicy::seconds(570)),
    // 60 s.
    ("copilot", WaitPolicy::seconds(50)),
    ("github-copilot", WaitPolicy::seconds(50)),
    // 5 s, where it gives its own name; most programs with it go by the name of its client, `mcp`.
    ("openai-agents", WaitPolicy::seconds(4)),
];

/// The official Python client, by its default name. Not a beginning: `mcp-…` may be anyone.
const PYTHON_CLIENT: &str = "mcp";

/// The policy for the host that calls itself `name`.
///
/// `drop_in` says that the bridge was started as codex's own `mcp-server`, which always waited to the
/// end; so do then hosts that are not known. `overrides` are the user's, by a host's name or the
/// beginning of it, or [`ANY_HOST`]; the longest that fits wins.
#[must_use]
pub fn for_host(name: &str, drop_in: bool, overrides: &BTreeMap<String, WaitPolicy>) -> WaitPolicy {
    let name = normal(name);
    let named = overrides
        .iter()
        .filter(|(key, _)| begins(&name, &normal(key)))
        .max_by_key(|(key, _)| key.len())
        .map(|(_, policy)| *policy);
    let known = || HOSTS.iter().find(|(key, _)| begins(&name, key)).map(|(_, policy)| *policy);
    let python = || (name == PYTHON_CLIENT).then_some(WaitPolicy::TO_THE_END);
    let any = || overrides.get(ANY_HOST).copied();
    let unknown = if drop_in { WaitPolicy::TO_THE_END } else { UNKNOWN };
    named.or_else(known).or_else(python).or_else(any).unwrap_or(unknown)
}

/// How long a call that asked for `asked` blocks, and whether that is less than it asked for.
#[must_use]
pub fn cut(asked: Option<Duration>, policy: WaitPolicy) -> (Option<Duration>, bool) {
    match (asked.or(policy.default), policy.max) {
        (Some(wait), Some(max)) if wait > max => (Some(max), asked.is_some()),
        (None, Some(max)) => (Some(max), false),
        (wait, _) => (wait, false),
    }
}

/// `Visual Studio Code` and `visual-studio-code` are one.
fn normal(name: &str) -> String {
    name.trim().to_lowercase().replace([' ', '_'], "-")
}

/// Whether `name` is `key`, or goes on after it with another word.
fn begins(name: &str, key: &str) -> bool {
    name.strip_prefix(key).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
}

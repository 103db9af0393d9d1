//! The limits of calls, from the settings.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::access::Grant;
use crate::config::{AddSetting, ConfigKeys, ConfigSetting, LimitSettings, PolicySetting};
use crate::event::SessionInfo;
use crate::limits::{AddLimit, ConfigLimit, Limits, SAFE, Sandbox, Wanted};
use crate::session::ThreadParams;

/// The limits that the settings set. A root's links are resolved; one that is not there stays as it is
/// written, and no folder lies in it.
#[must_use]
pub fn limits(settings: &LimitSettings) -> Limits {
    let keys = |keys: &[String]| ConfigLimit::Keys(keys.to_vec());
    let safe = || keys(&SAFE.map(str::to_owned));
    let config = match &settings.config_or_default() {
        ConfigSetting::Set(ConfigKeys::Any) => ConfigLimit::Any,
        ConfigSetting::Set(ConfigKeys::Safe) => safe(),
        ConfigSetting::Keys(named) => keys(named),
    };
    Limits {
        roots: settings.roots.iter().map(real).collect(),
        sandbox: settings.sandbox.and_then(|sandbox| Sandbox::of(sandbox.name())),
        models: settings.models.clone(),
        approval_policies: names(&settings.approval_policies),
        config,
        mcp_add: match settings.mcp_add_or_default() {
            AddSetting::Any => AddLimit::Any,
            AddSetting::Named => AddLimit::Named,
            AddSetting::None => AddLimit::None,
        },
    }
}

/// The limits of who comes in by a token: those of the settings, made narrower by it. What may hold more than a
/// call's own work is allowed only where the settings say so.
///
/// # Errors
/// A folder of the token that lies outside of those of the settings.
pub(super) fn over_network(settings: &LimitSettings, grant: &Grant) -> Result<Limits, PathBuf> {
    let mut all = limits(settings);
    if settings.config.is_none() {
        all.config = ConfigLimit::Keys(SAFE.map(str::to_owned).into());
    }
    if settings.mcp_add.is_none() {
        all.mcp_add = AddLimit::None;
    }
    let roots = grant.roots.iter().map(real).collect();
    Grant { roots, ..grant.clone() }.narrow(&all)
}

/// Whether what codex made of a session stays within the limits. Its folder counts as what it is now: it may
/// have become a link to another.
pub(super) fn effective(limits: Arc<Limits>) -> impl Fn(&SessionInfo) -> Result<(), String> {
    move |info| {
        let cwd = std::fs::canonicalize(&info.cwd).map_or_else(|_| info.cwd.clone(), |real| text(&real));
        let real = SessionInfo { cwd, ..info.clone() };
        limits.check_effective(&real).map_err(|error| error.to_string())
    }
}

/// Whether what a session was once given stays within today's limits; what the flags give to all is theirs.
pub(super) fn kept(
    limits: Arc<Limits>,
    own: Map<String, Value>,
    servers: Map<String, Value>,
) -> impl Fn(&ThreadParams) -> Result<(), String> {
    move |params| {
        let mut config = params.config.clone();
        // A parameter of its own, and no key that a call could give for another purpose.
        config.remove("compact_prompt");
        // What a review was given: the model of its session, which is checked as such.
        let of_review = config.get("review_model").and_then(Value::as_str);
        if of_review.is_some() && of_review == params.model.as_deref() {
            config.remove("review_model");
        }
        config.retain(|key, value| own.get(key) != Some(value));
        let mut changed = params.servers.config().clone();
        changed.retain(|name, server| servers.get(name) != Some(server));
        // Of a thread that the CLI made only codex knows the folder.
        let folder = if params.cwd.is_empty() { limits.roots.first().cloned() } else { None };
        let folder = folder.unwrap_or_else(|| PathBuf::from(&params.cwd));
        let cwd = real(&folder);
        let wanted = Wanted {
            cwd: &cwd,
            sandbox: params.sandbox.as_deref(),
            approval_policy: params.approval_policy.as_deref(),
            model: params.model.as_deref(),
            config: &config,
        };
        let checked = limits
            .check(&wanted)
            .and_then(|()| limits.add("mcp.add", params.servers.add()))
            .and_then(|()| limits.add("config.mcp_servers", &changed));
        checked.map_err(|error| error.to_string())
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn real(root: &PathBuf) -> PathBuf {
    std::fs::canonicalize(root).unwrap_or_else(|error| {
        tracing::warn!(root = %root.display(), %error, "a folder of limits.roots cannot be used");
        root.clone()
    })
}

fn names(policies: &[PolicySetting]) -> Vec<String> {
    policies.iter().map(|policy| policy.name().to_owned()).collect()
}

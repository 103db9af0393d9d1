//! The limits of calls, from the settings.

use std::path::PathBuf;

use crate::config::{AddSetting, ConfigKeys, ConfigSetting, LimitSettings, PolicySetting};
use crate::limits::{AddLimit, ConfigLimit, Limits, SAFE, Sandbox};

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

fn real(root: &PathBuf) -> PathBuf {
    std::fs::canonicalize(root).unwrap_or_else(|error| {
        tracing::warn!(root = %root.display(), %error, "a folder of limits.roots cannot be used");
        root.clone()
    })
}

fn names(policies: &[PolicySetting]) -> Vec<String> {
    policies.iter().map(|policy| policy.name().to_owned()).collect()
}

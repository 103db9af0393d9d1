//! The environment of a session's commands, where its host's is not that of codex's own process. codex sets
//! what `shell_environment_policy.set` says after it has left out what the rest of the policy excludes: so what
//! a policy excludes is left out here before. Pure.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use wildmatch::WildMatch;

const SECTION: &str = "shell_environment_policy";
const SET: &str = "set";

/// What `inherit = "core"` lets through (codex's own list).
pub(super) const CORE: [&str; 9] =
    ["PATH", "SHELL", "TMPDIR", "TEMP", "TMP", "HOME", "LOGNAME", "USER", "USERNAME"];

/// What `ignore_default_excludes = false` leaves out.
const DEFAULT_EXCLUDES: [&str; 3] = ["*KEY*", "*SECRET*", "*TOKEN*"];

/// Has the session's commands see these variables, as far as the policy lets them; what the policy sets itself
/// stays.
pub(super) fn with_env(config: &mut Map<String, Value>, own: &Value, env: &BTreeMap<String, String>) {
    if env.is_empty() {
        return;
    }
    let policy = Policy::of(config, own);
    let passed = env.iter().filter(|(name, _)| policy.passes(name));
    let passed: Map<String, Value> = passed.map(|(name, value)| (name.clone(), json!(value))).collect();
    if passed.is_empty() {
        return;
    }
    let dotted = format!("{SECTION}.{SET}");
    let set = match config.get_mut(SECTION).and_then(Value::as_object_mut) {
        Some(section) => section.entry(SET).or_insert_with(|| json!({})),
        None => config.entry(dotted).or_insert_with(|| json!({})),
    };
    // What is no table is for codex to refuse.
    if let Some(set) = set.as_object_mut() {
        set.extend(passed);
    }
}

/// What a session's policy says: the call's, else codex's own.
struct Policy {
    inherit: String,
    excluded: Vec<WildMatch>,
    /// What it sets itself.
    set: Vec<String>,
}

impl Policy {
    fn of(config: &Map<String, Value>, own: &Value) -> Self {
        let given = |name: &str| {
            let dotted = config.get(&format!("{SECTION}.{name}"));
            dotted.or_else(|| config.get(SECTION)?.get(name))
        };
        let own = |name: &str| own.get(SECTION).and_then(|own| own.get(name));
        let of = |name: &str| given(name).or_else(|| own(name)).filter(|value| !value.is_null());
        let excluded =
            of("exclude").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let by_default = of("ignore_default_excludes") == Some(&json!(false));
        let excluded = excluded.chain(DEFAULT_EXCLUDES.into_iter().filter(|_| by_default));
        let excluded = excluded.map(WildMatch::new_case_insensitive).collect();
        let tables = [given(SET), own(SET)];
        let mut set: Vec<String> =
            tables.into_iter().flatten().filter_map(Value::as_object).flat_map(Map::keys).cloned().collect();
        let dotted = format!("{SECTION}.{SET}.");
        set.extend(config.keys().filter_map(|key| key.strip_prefix(&dotted)).map(str::to_owned));
        let inherit = of("inherit").and_then(Value::as_str).unwrap_or("all").to_owned();
        Self { inherit, excluded, set }
    }

    fn passes(&self, name: &str) -> bool {
        let upper = name.to_ascii_uppercase();
        let inherited = match self.inherit.as_str() {
            "none" => false,
            "core" => CORE.contains(&upper.as_str()),
            _ => true,
        };
        let excluded = self.excluded.iter().any(|pattern| pattern.matches(name));
        inherited && !excluded && !self.set.iter().any(|own| own == name)
    }
}

#[cfg(test)]
mod tests;

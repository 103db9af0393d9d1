//! codex's MCP servers, from the settings: where they come from, and how deep bridges may lie.

use std::path::Path;

use serde_json::{Map, Value};

use crate::config::{DEPTH, InheritSetting, Loaded};
use crate::servers::{Guard, Inherit, Sources, Variables, Wanted};

/// Where the servers of codex come from. `program`: this one.
pub(super) fn sources(loaded: &Loaded, program: Option<&Path>) -> Sources {
    let (file, named) = loaded.mcp_file.clone();
    Sources {
        file,
        named,
        inherit: match &loaded.settings.mcp.inherit {
            InheritSetting::All(all) => Inherit::All(*all),
            InheritSetting::Named(names) => Inherit::Named(names.clone()),
        },
        variables: variables(loaded),
        guard: Guard::new(program, loaded.env.get("PATH")).keeping(DEPTH),
        depth: depth(loaded),
    }
}

/// The variable that says how many bridges lie above what codex starts, and how many do.
pub(super) fn depth(loaded: &Loaded) -> (&'static str, u32) {
    (DEPTH, loaded.depth.saturating_add(1))
}

/// What `${VAR}` can stand for. A value that is no text cannot stand in JSON.
fn variables(loaded: &Loaded) -> Variables {
    let pairs = loaded
        .env
        .iter()
        .filter_map(|(name, value)| Some((name.to_str()?.to_owned(), value.to_str()?.to_owned())));
    pairs.collect()
}

/// Takes the servers of `-c mcp_servers.…` out of the keys of codex's configuration, so that they are kept
/// as those of a call are. What is no servers stays, for codex to refuse.
pub(super) fn of_flags(loaded: &Loaded) -> (Map<String, Value>, Wanted) {
    let (mut rest, mut wanted) = (loaded.defaults.config.clone(), Wanted::default());
    if let Err(error) = wanted.absorb(&mut rest) {
        tracing::warn!("-c: {error}");
    }
    (rest, wanted)
}

/// Whether bridges lie too deep above each other for this one to run codex.
#[must_use]
pub fn is_too_deep(loaded: &Loaded) -> bool {
    too_deep(loaded).is_some()
}

/// Why this process must not run codex, where bridges lie too deep above each other.
pub(super) fn too_deep(loaded: &Loaded) -> Option<String> {
    let (depth, limit) = (loaded.depth, loaded.settings.mcp.depth);
    (depth >= limit).then(|| {
        format!(
            "this bridge was started by the codex of another bridge ({DEPTH} is {depth}) and starts no codex of its \
             own: mcp.depth is {limit}. Do the work in this session without the bridge; or, where bridges above each \
             other are wanted, set mcp.depth to {} in the bridge's settings.",
            depth.saturating_add(1)
        )
    })
}

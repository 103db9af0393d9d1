//! The sandbox of a thread and of its turns. A thread is started read-only and each turn is given what
//! was wanted: with a writable sandbox `thread/start` may write the folder into the user's config.toml as
//! trusted, and from then on the repository's own configuration would count. Pure.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::session::ThreadParams;

/// How a thread is started, and what each of its turns is given.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sandboxed {
    /// `sandbox` of `thread/start`.
    pub start: Option<String>,
    /// `config` of `thread/start`, without what each turn is given.
    pub config: Map<String, Value>,
    /// `sandboxPolicy` of each `turn/start`.
    pub turn: Option<Value>,
}

/// From what is wanted, and what codex's own configuration says for the folder (`config/read`). `home`: the
/// user's.
pub(super) fn sandboxed(params: &ThreadParams, own: &Value, home: Option<&Path>) -> Sandboxed {
    let mut config = params.config.clone();
    add_roots(&mut config, own, &params.around.add_dirs);
    let mode = config.get("sandbox_mode").or_else(|| own.get("sandbox_mode")).and_then(Value::as_str);
    let Some(wanted) = params.sandbox.clone().or_else(|| mode.map(str::to_owned)) else {
        // Then codex goes by whether it trusts the folder already, and writes nothing.
        return Sandboxed { config, ..Sandboxed::default() };
    };
    let turn = match wanted.as_str() {
        "workspace-write" => Some(workspace(&config, own, Path::new(&params.cwd), home)),
        "danger-full-access" => Some(json!({ "type": "dangerFullAccess" })),
        // Read-only, or what codex will refuse by name.
        _ => None,
    };
    config.remove("sandbox_mode");
    let start = if turn.is_some() { "read-only".to_owned() } else { wanted };
    Sandboxed { start: Some(start), config, turn }
}

/// Where codex keeps the details of a writable workspace, and the folders among them.
const SECTION: &str = "sandbox_workspace_write";
const ROOTS: &str = "writable_roots";

/// Folders come to those that are there, as codex's `--add-dir` has it. They stand in the configuration, so
/// that they count too where codex alone decides that the workspace may be written.
fn add_roots(config: &mut Map<String, Value>, own: &Value, add: &[PathBuf]) {
    if add.is_empty() {
        return;
    }
    let mut roots = detail(config, own, ROOTS).unwrap_or_else(|| json!([]));
    // What is no list is for codex to refuse.
    let Value::Array(all) = &mut roots else { return };
    all.extend(add.iter().map(|folder| json!(folder)));
    match config.get_mut(SECTION).and_then(Value::as_object_mut) {
        Some(section) => section.insert(ROOTS.to_owned(), roots),
        None => config.insert(format!("{SECTION}.{ROOTS}"), roots),
    };
}

/// A detail of a writable workspace: the call's, else codex's own.
fn detail(config: &Map<String, Value>, own: &Value, name: &str) -> Option<Value> {
    let dotted = config.get(&format!("{SECTION}.{name}"));
    let given = dotted.or_else(|| config.get(SECTION)?.get(name));
    given.or_else(|| own.get(SECTION)?.get(name)).cloned().filter(|value| !value.is_null())
}

/// All of them.
fn workspace(config: &Map<String, Value>, own: &Value, cwd: &Path, home: Option<&Path>) -> Value {
    let of = |name: &str| detail(config, own, name);
    let mut roots = of(ROOTS).unwrap_or_else(|| json!([]));
    for root in roots.as_array_mut().into_iter().flatten() {
        if let Some(text) = root.as_str() {
            *root = json!(absolute(Path::new(text), cwd, home));
        }
    }
    json!({
        "type": "workspaceWrite",
        "writableRoots": roots,
        "networkAccess": of("network_access").unwrap_or(json!(false)),
        "excludeTmpdirEnvVar": of("exclude_tmpdir_env_var").unwrap_or(json!(false)),
        "excludeSlashTmp": of("exclude_slash_tmp").unwrap_or(json!(false)),
    })
}

/// `thread/start` makes a folder absolute itself, `turn/start` refuses one that is not.
fn absolute(root: &Path, cwd: &Path, home: Option<&Path>) -> PathBuf {
    match (root.strip_prefix("~"), home) {
        (Ok(below), Some(home)) => home.iter().chain(below.iter()).collect(),
        _ => cwd.join(root),
    }
}

#[cfg(test)]
mod tests;

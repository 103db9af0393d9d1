//! codex's lists: threads, their turns, models.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::TurnError;

/// Whose threads are listed: all but those of codex's own helpers. Without it those of `codex exec` are hidden.
pub const KINDS: &[&str] = &["cli", "vscode", "exec", "appServer", "unknown"];

/// `thread/list`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreadListParams {
    /// Only those of this folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// The archived ones instead.
    pub archived: bool,
    /// Where to go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// How many.
    pub limit: u32,
    /// Whose.
    pub source_kinds: &'static [&'static str],
}

/// The answer to `thread/list`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ThreadList {
    /// The latest first.
    pub data: Vec<Threaded>,
    /// Where to go on.
    pub next_cursor: Option<String>,
}

/// A thread in a list.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Threaded {
    /// Its id.
    pub id: String,
    /// What a person called it.
    pub name: Option<String>,
    /// The beginning of its first prompt.
    pub preview: String,
    /// Its folder.
    pub cwd: String,
    /// Its model.
    pub model: Option<String>,
    /// A word, or an object with one member named by it.
    pub source: Value,
    /// The thread that it was branched from.
    pub forked_from_id: Option<String>,
    /// Its file.
    pub path: Option<String>,
    /// Unix seconds.
    pub created_at: u64,
    /// Unix seconds.
    pub updated_at: u64,
}

/// The answer to `thread/read`, as a list has it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ThreadedRead {
    /// The thread.
    pub thread: Threaded,
}

/// `thread/name/set`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NameParams {
    /// Of which thread.
    pub thread_id: String,
    /// Its name from now on.
    pub name: String,
}

/// `thread/turns/list`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TurnsListParams {
    /// Of which thread.
    pub thread_id: String,
    /// Where to go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// How many.
    pub limit: u32,
    /// `full`: with their items; `summary`: with the first message of a person and the last of the model;
    /// `notLoaded`: with none.
    pub items_view: &'static str,
    /// `desc`: the latest first.
    pub sort_direction: &'static str,
}

/// The answer to `thread/turns/list`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TurnsList {
    /// In the order that was asked for.
    pub data: Vec<KeptTurn>,
    /// Where to go on.
    pub next_cursor: Option<String>,
}

/// A turn as codex keeps it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KeptTurn {
    /// Its id.
    pub id: String,
    /// The turn that it is a part of, or itself. Older versions do not say it.
    pub root_turn_id: Option<String>,
    /// As [`super::Turn::status`].
    pub status: String,
    /// Why it failed.
    pub error: Option<TurnError>,
    /// How long it took.
    pub duration_ms: Option<u64>,
    /// What happened in it, as it came.
    pub items: Vec<Box<RawValue>>,
}

/// `model/list`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelListParams {
    /// Those too that codex does not offer.
    pub include_hidden: bool,
    /// Where to go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// The answer to `model/list`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ModelList {
    /// The models.
    pub data: Vec<ListedModel>,
    /// Where to go on.
    pub next_cursor: Option<String>,
}

/// A model.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ListedModel {
    /// By which it is asked for.
    pub model: String,
    /// Whether codex offers it only to who names it.
    pub hidden: bool,
    /// Whether it is the one where nothing else is said.
    pub is_default: bool,
    /// What `effort` takes.
    pub supported_reasoning_efforts: Vec<Effort>,
}

/// A reasoning effort.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Effort {
    /// Its name.
    pub reasoning_effort: String,
}

/// `thread/backgroundTerminals/list`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TerminalsListParams {
    /// Of which thread.
    pub thread_id: String,
    /// How many.
    pub limit: u32,
}

/// The answer to `thread/backgroundTerminals/list`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct TerminalsList {
    /// The commands that run.
    pub data: Vec<Terminal>,
}

/// A command that runs.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Terminal {
    /// Its line.
    pub command: String,
    /// codex's id of it.
    pub process_id: String,
}

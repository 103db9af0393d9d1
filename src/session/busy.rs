//! What a session's codex does at the same time: commands and other tools, in the order of their start.

use crate::event::{ToolCall, ToolKind};

/// A tool that has begun and not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doing {
    /// codex's name of the item.
    pub item: String,
    /// The command, or what another tool does, in words.
    pub what: String,
    /// codex's own id of a running command.
    pub process_id: Option<String>,
    /// Whether its turn has ended, and it goes on.
    pub background: bool,
}

impl Doing {
    pub(super) fn of(call: &ToolCall) -> Self {
        let what = match call.tool {
            ToolKind::Command => call.command.clone().unwrap_or_default(),
            _ => words(call),
        };
        Self { item: call.item_id.clone(), what, process_id: call.process_id.clone(), background: false }
    }
}

/// What a tool that is no command does, in a few words.
fn words(call: &ToolCall) -> String {
    let first = call.changes.first().map_or("files", |change| change.path.as_str());
    let name = call.name.as_deref().unwrap_or("a tool");
    match call.tool {
        ToolKind::FileChange if call.changes.len() > 1 => {
            format!("changing `{first}` and {} more", call.changes.len() - 1)
        }
        ToolKind::FileChange => format!("changing `{first}`"),
        ToolKind::Mcp => match &call.server {
            Some(server) => format!("calling `{name}` of `{server}`"),
            None => format!("calling `{name}`"),
        },
        ToolKind::WebSearch => "searching the web".into(),
        ToolKind::Image => "looking at an image".into(),
        ToolKind::Agent => "waiting for another agent".into(),
        ToolKind::Command | ToolKind::Other => format!("using `{name}`"),
    }
}

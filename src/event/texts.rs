//! Which texts of an event may be megabytes.

use super::{Body, FileChange};

impl Body {
    /// Its texts that may be megabytes, each by the path of its member, with a dot between its steps.
    pub fn texts_mut(&mut self) -> Vec<(String, &mut String)> {
        match self {
            Self::UserMessage { text, .. }
            | Self::AssistantDelta { text, .. }
            | Self::AssistantMessage { text, .. }
            | Self::Reasoning { text, .. }
            | Self::ToolOutput { text, .. } => vec![("text".to_owned(), text)],
            Self::Diff { diff } => vec![("diff".to_owned(), diff)],
            Self::ToolCall(call) => changes(&mut call.changes).collect(),
            Self::ToolResult(result) => {
                let output = result.output.iter_mut().map(|output| ("output".to_owned(), output));
                output.chain(changes(&mut result.changes)).collect()
            }
            Self::PermissionRequest(request) => changes(&mut request.subject.changes).collect(),
            Self::SessionStarted(_)
            | Self::TurnStarted {}
            | Self::Plan { .. }
            | Self::PermissionDecision(_)
            | Self::Usage { .. }
            | Self::McpServer { .. }
            | Self::Warning { .. }
            | Self::Error(_)
            | Self::TurnFinished { .. }
            | Self::SessionFinished { .. }
            | Self::Raw { .. } => Vec::new(),
        }
    }
}

fn changes(changes: &mut [FileChange]) -> impl Iterator<Item = (String, &mut String)> {
    let each = changes.iter_mut().enumerate();
    each.filter_map(|(at, change)| Some((format!("changes.{at}.diff"), change.diff.as_mut()?)))
}

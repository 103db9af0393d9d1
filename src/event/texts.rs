//! Which texts of an event may be megabytes, and the memory for such a text.

use super::{Body, FileChange};

/// How much to reserve for a text of so many bytes. Below 32 MiB glibc keeps what is let go, on each thread
/// for itself: of a few texts of 2 MB it kept 10 MB. What is larger goes back to the system at once, and
/// what is reserved and not written to takes no memory.
#[must_use]
pub fn block(bytes: usize) -> usize {
    const LONG: usize = 128 << 10;
    const GIVEN_BACK: usize = (32 << 20) + LONG;
    let glibc = cfg!(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"));
    if glibc && bytes > LONG { bytes.max(GIVEN_BACK) } else { bytes }
}

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
            | Self::TurnStarted { .. }
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

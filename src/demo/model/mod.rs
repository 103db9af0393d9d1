//! A scripted model: a server of the Responses API over SSE, so that the real codex runs with no
//! account and no network. The prompt itself is the script, one step a line.
//!
//! | Line | What the model does |
//! |---|---|
//! | `RUN cmd` | runs a command |
//! | `ESCALATE cmd` | runs a command outside the sandbox |
//! | `WRITE file text` | adds a file |
//! | `ASK question`, `ASKSECRET question` | asks the user (feature `default_mode_request_user_input`) |
//! | `MOVE from to` | moves a file whose one line is `old`, and makes it `new` |
//! | `PERMIT`, `PERMIT path…` | asks for network, or to write to paths (feature `request_permissions_tool`) |
//! | `MCP server tool json` | calls a tool of an MCP server |
//! | `ITEM json` | an item as it stands: what is no call of a tool ends the turn |
//! | `STREAM n` | answers with n pieces of text |
//! | `SAY text` | answers |
//! | `ECHO` | answers with the output of the last call |
//! | `IMAGES` | says how many images have come |
//! | `REQUEST path` | says a member of the request: `reasoning.effort`, `tools.web_search` |
//! | `REVIEW allow`, `REVIEW deny` | no step: what codex's own reviewer (`approvals_reviewer`) answers |
//! | `HANG` | never answers |
//! | `FAIL` | answers with an error |
//!
//! Steps that need a tool go first; the next request carries their outputs, which are counted.

mod config;
mod script;
mod server;
mod sse;
#[cfg(test)]
mod tests;

pub use config::codex_config;
pub use script::{Reply, reply, reply_to};
pub use server::ModelServer;

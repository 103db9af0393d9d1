//! What a caller may do: which tools he has, and what he is told of those that he has not.

use rmcp::ErrorData;
use rmcp::model::{CallToolResult, Tool};

use super::result;
use super::server::Server;
use crate::access::Right;
use crate::event::Decision;

/// The right that a tool takes.
pub(super) fn needed(tool: &str) -> Right {
    match tool {
        "codex" | "codex-reply" | "codex-review" | "codex-cancel" => Right::Run,
        "codex-approve" => Right::Decide,
        _ => Right::Read,
    }
}

impl Server {
    /// The tools that its host may call.
    pub(super) fn allowed(&self, tools: Vec<Tool>) -> Vec<Tool> {
        let rights = self.options.rights;
        tools.into_iter().filter(|tool| rights.has(needed(&tool.name))).collect()
    }

    /// Whether its host may call a tool.
    pub(super) fn may_call(&self, tool: &str) -> Result<(), CallToolResult> {
        let right = needed(tool);
        let refuse = || result::refused("not_allowed", self.lacks(&format!("`{tool}`"), right));
        if self.options.rights.has(right) { Ok(()) } else { Err(refuse()) }
    }

    /// Whether its host may do something else of the protocol.
    pub(super) fn may(&self, what: &str, right: Right) -> Result<(), ErrorData> {
        let refuse = || ErrorData::invalid_request(self.lacks(what, right), None);
        if self.options.rights.has(right) { Ok(()) } else { Err(refuse()) }
    }

    /// Whether its host may decide so: a permanent rule is of all sessions, also of those that it does not see.
    pub(super) fn may_decide(&self, decision: Decision) -> Result<(), String> {
        if decision == Decision::ApproveAlways && self.options.reach.own.is_some() {
            return Err(format!(
                "`approve-always` makes a rule for the sessions of all, and the token of `{}` is for its own; take \
                 `approve-for-session`",
                self.caller()
            ));
        }
        Ok(())
    }

    fn lacks(&self, what: &str, right: Right) -> String {
        format!(
            "{what} needs the right `{right}`, which the token of `{}` does not give; whoever runs this bridge can give it \
             (`rights` in the file of tokens)",
            self.caller()
        )
    }
}

//! An answer of somebody, and why it does not count.

use thiserror::Error;

use crate::event::{Answers, DecidedBy, Decision, PermissionDecision};
use crate::ids::ApprovalId;

/// An answer, before it is known whether it counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// What is decided.
    pub decision: Decision,
    /// Who decides.
    pub by: DecidedBy,
    /// By which way.
    pub way: Option<String>,
    /// Under which rule.
    pub rule: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// What is answered or granted.
    pub answers: Option<Answers>,
}

impl Verdict {
    /// A decision of somebody, by a way.
    #[must_use]
    pub fn of(decision: Decision, by: DecidedBy, way: &str) -> Self {
        Self { decision, by, way: Some(way.to_owned()), rule: None, reason: None, answers: None }
    }

    /// A decision of the bridge itself, with its reason.
    #[must_use]
    pub fn own(decision: Decision, by: DecidedBy, reason: impl Into<String>) -> Self {
        Self { decision, by, way: None, rule: None, reason: Some(reason.into()), answers: None }
    }
}

/// Why an answer does not count. Whatever it is, the request is as it was.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum DecideError {
    /// No such request, now or lately.
    #[error("there is no request `{0}`; `codex-wait` with the session's `threadId` shows the open ones")]
    Unknown(ApprovalId),
    /// It has been answered.
    #[error("request `{}` is already decided: {} by {}{}; nothing more to do for it", .0.approval_id, .0.decision.name(), by_name(.0.by), reason(.0))]
    Gone(Box<PermissionDecision>),
    /// The request does not take this decision.
    #[error("request `{id}` does not take `{}`; it takes {}", asked.name(), names(options))]
    NotOffered {
        /// The request.
        id: ApprovalId,
        /// What was wanted.
        asked: Decision,
        /// What it takes.
        options: Vec<Decision>,
    },
    /// An agent may not decide so.
    #[error("an agent may not decide `{}`: {why}", asked.name())]
    NotAllowed {
        /// What was wanted.
        asked: Decision,
        /// Which setting says so, and who may.
        why: String,
    },
    /// The answers do not fit the request.
    #[error("the `answers` to request `{id}` do not fit: {why}")]
    BadAnswers {
        /// The request.
        id: ApprovalId,
        /// What is wrong, and what fits.
        why: String,
    },
}

fn names(options: &[Decision]) -> String {
    options.iter().map(|o| format!("`{}`", o.name())).collect::<Vec<_>>().join(", ")
}

/// Who decided, in words.
pub(super) fn by_name(by: DecidedBy) -> &'static str {
    match by {
        DecidedBy::Rule => "a rule",
        DecidedBy::Person => "a person",
        DecidedBy::Agent => "the agent",
        DecidedBy::Deadline => "its deadline",
        DecidedBy::Codex => "codex",
        DecidedBy::Shutdown => "a shutdown",
    }
}

fn reason(decision: &PermissionDecision) -> String {
    let rule = decision.rule.as_ref().map(|rule| format!("rule {rule}"));
    let words: Vec<_> = rule.into_iter().chain(decision.reason.clone()).collect();
    if words.is_empty() { String::new() } else { format!(" ({})", words.join("; ")) }
}

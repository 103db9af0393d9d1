//! The desk: open requests, and what became of the last ones.

use std::collections::{BTreeMap, VecDeque};

use thiserror::Error;

use crate::event::{DecidedBy, Decision, PermissionDecision, PermissionRequest, Timestamp};
use crate::ids::ApprovalId;

/// How many ended requests a desk remembers, so that a late answer hears who decided. The journal
/// has them all.
const REMEMBERED: usize = 256;

/// An answer, before it is known whether it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What is decided.
    pub decision: Decision,
    /// Who decides.
    pub by: DecidedBy,
    /// By which way.
    pub way: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

impl Verdict {
    /// A decision of the bridge itself, with its reason.
    #[must_use]
    pub fn own(decision: Decision, by: DecidedBy, reason: impl Into<String>) -> Self {
        Self { decision, by, way: None, reason: Some(reason.into()) }
    }
}

/// Why an answer does not count.
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
}

fn names(options: &[Decision]) -> String {
    options.iter().map(|o| format!("`{}`", o.name())).collect::<Vec<_>>().join(", ")
}

fn by_name(by: DecidedBy) -> &'static str {
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
    decision.reason.as_ref().map(|r| format!(" ({r})")).unwrap_or_default()
}

/// The open requests of one session.
#[derive(Debug, Default)]
pub struct Desk {
    open: BTreeMap<ApprovalId, PermissionRequest>,
    ended: VecDeque<PermissionDecision>,
}

impl Desk {
    /// Puts a request on the desk.
    pub fn open(&mut self, request: PermissionRequest) {
        self.open.insert(request.approval_id.clone(), request);
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Ends a request by an answer of somebody. The first one counts.
    ///
    /// # Errors
    /// When the request is unknown, ended, or does not take the decision.
    pub fn decide(&mut self, id: &ApprovalId, verdict: Verdict) -> Result<PermissionDecision, DecideError> {
        let Some(request) = self.open.get(id) else {
            return Err(match self.ended.iter().find(|d| d.approval_id == *id) {
                Some(decision) => DecideError::Gone(Box::new(decision.clone())),
                None => DecideError::Unknown(id.clone()),
            });
        };
        if !request.options.contains(&verdict.decision) {
            return Err(DecideError::NotOffered {
                id: id.clone(),
                asked: verdict.decision,
                options: request.options.clone(),
            });
        }
        Ok(self.end(id.clone(), verdict))
    }

    /// Ends a request whatever it takes: codex withdrew it, or its time is over.
    pub fn withdraw(&mut self, id: &ApprovalId, verdict: Verdict) -> Option<PermissionDecision> {
        self.open.contains_key(id).then(|| self.end(id.clone(), verdict))
    }

    /// All that wait.
    #[must_use]
    pub fn waiting(&self) -> Vec<ApprovalId> {
        self.open.keys().cloned().collect()
    }

    /// Those whose time is over at `now`.
    #[must_use]
    pub fn expired(&self, now: Timestamp) -> Vec<ApprovalId> {
        self.open.values().filter(|r| r.expires_at <= now).map(|r| r.approval_id.clone()).collect()
    }

    /// When the next one expires.
    #[must_use]
    pub fn next_expiry(&self) -> Option<Timestamp> {
        self.open.values().map(|r| r.expires_at).min()
    }

    fn end(&mut self, id: ApprovalId, verdict: Verdict) -> PermissionDecision {
        self.open.remove(&id);
        let decision = PermissionDecision {
            approval_id: id,
            decision: verdict.decision,
            by: verdict.by,
            way: verdict.way,
            reason: verdict.reason,
        };
        if self.ended.len() == REMEMBERED {
            self.ended.pop_front();
        }
        self.ended.push_back(decision.clone());
        decision
    }
}

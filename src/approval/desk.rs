//! The desk: open requests, and what became of the last ones.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::answers;
use super::verdict::{DecideError, Verdict};
use crate::event::{Answers, PermissionDecision, PermissionRequest, Timestamp};
use crate::ids::ApprovalId;

/// How many ended requests a desk remembers, so that a late answer hears who decided. The journal
/// has them all.
const REMEMBERED: usize = 256;

/// A request that ended just now.
#[derive(Clone, Debug, PartialEq)]
pub struct Decided {
    /// The request.
    pub request: PermissionRequest,
    /// What may be recorded of its end.
    pub record: PermissionDecision,
    /// The answers, secrets among them: for codex alone.
    pub answers: Option<Answers>,
}

/// The open requests of one session.
#[derive(Debug, Default)]
pub struct Desk {
    open: BTreeMap<ApprovalId, PermissionRequest>,
    dismissed: BTreeSet<ApprovalId>,
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

    /// An open request.
    #[must_use]
    pub fn get(&self, id: &ApprovalId) -> Option<&PermissionRequest> {
        self.open.get(id)
    }

    /// A person closed the dialog for it without a decision: it stays open, and who decides then is
    /// recorded so.
    pub fn dismiss(&mut self, id: &ApprovalId) {
        if self.open.contains_key(id) {
            self.dismissed.insert(id.clone());
        }
    }

    /// The open requests of which that is so.
    #[must_use]
    pub fn dismissed(&self) -> &BTreeSet<ApprovalId> {
        &self.dismissed
    }

    /// Ends a request by an answer of somebody. The first one that fits counts.
    ///
    /// # Errors
    /// When the request is unknown or ended, or does not take the decision or its answers.
    pub fn decide(&mut self, id: &ApprovalId, mut verdict: Verdict) -> Result<Decided, DecideError> {
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
        verdict.answers = answers::check(request, verdict.decision, verdict.answers)
            .map_err(|why| DecideError::BadAnswers { id: id.clone(), why })?;
        self.end(id, verdict).ok_or_else(|| DecideError::Unknown(id.clone()))
    }

    /// Ends a request whatever it takes: codex withdrew it, or its time is over.
    pub fn withdraw(&mut self, id: &ApprovalId, verdict: Verdict) -> Option<Decided> {
        self.end(id, verdict)
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

    fn end(&mut self, id: &ApprovalId, verdict: Verdict) -> Option<Decided> {
        let request = self.open.remove(id)?;
        let Verdict { decision, by, way, rule, reason, answers } = verdict;
        let record = PermissionDecision {
            approval_id: id.clone(),
            decision,
            by,
            way,
            rule,
            reason,
            after_dismissal: self.dismissed.remove(id),
            answers: answers.as_ref().map(|answers| answers::kept(&request, answers)),
        };
        if self.ended.len() == REMEMBERED {
            self.ended.pop_front();
        }
        self.ended.push_back(record.clone());
        Some(Decided { request, record, answers })
    }
}

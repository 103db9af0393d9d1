//! The questions of a session: each is put on the desk, decided once, and answered in turn. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::agent::{AgentAnswer, Ask, RequestKey};
use super::request;
use crate::approval::{DecideError, Decided, Desk, Policy, Verdict};
use crate::event::{
    DecidedBy, Decision, FileChange, PermissionDecision, PermissionRequest, RequestKind, Timestamp, ToolCall,
};
use crate::ids::{ApprovalId, TurnId};

/// How a session's questions are dealt with.
#[derive(Clone, Debug)]
pub struct QuestionOptions {
    /// How long one stays open.
    pub deadline: Duration,
    /// What decides before anybody is asked, and who may.
    pub policy: Arc<Policy>,
    /// Makes the names of requests.
    pub mint: fn() -> ApprovalId,
}

/// A question that ended: what is recorded, and what codex must hear of it.
#[derive(Debug)]
pub(super) struct Ended {
    pub turn: Option<TurnId>,
    pub record: PermissionDecision,
    /// The answer, unless codex itself has ended it.
    pub answer: Option<(RequestKey, AgentAnswer)>,
    /// The decision ends the turn. codex's own answer does so for commands and changes of files only, and
    /// then leaves the commands of the turn running.
    pub interrupts: bool,
}

/// From whom a question came, to answer it.
#[derive(Debug)]
struct Sender {
    key: RequestKey,
    turn: Option<TurnId>,
}

/// The open questions.
#[derive(Debug)]
pub(super) struct Questions {
    options: QuestionOptions,
    desk: Desk,
    senders: BTreeMap<ApprovalId, Sender>,
    /// Changes that codex proposed in the running turn, by item: a request for them names only that.
    proposed: BTreeMap<String, Vec<FileChange>>,
}

impl Questions {
    pub fn new(options: QuestionOptions) -> Self {
        Self { options, desk: Desk::default(), senders: BTreeMap::new(), proposed: BTreeMap::new() }
    }

    /// Whether none is open.
    pub fn is_empty(&self) -> bool {
        self.senders.is_empty()
    }

    /// Keeps what a tool is about to change.
    pub fn propose(&mut self, call: &ToolCall) {
        if !call.changes.is_empty() {
            self.proposed.insert(call.item_id.clone(), call.changes.clone());
        }
    }

    /// A turn begins or ends: what was proposed in the one before is of no use.
    pub fn forget_proposed(&mut self) {
        self.proposed.clear();
    }

    /// codex asks: the request to record, and its end where a rule decides at once.
    pub fn ask(
        &mut self,
        key: RequestKey,
        turn: Option<TurnId>,
        mut ask: Ask,
        now: Timestamp,
    ) -> (PermissionRequest, Option<Ended>) {
        let id = (self.options.mint)();
        if let Some(item) = ask.item_id.as_ref().filter(|_| ask.subject.changes.is_empty()) {
            ask.subject.changes = self.proposed.get(item).cloned().unwrap_or_default();
        }
        let request = request::open(id.clone(), ask, now.after(self.options.deadline));
        self.desk.open(request.clone());
        self.senders.insert(id.clone(), Sender { key, turn });
        let verdict = match request.kind {
            RequestKind::Other => Some(unknown()),
            _ => self.options.policy.decide(&request),
        };
        let ended = verdict.and_then(|verdict| match self.desk.decide(&id, verdict) {
            Ok(decided) => Some(self.ended(decided)),
            // A rule that wants what this request does not take: somebody is asked.
            Err(_) => None,
        });
        (request, ended)
    }

    /// Somebody answers.
    pub fn decide(&mut self, id: &ApprovalId, verdict: Verdict) -> Result<Ended, DecideError> {
        if self.desk.get(id).is_some() {
            self.options.policy.allows(&verdict)?;
        }
        self.desk.decide(id, verdict).map(|decided| self.ended(decided))
    }

    /// A person closed a dialog without a decision.
    pub fn dismiss(&mut self, id: &ApprovalId) {
        self.desk.dismiss(id);
    }

    /// Those of which that holds, and that are open still.
    pub fn dismissed(&self) -> &BTreeSet<ApprovalId> {
        self.desk.dismissed()
    }

    /// Ends all that are open.
    pub fn close(&mut self, verdict: &Verdict) -> Vec<Ended> {
        let open = self.desk.waiting();
        open.iter().filter_map(|id| self.withdraw(id, verdict.clone())).collect()
    }

    /// codex holds a question for answered.
    pub fn resolved(&mut self, key: &RequestKey) -> Option<Ended> {
        let id = self.senders.iter().find(|(_, sender)| sender.key == *key).map(|(id, _)| id.clone());
        let verdict = Verdict::own(Decision::Cancel, DecidedBy::Codex, "codex withdrew the question");
        self.withdraw(&id?, verdict)
    }

    /// Declines those whose time is over.
    pub fn expire(&mut self, now: Timestamp) -> Vec<Ended> {
        let verdict = Verdict::own(Decision::Decline, DecidedBy::Deadline, "nobody answered in time");
        let late = self.desk.expired(now);
        late.iter().filter_map(|id| self.withdraw(id, verdict.clone())).collect()
    }

    /// When the next one expires.
    pub fn next_expiry(&self) -> Option<Timestamp> {
        self.desk.next_expiry()
    }

    fn withdraw(&mut self, id: &ApprovalId, verdict: Verdict) -> Option<Ended> {
        let decided = self.desk.withdraw(id, verdict)?;
        Some(self.ended(decided))
    }

    fn ended(&mut self, decided: Decided) -> Ended {
        let Decided { request, record, answers } = decided;
        let sender = self.senders.remove(&request.approval_id);
        let turn = sender.as_ref().and_then(|sender| sender.turn.clone());
        let answer =
            AgentAnswer { decision: record.decision, answers, note: request::note(&request, &record) };
        let told = record.by != DecidedBy::Codex;
        Ended {
            turn,
            interrupts: told && record.decision == Decision::Cancel,
            answer: sender.filter(|_| told).map(|sender| (sender.key, answer)),
            record,
        }
    }
}

/// What becomes of a question of a kind that this bridge does not know.
fn unknown() -> Verdict {
    Verdict {
        way: Some("built-in".into()),
        ..Verdict::own(
            Decision::Decline,
            DecidedBy::Rule,
            "this version of codex-bridge does not know this kind of question",
        )
    }
}

#[cfg(test)]
mod tests;

//! What is decided without asking anybody, and what an agent may decide. Pure.

use super::matching::{Match, Resolve};
use super::rules::{Rule, RuleAction};
use super::verdict::{DecideError, Verdict};
use crate::event::{DecidedBy, Decision, PermissionRequest};

/// Who is asked (`approvals.route`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Route {
    /// Rules, the host's person, the agent, a terminal, until somebody answers.
    #[default]
    Auto,
    /// Never the agent.
    Human,
    /// Never a dialog.
    Agent,
    /// Nobody: what no rule approves is declined.
    Rules,
}

/// What decides before anybody is asked, and who may be asked.
#[derive(Clone, Debug)]
pub struct Policy {
    /// In order: the first that matches decides.
    pub rules: Vec<Rule>,
    /// Who is asked where no rule decides.
    pub route: Route,
    /// What an agent may decide (`approvals.agent`).
    pub agent: Vec<Decision>,
    /// Follows the links of paths, for rules that have one.
    pub resolve: Resolve,
}

/// What becomes of a request, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// Each rule that was looked at, in order: the last is the one that matches, if one does.
    pub tried: Vec<Match>,
    /// What is decided; `None`: somebody is asked.
    pub verdict: Option<Verdict>,
}

impl Default for Policy {
    /// No rules, and nothing known of paths; an agent may do all but make permanent rules.
    fn default() -> Self {
        Self {
            rules: Vec::new(),
            route: Route::Auto,
            agent: Decision::NOT_PERMANENT.to_vec(),
            resolve: |_| None,
        }
    }
}

impl Policy {
    /// What becomes of a request without asking; `None`: somebody is asked.
    #[must_use]
    pub fn decide(&self, request: &PermissionRequest) -> Option<Verdict> {
        self.explain(request).verdict
    }

    /// What becomes of a request without asking, and which rules were looked at for it.
    #[must_use]
    pub fn explain(&self, request: &PermissionRequest) -> Explanation {
        let mut tried = Vec::new();
        for rule in &self.rules {
            tried.push(rule.matches(request, self.resolve));
            if tried.last() == Some(&Match::Yes) {
                let verdict = self.by_rule(tried.len(), rule);
                return Explanation { tried, verdict };
            }
        }
        Explanation { tried, verdict: self.by_route("no rule approves it") }
    }

    fn by_rule(&self, number: usize, rule: &Rule) -> Option<Verdict> {
        let decision = match rule.action {
            RuleAction::Approve => Decision::Approve,
            RuleAction::Decline => Decision::Decline,
            RuleAction::Ask => {
                return self.by_route(&format!("rule {number} ({rule}) would have somebody asked"));
            }
        };
        Some(Verdict {
            rule: Some(rule.title()),
            reason: Some(format!("rule {number} of the settings, {rule}")),
            ..Verdict::of(decision, DecidedBy::Rule, "approvals.rules")
        })
    }

    /// What is not decided by a rule, and why not.
    fn by_route(&self, why: &str) -> Option<Verdict> {
        (self.route == Route::Rules).then(|| Verdict {
            reason: Some(format!("{why}, and `approvals.route` is `rules`: nobody is asked")),
            ..Verdict::of(Decision::Decline, DecidedBy::Rule, "approvals.route")
        })
    }

    /// Whether somebody may give this answer.
    ///
    /// # Errors
    /// When an agent decides what is a person's.
    pub fn allows(&self, verdict: &Verdict) -> Result<(), DecideError> {
        if verdict.by != DecidedBy::Agent {
            return Ok(());
        }
        let why = match self.route {
            Route::Human => {
                "`approvals.route` is `human`; a person decides, in the host's dialog or with `codex-bridge approve`"
                    .to_owned()
            }
            Route::Rules => "`approvals.route` is `rules`; only rules decide".to_owned(),
            Route::Auto | Route::Agent if self.agent.contains(&verdict.decision) => return Ok(()),
            Route::Auto | Route::Agent => {
                let may: Vec<_> = self.agent.iter().map(|d| format!("`{}`", d.name())).collect();
                let may = if may.is_empty() { "nothing".to_owned() } else { may.join(", ") };
                format!(
                    "`approvals.agent` lists {may}; a person can, in the host's dialog or with `codex-bridge approve`"
                )
            }
        };
        Err(DecideError::NotAllowed { asked: verdict.decision, why })
    }
}

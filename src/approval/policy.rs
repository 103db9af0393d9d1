//! What is decided without asking anybody, and what an agent may decide. Pure.

use super::rules::Rule;
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
}

impl Default for Policy {
    /// No rules; an agent may do all but make permanent rules.
    fn default() -> Self {
        let agent = [
            Decision::Approve,
            Decision::ApproveForSession,
            Decision::Decline,
            Decision::Cancel,
            Decision::Answer,
        ];
        Self { rules: Vec::new(), route: Route::Auto, agent: agent.to_vec() }
    }
}

impl Policy {
    /// What becomes of a request without asking; `None`: somebody is asked.
    #[must_use]
    pub fn decide(&self, request: &PermissionRequest) -> Option<Verdict> {
        let _ = request;
        None
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
                format!(
                    "`approvals.agent` lists {}; a person can, in the host's dialog or with `codex-bridge approve`",
                    may.join(", ")
                )
            }
        };
        Err(DecideError::NotAllowed { asked: verdict.decision, why })
    }
}

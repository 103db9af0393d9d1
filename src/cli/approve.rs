//! `approve` and `cancel`: what stands on the command line.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::app::Errand;
use crate::event::Decision;

const DECISIONS: [Decision; 6] = [
    Decision::Approve,
    Decision::ApproveForSession,
    Decision::ApproveAlways,
    Decision::Decline,
    Decision::Cancel,
    Decision::Answer,
];

/// What `approve` takes.
#[derive(Debug, Args)]
pub struct ApproveArgs {
    /// The request; without one, list the open ones.
    id: Option<String>,
    /// The decision; without one, show the request, and ask where there is a terminal.
    #[arg(value_parser = decisions())]
    decision: Option<Decision>,
    /// Why; codex is told with a decline.
    #[arg(long, value_name = "TEXT", requires = "decision")]
    reason: Option<String>,
    /// The answers to a form or to questions, or the permissions that are granted; `-`: on stdin.
    #[arg(long, value_name = "JSON", requires = "decision")]
    answers: Option<String>,
}

impl ApproveArgs {
    /// What it comes to.
    #[must_use]
    pub fn into_errand(self) -> Errand {
        let Self { id, decision, reason, answers } = self;
        match (id, decision) {
            (None, _) => Errand::List,
            (Some(id), None) => Errand::Show { id },
            (Some(id), Some(decision)) => Errand::Decide { id, decision, reason, answers },
        }
    }
}

fn decisions() -> impl TypedValueParser<Value = Decision> {
    let known = PossibleValuesParser::new(DECISIONS.map(Decision::name));
    known.try_map(|name| {
        let found = DECISIONS.into_iter().find(|decision| decision.name() == name);
        found.ok_or("no such decision")
    })
}

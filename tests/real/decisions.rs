//! Every kind of question × every way to answer it × every outcome, against the real codex: what is
//! recorded, and what codex itself made of it.
//!
//! Cells that there are not, and why, stand in [`missing`].

mod kinds;
mod ways;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use kinds::{KINDS, Kind};
use ways::{Asked, Way};

use super::Stage;
use crate::common::Host;

/// How a question ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    Approve,
    Decline,
    Cancel,
    NoAnswer,
}

const OUTCOMES: [Outcome; 4] = [Outcome::Approve, Outcome::Decline, Outcome::Cancel, Outcome::NoAnswer];

/// Why a cell does not exist.
fn missing(kind: &Kind, way: Way, outcome: Outcome) -> Option<&'static str> {
    let fills_in = matches!(kind.name, "mcp_form" | "mcp_url" | "user_input");
    match (way, outcome) {
        (Way::Rules, Outcome::Cancel) => Some("a rule approves, declines or asks"),
        (Way::Rules, Outcome::Approve) if fills_in => Some("a rule has no answers"),
        (Way::Dialog | Way::Retry | Way::Task, Outcome::Cancel) if fills_in => Some(
            "the form is the server's own: to close it is no decision, and ending the turn is no field of it",
        ),
        _ => None,
    }
}

/// What stands in the record, and how the turn ends.
#[derive(Debug, PartialEq)]
struct Expected {
    decision: &'static str,
    by: &'static str,
    way: Option<&'static str>,
    turn: &'static str,
    /// codex did what it asked for.
    done: bool,
}

fn expected(kind: &Kind, way: Way, outcome: Outcome) -> Expected {
    let (by, name) = way.record();
    let (decision, turn) = match outcome {
        Outcome::Approve if way.by_form() => (kind.yes_by_form, "completed"),
        Outcome::Approve => (kind.yes, "completed"),
        Outcome::Decline | Outcome::NoAnswer => ("decline", "completed"),
        // codex's own cancel ends a turn for commands and files only; for the rest an interrupt follows.
        Outcome::Cancel => ("cancel", "interrupted"),
    };
    let by = if outcome == Outcome::NoAnswer { ("deadline", None) } else { (by, Some(name)) };
    Expected { decision, by: by.0, way: by.1, turn, done: outcome == Outcome::Approve }
}

/// Runs the cells of one way, and compares each with what is expected of it.
fn cells(way: Way) {
    let stage = Stage::new();
    let mut seen = BTreeMap::new();
    for patient in [true, false] {
        let outcomes = OUTCOMES.iter().filter(|outcome| (**outcome != Outcome::NoAnswer) == patient);
        for outcome in outcomes {
            let mut host = way.host(&stage, *outcome);
            let exist = KINDS.iter().filter(|kind| missing(kind, way, *outcome).is_none());
            // All are asked before the first is answered, so that those that nobody answers wait together.
            let asked: Vec<(&Kind, Asked)> =
                exist.map(|kind| (kind, way.ask(&mut host, kind, *outcome))).collect();
            for (kind, asked) in asked {
                let thread = way.answer(&mut host, &stage, kind, *outcome, asked);
                let got = observed(&mut host, &stage, kind, *outcome, &thread);
                seen.insert((kind.name, *outcome), got);
            }
        }
    }
    for kind in KINDS {
        for outcome in OUTCOMES {
            let cell = format!("{} × {way:?} × {outcome:?}", kind.name);
            match (missing(kind, way, outcome), seen.get(&(kind.name, outcome))) {
                (None, Some(got)) => got.is_as(&expected(kind, way, outcome), &cell),
                (Some(_), None) => {}
                (why, got) => panic!("{cell}: missing: {why:?}, seen: {got:?}"),
            }
        }
    }
}

/// What was seen of a cell.
#[derive(Debug)]
struct Observed {
    decision: Value,
    turn: Value,
    done: bool,
    all: Vec<Value>,
}

impl Observed {
    fn is_as(&self, wanted: &Expected, cell: &str) {
        let text = |name: &str| self.decision[name].as_str();
        let way = text("way");
        assert_eq!(
            (text("decision"), text("by"), way, self.turn.as_str(), self.done),
            (Some(wanted.decision), Some(wanted.by), wanted.way, Some(wanted.turn), wanted.done),
            "{cell}: {:#?}",
            self.all
        );
    }
}

/// Waits for the turn's end, and reads what there is of it.
fn observed(host: &mut Host, stage: &Stage, kind: &Kind, outcome: Outcome, thread: &Value) -> Observed {
    let page = json!({ "threadId": thread, "types": ["turn_finished"], "wait": 60 });
    let ended = host.structured("codex-events", page);
    let all = host.events(thread);
    let decided: Vec<_> =
        all.iter().filter(|e| e["type"] == "permission_decision" && kind.is_about(e, &all)).collect();
    assert_eq!(decided.len(), 1, "{}: {all:#?}", kind.name);
    Observed {
        decision: decided[0].clone(),
        turn: ended["events"][0]["status"].clone(),
        done: (kind.done)(stage, &kind.file(outcome), &all),
        all,
    }
}

#[test]
fn by_rules() {
    cells(Way::Rules);
}

#[test]
fn by_dialog() {
    cells(Way::Dialog);
}

#[test]
fn by_retry() {
    cells(Way::Retry);
}

#[test]
fn by_task() {
    cells(Way::Task);
}

#[test]
fn by_tool() {
    cells(Way::Tool);
}

#[test]
fn by_terminal() {
    cells(Way::Terminal);
}

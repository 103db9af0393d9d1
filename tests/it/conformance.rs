//! MCP's own conformance suite (pinned in `tests/node`): its scenarios of tasks and of rounds against
//! fixtures over our code, and all others against the bridge itself, in both revisions.

mod expected;
mod suite;

use std::collections::BTreeSet;

use expected::{BRIDGE, EXCEPT, FIXTURE, MISSING};
pub use suite::node;
use suite::{Report, Wrong};

#[test]
fn tasks_and_rounds_pass() {
    let report = suite::fixture();
    let ours = |name: &&str| name.starts_with("tasks-") || name.starts_with("input-required-result-");
    let ran: BTreeSet<_> = report.scenarios().filter(ours).collect();
    assert_eq!(ran, FIXTURE.iter().copied().collect(), "the suite's scenarios of tasks and rounds");
    nothing_wrong(&report, FIXTURE.iter().copied());
}

#[test]
fn the_bridge_passes_in_2026_07_28() {
    bridge("2026-07-28");
}

#[test]
fn the_bridge_passes_in_2025_11_25() {
    bridge("2025-11-25");
}

fn bridge(revision: &'static str) {
    let report = suite::bridge(revision);
    let ours = BRIDGE.iter().filter(|(_, revisions)| revisions.contains(&revision)).map(|(name, _)| *name);
    nothing_wrong(&report, ours.clone());
    let missing: BTreeSet<_> = MISSING.iter().flat_map(|(_, names)| *names).copied().collect();
    for (scenario, wrongs) in &report.wrongs {
        let listed = missing.contains(scenario.as_str()) || ours.clone().any(|name| name == scenario);
        assert!(listed, "`{scenario}` is in no list of `expected`, in {revision}:\n{wrongs:#?}");
        if missing.contains(scenario.as_str()) {
            assert!(!wrongs.is_empty(), "`{scenario}` passes now: list it in `BRIDGE`");
        }
        // Whatever is missing, what was said had the form of the revision.
        assert!(!wrongs.iter().any(|wrong| wrong.check == "wire-schema-valid"), "{scenario}: {wrongs:#?}");
    }
}

/// These ran, and no check of theirs failed or warned but those that are excepted, which did.
fn nothing_wrong<'a>(report: &Report, scenarios: impl Iterator<Item = &'a str>) {
    for scenario in scenarios {
        let wrongs = report.wrongs.get(scenario).unwrap_or_else(|| panic!("`{scenario}` did not run"));
        let excepted = |wrong: &Wrong| EXCEPT.iter().any(|(s, c, _)| *s == scenario && *c == wrong.check);
        let unexpected: Vec<_> = wrongs.iter().filter(|wrong| !excepted(wrong)).collect();
        assert!(unexpected.is_empty(), "{scenario}: {unexpected:#?}\n\n{}", report.said);
        for (_, check, _) in EXCEPT.iter().filter(|(s, ..)| *s == scenario) {
            let still = wrongs.iter().any(|wrong| wrong.check == *check);
            assert!(still, "`{check}` of `{scenario}` passes now: take it out of `EXCEPT`");
        }
    }
}

//! Questions that come under an id that is in use.

use crate::approval::Verdict;
use crate::event::{Body, DecidedBy, Decision, RequestKind, Subject, Timestamp};
use crate::ids::{ApprovalId, Generation};
use crate::session::state::tests::state;
use crate::session::*;

const NOW: Timestamp = Timestamp(1);

fn key_of_all() -> RequestKey {
    RequestKey { generation: Generation(1), id: "0".into() }
}

fn asked(command: &str) -> Input {
    let subject = Subject { command: Some(command.into()), ..Subject::default() };
    let (kind, options) = (RequestKind::Command, vec![Decision::Approve]);
    let ask = Box::new(Ask { kind, options, item_id: None, subject });
    Input::Agent(AgentEvent::Asked { key: key_of_all(), turn: None, ask })
}

/// What was approved, by the request's summary, and how many answers codex gets.
fn approve(state: &mut State, id: &ApprovalId) -> (bool, usize) {
    let verdict = Verdict::of(Decision::Approve, DecidedBy::Person, "elicitation");
    let out = state.apply(Input::Decide(CallId(1), id.clone(), verdict), NOW);
    (matches!(out.replies[..], [(_, Reply::Decided(_))]), out.acts.len())
}

#[test]
fn an_answer_counts_for_no_other_question_of_the_same_id() {
    let mut state = state();
    let requests = ["touch x", "rm -r x"].map(|command| state.apply(asked(command), NOW));
    let ids = requests.iter().flat_map(|out| &out.events).filter_map(|event| match &event.body {
        Body::PermissionRequest(request) => Some(request.approval_id.clone()),
        _ => None,
    });
    let [first, second] = ids.collect::<Vec<_>>().try_into().unwrap();
    let kinds: Vec<_> = requests[1].events.iter().map(|event| event.body.kind()).collect();
    assert_eq!(
        kinds,
        ["permission_decision", "permission_request"],
        "the first ends before the second begins"
    );
    assert!(requests[1].acts.is_empty(), "its own answer it has got already");
    assert_eq!(approve(&mut state, &first), (false, 0));
    assert_eq!(approve(&mut state, &second), (true, 1));
}

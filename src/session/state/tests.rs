//! A session is let go only where nobody waits for an answer of it.

use std::sync::Arc;
use std::time::Duration;

use crate::approval::Policy;
use crate::event::{SessionInfo, Timestamp, TurnStatus};
use crate::ids::{ApprovalId, Generation, Seq, ThreadId};
use crate::session::*;

const NOW: Timestamp = Timestamp(1);

/// A session that was just opened.
pub(in crate::session) fn state() -> State {
    let opened = Opened {
        thread: ThreadId::from("t"),
        info: SessionInfo::default(),
        generation: Generation(1),
        sandbox_policy: None,
        missed: Missed::default(),
    };
    let (deadline, policy) = (Duration::from_secs(900), Arc::new(Policy::default()));
    let questions = QuestionOptions { deadline, policy, mint: ApprovalId::fresh };
    State::new(opened, Seq::ZERO, questions, Duration::MAX)
}

#[test]
fn a_prompt_that_codex_was_given_keeps_the_session() {
    let mut state = state();
    let mut apply = |input| state.apply(input, NOW);
    apply(Input::Agent(AgentEvent::TurnStarted("u".into())));
    let given = apply(Input::Run(CallId(1), TurnParams::default(), WhenBusy::Steer));
    assert!(matches!(given.acts[..], [Act::Steer(CallId(1), ..)]));
    let (status, error, duration_ms) = (TurnStatus::Completed, None, None);
    apply(Input::Agent(AgentEvent::TurnEnded { turn: "u".into(), status, error, duration_ms }));
    let kept = apply(Input::Release(CallId(2)));
    assert_eq!(kept.replies, [(CallId(2), Reply::Busy(None))]);
    let error = AgentError(crate::session::ends::host_gone());
    let result = Err(SteerError::Other(error.clone()));
    let answered = apply(Input::Agent(AgentEvent::Steered { call: CallId(1), turn: "u".into(), result }));
    assert_eq!(answered.replies, [(CallId(1), Reply::Refused(error))]);
    assert_eq!(apply(Input::Release(CallId(3))).replies, [(CallId(3), Reply::Released)]);
}

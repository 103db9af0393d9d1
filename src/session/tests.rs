//! The state machine, thousands of times: whatever codex and callers do in whatever order, numbers
//! have no gap, questions end once, turns begin and end once, and callers get one answer each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::approval::{Policy, Verdict};
use crate::event::*;
use crate::ids::{ApprovalId, Generation, Seq, ThreadId, TurnId};

fn mint() -> ApprovalId {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    ApprovalId::from(format!("apr_{}", NEXT.fetch_add(1, Ordering::Relaxed)))
}

fn opened() -> Opened {
    Opened {
        thread: ThreadId::from("t"),
        info: SessionInfo::default(),
        generation: Generation(1),
        sandbox_policy: None,
        missed: Missed::default(),
    }
}

fn state() -> State {
    let policy = Arc::new(Policy::default());
    let questions = QuestionOptions { deadline: Duration::from_secs(900), policy, mint };
    State::new(opened(), Seq::ZERO, questions, Duration::MAX)
}

fn ask(kind: RequestKind) -> Box<Ask> {
    Box::new(Ask {
        kind,
        options: vec![Decision::Approve, Decision::ApproveForSession],
        item_id: Some("call_1".into()),
        subject: Subject { command: Some("touch x".into()), ..Subject::default() },
    })
}

fn key(id: u8) -> RequestKey {
    RequestKey { generation: Generation(1), id: id.to_string() }
}

fn verdict(decision: Decision) -> Verdict {
    Verdict::of(decision, DecidedBy::Agent, "test")
}

fn answer(decision: Decision) -> AgentAnswer {
    AgentAnswer { decision, answers: None, note: None }
}

fn accepted(start: u64, turn: &TurnId) -> AgentEvent {
    AgentEvent::TurnAccepted { start: CallId(start), generation: Generation(1), turn: turn.clone() }
}

fn lost(generation: u64) -> AgentEvent {
    let (code, message) = ("codex_lost".into(), String::new());
    let error = ErrorInfo { code, message, remedy: None, retryable: true };
    AgentEvent::Lost { generation: Generation(generation), error }
}

fn refused(start: u64) -> AgentEvent {
    let (code, message) = ("x".into(), String::new());
    let error = AgentError(ErrorInfo { code, message, remedy: None, retryable: false });
    AgentEvent::TurnRefused { start: CallId(start), error }
}

fn kinds(effects: &Effects) -> Vec<&'static str> {
    effects.events.iter().map(|e| e.body.kind()).collect()
}

#[test]
fn a_turn_with_an_approval_from_beginning_to_end() {
    let (mut s, now) = (state(), Timestamp(1));
    assert_eq!(kinds(&s.open(now)), ["session_started"]);
    let run = s.apply(Input::Run(CallId(1), TurnParams::default(), WhenBusy::Reject), now);
    assert_eq!(run.acts, [Act::Run(CallId(1), TurnParams::default())]);
    let turn = TurnId::from("u1");
    let begun = s.apply(Input::Agent(AgentEvent::TurnStarted(turn.clone())), now);
    assert_eq!(kinds(&begun), ["turn_started"]);
    assert_eq!(begun.replies, [(CallId(1), Reply::Begun(turn.clone(), How::Begun))]);
    let accepted = s.apply(Input::Agent(accepted(1, &turn)), now);
    assert_eq!(accepted, Effects::default(), "codex says it twice; only the first counts");
    let asked = s.apply(
        Input::Agent(AgentEvent::Asked {
            key: key(0),
            turn: Some(turn.clone()),
            ask: ask(RequestKind::Command),
        }),
        now,
    );
    assert_eq!(kinds(&asked), ["permission_request"]);
    let Body::PermissionRequest(request) = &asked.events[0].body else { panic!() };
    let decided =
        s.apply(Input::Decide(CallId(2), request.approval_id.clone(), verdict(Decision::Approve)), now);
    assert_eq!(kinds(&decided), ["permission_decision"]);
    assert_eq!(decided.acts, [Act::Answer(key(0), answer(Decision::Approve))]);
    let again =
        s.apply(Input::Decide(CallId(3), request.approval_id.clone(), verdict(Decision::Decline)), now);
    assert!(matches!(again.replies[..], [(CallId(3), Reply::Undecided(_))]));
    assert!(again.acts.is_empty() && again.events.is_empty());
    let ended = AgentEvent::TurnEnded { turn, status: TurnStatus::Completed, error: None, duration_ms: None };
    assert_eq!(kinds(&s.apply(Input::Agent(ended.clone()), now)), ["turn_finished"]);
    assert_eq!(s.apply(Input::Agent(ended), now), Effects::default(), "a second end is nothing");
}

#[test]
fn the_deadline_declines_and_the_turn_goes_on() {
    let mut s = state();
    s.apply(Input::Run(CallId(1), TurnParams::default(), WhenBusy::Reject), Timestamp(0));
    s.apply(Input::Agent(AgentEvent::TurnStarted("u".into())), Timestamp(0));
    let event = AgentEvent::Asked { key: key(7), turn: None, ask: ask(RequestKind::FileChange) };
    s.apply(Input::Agent(event), Timestamp(0));
    assert_eq!(s.next_tick(), Some(Timestamp(900_000)));
    assert_eq!(s.apply(Input::Tick, Timestamp(899_999)), Effects::default());
    let late = s.apply(Input::Tick, Timestamp(900_000));
    let [Act::Answer(to, answer)] = &late.acts[..] else { panic!("{late:?}") };
    assert_eq!((to, answer.decision), (&key(7), Decision::Decline));
    assert!(answer.note.as_ref().unwrap().contains("nobody answered in time"), "codex hears why: {answer:?}");
    let Body::PermissionDecision(decision) = &late.events[0].body else { panic!() };
    assert_eq!(decision.by, DecidedBy::Deadline);
    assert!(s.running().is_some());
}

#[test]
fn a_kind_that_no_host_is_asked_for_is_declined_and_recorded() {
    let mut s = state();
    let event = AgentEvent::Asked { key: key(1), turn: None, ask: ask(RequestKind::Other) };
    let out = s.apply(Input::Agent(event), Timestamp(0));
    assert_eq!(kinds(&out), ["permission_request", "permission_decision"]);
    let [Act::Answer(to, answer)] = &out.acts[..] else { panic!("{out:?}") };
    assert_eq!((to, answer.decision), (&key(1), Decision::Decline));
}

#[test]
fn text_is_put_together_and_comes_before_what_followed_it() {
    let mut s = state();
    let piece = |text: &str| {
        let body = Body::AssistantDelta { item_id: "m".into(), text: text.into() };
        Input::Agent(AgentEvent::Said { turn: None, body })
    };
    assert!(s.apply(piece("a"), Timestamp(0)).events.is_empty());
    assert!(s.apply(piece("b"), Timestamp(10)).events.is_empty());
    assert_eq!(s.next_tick(), Some(Timestamp(50)));
    let body = Body::AssistantMessage { item_id: "m".into(), text: "ab".into() };
    let out = s.apply(Input::Agent(AgentEvent::Said { turn: None, body }), Timestamp(20));
    assert_eq!(kinds(&out), ["assistant_delta", "assistant_message"]);
    assert_eq!(out.events[0].body, Body::AssistantDelta { item_id: "m".into(), text: "ab".into() });
}

#[test]
fn usage_is_counted_once() {
    let mut s = state();
    let tokens = |n| Tokens { input: n, ..Tokens::default() };
    let used = |total, last| {
        let (total, last) = (tokens(total), tokens(last));
        Input::Agent(AgentEvent::Used(Used { turn: Some("u".into()), total, last, context: 0, window: None }))
    };
    s.apply(Input::Run(CallId(1), TurnParams::default(), WhenBusy::Reject), Timestamp(0));
    s.apply(Input::Agent(AgentEvent::TurnStarted("u".into())), Timestamp(0));
    s.apply(used(1000, 100), Timestamp(0));
    let out = s.apply(used(1100, 100), Timestamp(0));
    let repeated = s.apply(used(1100, 100), Timestamp(0));
    for effects in [out, repeated] {
        let Body::Usage { turn, thread, .. } = effects.events[0].body else { panic!() };
        assert_eq!((turn.input, thread.input), (200, 1100));
    }
}

#[test]
fn what_a_killed_bridge_left_open_is_ended_by_the_next() {
    let mut s = state();
    let mut events = s.open(Timestamp(0)).events;
    events
        .extend(s.apply(Input::Run(CallId(1), TurnParams::default(), WhenBusy::Reject), Timestamp(0)).events);
    events.extend(s.apply(Input::Agent(AgentEvent::TurnStarted("u".into())), Timestamp(0)).events);
    let event = AgentEvent::Asked { key: key(1), turn: Some("u".into()), ask: ask(RequestKind::Command) };
    events.extend(s.apply(Input::Agent(event), Timestamp(0)).events);
    let mut view = View::new(ThreadId::from("t"));
    events.iter().for_each(|e| view.apply(e));
    assert_eq!(view.status, Status::NeedsDecision);
    let rest = recover(&view, view.next, false, Vec::new(), Timestamp(9));
    rest.iter().for_each(|e| view.apply(e));
    assert_eq!(view.status, Status::Ended(TurnStatus::Interrupted));
    assert_eq!(view.error.as_ref().map(|e| e.code.as_str()), Some("host_gone"));
    assert_eq!(view.next, Seq(6));
    assert!(recover(&view, view.next, false, Vec::new(), Timestamp(9)).is_empty(), "nothing is ended twice");
}

/// After a power cut it is said first, with a number behind all that were given; also where nothing was open.
#[test]
fn what_was_lost_with_the_machine_is_said() {
    let mut s = state();
    let mut events = s.open(Timestamp(0)).events;
    let mut view = View::new(ThreadId::from("t"));
    events.iter().for_each(|e| view.apply(e));
    let rest = recover(&view, Seq(1001), true, Vec::new(), Timestamp(9));
    assert_eq!(rest.iter().map(|e| e.seq.0).collect::<Vec<_>>(), [1002]);
    let Body::Warning { message, .. } = &rest[0].body else { panic!("{rest:?}") };
    assert!(message.contains("after event 1 ") && message.contains("after 1001"), "{message}");

    s.apply(Input::Run(CallId(1), TurnParams::default(), WhenBusy::Reject), Timestamp(0));
    events = s.apply(Input::Agent(AgentEvent::TurnStarted("u".into())), Timestamp(0)).events;
    events.iter().for_each(|e| view.apply(e));
    let rest = recover(&view, Seq(1001), true, Vec::new(), Timestamp(9));
    let kinds: Vec<_> = rest.iter().map(|e| (e.seq.0, e.body.kind())).collect();
    assert_eq!(kinds, [(1002, "warning"), (1003, "turn_finished"), (1004, "session_finished")]);
    assert_eq!((&rest[0].turn_id, &rest[1].turn_id), (&None, &Some("u".into())));
}

#[test]
fn an_answer_to_an_older_start_is_nothing() {
    let (mut s, now) = (state(), Timestamp(0));
    s.apply(Input::Run(CallId(1), TurnParams::default(), WhenBusy::Reject), now);
    assert_eq!(s.apply(Input::Agent(refused(1)), now).replies.len(), 1);
    s.apply(Input::Run(CallId(2), TurnParams::default(), WhenBusy::Reject), now);
    assert_eq!(s.apply(Input::Agent(refused(1)), now), Effects::default());
    assert_eq!(s.apply(Input::Agent(lost(1)), now), Effects::default(), "the start has its own answer");
    let begun = s.apply(Input::Agent(AgentEvent::TurnStarted("u".into())), now);
    assert_eq!(begun.replies, [(CallId(2), Reply::Begun("u".into(), How::Begun))]);
}

#[test]
fn a_turn_that_is_accepted_by_a_codex_that_is_gone_ends_with_it() {
    let (mut s, now) = (state(), Timestamp(0));
    s.apply(Input::Run(CallId(1), TurnParams::default(), WhenBusy::Reject), now);
    s.apply(Input::Agent(lost(1)), now);
    let out = s.apply(Input::Agent(accepted(1, &"u".into())), now);
    assert_eq!(kinds(&out), ["turn_started", "turn_finished"]);
    assert!(s.running().is_none());
}

#[test]
fn a_question_outside_a_turn_leaves_the_session_at_rest() {
    let (mut s, now) = (state(), Timestamp(0));
    let mut view = View::new(ThreadId::from("t"));
    let event = AgentEvent::Asked { key: key(1), turn: None, ask: ask(RequestKind::McpForm) };
    for event in s.open(now).events.iter().chain(&s.apply(Input::Agent(event), now).events) {
        view.apply(event);
        assert!(!view.busy(), "{event:?}");
    }
}

#[test]
fn only_the_turn_that_is_meant_is_cancelled() {
    let (mut s, now) = (state(), Timestamp(0));
    s.apply(Input::Run(CallId(1), TurnParams::default(), WhenBusy::Reject), now);
    s.apply(Input::Agent(AgentEvent::TurnStarted("u".into())), now);
    let no = verdict(Decision::Cancel);
    let other = s.apply(Input::Cancel(CallId(2), Meant::Turn("old".into()), no.clone()), now);
    assert_eq!((other.acts, other.replies), (vec![], vec![(CallId(2), Reply::Turn(None))]));
    let own = s.apply(Input::Cancel(CallId(3), Meant::Turn("u".into()), no), now);
    assert_eq!(own.acts, [Act::Interrupt("u".into())]);
}

/// A call that is given up ends what it asked for, and not what another one did.
#[test]
fn only_what_a_call_asked_for_is_given_up() {
    let (mut s, now) = (state(), Timestamp(0));
    let no = verdict(Decision::Cancel);
    let give_up = |call, start| Input::Cancel(CallId(call), Meant::Start(CallId(start)), no.clone());
    s.apply(Input::Run(CallId(1), TurnParams::default(), WhenBusy::Reject), now);
    let nothing = |call| Effects { replies: vec![(CallId(call), Reply::Turn(None))], ..Effects::default() };
    assert_eq!(s.apply(give_up(3, 2), now), nothing(3), "another's is about to begin");
    s.apply(Input::Agent(AgentEvent::TurnStarted("u".into())), now);
    assert_eq!(s.apply(give_up(4, 2), now), nothing(4), "another's runs");
    assert_eq!(s.apply(give_up(5, 1), now).acts, [Act::Interrupt("u".into())]);
    s.apply(Input::Agent(AgentEvent::TurnStarted("v".into())), now);
    assert_eq!(s.apply(give_up(6, 1), now), nothing(6), "codex began one by itself");
}

/// What was asked for and never began is the latest that there is to say of a session.
#[test]
fn a_refused_turn_is_in_the_events() {
    let (mut s, now) = (state(), Timestamp(1));
    let mut view = View::new(ThreadId::from("t"));
    let mut take = |s: &mut State, input| s.apply(input, now).events.iter().for_each(|e| view.apply(e));
    take(&mut s, Input::Run(CallId(1), TurnParams::default(), WhenBusy::Reject));
    take(&mut s, Input::Agent(AgentEvent::TurnStarted("u".into())));
    let body = Body::AssistantMessage { item_id: "m".into(), text: "one".into() };
    take(&mut s, Input::Agent(AgentEvent::Said { turn: Some("u".into()), body }));
    let (status, error, duration_ms) = (TurnStatus::Completed, None, None);
    take(&mut s, Input::Agent(AgentEvent::TurnEnded { turn: "u".into(), status, error, duration_ms }));
    take(&mut s, Input::Run(CallId(2), TurnParams::default(), WhenBusy::Reject));
    take(&mut s, Input::Agent(refused(2)));
    assert_eq!((view.status, view.content.as_str()), (Status::Ended(TurnStatus::Failed), ""));
    assert_eq!((view.turn, view.error.map(|e| e.code)), (None, Some("x".into())));
}

#[test]
fn after_the_shutdown_nothing_is_taken_in() {
    let (mut s, now) = (state(), Timestamp(0));
    s.apply(Input::Run(CallId(1), TurnParams::default(), WhenBusy::Reject), now);
    assert_eq!(kinds(&s.apply(Input::Shutdown, now)), ["turn_finished", "session_finished"]);
    assert_eq!(s.apply(Input::Agent(AgentEvent::TurnStarted("u".into())), now), Effects::default());
}

#[derive(Clone, Debug)]
enum Step {
    Run(u8),
    Steered(u64, u8),
    Begin(u8),
    End(u8),
    Ask(u8),
    Resolve(u8),
    Decide(u8),
    Say,
    Cancel,
    Tick,
    Lose(u64),
    Refuse(u64),
    Accept(u64, u8),
    Load(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0u8..3).prop_map(Step::Run),
        (0u64..8, 0u8..3).prop_map(|(call, how)| Step::Steered(call, how)),
        (0u8..4).prop_map(Step::Begin),
        (0u8..4).prop_map(Step::End),
        (0u8..6).prop_map(Step::Ask),
        (0u8..6).prop_map(Step::Resolve),
        (0u8..6).prop_map(Step::Decide),
        Just(Step::Say),
        Just(Step::Cancel),
        Just(Step::Tick),
        (0u64..3).prop_map(Step::Lose),
        (0u64..6).prop_map(Step::Refuse),
        (0u64..6, 0u8..4).prop_map(|(start, turn)| Step::Accept(start, turn)),
        (1u64..4).prop_map(Step::Load),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn whatever_happens_the_invariants_hold(steps in proptest::collection::vec(step(), 0..60)) {
        let mut s = state();
        let mut all = s.open(Timestamp(0)).events;
        let mut view = View::new(ThreadId::from("t"));
        let (mut calls, mut answers, mut now) = (0u64, BTreeMap::new(), 0u64);
        let mut asked: Vec<ApprovalId> = Vec::new();
        let mut used_keys = BTreeSet::new();
        let mut answered_keys = BTreeSet::new();
        for step in steps {
            now += 30_000;
            let turn = |n: u8| TurnId::from(format!("u{n}"));
            let input = match step {
                Step::Run(when) => {
                    calls += 1;
                    let when = [WhenBusy::Reject, WhenBusy::Steer, WhenBusy::Queue][usize::from(when)];
                    Input::Run(CallId(calls), TurnParams::default(), when)
                }
                Step::Steered(call, how) => {
                    let other = || AgentError(ErrorInfo {
                        code: "x".into(), message: String::new(), remedy: None, retryable: false });
                    let result = match how {
                        0 => Ok(()),
                        1 => Err(SteerError::Over),
                        _ => Err(SteerError::Other(other())),
                    };
                    let turn = s.running().cloned().unwrap_or_else(|| turn(0));
                    Input::Agent(AgentEvent::Steered { call: CallId(call), turn, result })
                }
                Step::Begin(n) => Input::Agent(AgentEvent::TurnStarted(turn(n))),
                Step::End(n) => Input::Agent(AgentEvent::TurnEnded {
                    turn: turn(n), status: TurnStatus::Completed, error: None, duration_ms: None }),
                Step::Ask(n) => {
                    if !used_keys.insert(n) { continue }
                    Input::Agent(AgentEvent::Asked { key: key(n), turn: None, ask: ask(RequestKind::Command) })
                }
                Step::Resolve(n) => Input::Agent(AgentEvent::Resolved(key(n))),
                Step::Decide(n) => {
                    let Some(id) = asked.get(usize::from(n)).cloned() else { continue };
                    calls += 1;
                    Input::Decide(CallId(calls), id, verdict(Decision::Approve))
                }
                Step::Say => Input::Agent(AgentEvent::Said { turn: None,
                    body: Body::AssistantDelta { item_id: "m".into(), text: "x".into() } }),
                Step::Cancel => {
                    calls += 1;
                    Input::Cancel(CallId(calls), Meant::Any, verdict(Decision::Cancel))
                }
                Step::Tick => Input::Tick,
                Step::Lose(generation) => Input::Agent(lost(generation)),
                Step::Refuse(start) => Input::Agent(refused(start)),
                Step::Accept(start, n) => Input::Agent(accepted(start, &turn(n))),
                Step::Load(generation) => Input::Agent(AgentEvent::Loaded(Opened {
                    generation: Generation(generation), ..opened() })),
            };
            let out = s.apply(input, Timestamp(now));
            for event in &out.events {
                if let Body::PermissionRequest(r) = &event.body { asked.push(r.approval_id.clone()); }
            }
            for act in &out.acts {
                if let Act::Answer(key, _) = act {
                    prop_assert!(answered_keys.insert(key.clone()), "a question is answered once");
                }
            }
            for (call, reply) in out.replies {
                prop_assert!(answers.insert(call, reply).is_none(), "a caller is answered once");
            }
            for event in &out.events {
                view.apply(event);
            }
            prop_assert_eq!(view.open(), s.running().is_some(), "the view says of the turn what the state says");
            all.extend(out.events);
        }
        let end = s.apply(Input::Shutdown, Timestamp(now + 1));
        for (call, reply) in end.replies {
            prop_assert!(answers.insert(call, reply).is_none());
        }
        all.extend(end.events);
        prop_assert_eq!(answers.len() as u64, calls, "every caller is answered");
        let (mut open, mut running) = (BTreeSet::new(), None);
        for (n, event) in all.iter().enumerate() {
            prop_assert_eq!(event.seq, Seq(n as u64 + 1), "numbers have no gap");
            match &event.body {
                Body::PermissionRequest(r) => prop_assert!(open.insert(r.approval_id.clone())),
                Body::PermissionDecision(d) => prop_assert!(open.remove(&d.approval_id), "a question ends once"),
                Body::TurnStarted { .. } => {
                    prop_assert!(running.is_none(), "a turn ends before the next begins");
                    running.clone_from(&event.turn_id);
                }
                Body::TurnFinished { .. } => {
                    prop_assert_eq!(&running, &event.turn_id, "what ends is what runs");
                    running = None;
                }
                _ => {}
            }
        }
        prop_assert!(open.is_empty(), "no question stays open");
        prop_assert!(running.is_none(), "no turn stays running");
        prop_assert_eq!(all.last().map(|e| e.body.kind()), Some("session_finished"));
    }
}

/// codex tells the same diff again and again; each would be kept for as long as the session.
#[test]
fn a_diff_that_did_not_change_is_no_event() {
    let (mut s, now) = (state(), Timestamp(1));
    let mut tell = |turn: &str, diff: &str| {
        let (turn, body) = (Some(TurnId::from(turn)), Body::Diff { diff: diff.into() });
        s.apply(Input::Agent(AgentEvent::Said { turn, body }), now).events.len()
    };
    let told =
        [("u1", "+a", 1), ("u1", "+a", 0), ("u1", "+b", 1), ("u1", "+a", 1), ("u1", "", 1), ("u1", "", 0)];
    for (turn, diff, events) in told {
        assert_eq!(tell(turn, diff), events, "{turn} {diff}");
    }
    assert_eq!((tell("u2", ""), tell("u2", "")), (1, 0), "another turn tells its own");
}

/// What waits in line gets its turn when the one before it has ended; what is added to a turn goes to codex at
/// once, and gets a turn of its own where that one had ended.
#[test]
fn prompts_wait_or_are_added() {
    let (mut s, now) = (state(), Timestamp(1));
    let say = |prompt: &str| TurnParams { prompt: prompt.into(), ..TurnParams::default() };
    let begin = |s: &mut State, turn: &str| s.apply(Input::Agent(AgentEvent::TurnStarted(turn.into())), now);
    let end = |s: &mut State, turn: &str| {
        let turn = TurnId::from(turn);
        let (status, error, duration_ms) = (TurnStatus::Completed, None, None);
        s.apply(Input::Agent(AgentEvent::TurnEnded { turn, status, error, duration_ms }), now)
    };
    s.apply(Input::Run(CallId(1), say("a"), WhenBusy::Queue), now);
    let early = s.apply(Input::Run(CallId(2), say("b"), WhenBusy::Steer), now);
    assert_eq!(early.acts, [], "there is no turn yet that it could be added to");
    s.apply(Input::Run(CallId(3), say("c"), WhenBusy::Queue), now);
    let begun = begin(&mut s, "u1");
    assert_eq!(begun.replies, [(CallId(1), Reply::Begun("u1".into(), How::Begun))]);
    assert_eq!(begun.acts, [Act::Steer(CallId(2), "u1".into(), say("b"))]);
    let over = AgentEvent::Steered { call: CallId(2), turn: "u1".into(), result: Err(SteerError::Over) };
    assert_eq!(s.apply(Input::Agent(over), now), Effects::default(), "its turn is about to end");
    let calls: Vec<_> = s.in_line().iter().map(|one| one.call).collect();
    assert_eq!(calls, [CallId(2), CallId(3)]);
    assert_eq!(end(&mut s, "u1").acts, [Act::Run(CallId(2), say("b"))]);
    assert_eq!(begin(&mut s, "u2").replies, [(CallId(2), Reply::Begun("u2".into(), How::Late))]);
    assert_eq!(end(&mut s, "u2").acts, [Act::Run(CallId(3), say("c"))]);
    assert_eq!(begin(&mut s, "u3").replies, [(CallId(3), Reply::Begun("u3".into(), How::Queued))]);

    s.apply(Input::Run(CallId(4), say("d"), WhenBusy::Queue), now);
    s.apply(Input::Run(CallId(5), say("e"), WhenBusy::Queue), now);
    let own = s.apply(Input::Cancel(CallId(6), Meant::Start(CallId(4)), verdict(Decision::Cancel)), now);
    assert!(matches!(own.replies[..], [(CallId(4), Reply::Refused(_)), (CallId(6), Reply::Turn(None))]));
    assert_eq!((kinds(&own), own.acts.len()), (vec!["warning"], 0), "the turn of another goes on");
    let all = s.apply(Input::Cancel(CallId(7), Meant::Any, verdict(Decision::Cancel)), now);
    assert!(matches!(all.replies[..], [(CallId(5), Reply::Refused(_)), (CallId(7), Reply::Turn(Some(_)))]));
    assert_eq!(all.acts, [Act::Interrupt("u3".into())]);
}

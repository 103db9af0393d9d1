//! Calls: to whom an answer goes, deadlines, overload, places, and that each call ends exactly once.

use std::pin::pin;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::super::{BadLine, CallError, Limits, RequestId};
use super::{Connection, LONG, answer, connect, connect_through, done_now, settle};

#[tokio::test(start_paused = true)]
async fn answers_reach_their_callers_in_any_order() {
    let Connection { peer, mut far, incoming: _incoming, .. } = connect(Limits::default());
    let params = json!({"n": 1});
    let first = peer.call("one", &params, LONG);
    let second = peer.call("two", &(), LONG);
    let far_side = async {
        assert_eq!(far.hears().await.unwrap(), json!({"id": 1, "method": "one", "params": {"n": 1}}));
        assert_eq!(far.hears().await.unwrap(), json!({"id": 2, "method": "two", "params": null}));
        far.says(&answer(2, &json!("second"))).await;
        far.says(&json!({"id": 1, "error": {"code": -32600, "message": "no", "data": [1]}})).await;
    };
    let (first, second, ()) = tokio::join!(first, second, far_side);
    assert_eq!(second.unwrap().get(), "\"second\"");
    let Err(CallError::Rejected(error)) = first else { panic!("not refused: {first:?}") };
    assert_eq!((error.code, error.message.as_str(), error.data), (-32600, "no", Some(json!([1]))));
}

#[tokio::test(start_paused = true)]
async fn a_missing_answer_is_a_fault_and_a_late_one_is_harmless() {
    let mut it = connect(Limits::default());
    let started = Instant::now();
    let lost = it.peer.call("lost", &(), Duration::from_secs(3)).await;
    let Err(CallError::TimedOut { method: "lost", after }) = lost else { panic!("{lost:?}") };
    assert_eq!((after, started.elapsed()), (Duration::from_secs(3), Duration::from_secs(3)));

    let id = it.far.hears_id().await;
    it.far.says(&answer(id, &json!(1))).await;
    assert_eq!(it.bad().await, BadLine::UnknownAnswer { id: RequestId::Number(id) });

    let (next, ()) = tokio::join!(it.peer.call("next", &(), LONG), async {
        let id = it.far.hears_id().await;
        it.far.says(&answer(id, &Value::Null)).await;
    });
    assert_eq!(next.unwrap().get(), "null");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_too_long_ends_its_call_at_once() {
    let mut it = connect(Limits { max_line: 100, ..Limits::default() });
    let started = Instant::now();
    let text = "x".repeat(100);
    let long = |id: Value| json!({ "id": id, "result": { "id": 0, "method": "no", "text": text } });
    let (first, second, ()) =
        tokio::join!(it.peer.call("first", &(), LONG), it.peer.call("second", &(), LONG), async {
            let (first, second) = (it.far.hears_id().await, it.far.hears_id().await);
            it.far.says(&long(json!(second))).await;
            it.far.says(&answer(first, &json!(1))).await;
        });
    assert_eq!(first.unwrap().get(), "1");
    let Err(CallError::TooLong { method: "second", bytes, limit: 100 }) = second else {
        panic!("{second:?}")
    };
    let line = long(json!(2)).to_string().len() as u64;
    assert_eq!((bytes, started.elapsed()), (line, Duration::ZERO));
    // One that nobody waits for is a line that cannot be used, as any other.
    for id in [json!(2), json!("2")] {
        let bytes = long(id.clone()).to_string().len() as u64;
        it.far.says(&long(id)).await;
        assert_eq!(it.bad().await, BadLine::TooLong { bytes });
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_too_long_is_refused() {
    let mut it = connect(Limits { max_line: 100, ..Limits::default() });
    it.far.says(&json!({ "method": "ask", "id": "a", "params": "x".repeat(100) })).await;
    assert!(matches!(it.bad().await, BadLine::TooLong { .. }));
    let refused = it.far.hears().await.unwrap();
    assert_eq!((&refused["id"], &refused["error"]["code"]), (&json!("a"), &json!(-32600)));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_is_forgotten() {
    let mut it = connect(Limits::default());
    {
        let mut call = pin!(it.peer.call("dropped", &(), LONG));
        assert!(done_now(&mut call).await.is_none());
        settle().await;
    }
    let id = it.far.hears_id().await;
    it.far.says(&answer(id, &json!(1))).await;
    assert_eq!(it.bad().await, BadLine::UnknownAnswer { id: RequestId::Number(id) });
}

#[tokio::test(start_paused = true)]
async fn overload_is_asked_again_three_times_in_all() {
    let Connection { peer, mut far, incoming: _incoming, .. } = connect(Limits::default());
    for (refusals, good) in [(2, true), (3, false)] {
        let started = Instant::now();
        let (result, ()) = tokio::join!(peer.call("busy", &(), LONG), async {
            for _ in 0..refusals {
                let id = far.hears_id().await;
                far.says(&json!({"id": id, "error": {"code": -32001, "message": "overloaded"}})).await;
            }
            if good {
                let id = far.hears_id().await;
                far.says(&answer(id, &json!("done"))).await;
            }
        });
        assert_eq!(started.elapsed(), Duration::from_millis(300));
        match result {
            Ok(result) => assert!(good && result.get() == "\"done\""),
            Err(CallError::Rejected(error)) => assert!(!good && error.code == -32001),
            Err(other) => panic!("{other}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn asking_again_ends_at_the_deadline() {
    let Connection { peer, mut far, incoming: _incoming, .. } = connect(Limits::default());
    let (result, ()) = tokio::join!(peer.call("busy", &(), Duration::from_millis(50)), async {
        let id = far.hears_id().await;
        far.says(&json!({"id": id, "error": {"code": -32001, "message": "overloaded"}})).await;
    });
    assert!(matches!(result, Err(CallError::TimedOut { .. })), "{result:?}");
}

#[tokio::test(start_paused = true)]
async fn calls_wait_for_a_place_in_order_and_their_deadline_runs() {
    let Connection { peer, mut far, incoming: _incoming, .. } =
        connect(Limits { in_flight: 1, ..Limits::default() });
    let mut first = pin!(peer.call("first", &(), Duration::from_secs(5)));
    let mut second = pin!(peer.call("second", &(), Duration::from_secs(6)));
    let mut third = pin!(peer.call("third", &(), Duration::from_secs(7)));
    for call in [&mut first, &mut second, &mut third] {
        assert!(done_now(call).await.is_none());
    }
    // Nobody answers the first, so the second is sent after five seconds and has one left.
    let started = Instant::now();
    let (first, second, third, ()) = tokio::join!(first, second, third, async {
        assert_eq!(far.hears().await.unwrap()["method"], "first");
        assert_eq!(far.hears().await.unwrap()["method"], "second");
        assert_eq!(started.elapsed(), Duration::from_secs(5));
        assert_eq!(far.hears().await.unwrap()["method"], "third");
        assert_eq!(started.elapsed(), Duration::from_secs(6));
        far.says(&answer(3, &json!(3))).await;
    });
    assert!(matches!(first, Err(CallError::TimedOut { .. })));
    assert!(matches!(second, Err(CallError::TimedOut { .. })));
    assert_eq!(third.unwrap().get(), "3");
}

#[tokio::test(start_paused = true)]
async fn calls_end_also_while_nobody_takes_what_comes_in() {
    let mut it = connect(Limits { in_flight: 1, incoming: 1, ..Limits::default() });
    for n in 0..5 {
        it.far.says(&json!({"method": format!("told/{n}")})).await;
    }
    settle().await;
    // The reader is stuck at the second notification; the table must be served all the same.
    for _ in 0..5 {
        let lost = it.peer.call("lost", &(), Duration::from_secs(1)).await;
        assert!(matches!(lost, Err(CallError::TimedOut { .. })), "{lost:?}");
    }
    for n in 0..5 {
        assert_eq!(it.told().await, format!("told/{n}"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_far_side_that_does_not_read_costs_only_the_deadline() {
    let Connection { peer, far: _far, incoming: _incoming, .. } =
        connect_through(Limits { in_flight: 2, ..Limits::default() }, 16);
    for _ in 0..6 {
        let lost = peer.call("lost", &"x".repeat(100), Duration::from_secs(1)).await;
        assert!(matches!(lost, Err(CallError::TimedOut { .. })), "{lost:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_written_is_not_sent() {
    let Connection { peer, mut far, incoming: _incoming, .. } = connect(Limits::default());
    let no_json = std::collections::HashMap::from([((1, 2), 3)]);
    assert!(matches!(peer.call("bad", &no_json, LONG).await, Err(CallError::Encode { method: "bad", .. })));
    assert!(matches!(peer.notify("bad", Some(&no_json)).await, Err(CallError::Encode { .. })));
    peer.notify::<()>("initialized", None).await.unwrap();
    peer.notify("told", Some(&json!({"a": 1}))).await.unwrap();
    assert_eq!(far.hears().await.unwrap(), json!({"method": "initialized"}));
    assert_eq!(far.hears().await.unwrap(), json!({"method": "told", "params": {"a": 1}}));
}

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Answered,
    Twice,
    Refused,
    Silence,
    Dropped,
}

fn fates() -> impl Strategy<Value = Vec<Fate>> {
    use Fate::{Answered, Dropped, Refused, Silence, Twice};
    prop::collection::vec(prop::sample::select(vec![Answered, Twice, Refused, Silence, Dropped]), 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever happens, each call ends, once, with what is its own.
    #[test]
    fn each_call_ends_with_its_own_answer(fates in fates(), in_flight in 1_usize..8, cut in any::<bool>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async move {
            let Connection { peer, mut incoming, mut far, tasks } =
                connect(Limits { in_flight, ..Limits::default() });
            let calls = fates.iter().enumerate().map(|(n, fate)| {
                let deadline = if *fate == Fate::Dropped { Duration::from_millis(5) } else { LONG };
                let peer = &peer;
                async move { (n, *fate, tokio::time::timeout(deadline, peer.call("call", &n, LONG)).await) }
            });
            let far_side = async {
                let mut open = fates.len();
                while open > 0 {
                    let Some(line) = far.hears().await else { break };
                    let (id, n) = (line["id"].as_i64().unwrap(), line["params"].as_u64().unwrap());
                    open -= 1;
                    match fates[usize::try_from(n).unwrap()] {
                        Fate::Answered => far.says(&answer(id, &json!(n))).await,
                        Fate::Twice => {
                            far.says(&answer(id, &json!(n))).await;
                            far.says(&answer(id, &json!("again"))).await;
                        }
                        Fate::Refused => {
                            far.says(&json!({"id": id, "error": {"code": n, "message": "no"}})).await;
                        }
                        Fate::Silence | Fate::Dropped => {}
                    }
                    if cut && open == fates.len() / 2 {
                        break;
                    }
                }
                drop(far);
            };
            let far_side = async { let _ = tokio::time::timeout(LONG, far_side).await; };
            let receive = async { while incoming.recv().await.is_some() {} };
            let (calls, (), ()) = tokio::join!(futures::future::join_all(calls), far_side, receive);
            for (n, fate, end) in calls {
                match (fate, end) {
                    (Fate::Answered | Fate::Twice, Ok(Ok(result))) => assert_eq!(result.get(), n.to_string()),
                    (Fate::Refused, Ok(Err(CallError::Rejected(error)))) => {
                        assert_eq!(error.code, i64::try_from(n).unwrap());
                    }
                    // Kept out by silent ones for too long, or cut off.
                    (_, Ok(Err(CallError::Closed { .. } | CallError::TimedOut { .. }))) => {}
                    (Fate::Dropped, Err(_)) => {}
                    (fate, end) => panic!("call {n}, {fate:?}, ended with {end:?}"),
                }
            }
            tasks.close();
            tasks.wait().await;
        });
    }
}

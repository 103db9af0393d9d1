//! The table of calls as a model: each registered call ends exactly once.

use std::collections::HashMap;

use proptest::prelude::*;
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

use super::super::RequestId;
use super::super::pending::{Op, Pending};
use super::super::raw::Raw;

#[derive(Clone, Copy, Debug)]
enum Step {
    Register,
    Answer(i64),
    Forget(i64),
    /// The receiver is gone and its farewell has not arrived.
    Leave(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    // Some ids were never given out.
    let id = 0_i64..12;
    prop::collection::vec(
        prop_oneof![
            3 => Just(Step::Register),
            3 => id.clone().prop_map(Step::Answer),
            1 => id.clone().prop_map(Step::Forget),
            1 => id.prop_map(Step::Leave),
        ],
        0..60,
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_call_ends_exactly_once(steps in steps()) {
        let mut table = Pending::default();
        let mut waiting = HashMap::new();
        let mut next = 0;
        for step in steps {
            match step {
                Step::Register => {
                    let (waiter, end) = oneshot::channel();
                    table.apply(Op::Register(next, waiter));
                    waiting.insert(next, end);
                    next += 1;
                }
                Step::Answer(id) => {
                    let taken = table.answer(&RequestId::Number(id), Ok(Raw::null()));
                    let end = waiting.remove(&id);
                    prop_assert_eq!(taken, end.is_some(), "an answer is taken where a call waits");
                    if let Some(mut end) = end {
                        prop_assert!(end.try_recv().is_ok());
                    }
                }
                Step::Forget(id) => {
                    table.apply(Op::Forget(id));
                    waiting.remove(&id);
                }
                Step::Leave(id) => drop(waiting.remove(&id)),
            }
            for end in waiting.values_mut() {
                prop_assert!(matches!(end.try_recv(), Err(TryRecvError::Empty)), "it ended too early");
            }
        }
        prop_assert!(!table.answer(&RequestId::Text("0".to_owned()), Ok(Raw::null())));
        drop(table);
        for end in waiting.values_mut() {
            prop_assert!(matches!(end.try_recv(), Err(TryRecvError::Closed)), "the end of the stream ends it");
        }
    }
}

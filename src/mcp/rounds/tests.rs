//! A state goes back to its own call, once, in time.

use std::time::Duration;

use proptest::prelude::*;
use rmcp::model::InputRequests;
use serde_json::json;

use super::*;

const LONG: Duration = Duration::from_mins(1);

fn binding(tool: &str, arguments: &Value) -> Binding {
    Binding::of("stdio", "tools/call", tool, arguments.as_object())
}

fn sealed(rounds: &Rounds, call: &Binding, ttl: Duration) -> String {
    let asked = rounds.ask(call, InputRequests::new(), "t", ttl).unwrap();
    asked.request_state.unwrap()
}

#[test]
fn a_state_is_taken_once_by_its_own_call() {
    let rounds = Rounds::default();
    let mine = binding("codex", &json!({ "prompt": "x", "cwd": "/a" }));
    let state = sealed(&rounds, &mine, LONG);
    let others = [
        binding("codex", &json!({ "prompt": "y", "cwd": "/a" })),
        binding("codex-wait", &json!({ "prompt": "x", "cwd": "/a" })),
        Binding::of("another", "tools/call", "codex", json!({ "prompt": "x", "cwd": "/a" }).as_object()),
    ];
    for other in others {
        assert!(matches!(rounds.take::<String>(&other, &state), Err(RoundError::State(_))), "{other:?}");
    }
    assert!(Rounds::default().take::<String>(&mine, &state).is_err(), "another process");
    assert_eq!(rounds.take::<String>(&mine, &state).unwrap(), "t", "refusals have not used it up");
    let again = rounds.take::<String>(&mine, &state).unwrap_err();
    assert!(again.to_string().contains("has been used"), "{again}");
}

#[test]
fn the_order_of_arguments_says_nothing() {
    let one: Value = serde_json::from_str(r#"{"a":{"x":1,"y":2},"b":1}"#).unwrap();
    let two: Value = serde_json::from_str(r#"{"b":1,"a":{"y":2,"x":1}}"#).unwrap();
    assert_eq!(binding("codex", &one), binding("codex", &two));
}

#[test]
fn a_state_expires() {
    let rounds = Rounds::default();
    let call = binding("codex", &json!({}));
    let state = sealed(&rounds, &call, Duration::ZERO);
    // The codec's clock is the machine's, in milliseconds: the last one counts still.
    let over = std::time::Instant::now() + Duration::from_millis(2);
    while std::time::Instant::now() < over {
        std::thread::yield_now();
    }
    let error = rounds.take::<String>(&call, &state).unwrap_err();
    assert!(error.to_string().contains("expired"), "{error}");
}

#[test]
fn too_many_give_up_the_oldest() {
    let rounds = Rounds::default();
    let call = binding("codex", &json!({}));
    let first = sealed(&rounds, &call, LONG);
    let second = sealed(&rounds, &call, LONG);
    (0..OUT - 1).for_each(|_| drop(sealed(&rounds, &call, LONG)));
    assert!(matches!(rounds.take::<String>(&call, &first), Err(RoundError::Used)));
    assert!(rounds.take::<String>(&call, &second).is_ok());
}

proptest! {
    #[test]
    fn no_change_of_a_state_is_taken(at in 0usize..400, byte in any::<u8>()) {
        let rounds = Rounds::default();
        let call = binding("codex", &json!({}));
        let state = sealed(&rounds, &call, LONG);
        let mut bytes = state.clone().into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        let changed = String::from_utf8_lossy(&bytes).into_owned();
        prop_assume!(changed != state);
        prop_assert!(rounds.take::<String>(&call, &changed).is_err());
    }
}

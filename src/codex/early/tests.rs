//! The bounds, and who gets what.

use super::*;
use crate::ids::TurnId;

fn event(name: &str) -> AgentEvent {
    AgentEvent::TurnStarted(TurnId::from(name))
}

#[test]
fn each_thread_gets_its_own_in_order() {
    let (mut early, a, b) = (Early::default(), ThreadId::from("a"), ThreadId::from("b"));
    for (thread, name) in [(&a, "1"), (&b, "2"), (&a, "3")] {
        early.push(thread.clone(), event(name), 10);
    }
    assert_eq!(early.take(&a), [event("1"), event("3")]);
    assert_eq!(early.take(&a), []);
    assert_eq!((early.take(&b), early.bytes), (vec![event("2")], 0));
}

#[test]
fn the_oldest_go_first() {
    let (mut early, a) = (Early::default(), ThreadId::from("a"));
    for n in 0..=EVENTS {
        early.push(a.clone(), event(&n.to_string()), 1);
    }
    early.push(a.clone(), event("long"), BYTES);
    assert_eq!(early.take(&a), [event("long")]);
    early.push(a.clone(), event("kept"), 1);
    early.push(a.clone(), event("longer than all"), BYTES + 1);
    assert_eq!((early.take(&a), early.bytes), (Vec::new(), 0));
}

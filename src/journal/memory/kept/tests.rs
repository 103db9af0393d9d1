//! What is given up above the bound.

use super::*;
use crate::ids::BridgeId;

fn batch(thread: &str, seq: u64, message: &str) -> Batch {
    let event = Event {
        seq: Seq(seq),
        time: Timestamp(seq),
        thread_id: ThreadId::from(thread),
        turn_id: None,
        origin: None,
        body: Body::warning(message),
    };
    let session = SessionRecord {
        thread_id: ThreadId::from(thread),
        cwd: "/w".into(),
        title: String::new(),
        status: SessionStatus::Idle,
        model: None,
        owner: Some(BridgeId::fresh()),
        principal: None,
        last_seq: Seq(seq),
        turn_seq: Seq::ZERO,
        turn_id: None,
        created: Timestamp(1),
        updated: Timestamp(seq),
        settings: serde_json::Value::Null,
    };
    Batch { events: vec![event], session, durable: false }
}

#[test]
fn the_oldest_events_of_the_largest_session_go_first() {
    let mut kept = Kept::new(10_000);
    kept.put(batch("small", 1, "x")).unwrap();
    for seq in 1..=100 {
        kept.put(batch("large", seq, &"y".repeat(500))).unwrap();
    }
    let seqs = |thread: &str| {
        let events = kept.sessions[&ThreadId::from(thread)].read(Seq::ZERO, 1000, usize::MAX);
        events.iter().map(|event| event.seq.0).collect::<Vec<_>>()
    };
    assert_eq!(seqs("small"), [1]);
    let left = seqs("large");
    assert!(left.len() < 20 && left.len() > 10, "{left:?}");
    assert_eq!(left, ((101 - left.len() as u64)..=100).collect::<Vec<_>>(), "the last, without a gap");
    assert!(kept.bytes <= 10_000);
    kept.put(batch("large", 101, &"z".repeat(50_000))).unwrap();
    assert_eq!(
        kept.sessions[&ThreadId::from("large")].events.len(),
        1,
        "the last one stays, whatever its size"
    );
}

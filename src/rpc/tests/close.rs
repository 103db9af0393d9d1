//! The end of a connection, from either side.

use serde_json::json;
use tokio::io::{AsyncWriteExt, duplex};
use tokio_util::task::TaskTracker;

use super::super::{CallError, CloseReason, Incoming, Limits, Peer};
use super::{Connection, LONG, answer, connect};

#[tokio::test(start_paused = true)]
async fn the_end_of_the_stream_fails_every_call_and_is_told_last() {
    let Connection { peer, mut incoming, mut far, tasks } =
        connect(Limits { in_flight: 2, ..Limits::default() });
    let calls = futures::future::join_all((0..4).map(|_| peer.call("call", &(), LONG)));
    let (ends, ()) = tokio::join!(calls, async {
        far.hears().await;
        far.hears().await;
        far.says(&json!({"method": "last"})).await;
        drop(far);
    });
    for end in ends {
        assert!(matches!(end, Err(CallError::Closed { method: "call" })), "{end:?}");
    }
    assert!(matches!(incoming.recv().await, Some(Incoming::Notification { .. })));
    let Some(Incoming::Closed { reason: CloseReason::EndOfStream }) = incoming.recv().await else {
        panic!("not closed")
    };
    assert!(incoming.recv().await.is_none());
    assert!(matches!(peer.call("late", &(), LONG).await, Err(CallError::Closed { .. })));
    assert!(matches!(peer.notify::<()>("late", None).await, Err(CallError::Closed { .. })));
    tasks.close();
    tasks.wait().await;
}

#[tokio::test(start_paused = true)]
async fn closing_writes_what_waits_and_ends_the_far_sides_input() {
    let mut it = connect(Limits::default());
    it.far.says(&json!({"id": 1, "method": "ask"})).await;
    it.far.says(&json!({"id": 2, "method": "ask"})).await;
    let (_, ticket) = it.request().await;
    let (_, still_open) = it.request().await;
    let peer = it.peer.clone();
    let (call, ()) = tokio::join!(it.peer.call("call", &(), LONG), async {
        peer.notify::<()>("told", None).await.unwrap();
        ticket.answer(json!("yes"));
        peer.close();
        let mut lines = Vec::new();
        while let Some(line) = it.far.hears().await {
            lines.push(line.to_string());
        }
        lines.sort();
        assert_eq!(
            lines,
            [
                r#"{"id":1,"method":"call","params":null}"#,
                r#"{"id":1,"result":"yes"}"#,
                r#"{"method":"told"}"#
            ]
        );
        assert!(matches!(peer.call("late", &(), LONG).await, Err(CallError::Closed { .. })));
        // What was asked before may still be answered.
        it.far.says(&answer(1, &json!("late, and good"))).await;
    });
    assert_eq!(call.unwrap().get(), "\"late, and good\"");
    still_open.answer(json!("goes nowhere"));
}

#[tokio::test(start_paused = true)]
async fn a_request_after_the_writing_side_is_closed_is_still_told() {
    let mut it = connect(Limits::default());
    it.peer.close();
    assert!(it.far.hears().await.is_none());
    it.far.says(&json!({"id": 1, "method": "ask"})).await;
    it.request().await.1.answer(json!("goes nowhere"));
}

#[tokio::test(start_paused = true)]
async fn dropping_the_last_handle_closes() {
    let Connection { peer, mut far, incoming: _incoming, .. } = connect(Limits::default());
    let other = peer.clone();
    drop(peer);
    other.notify::<()>("told", None).await.unwrap();
    assert!(far.hears().await.is_some());
    drop(other);
    assert!(far.hears().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn when_writing_fails_all_ends_with_the_reason_after_the_last_words() {
    let (near_in, mut far_out) = duplex(1 << 16);
    let (near_out, far_in) = duplex(1 << 16);
    let tasks = TaskTracker::new();
    let (peer, mut incoming) = Peer::start(near_in, near_out, Limits::default(), &tasks);
    drop(far_in);
    far_out.write_all(b"{\"method\":\"last words\"}\n").await.unwrap();
    let call = peer.call("call", &(), LONG).await;
    assert!(matches!(call, Err(CallError::Closed { .. })), "{call:?}");
    assert!(matches!(incoming.recv().await, Some(Incoming::Notification { .. })));
    let closed = incoming.recv().await;
    assert!(matches!(closed, Some(Incoming::Closed { reason: CloseReason::WriteFailed(_) })), "{closed:?}");
    assert!(incoming.recv().await.is_none());
    tasks.close();
    tasks.wait().await;
}

#[tokio::test(start_paused = true)]
async fn closing_does_not_wait_for_a_far_side_that_does_not_read() {
    let Connection { peer, mut far, incoming: _incoming, .. } = super::connect_through(Limits::default(), 16);
    peer.notify("long", Some(&"x".repeat(1000))).await.unwrap();
    super::settle().await;
    peer.close();
    // The line is cut off, the input ends.
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let cut = far.from.next_line().await.unwrap().unwrap();
    assert_eq!(cut.len(), 16);
    assert!(far.from.next_line().await.unwrap().is_none());
}

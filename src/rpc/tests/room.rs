//! What is read and not dealt with is bounded by bytes.

use serde_json::json;

use super::super::{Incoming, Limits, Room};
use super::{Connection, LONG, answer, connect, settle};

/// The room of the next notification, which must be this one.
async fn room(it: &mut Connection, wanted: &str) -> Room {
    match it.next().await {
        Incoming::Notification { method, room, .. } if method == wanted => room,
        other => panic!("not {wanted}: {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn reading_goes_on_as_messages_are_dealt_with() {
    let mut it = connect(Limits { room: 100, ..Limits::default() });
    for method in ["one", "two", "three"] {
        it.far.says(&json!({ "method": method, "params": "x".repeat(20) })).await;
    }
    it.far.says(&json!({ "method": "longer than all", "params": "x".repeat(500) })).await;
    it.far.says(&json!({ "method": "last" })).await;
    let one = room(&mut it, "one").await;
    let two = room(&mut it, "two").await;
    settle().await;
    assert!(it.incoming.try_recv().is_err(), "there is no room for a third");
    it.peer.notify::<()>("told", None).await.unwrap();
    assert_eq!(it.far.hears().await.unwrap()["method"], "told");
    drop(one);
    let three = room(&mut it, "three").await;
    drop((two, three));
    let all = room(&mut it, "longer than all").await;
    settle().await;
    assert!(it.incoming.try_recv().is_err(), "it takes all the room");
    drop(all);
    assert!(room(&mut it, "last").await.is_some());
}

#[tokio::test(start_paused = true)]
async fn with_nobody_to_receive_there_is_always_room() {
    let mut it = connect(Limits { room: 10, ..Limits::default() });
    it.far.says(&json!({ "method": "one" })).await;
    it.far.says(&json!({ "method": "two" })).await;
    let held = room(&mut it, "one").await;
    let Connection { peer, incoming, mut far, .. } = it;
    settle().await;
    drop(incoming);
    far.says(&json!({ "method": "three" })).await;
    let (result, ()) = tokio::join!(peer.call("call", &(), LONG), async {
        let id = far.hears_id().await;
        far.says(&answer(id, &json!(true))).await;
    });
    assert_eq!(result.unwrap().get(), "true");
    drop(held);
}

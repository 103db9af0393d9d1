//! Requests of the far side: each gets exactly one answer; and the order of what comes in.

use serde_json::{Value, json};

use super::super::{BadLine, Limits, RequestId};
use super::{Connection, LONG, answer, connect, connect_through, settle};

#[tokio::test(start_paused = true)]
async fn each_way_to_end_a_ticket_answers_once() {
    let mut it = connect(Limits::default());
    for id in [json!(0), json!("a"), json!(-7), json!(1), json!(1)] {
        it.far.says(&json!({"id": id, "method": "ask", "params": {"of": id}})).await;
    }
    let (method, ticket) = it.request().await;
    assert_eq!((method.as_str(), ticket.id()), ("ask", &RequestId::Number(0)));
    ticket.answer(json!({"decision": "accept"}));
    let (_, ticket) = it.request().await;
    assert_eq!(ticket.id(), &RequestId::Text("a".to_owned()));
    ticket.refuse(-32000, "not now".to_owned());
    drop(it.request().await);
    // An id that is used again while it is open: two requests, two answers.
    let (_, mut one) = it.request().await;
    let (_, two) = it.request().await;
    one.set_fallback(json!({"decision": "decline"}));
    drop(one);
    two.answer(Value::Null);
    it.peer.close();

    let mut answers = Vec::new();
    while let Some(line) = it.far.hears().await {
        answers.push(line);
    }
    let broken = json!({"code": -32603, "message": "the client could not answer this request"});
    assert_eq!(
        answers,
        [
            json!({"id": 0, "result": {"decision": "accept"}}),
            json!({"id": "a", "error": {"code": -32000, "message": "not now"}}),
            json!({"id": -7, "error": broken}),
            json!({"id": 1, "result": {"decision": "decline"}}),
            json!({"id": 1, "result": null}),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn answering_does_not_wait_for_a_far_side_that_does_not_read() {
    let mut it = connect_through(Limits { open_requests: 3, ..Limits::default() }, 64);
    let mut tickets = Vec::new();
    for id in 0..3 {
        it.far.says(&json!({"id": id, "method": "ask"})).await;
        tickets.push(it.request().await.1);
    }
    // More than the pipe holds, and nobody reads: these are plain calls, they cannot wait.
    for ticket in tickets {
        ticket.answer(json!("x".repeat(1000)));
    }
    for id in 0..3 {
        assert_eq!(it.far.hears_id().await, id);
    }
}

#[tokio::test(start_paused = true)]
async fn with_too_many_open_requests_reading_stops_and_calls_still_go_out() {
    let mut it = connect(Limits { open_requests: 1, ..Limits::default() });
    it.far.says(&json!({"id": 1, "method": "first"})).await;
    it.far.says(&json!({"id": 2, "method": "second"})).await;
    let (_, first) = it.request().await;
    settle().await;
    assert!(it.incoming.try_recv().is_err());
    it.peer.notify::<()>("told", None).await.unwrap();
    assert_eq!(it.far.hears().await.unwrap()["method"], "told");
    drop(first);
    assert_eq!(it.request().await.0, "second");
}

#[tokio::test(start_paused = true)]
async fn everything_arrives_in_the_order_of_the_wire() {
    let mut it = connect(Limits { max_line: 100, ..Limits::default() });
    it.far.says(&json!({"method": "one"})).await;
    it.far.writes(b"\n  \r\nnot json\n\xff\xfe\n[1]\n").await;
    it.far.says(&json!({"id": 5, "method": "two"})).await;
    it.far.says(&json!({"method": "x".repeat(200)})).await;
    it.far.says(&answer(99, &json!(1))).await;
    it.far.says(&json!({"method": "three", "params": [1]})).await;
    it.far.writes(b"{\"meth").await;
    drop(it.far);

    let mut seen = Vec::new();
    while let Some(incoming) = it.incoming.recv().await {
        seen.push(match incoming {
            super::Incoming::Request { method, .. } => format!("? {method}"),
            super::Incoming::Notification { method, params, .. } => format!("! {method} {params}"),
            super::Incoming::Bad { what: BadLine::NotJson { start, .. } } => format!("not JSON: {start}"),
            super::Incoming::Bad { what } => what.to_string(),
            super::Incoming::Closed { reason } => reason.to_string(),
        });
    }
    assert_eq!(
        seen,
        [
            "! one null",
            "not JSON: not json",
            "a line of 2 bytes is not UTF-8",
            "a line is no message of the protocol; it begins with \"[1]\"",
            "? two",
            "a line of 213 bytes is longer than the limit and was skipped",
            "an answer came for 99, which nobody waits for (any more)",
            "! three [1]",
            "the input ended in the middle of a line, after 6 bytes of it",
            "the app-server closed its output",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn with_nobody_to_receive_requests_are_refused_and_calls_work() {
    let Connection { peer, incoming, mut far, .. } = connect(Limits::default());
    drop(incoming);
    far.says(&json!({"method": "told"})).await;
    far.says(&json!({"id": 1, "method": "ask"})).await;
    assert_eq!(far.hears().await.unwrap()["error"]["code"], -32603);
    let (result, ()) = tokio::join!(peer.call("call", &(), LONG), async {
        let id = far.hears_id().await;
        far.says(&answer(id, &json!(true))).await;
    });
    assert_eq!(result.unwrap().get(), "true");
}

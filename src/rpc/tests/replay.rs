//! Recorded conversations with the real app-server, spoken again line by line.

use std::collections::HashMap;
use std::path::PathBuf;

use serde_json::Value;

use super::super::{Incoming, Limits, Message, Raw, Ticket};
use super::{Connection, LONG, connect};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/captures")
}

/// Who spoke, and what.
fn capture(name: &str) -> Vec<(bool, Value)> {
    let text = std::fs::read_to_string(folder().join(name)).expect("the fixture is there");
    text.lines()
        .map(|line| {
            let line: Value = serde_json::from_str(line).expect("a capture is JSON lines");
            (line["from"] == "codex", line["msg"].clone())
        })
        .collect()
}

#[test]
fn every_line_that_codex_said_is_a_message() {
    let mut lines = 0;
    for entry in std::fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        for (_, message) in capture(&name).into_iter().filter(|(codex, _)| *codex) {
            let decoded = Message::decode(&message.to_string().into()).unwrap();
            let (method, id) = (message.get("method"), message.get("id"));
            let fits = match &decoded {
                Message::Request { params, .. } => {
                    assert_eq!(serde_json::from_str::<Value>(params.get()).unwrap(), message["params"]);
                    method.is_some() && id.is_some()
                }
                Message::Notification { .. } => method.is_some() && id.is_none(),
                Message::Response { result, .. } => {
                    assert_eq!(result.is_ok(), message.get("result").is_some());
                    method.is_none() && id.is_some()
                }
                Message::Unknown => false,
            };
            assert!(fits, "{name}: {message} was taken for {decoded:?}");
            lines += 1;
        }
    }
    assert!(lines > 300, "only {lines} lines were found");
}

#[tokio::test(start_paused = true)]
async fn a_conversation_with_an_approval_goes_as_it_went() {
    replay("command-accept.jsonl").await;
}

#[tokio::test(start_paused = true)]
async fn a_conversation_of_errors_goes_as_it_went() {
    replay("errors.jsonl").await;
}

#[tokio::test(start_paused = true)]
async fn a_conversation_with_a_question_goes_as_it_went() {
    replay("user-input.jsonl").await;
}

/// Speaks both sides in turn. Each line must come out at its other end as it went in.
async fn replay(name: &str) {
    let Connection { peer, mut incoming, mut far, .. } = connect(Limits::default());
    let mut calls = HashMap::new();
    let mut tickets: HashMap<String, Ticket> = HashMap::new();
    let tasks = &mut tokio::task::JoinSet::new();
    for (from_codex, message) in capture(name) {
        if !from_codex {
            let method = message["method"].as_str().map(|method| &*method.to_owned().leak());
            match (method, message.get("id")) {
                (Some(method), Some(id)) => {
                    let (peer, params) = (peer.clone(), message["params"].clone());
                    let (ended, end) = tokio::sync::oneshot::channel();
                    tasks.spawn(async move { ended.send(peer.call(method, &params, LONG).await) });
                    calls.insert(id.to_string(), end);
                }
                (Some(method), None) => peer.notify(method, message.get("params")).await.unwrap(),
                (None, id) => {
                    let ticket = tickets.remove(&id.unwrap().to_string()).expect("it was asked");
                    ticket.answer(message["result"].clone());
                }
            }
            // Our ids count from 1, as those of the recording do.
            assert_eq!(far.hears().await.unwrap(), message, "{name}");
            continue;
        }
        far.says(&message).await;
        let Some(said) = message["method"].as_str() else {
            let call = calls.remove(&message["id"].to_string()).expect("it was called");
            match call.await.unwrap() {
                Ok(result) => assert_eq!(value(&result), message["result"], "{name}"),
                Err(super::super::CallError::Rejected(error)) => {
                    assert_eq!(serde_json::to_value(error).unwrap(), message["error"], "{name}");
                }
                Err(error) => panic!("{name}: {error}"),
            }
            continue;
        };
        match incoming.recv().await.unwrap() {
            Incoming::Notification { method, params, .. } => {
                assert_eq!((method.as_str(), value(&params)), (said, message["params"].clone()));
            }
            Incoming::Request { method, params, ticket, .. } => {
                assert_eq!((method.as_str(), value(&params)), (said, message["params"].clone()));
                tickets.insert(message["id"].to_string(), ticket);
            }
            other => panic!("{name}: {message} came as {other:?}"),
        }
    }
}

fn value(raw: &Raw) -> Value {
    serde_json::from_str(raw.get()).unwrap()
}

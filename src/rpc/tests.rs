//! Frames from any chunking, each call ended once, each question answered once.

use std::time::Duration;

use bytes::{BufMut, BytesMut};
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, ReadHalf, WriteHalf};
use tokio_util::codec::Decoder;
use tokio_util::task::TaskTracker;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn frames(chunks: &[Vec<u8>], limit: usize) -> Vec<Frame> {
    let (mut decoder, mut buffer, mut out) = (FrameDecoder::new(limit), BytesMut::new(), Vec::new());
    for chunk in chunks {
        buffer.put_slice(chunk);
        while let Some(frame) = decoder.decode(&mut buffer).unwrap() {
            out.push(frame);
        }
        assert!(buffer.len() <= limit + 1, "memory stays bounded");
    }
    while let Some(frame) = decoder.decode_eof(&mut buffer).unwrap() {
        out.push(frame);
    }
    out
}

#[test]
fn every_kind_of_line_is_a_frame() {
    let text = b"one\r\n\n\xff\xfe\ntoo long by far\nlast\ncut".to_vec();
    let wanted = [
        Frame::Line("one".into()),
        Frame::NotUtf8,
        Frame::TooLong { bytes: 15 },
        Frame::Line("last".into()),
        Frame::Cut,
    ];
    assert_eq!(frames(&[text], 8), wanted);
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same_frames(
        lines in proptest::collection::vec("[a-z\u{e4}]{0,20}", 0..20), cuts in proptest::collection::vec(1usize..9, 1..40)
    ) {
        let text: Vec<u8> = lines.iter().flat_map(|line| format!("{line}\n").into_bytes()).collect();
        let (mut rest, mut chunks) = (text.as_slice(), Vec::new());
        for cut in cuts.iter().cycle() {
            if rest.is_empty() { break }
            let (chunk, more) = rest.split_at((*cut).min(rest.len()));
            chunks.push(chunk.to_vec());
            rest = more;
        }
        let wanted: Vec<Frame> = lines.iter().filter(|line| !line.is_empty()).map(|line| {
            let bytes = line.len() as u64;
            if bytes > 12 { Frame::TooLong { bytes } } else { Frame::Line(line.clone().into()) }
        }).collect();
        prop_assert_eq!(frames(&chunks, 12), wanted);
    }
}

/// codex's end of a connection.
struct Codex {
    read: BufReader<ReadHalf<DuplexStream>>,
    write: WriteHalf<DuplexStream>,
}

impl Codex {
    async fn hears(&mut self) -> Value {
        let mut line = String::new();
        self.read.read_line(&mut line).await.unwrap();
        serde_json::from_str(&line).unwrap()
    }

    async fn says(&mut self, message: Value) {
        self.write.write_all(format!("{message}\n").as_bytes()).await.unwrap();
    }
}

fn connect() -> (Peer, tokio::sync::mpsc::Receiver<Incoming>, Codex) {
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let (read, write) = tokio::io::split(ours);
    let (peer, incoming) = Peer::start(read, write, Limits::default(), &TaskTracker::new());
    let (read, write) = tokio::io::split(theirs);
    (peer, incoming, Codex { read: BufReader::new(read), write })
}

#[tokio::test(start_paused = true)]
async fn a_call_ends_by_its_answer_its_deadline_or_the_end_of_the_stream() {
    let (peer, mut incoming, mut codex) = connect();
    let params = json!({ "a": 1 });
    let call = peer.call("x/y", &params, SECOND);
    let (answer, ()) = tokio::join!(call, async {
        assert_eq!(codex.hears().await, json!({ "id": 1, "method": "x/y", "params": { "a": 1 } }));
        codex.says(json!({ "id": 1, "result": [2] })).await;
    });
    assert_eq!(answer.unwrap().get(), "[2]");

    let late = peer.call("x/y", &params, SECOND).await.unwrap_err();
    assert_eq!(late.to_string(), "codex did not answer `x/y` within 1 s");
    codex.says(json!({ "id": 2, "result": 1 })).await;
    let Some(Incoming::Bad { what }) = incoming.recv().await else { panic!() };
    assert_eq!(what, BadLine::UnknownAnswer);

    let call = peer.call("x/y", &params, SECOND);
    let (answer, ()) = tokio::join!(call, async { drop(codex) });
    assert_eq!(answer.unwrap_err(), CallError::Closed { method: "x/y" });
    assert!(matches!(incoming.recv().await, Some(Incoming::Closed { .. })));
    let after = peer.call("x/y", &params, SECOND).await.unwrap_err();
    assert_eq!(after, CallError::Closed { method: "x/y" });
}

#[tokio::test(start_paused = true)]
async fn overload_is_tried_again_and_refusal_is_not() {
    let (peer, _incoming, mut codex) = connect();
    let call = peer.call("x", &(), 10 * SECOND);
    let (answer, ()) = tokio::join!(call, async {
        for _ in 0..2 {
            let id = codex.hears().await["id"].clone();
            codex.says(json!({ "id": id, "error": { "code": -32001, "message": "overloaded" } })).await;
        }
        let id = codex.hears().await["id"].clone();
        codex.says(json!({ "id": id, "error": { "code": -32600, "message": "no" } })).await;
    });
    assert_eq!(answer.unwrap_err().to_string(), "codex refused it: no (-32600)");
}

#[tokio::test]
async fn a_question_is_answered_once_whatever_becomes_of_its_ticket() {
    let (_peer, mut incoming, mut codex) = connect();
    for (n, wanted) in [
        json!({ "result": "yes" }),
        json!({ "result": "safe" }),
        json!({ "error": { "code": -1, "message": "m" } }),
        json!({ "error": { "code": -32603, "message": "codex-bridge gave no answer" } }),
    ]
    .into_iter()
    .enumerate()
    {
        codex.says(json!({ "id": n, "method": "ask" })).await;
        let Some(Incoming::Request { mut ticket, params, .. }) = incoming.recv().await else { panic!() };
        assert_eq!(params.get(), "null");
        match n {
            0 => ticket.answer(json!("yes")),
            1 => {
                ticket.set_fallback(json!("safe"));
                drop(ticket);
            }
            2 => ticket.refuse(-1, "m".into()),
            _ => drop(ticket),
        }
        let mut wanted = wanted;
        wanted["id"] = json!(n);
        assert_eq!(codex.hears().await, wanted);
    }
}

#[tokio::test]
async fn bad_lines_are_said_and_passed_over() {
    let (_peer, mut incoming, mut codex) = connect();
    codex.write.write_all(b"no json\n\xff\n{\"a\":1}\n{\"method\":\"m\"}\n{\"meth").await.unwrap();
    drop(codex);
    let mut seen = Vec::new();
    while let Some(message) = incoming.recv().await {
        seen.push(match message {
            Incoming::Bad { what } => format!("{what:?}"),
            Incoming::Notification { method, .. } => method,
            other => format!("{other:?}"),
        });
    }
    assert_eq!(seen, ["NotJson", "NotUtf8", "NoMessage", "m", "Cut", "Closed { reason: EndOfStream }"]);
}

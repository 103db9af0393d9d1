//! Tests of a connection, against a far end in memory. Time is paused: nothing here waits for real.

mod calls;
mod close;
mod frames;
mod messages;
mod pending;
mod replay;
mod requests;
mod room;
mod shorten;

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{
    AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines, ReadHalf, WriteHalf, duplex, split,
};
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use super::{BadLine, Incoming, Limits, Peer, Ticket};

/// Long enough for anything that is expected to happen.
const LONG: Duration = Duration::from_secs(10);

/// The side of the app-server.
struct Far {
    from: Lines<BufReader<ReadHalf<DuplexStream>>>,
    to: WriteHalf<DuplexStream>,
}

impl Far {
    async fn says(&mut self, message: &Value) {
        self.writes(format!("{message}\n").as_bytes()).await;
    }

    async fn writes(&mut self, bytes: &[u8]) {
        self.to.write_all(bytes).await.expect("the near side reads");
    }

    /// The next line, or `None` at the end of input.
    async fn hears(&mut self) -> Option<Value> {
        let line = self.from.next_line().await.expect("the far side can read")?;
        Some(serde_json::from_str(&line).expect("only JSON is sent"))
    }

    /// The id of the next line, which must be a request.
    async fn hears_id(&mut self) -> i64 {
        self.hears().await.expect("a line")["id"].as_i64().expect("a request with a number")
    }
}

struct Connection {
    peer: Peer,
    incoming: mpsc::Receiver<Incoming>,
    far: Far,
    tasks: TaskTracker,
}

fn connect(limits: Limits) -> Connection {
    connect_through(limits, 1 << 20)
}

/// With pipes that hold this many bytes.
fn connect_through(limits: Limits, pipe: usize) -> Connection {
    let (near, far) = duplex(pipe);
    let (reader, writer) = split(near);
    let tasks = TaskTracker::new();
    let (peer, incoming) = Peer::start(reader, writer, limits, &tasks);
    let (from, to) = split(far);
    Connection { peer, incoming, far: Far { from: BufReader::new(from).lines(), to }, tasks }
}

impl Connection {
    async fn next(&mut self) -> Incoming {
        tokio::time::timeout(LONG, self.incoming.recv()).await.expect("in time").expect("not the end")
    }

    async fn request(&mut self) -> (String, Ticket) {
        match self.next().await {
            Incoming::Request { method, ticket, .. } => (method, ticket),
            other => panic!("not a request: {other:?}"),
        }
    }

    async fn bad(&mut self) -> BadLine {
        match self.next().await {
            Incoming::Bad { what } => what,
            other => panic!("not a bad line: {other:?}"),
        }
    }

    async fn told(&mut self) -> String {
        match self.next().await {
            Incoming::Notification { method, .. } => method,
            other => panic!("not a notification: {other:?}"),
        }
    }
}

/// Polls once: whether the work is done already.
async fn done_now<T>(work: &mut (impl Future<Output = T> + Unpin)) -> Option<T> {
    poll_fn(|context| {
        Poll::Ready(match std::pin::Pin::new(&mut *work).poll(context) {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        })
    })
    .await
}

/// Lets the other tasks run until none has anything to do.
async fn settle() {
    // Paused time moves only when every task waits.
    tokio::time::sleep(Duration::from_millis(1)).await;
}

fn answer(id: i64, result: &Value) -> Value {
    json!({"id": id, "result": result})
}

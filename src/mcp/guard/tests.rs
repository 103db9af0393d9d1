//! A real rmcp service on in-memory pipes, under paused time: what elapses is what was waited for.

use std::time::Duration;

use rmcp::ErrorData;
use rmcp::model::{CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock};
use rmcp::service::{RequestContext, RoleServer};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::*;

/// `quick` answers, `soon` answers after 20 ms, `waits` tells that it is cancelled, all others never answer. Tells
/// when a handler begins and when it is gone.
struct Tools {
    told: mpsc::Sender<&'static str>,
}

struct Gone(mpsc::Sender<&'static str>);

impl Drop for Gone {
    fn drop(&mut self) {
        let _ = self.0.try_send("gone");
    }
}

impl ServerHandler for Tools {
    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let _gone = Gone(self.told.clone());
        let _ = self.told.try_send("begun");
        match &*request.name {
            "quick" => {}
            // Of paused time.
            "soon" => sleep(Duration::from_millis(20)).await,
            "waits" => {
                context.ct.cancelled().await;
                let _ = self.told.try_send("cancelled");
            }
            _ => std::future::pending().await,
        }
        Ok(CallToolResult::success(vec![ContentBlock::text("here")]).into())
    }
}

struct Rig {
    to: DuplexStream,
    from: BufReader<DuplexStream>,
    served: JoinHandle<Result<(), ServeError>>,
    shutdown: CancellationToken,
    told: mpsc::Receiver<&'static str>,
}

#[expect(clippy::disallowed_methods, reason = "every test awaits this task itself")]
fn rig(out_room: usize) -> Rig {
    let (to, read) = duplex(1 << 20);
    let (write, from) = duplex(out_room);
    let (tell, told) = mpsc::channel(2048);
    let shutdown = CancellationToken::new();
    let served = tokio::spawn(serve(Tools { told: tell }, read, write, shutdown.clone()));
    Rig { to, from: BufReader::new(from), served, shutdown, told }
}

/// What the handlers tell next; `None` when all of them, and who owns them, are gone.
async fn next(told: &mut mpsc::Receiver<&'static str>) -> Option<&'static str> {
    timeout(Duration::from_secs(10), told.recv()).await.expect("a handler lives on")
}

impl Rig {
    async fn say(&mut self, messages: &[Value]) {
        let text: String = messages.iter().map(|message| format!("{message}\n")).collect();
        self.to.write_all(text.as_bytes()).await.unwrap();
    }

    async fn hear(&mut self) -> Value {
        let mut line = String::new();
        self.from.read_line(&mut line).await.unwrap();
        serde_json::from_str(&line).unwrap()
    }

    async fn told(&mut self, what: &str) {
        while next(&mut self.told).await.unwrap() != what {}
    }

    /// Waits for the end; how long it took, and how it ended.
    async fn end(self) -> (Duration, Result<(), ServeError>) {
        let since = Instant::now();
        let result = timeout(Duration::from_secs(10), self.served).await.expect("serve hangs").unwrap();
        (since.elapsed(), result)
    }
}

fn initialize() -> Vec<Value> {
    let params = json!({"protocolVersion": "2025-06-18", "capabilities": {},
                        "clientInfo": {"name": "test", "version": "1"}});
    vec![
        json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}),
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
    ]
}

fn call(id: u64, tool: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": tool, "arguments": {}}})
}

fn modern_call(id: u64, tool: &str) -> Value {
    let mut call = call(id, tool);
    call["params"]["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    });
    call
}

const SOON: Duration = Duration::from_millis(60);

#[tokio::test(start_paused = true)]
async fn hanging_calls_end_with_the_input() {
    let mut rig = rig(1 << 20);
    rig.say(&initialize()).await;
    rig.hear().await;
    for id in 1..=50 {
        rig.say(&[call(id, "hang")]).await;
        rig.told("begun").await;
    }
    let Rig { to, from: _from, served, mut told, .. } = rig;
    drop(to);
    let since = Instant::now();
    timeout(Duration::from_secs(10), served).await.expect("serve hangs").unwrap().unwrap();
    assert!(since.elapsed() <= SOON, "took {:?}", since.elapsed());
    for _ in 1..=50 {
        assert_eq!(next(&mut told).await, Some("gone"));
    }
    assert_eq!(next(&mut told).await, None);
}

#[tokio::test(start_paused = true)]
async fn what_ends_right_after_the_call_still_gets_its_answer() {
    let legacy = |tool: &str| [initialize(), vec![call(1, tool)]].concat();
    let modern = |tool: &str| vec![modern_call(1, tool)];
    for messages in [legacy("quick"), legacy("soon"), modern("quick"), modern("soon")] {
        let mut rig = rig(1 << 20);
        rig.say(&messages).await;
        rig.to.shutdown().await.unwrap();
        let mut all = String::new();
        rig.from.read_to_string(&mut all).await.unwrap();
        let last: Value = serde_json::from_str(all.lines().last().unwrap()).unwrap();
        assert_eq!(last["result"]["content"][0]["text"], "here", "{all}");
        let (took, result) = rig.end().await;
        result.unwrap();
        assert!(took <= SOON, "took {took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_never_reads_pins_nothing() {
    // Room for the handshake, not for the answers.
    let mut rig = rig(1024);
    rig.say(&initialize()).await;
    rig.hear().await;
    for id in 1..=100 {
        rig.say(&[call(id, "quick")]).await;
        rig.told("gone").await;
    }
    rig.to.shutdown().await.unwrap();
    let (took, result) = rig.end().await;
    result.unwrap();
    assert!(took <= SOON, "took {took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_closes_only_its_reading_side_has_left() {
    let mut rig = rig(1 << 20);
    rig.say(&initialize()).await;
    rig.hear().await;
    let Rig { mut to, from, served, mut told, .. } = rig;
    drop(from);
    to.write_all(format!("{}\n{}\n", call(1, "hang"), call(2, "quick")).as_bytes()).await.unwrap();
    let since = Instant::now();
    timeout(Duration::from_secs(10), served).await.expect("serve hangs").unwrap().unwrap();
    assert!(since.elapsed() <= SOON, "took {:?}", since.elapsed());
    while let Some(_more) = next(&mut told).await {}
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_ends_it_at_once_at_every_stage() {
    for messages in [vec![], initialize(), [initialize(), vec![call(1, "hang")]].concat()] {
        let hangs = messages.len() == 3;
        let mut rig = rig(1 << 20);
        rig.say(&messages).await;
        if hangs {
            rig.told("begun").await;
        }
        rig.shutdown.cancel();
        let (took, result) = rig.end().await;
        result.unwrap();
        assert!(took <= Duration::from_millis(100), "took {took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_close_during_the_handshake_is_a_clean_end() {
    let discover = json!({"jsonrpc": "2.0", "id": 1, "method": "server/discover",
                          "params": {"_meta": modern_call(1, "")["params"]["_meta"]}});
    let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"});
    for messages in [vec![], vec![ping], vec![discover], initialize()[..1].to_vec()] {
        for reads in [true, false] {
            let mut rig = rig(1 << 20);
            if !reads {
                rig.from = BufReader::new(duplex(1).0);
            }
            rig.say(&messages).await;
            rig.to.shutdown().await.unwrap();
            let (took, result) = rig.end().await;
            assert!(result.is_ok(), "{messages:?}: {result:?}");
            assert!(took <= SOON, "took {took:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stranger_is_told_what_an_mcp_client_says_first() {
    let mut rig = rig(1 << 20);
    rig.say(&[json!({"jsonrpc": "2.0", "method": "notifications/initialized"})]).await;
    let (_, result) = rig.end().await;
    let message = result.unwrap_err().to_string();
    assert!(
        message.starts_with("the host opened with a notification: an MCP client begins with"),
        "{message}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_request_above_the_limit_is_refused_and_the_next_is_not() {
    let mut rig = rig(1 << 20);
    rig.say(&initialize()).await;
    rig.hear().await;
    for id in 1..=MAX_IN_FLIGHT as u64 {
        rig.say(&[call(id, "hang")]).await;
        rig.told("begun").await;
    }
    rig.say(&[call(1000, "quick")]).await;
    let refused = rig.hear().await;
    assert_eq!(refused["id"], 1000);
    assert_eq!(refused["error"]["code"], TOO_MANY_REQUESTS.0);
    assert_eq!(refused["error"]["data"]["limit"], 256);
    rig.shutdown.cancel();
    rig.end().await.1.unwrap();
}

#[tokio::test(start_paused = true)]
async fn dropping_the_server_ends_its_handlers() {
    let mut rig = rig(1 << 20);
    rig.say(&[initialize(), vec![call(1, "hang")]].concat()).await;
    rig.told("begun").await;
    rig.served.abort();
    rig.told("gone").await;
}

/// A request whose message has so many bytes; its `id` and its `method` come last.
fn long_request(id: &Value, bytes: usize) -> Vec<u8> {
    let line = |text: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","params":{{"id":0,"method":"no","text":"{text}"}},"method":"tools/call","id":{id}}}"#
        )
    };
    let room = bytes - line("").len();
    let mut line = line(&"x".repeat(room)).into_bytes();
    line.push(b'\n');
    line
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_too_long_is_answered_and_the_next_is_taken() {
    let mut rig = rig(1 << 20);
    rig.say(&initialize()).await;
    rig.hear().await;
    for id in [json!(7), json!("a \"b\"")] {
        rig.to.write_all(&long_request(&id, MAX_LINE + 1)).await.unwrap();
        let refused = timeout(Duration::from_secs(10), rig.hear()).await.expect("no answer");
        assert_eq!(refused["id"], id);
        assert_eq!(refused["error"]["code"], -32600);
        assert_eq!(refused["error"]["data"], json!({ "bytes": MAX_LINE + 1, "limit": MAX_LINE }));
        let message = refused["error"]["message"].as_str().unwrap();
        assert!(message.contains("`tools/call`") && message.contains("16 MiB"), "{message}");
        assert!(message.contains("images as paths of files"), "{message}");
    }
    // One byte less is taken, and is no request of a tool that there is.
    rig.to.write_all(&long_request(&json!(8), MAX_LINE)).await.unwrap();
    let answer = rig.hear().await;
    assert_eq!((&answer["id"], answer["error"]["data"].get("limit")), (&json!(8), None));
    rig.say(&[call(9, "quick")]).await;
    assert_eq!(rig.hear().await["id"], 9);
    rig.shutdown.cancel();
    rig.end().await.1.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_is_too_long_and_asks_nothing_is_passed_over() {
    let mut rig = rig(1 << 20);
    rig.say(&initialize()).await;
    rig.hear().await;
    let text = "x".repeat(MAX_LINE);
    rig.say(&[
        json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": text }),
        json!({ "jsonrpc": "2.0", "id": 3, "result": text }),
        json!([text]),
        call(4, "quick"),
    ])
    .await;
    assert_eq!(rig.hear().await["id"], 4);
    rig.shutdown.cancel();
    rig.end().await.1.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_long_request_at_the_very_end_is_answered() {
    let mut rig = rig(1 << 20);
    rig.say(&initialize()).await;
    rig.to.write_all(&long_request(&json!(1), MAX_LINE + 1)).await.unwrap();
    rig.to.shutdown().await.unwrap();
    let mut all = String::new();
    rig.from.read_to_string(&mut all).await.unwrap();
    let last: Value = serde_json::from_str(all.lines().last().unwrap()).unwrap();
    assert_eq!((&last["id"], &last["error"]["code"]), (&json!(1), &json!(-32600)));
    rig.end().await.1.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_reads_no_answer_to_what_is_too_long_may_still_leave() {
    let mut rig = rig(1024);
    rig.say(&initialize()).await;
    rig.hear().await;
    for id in 1..=6 {
        rig.to.write_all(&long_request(&json!(id), MAX_LINE + 1)).await.unwrap();
    }
    rig.to.shutdown().await.unwrap();
    let (took, result) = rig.end().await;
    result.unwrap();
    assert!(took <= SOON, "took {took:?}");
}

/// What a host gives up ends its turn; what it leaves behind does not, also where an answer cannot be written any more.
#[tokio::test(start_paused = true)]
async fn a_host_that_is_gone_has_cancelled_nothing() {
    for goes in [true, false] {
        let mut rig = rig(1 << 20);
        rig.say(&initialize()).await;
        rig.hear().await;
        rig.say(&[call(1, "waits"), call(2, "soon")]).await;
        rig.told("begun").await;
        rig.told("begun").await;
        if !goes {
            let params = json!({ "requestId": 1 });
            rig.say(&[json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": params })])
                .await;
            rig.told("cancelled").await;
            continue;
        }
        let Rig { to, from, served, mut told, .. } = rig;
        drop((to, from));
        timeout(SOON, served).await.expect("serve hangs").unwrap().unwrap();
        while let Some(what) = next(&mut told).await {
            assert_eq!(what, "gone");
        }
    }
}

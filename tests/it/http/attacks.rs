//! Who may not come in, and what he is told: nothing of what there is.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::PEOPLE;
use crate::common::http::{Client, Served, raw, request, token};
use crate::common::{PATIENCE, Place, Setup};

fn hello() -> String {
    json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "mcp", "version": "1" },
    }})
    .to_string()
}

/// Method, path, headers, body, and the status that it must have.
type Attack<'a> = (&'a str, &'a str, Vec<(&'a str, &'a str)>, &'a str, u16);

/// What is sent, and what comes back: the table of those who may not come in.
#[test]
fn who_may_not_come_in_is_told_nothing() {
    let place = Place::new();
    let served = Served::start(&Setup::fake(&place), &PEOPLE);
    let (at, good) = (served.address, format!("Bearer {}", token("alice")));
    let port = at.port();
    let foreign = format!("evil.example:{port}");
    let near = format!("127.0.0.1.evil.example:{port}");
    let longer = format!("{good}0");
    let other_port = "127.0.0.1:1".to_owned();
    let site = "https://evil.example".to_owned();
    let shorter = &good[..good.len() - 1];
    let basic = format!("Basic {}", token("alice"));
    let large = "x".repeat(9 << 20);
    let head = "x".repeat(1 << 20);
    let table: Vec<Attack<'_>> = vec![
        ("POST", "/mcp", vec![], "", 401),
        ("GET", "/mcp", vec![], "", 401),
        ("DELETE", "/mcp", vec![], "", 401),
        ("POST", "/mcp", vec![("authorization", "")], "", 401),
        ("POST", "/mcp", vec![("authorization", "Bearer")], "", 401),
        ("POST", "/mcp", vec![("authorization", "Bearer ")], "", 401),
        ("POST", "/mcp", vec![("authorization", shorter)], "", 401),
        ("POST", "/mcp", vec![("authorization", &longer)], "", 401),
        ("POST", "/mcp", vec![("authorization", &basic)], "", 401),
        ("POST", "/mcp", vec![("authorization", &good), ("authorization", &good)], "", 401),
        ("POST", "/mcp?token=abc", vec![], "", 401),
        ("POST", "/mcp", vec![("cookie", "token=abc")], "", 401),
        ("POST", "/mcp", vec![("host", &foreign), ("authorization", &good)], "", 421),
        ("POST", "/mcp", vec![("host", &near), ("authorization", &good)], "", 421),
        ("POST", "/mcp", vec![("host", &other_port), ("authorization", &good)], "", 421),
        ("POST", "/mcp", vec![("host", "user@127.0.0.1"), ("authorization", &good)], "", 421),
        ("GET", "/healthz", vec![("host", &foreign)], "", 421),
        ("POST", "/mcp", vec![("origin", &site), ("authorization", &good)], "", 403),
        ("POST", "/mcp", vec![("origin", "null"), ("authorization", &good)], "", 403),
        ("POST", "/mcp", vec![("origin", "http://localhost"), ("authorization", &good)], "", 403),
        ("GET", "/readyz", vec![("origin", &site)], "", 403),
        ("POST", "/mcp", vec![("authorization", &good)], &large, 413),
        ("POST", "/mcp", vec![("authorization", &good), ("x-long", &head)], "", 431),
        ("POST", "/mcp", vec![("authorization", &good), ("content-type", "text/plain")], "{}", 415),
        ("POST", "/mcp", vec![("authorization", &good), ("accept", "text/html")], "{}", 406),
        ("GET", "/../../etc/passwd", vec![("authorization", &good)], "", 404),
        ("GET", "/%2e%2e/%2e%2e/etc/passwd", vec![("authorization", &good)], "", 404),
        ("GET", "//mcp", vec![("authorization", &good)], "", 404),
        ("GET", "/mcp/..%2f..%2ftokens.toml", vec![("authorization", &good)], "", 404),
        ("POST", "/MCP", vec![("authorization", &good)], "", 404),
        ("CONNECT", "evil.example:443", vec![], "", 404),
        ("TRACE", "/mcp", vec![("authorization", &good)], "", 405),
    ];
    for (method, path, headers, body, status) in table {
        let shown: Vec<_> = headers.iter().map(|(name, value)| format!("{name}: {value:.60}")).collect();
        let words = format!("{method} {path} {shown:?}");
        let reply =
            raw(at, &request(at, method, path, &headers, body)).unwrap_or_else(|e| panic!("{words}: {e}"));
        assert_eq!(reply.status, status, "{words}");
        if status == 401 {
            let challenge = &reply.headers["www-authenticate"];
            assert!(
                challenge.starts_with("Bearer ") && challenge.contains("resource_metadata="),
                "{challenge}"
            );
        }
        let said = reply.text();
        for secret in ["cbt_", "alice", "root:", place.root.to_str().unwrap()] {
            assert!(!said.contains(secret), "{words}: {said}");
        }
    }
    // It goes on, for those who may.
    let mut alice = served.client("alice").modern(json!({}));
    assert_eq!(alice.structured("codex", json!({ "prompt": "say done", "wait": 50 }))["content"], "done");
    assert!(!served.logged().contains("cbt_"), "{}", served.logged());
}

/// Whatever is another's looks as what there is not.
#[test]
fn what_is_anothers_looks_as_if_there_were_none() {
    let place = Place::new();
    let served = Served::start(&Setup::fake(&place), &PEOPLE);
    let mut alice = served.client("alice").modern(json!({}));
    let asked = alice.structured("codex", json!({ "prompt": "ask-command touch made.txt", "wait": 50 }));
    let (thread, id) =
        (asked["threadId"].as_str().unwrap(), asked["decisions"][0]["approvalId"].as_str().unwrap());
    let (no_thread, no_id) = ("01890000-0000-7000-8000-000000000000", "apr_00000000000040008000000000000000");
    let mut bob = served.client("bob").modern(json!({}));
    let calls = |thread: &str, id: &str| {
        vec![
            ("codex-wait", json!({ "threadId": thread })),
            ("codex-events", json!({ "threadId": thread })),
            ("codex-reply", json!({ "threadId": thread, "prompt": "say x" })),
            ("codex-cancel", json!({ "threadId": thread })),
            ("codex-sessions", json!({ "threadId": thread })),
            ("codex-approve", json!({ "approvalId": id, "decision": "approve" })),
        ]
    };
    let same = |mine: &Value, none: &Value| {
        let shown = mine.to_string().replace(thread, no_thread).replace(id, no_id);
        assert_eq!(shown, none.to_string());
    };
    for ((tool, theirs), (_, none)) in calls(thread, id).into_iter().zip(calls(no_thread, no_id)) {
        same(&bob.call(tool, theirs), &bob.call(tool, none));
    }
    for tail in ["", "/events", "/events/1", "/diff", "/transcript"] {
        let read = |client: &mut Client, thread: &str| {
            let mut answer = client
                .request("resources/read", json!({ "uri": format!("codex://sessions/{thread}{tail}") }));
            answer["id"] = json!(0);
            answer
        };
        same(&read(&mut bob, thread), &read(&mut bob, no_thread));
    }
    for list in ["codex://sessions", "codex://decisions", "codex://mcp"] {
        let read = bob.request("resources/read", json!({ "uri": list })).to_string();
        assert!(!read.contains(thread) && !read.contains(id), "{read}");
    }
    // The session of MCP of another, and one that is none.
    let mine = served.client("alice").legacy(json!({}));
    let with = |session: &str| {
        let mut client = served.client("bob");
        client.session = Some(session.to_owned());
        let reply = client.open("tools/list", json!({}));
        (reply.status, reply.text())
    };
    assert_eq!(with(mine.session.as_ref().unwrap()), with("01890000-0000-7000-8000-000000000001"));
    assert_eq!(with(mine.session.as_ref().unwrap()).0, 404);
    // Nothing of it had any effect.
    let done = alice.structured("codex-approve", json!({ "approvalId": id, "decision": "approve" }));
    assert_eq!(done["status"], "completed", "{done}");
}

/// One who sends his request in drops holds nobody else up, and is sent away.
#[test]
fn slow_senders_hold_nobody_up() {
    let place = Place::new();
    let served = Served::start(&Setup::fake(&place), &PEOPLE);
    let mut slow: Vec<TcpStream> = Vec::new();
    for n in 0..20 {
        let mut stream = TcpStream::connect(served.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let bytes = request(
            served.address,
            "POST",
            "/mcp",
            &[("authorization", &format!("Bearer {}", token("alice")))],
            &hello(),
        );
        // Half of the head, or all of it and half of the body.
        let cut = if n % 2 == 0 { 30 } else { bytes.len() - 10 };
        stream.write_all(&bytes[..cut]).unwrap();
        slow.push(stream);
    }
    let begun = Instant::now();
    let mut bob = served.client("bob").modern(json!({}));
    assert_eq!(bob.structured("codex", json!({ "prompt": "say done", "wait": 50 }))["content"], "done");
    assert!(begun.elapsed() < Duration::from_secs(10));
    for mut stream in slow {
        let mut said = String::new();
        let _ = stream.read_to_string(&mut said);
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 408"), "{said}");
    }
}

#[test]
fn it_listens_where_others_reach_it_only_where_that_is_said() {
    let place = Place::new();
    let serve = |args: &[&str]| -> Command {
        let mut command = Setup::fake(&place).command();
        command.arg("serve").args(args);
        command
    };
    let refused = serve(&["--listen", "0.0.0.0:0"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(words.contains("not encrypted") && words.contains("--insecure"), "{words}");
    assert!(!place.root.join("config").exists(), "nothing is made before");
    for allowed in [&["--insecure"][..], &["--url", "https://bridge.example.com"]] {
        let path = crate::common::http::write_tokens(&place, &PEOPLE);
        let mut args = vec!["--listen", "0.0.0.0:0", "--tokens", path.to_str().unwrap()];
        args.extend(allowed);
        let served = Served::again(&Setup::fake(&place), &args);
        let at = std::net::SocketAddr::from(([127, 0, 0, 1], served.address.port()));
        let health =
            |host: &str| raw(at, &request(at, "GET", "/healthz", &[("host", host)], "")).unwrap().status;
        assert_eq!(health(&at.to_string()), 200);
        assert_eq!(health("evil.example"), 421);
        let named = if allowed.len() == 2 { 200 } else { 421 };
        assert_eq!(health("bridge.example.com"), named);
        // A token is always needed.
        assert_eq!(raw(at, &request(at, "POST", "/mcp", &[], &hello())).unwrap().status, 401);
    }
}

#[test]
fn the_metadata_names_who_gives_tokens() {
    let place = Place::new();
    let setup = Setup::fake(&place)
        .env("CODEX_BRIDGE_HTTP_AUTHORIZATION_SERVERS", "[\"https://login.example.com\"]")
        .env("CODEX_BRIDGE_HTTP_URL", "https://bridge.example.com");
    let served = Served::start(&setup, &PEOPLE);
    for path in ["/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"] {
        let reply = raw(served.address, &request(served.address, "GET", path, &[], "")).unwrap();
        assert_eq!(reply.status, 200);
        let metadata: Value = serde_json::from_str(&reply.text()).unwrap();
        assert_eq!(metadata["resource"], "https://bridge.example.com/mcp");
        assert_eq!(metadata["authorization_servers"], json!(["https://login.example.com"]));
    }
}

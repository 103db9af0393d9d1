//! codex's own MCP servers, from each source and over each transport, with the real codex.

mod guard;
mod secrets;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::Stage;
use crate::common::{Host, Place, Setup};

const FAKE: &str = env!("CARGO_BIN_EXE_fake-mcp-server");

/// A server over HTTP, until it is dropped.
struct HttpServer {
    child: Child,
    url: String,
}

impl HttpServer {
    fn start() -> Self {
        let mut child =
            Command::new(FAKE).arg("http").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Self { child, url: url.trim().to_owned() }
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Adds to codex's own configuration.
fn own(stage: &Stage, more: &str) {
    let config = stage.place.root.join("codex-home/config.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(config, format!("{text}\n{more}\n")).unwrap();
}

/// The file of servers, where it usually lies.
fn filed(place: &Place, servers: &Value) {
    let folder = place.root.join("config/codex-bridge");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("mcp.json"), servers.to_string()).unwrap();
}

/// A bridge that lets codex call the tools of its servers.
fn bridge(stage: &Stage) -> Setup<'_> {
    stage.host().env("CODEX_BRIDGE_APPROVALS_RULES", r#"[{ kind = "mcp_tool", action = "approve" }]"#)
}

/// What the tools said, in order.
fn said(host: &mut Host, thread: &Value) -> Vec<String> {
    let results =
        host.events(thread).into_iter().filter(|e| e["type"] == "tool_result" && e["tool"] == "mcp");
    results
        .map(|e| {
            format!(
                "{} {}",
                e["result"]["content"][0]["text"].as_str().unwrap_or_default(),
                e["error"].as_str().unwrap_or_default()
            )
            .trim()
            .to_owned()
        })
        .collect()
}

/// What `codex://mcp` says of a session's servers.
fn shown(host: &mut Host, thread: &Value) -> Value {
    let read = host.request("resources/read", json!({ "uri": "codex://mcp" }));
    let text = read["result"]["contents"][0]["text"].as_str().unwrap();
    let all: Value = serde_json::from_str(text).unwrap();
    let of = all["sessions"].as_array().unwrap().iter().find(|session| session["threadId"] == *thread);
    of.map(|session| session["servers"].clone()).unwrap_or_default()
}

fn warnings(host: &mut Host, thread: &Value) -> Vec<String> {
    let events = host.events(thread).into_iter().filter(|event| event["type"] == "warning");
    events.map(|event| event["message"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn each_source_gives_servers_over_stdio_and_http_also_after_a_restart() {
    let (stage, http) = (Stage::new(), HttpServer::start());
    let url = format!("{}/mcp", http.url);
    own(&stage, &format!("[mcp_servers.own]\ncommand = {FAKE:?}\n[mcp_servers.ownhttp]\nurl = {url:?}"));
    filed(
        &stage.place,
        &json!({ "mcpServers": {
            "filed": { "command": "${FAKE}", "env": { "TOKEN": "t-${SECRET}" } },
            "filedhttp": { "type": "streamable-http", "url": "${BASE:-none}/mcp", "headers": {
                "Authorization": "Bearer ${SECRET}", "X-Key": "${SECRET}", "X-Plain": "${UNSET:-plain}",
            } },
            "missing": { "command": FAKE, "args": ["${NOT_THERE}"] },
        } }),
    );
    let add = json!({
        "added": { "type": "stdio", "command": FAKE, "env": { "TOKEN": "literal" } },
        "addedhttp": { "url": url, "http_headers": { "X-Key": "${SECRET}" }, "tool_timeout_sec": 20 },
    });
    let start =
        || bridge(&stage).env("SECRET", "twelve-bytes").env("FAKE", FAKE).env("BASE", &http.url).start();
    let prompt = "MCP own echo {\"a\":1}\nMCP ownhttp echo {\"a\":2}\nMCP filed length {\"name\":\"TOKEN\"}\n\
                  MCP filedhttp length {\"name\":\"authorization\"}\nMCP filedhttp length {\"name\":\"x-key\"}\n\
                  MCP filedhttp length {\"name\":\"x-plain\"}\nMCP added length {\"name\":\"TOKEN\"}\n\
                  MCP addedhttp length {\"name\":\"x-key\"}\nSAY done";
    let answers = [
        "answered {\"a\":1}",
        "answered {\"a\":2}",
        "length Some(14)",
        "length Some(19)",
        "length Some(12)",
        "length Some(5)",
        "length Some(7)",
        "length Some(12)",
    ];

    let mut host = start();
    let done = host.structured("codex", json!({ "prompt": prompt, "mcp": { "add": add } }));
    assert_eq!(done["content"], "done", "{done}");
    let thread = done["threadId"].clone();
    assert_eq!(said(&mut host, &thread), answers);
    let all = shown(&mut host, &thread);
    for (name, source, transport) in [
        ("own", "codex", "stdio"),
        ("ownhttp", "codex", "http"),
        ("filed", "file", "stdio"),
        ("filedhttp", "file", "http"),
        ("added", "call", "stdio"),
        ("addedhttp", "call", "http"),
    ] {
        assert_eq!(
            (&all[name]["source"], &all[name]["transport"]),
            (&json!(source), &json!(transport)),
            "{all}"
        );
        assert_eq!(all[name]["status"], "ready", "{name}: {all}");
    }
    assert_eq!(all["filed"]["target"], "${FAKE}", "{all}");
    assert_eq!(all["addedhttp"]["target"], http.url, "{all}");
    let told = warnings(&mut host, &thread);
    assert!(
        told.iter().any(|w| w.contains("`missing` is left out: the variable NOT_THERE is not set")),
        "{told:?}"
    );
    host.close_stdin();
    host.ended();

    let mut host = start();
    let done = host.structured("codex-reply", json!({ "threadId": thread, "prompt": prompt }));
    assert_eq!(done["content"], "done", "{done}");
    assert_eq!(said(&mut host, &thread), [answers, answers].concat());
}

#[test]
fn one_that_is_switched_off_is_not_seen() {
    let stage = Stage::new();
    own(&stage, &format!("[mcp_servers.one]\ncommand = {FAKE:?}\n[mcp_servers.two]\ncommand = {FAKE:?}"));
    filed(&stage.place, &json!({ "servers": { "three": { "command": FAKE, "disabled": true } } }));
    let prompt = "MCP one echo {\"a\":1}\nMCP two echo {\"a\":2}\nMCP three echo {\"a\":3}\nSAY done";
    let one = vec!["answered {\"a\":1}".to_owned()];
    for (name, setting, mcp, expected) in [
        ("none by the call", "true", json!({ "inherit": false }), vec![]),
        ("one by the call", "false", json!({ "inherit": ["one", "unknown"] }), one.clone()),
        ("one by the setting", "[\"one\"]", json!({}), one),
    ] {
        let mut host = bridge(&stage).env("CODEX_BRIDGE_MCP_INHERIT", setting).start();
        let done = host.structured("codex", json!({ "prompt": prompt, "mcp": mcp }));
        assert_eq!(done["content"], "done", "{name}: {done}");
        let thread = &done["threadId"];
        let answered: Vec<_> =
            said(&mut host, thread).into_iter().filter(|s| s.starts_with("answered")).collect();
        assert_eq!(answered, expected, "{name}");
        let all = shown(&mut host, thread);
        assert_eq!(all["two"]["status"], "off", "{name}: {all}");
        assert_eq!(
            all["three"],
            json!({ "status": "off", "source": "file", "transport": "stdio", "target": FAKE })
        );
        let unknown =
            warnings(&mut host, thread).iter().any(|w| w.contains("names the MCP server `unknown`"));
        assert_eq!(unknown, mcp["inherit"].is_array(), "{name}");
    }
}

#[test]
fn one_that_does_not_start_is_seen_everywhere() {
    let stage = Stage::new();
    let mut host = bridge(&stage).start();
    let broken = json!({ "command": "/nonexistent/program" });
    let dead = json!({ "url": "http://127.0.0.1:9/s/path-secret?q=query-secret" });
    let add = json!({ "add": { "broken": broken, "dead": dead } });
    let done = host.structured("codex", json!({ "prompt": "SAY done", "mcp": add }));
    assert_eq!(done["content"], "done", "a turn goes on without it: {done}");
    let thread = done["threadId"].clone();
    // codex tries an address more than once, and its turn may end before it gives up.
    let is_dead = |e: &Value| e["name"] == "dead" && e["status"] == "failed";
    while !host.events(&thread).iter().any(is_dead) {
        let after = host.events(&thread).last().unwrap()["seq"].clone();
        host.structured("codex-events", json!({ "threadId": thread, "after": after, "wait": 60 }));
    }
    let events = host.events(&thread);
    let failed = |name: &str| {
        let found =
            events.iter().find(|e| e["type"] == "mcp_server" && e["name"] == name && e["status"] == "failed");
        found.unwrap_or_else(|| panic!("{name}: {events:#?}"))["error"].as_str().unwrap().to_owned()
    };
    assert!(failed("broken").contains("No such file or directory"), "{}", failed("broken"));
    assert!(failed("dead").contains("http://127.0.0.1:9/…"), "{}", failed("dead"));
    assert!(
        !failed("dead").contains("secret") && !failed("dead").contains("Transport"),
        "{}",
        failed("dead")
    );
    let all = shown(&mut host, &thread);
    assert_eq!((&all["broken"]["status"], &all["dead"]["status"]), (&json!("failed"), &json!("failed")));
    assert_eq!(all["dead"]["target"], "http://127.0.0.1:9");

    for (name, entry, why) in [("broken", broken, "No such file"), ("dead", dead, "http://127.0.0.1:9/…")] {
        let mut entry = entry;
        entry["required"] = json!(true);
        let call = json!({ "prompt": "SAY done", "mcp": { "add": { name: entry } } });
        let refused = host.call("codex", call);
        let error = &refused["structuredContent"]["error"];
        let message = error["message"].as_str().unwrap_or_else(|| panic!("{refused}"));
        assert_eq!(
            (&refused["isError"], &error["code"]),
            (&json!(true), &json!("mcp_server_failed")),
            "{refused}"
        );
        assert!(message.contains(&format!("`{name}`")) && message.contains(why), "{message}");
        assert!(error["remedy"].as_str().unwrap().contains("mcp.add"), "{error}");
        assert!(!refused.to_string().contains("secret"), "{refused}");
    }
}

/// codex merges what it is sent: a later server must have nothing of the one whose name it takes.
#[test]
fn a_later_one_takes_a_name_wholly() {
    let (stage, http) = (Stage::new(), HttpServer::start());
    own(
        &stage,
        &format!(
            "[mcp_servers.one]\ncommand = {FAKE:?}\nenv = {{ OLD = \"old\" }}\n\
             [mcp_servers.two]\ncommand = {FAKE:?}\nenv = {{ OLD = \"old\" }}\n\
             [mcp_servers.three]\ncommand = \"/nonexistent\"\nenv = {{ OLD = \"old\" }}"
        ),
    );
    filed(
        &stage.place,
        &json!({ "mcpServers": {
            "one": { "command": FAKE, "env": { "NEW": "n" } },
            "two": { "command": "/nonexistent/of-the-file" },
        } }),
    );
    let add = json!({ "add": {
        "two": { "url": format!("{}/mcp", http.url) },
        "three": { "command": FAKE, "env": { "OLD": "newer" } },
    } });
    let mut host = bridge(&stage).start();
    // codex makes a name for the model of `one@bridge`.
    let prompt = "MCP one_bridge length {\"name\":\"OLD\"}\nMCP one_bridge length {\"name\":\"NEW\"}\n\
                  MCP two_bridge echo {\"a\":2}\nMCP three length {\"name\":\"OLD\"}\nSAY done";
    let done = host.structured("codex", json!({ "prompt": prompt, "mcp": add }));
    let thread = &done["threadId"];
    assert_eq!(
        said(&mut host, thread),
        ["length None", "length Some(1)", "answered {\"a\":2}", "length Some(5)"]
    );
    let all = shown(&mut host, thread);
    let of = |name: &str| {
        (all[name]["source"].clone(), all[name]["transport"].clone(), all[name]["status"].clone())
    };
    assert_eq!(of("one"), (json!("file"), json!("stdio"), json!("ready")), "{all}");
    assert_eq!(of("two"), (json!("call"), json!("http"), json!("ready")), "{all}");
    assert_eq!(of("three"), (json!("call"), json!("stdio"), json!("ready")), "{all}");
    // Rules and events know the name that the user gave.
    let asked: Vec<_> =
        host.events(thread).into_iter().filter(|e| e["type"] == "permission_request").collect();
    assert!(
        asked.iter().any(|e| e["server"] == "one") && !asked.iter().any(|e| e["server"] == "one@bridge"),
        "{asked:?}"
    );
}

#[test]
fn a_file_that_somebody_named_must_be_one() {
    let stage = Stage::new();
    let file = stage.place.root.join("named.json");
    let path = file.to_str().unwrap().to_owned();
    let refusal = |host: &mut Host| {
        let refused = host.call("codex", json!({ "prompt": "SAY done" }));
        assert_eq!(refused["structuredContent"]["error"]["code"], "mcp_file", "{refused}");
        refused["structuredContent"]["error"]["message"].as_str().unwrap().to_owned()
    };
    let mut host = bridge(&stage).env("CODEX_BRIDGE_MCP_FILE", &path).start();
    assert!(refusal(&mut host).contains("there is no such file"));
    // It is read at each start, so a mended one counts at once.
    std::fs::write(&file, "{\"mcpServers\": {\n  \"one\": {\"command\": \"secret\",,}}}").unwrap();
    let message = refusal(&mut host);
    assert!(message.contains("is not JSON at line 2, column 31") && !message.contains("secret"), "{message}");
    std::fs::write(&file, json!({ "mcpServers": { "one": { "command": FAKE } } }).to_string()).unwrap();
    let done = host.structured("codex", json!({ "prompt": "MCP one echo {\"a\":1}\nSAY done" }));
    assert_eq!(said(&mut host, &done["threadId"]), ["answered {\"a\":1}"]);
    drop(host);

    // The usual one that is broken stops nothing.
    let usual = stage.place.root.join("config/codex-bridge/mcp.json");
    std::fs::create_dir_all(usual.parent().unwrap()).unwrap();
    std::fs::write(&usual, "[]").unwrap();
    let mut host = bridge(&stage).start();
    let done = host.structured("codex", json!({ "prompt": "SAY done" }));
    let told = warnings(&mut host, &done["threadId"]);
    assert!(told.iter().any(|w| w.contains("mcp.json has no servers: it is a list")), "{told:?}");
    drop(host);

    let flag = stage.host().args(&["--mcp-config", "not-there.json"]).command().output().unwrap();
    let words = String::from_utf8_lossy(&flag.stderr);
    assert_eq!(flag.status.code(), Some(2), "{words}");
    assert!(words.contains("--mcp-config") && words.contains("there is no such file"), "{words}");
    assert!(Path::new(&path).exists());
}

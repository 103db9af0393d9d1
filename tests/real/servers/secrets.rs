//! Planted secrets are in nothing that a run writes, but in the one table that is for them.

use std::path::Path;

use serde_json::{Value, json};

use super::{FAKE, HttpServer, bridge, filed};
use crate::common::Host;
use crate::real::Stage;

/// What is planted, by where.
const PLANTED: [&str; 9] = [
    "planted-add-env",
    "planted-add-argument",
    "planted-add-header",
    "planted-add-path",
    "planted-file-literal",
    "planted-variable",
    "planted-config-env",
    "planted-config-header",
    "planted-refused",
];

/// Those that a session must be given again, and that its row in the table may have.
const KEPT: [&str; 6] = [
    "planted-add-env",
    "planted-add-argument",
    "planted-add-header",
    "planted-add-path",
    "planted-config-env",
    "planted-config-header",
];

fn none(place: &str, text: &str, but: &[&str]) {
    for secret in PLANTED.iter().filter(|secret| !but.contains(secret)) {
        assert!(!text.contains(secret), "{secret} is in {place}");
    }
}

/// Everything that a host can read.
fn resources(host: &mut Host, thread: &Value) -> String {
    let thread = thread.as_str().unwrap();
    let of = |part: &str| format!("codex://sessions/{thread}{part}");
    let mut all = host.request("resources/list", json!({})).to_string();
    for uri in ["codex://sessions", "codex://decisions", "codex://mcp"]
        .map(str::to_owned)
        .into_iter()
        .chain(["", "/events", "/diff", "/transcript"].map(of))
    {
        all.push_str(&host.request("resources/read", json!({ "uri": uri })).to_string());
    }
    all
}

/// The tables of a journal in which a text stands, as a row of values.
fn tables_with(journal: &Path, secret: &str) -> Vec<String> {
    let db = rusqlite::Connection::open(journal).unwrap();
    let mut query = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").unwrap();
    let tables: Vec<String> = query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let has = |table: &String| {
        let mut query = db.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = query.column_count();
        let mut rows = query.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let texts = (0..columns).filter_map(|at| row.get::<_, String>(at).ok());
            if texts.into_iter().any(|text| text.contains(secret)) {
                return true;
            }
        }
        false
    };
    tables.into_iter().filter(has).collect()
}

/// A server that says its token where it does not start.
#[cfg(unix)]
#[test]
fn what_a_server_says_of_its_token_is_not_told() {
    let stage = Stage::new();
    let script = "read -r l; id=$(printf %s \"$l\" | sed 's/.*\"id\":\\([0-9]*\\).*/\\1/'); \
                  printf '{\"jsonrpc\":\"2.0\",\"id\":%s,\"error\":{\"code\":-32000,\"message\":\"bad token %s\"}}\\n' \"$id\" \"$T\"";
    let server = |token: &str| json!({ "command": "sh", "args": ["-c", script], "env": { "T": token } });
    let add = json!({ "literal": server("planted-add-env"), "variable": server("x-${PLANTED}") });
    let mut host = bridge(&stage).env("PLANTED", "planted-variable").start();
    let done = host.structured("codex", json!({ "prompt": "SAY done", "mcp": { "add": add } }));
    let thread = &done["threadId"];
    let failed = |events: &[Value]| events.iter().filter(|e| e["status"] == "failed").count();
    while failed(&host.events(thread)) < 2 {
        let after = host.events(thread).last().unwrap()["seq"].clone();
        host.structured("codex-events", json!({ "threadId": thread, "after": after, "wait": 60 }));
    }
    let events = json!(host.events(thread)).to_string();
    // codex says each twice.
    assert_eq!(events.matches("bad token …").count(), 4, "{events}");
    none("an event", &events, &[]);
    none("a resource", &resources(&mut host, thread), &[]);
}

#[test]
fn planted_secrets_are_nowhere_but_in_their_table() {
    let (stage, http) = (Stage::new(), HttpServer::start());
    let root = stage.place.root.clone();
    filed(
        &stage.place,
        &json!({ "mcpServers": {
            "filed": { "command": FAKE, "args": ["${PLANTED}"], "env": { "A": "planted-file-literal", "B": "${PLANTED}" } },
            "dead": { "url": "http://127.0.0.1:9/${PLANTED}/mcp", "headers": { "X": "${PLANTED}" } },
        } }),
    );
    let log = root.join("bridge.log");
    let start = || {
        let setup = bridge(&stage).env("PLANTED", "planted-variable").env("CODEX_BRIDGE_LOG_LEVEL", "trace");
        setup.env("CODEX_BRIDGE_LOG_FILE", log.to_str().unwrap()).start()
    };
    let mut host = start();
    let call = json!({
        "prompt": "MCP added length {\"name\":\"T\"}\nMCP patched length {\"name\":\"T\"}\nSAY done",
        "mcp": { "add": {
            "added": { "command": FAKE, "args": ["--key=planted-add-argument"], "env": { "T": "planted-add-env" } },
            "addedhttp": { "url": format!("{}/mcp", http.url), "headers": { "X": "planted-add-header" } },
            "addeddead": { "url": "http://127.0.0.1:9/planted-add-path" },
        } },
        "config": {
            "mcp_servers.patched": { "command": FAKE, "env": { "T": "planted-config-env" } },
            "mcp_servers": { "patchedhttp": { "url": "http://127.0.0.1:9/", "http_headers": { "X": "planted-config-header" } } },
        },
    });
    let result = host.call("codex", call);
    none("a result", &result.to_string(), &[]);
    let thread = result["structuredContent"]["threadId"].clone();
    assert_eq!(super::said(&mut host, &thread), ["length Some(15)", "length Some(18)"], "{result}");
    // What is refused must not be repeated either; by us, and by codex.
    for wrong in [
        json!({ "mcp": { "add": { "bad": { "command": FAKE, "env": { "T": ["planted-refused"] } } } } }),
        json!({ "mcp": { "add": { "bad": "planted-refused" } } }),
        json!({ "mcp": "planted-refused" }),
        json!({ "mcp": { "inherit": "planted-refused" } }),
        json!({ "config": { "mcp_servers": "planted-refused" } }),
        json!({ "config": { "mcp_servers": { "bad": { "command": "x", "args": "planted-refused" } } } }),
        json!({ "mcp": { "add": { "bad": { "url": "http://127.0.0.1:9/planted-refused", "required": true } } } }),
    ] {
        let mut call = json!({ "prompt": "SAY done" });
        call.as_object_mut().unwrap().extend(wrong.as_object().unwrap().clone());
        let refused = host.call("codex", call);
        assert_eq!(refused["isError"], true, "{wrong}: {refused}");
        none("a refusal", &refused.to_string(), &[]);
    }
    let events = host.events(&thread);
    none("an event", &json!(events).to_string(), &[]);
    none("a resource", &resources(&mut host, &thread), &[]);
    host.close_stdin();
    host.ended();
    none("stderr", &host.stderr().concat(), &[]);

    // Taken up again, they are still there, for codex alone.
    let mut host = start();
    let more = json!({ "threadId": thread, "prompt": "MCP added length {\"name\":\"T\"}\nSAY more" });
    let result = host.call("codex-reply", more);
    assert_eq!(result["structuredContent"]["content"], "more", "{result}");
    assert_eq!(super::said(&mut host, &thread).last().unwrap(), "length Some(15)");
    none("a result", &result.to_string(), &[]);
    none("a resource", &resources(&mut host, &thread), &[]);
    // Before the last page of the log is folded into the file.
    let state = root.join("state");
    for entry in std::fs::read_dir(&state).unwrap().flatten() {
        let bytes = std::fs::read(entry.path()).unwrap_or_default();
        none(&format!("{:?}", entry.path()), &String::from_utf8_lossy(&bytes), &KEPT);
    }
    for secret in KEPT {
        assert_eq!(tables_with(&state.join("journal.db"), secret), ["secrets"], "{secret}");
    }
    host.close_stdin();
    host.ended();
    let log = std::fs::read_to_string(&log).unwrap();
    assert!(log.lines().count() > 2, "{log}");
    none("the log", &log, &[]);
}

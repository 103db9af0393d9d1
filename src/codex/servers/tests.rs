//! Tables for the servers of a thread: what codex is sent.

use serde_json::{Value, json};

use super::write::{covers, merged};
use super::*;
use crate::servers::{Guard, Sources, Variables};
use crate::session::ThreadParams;

/// codex's own servers, as `config/read` shows them.
fn own() -> Value {
    let of = |more: Value| {
        merged(&json!({ "environment_id": "local", "enabled": true, "tool_timeout_sec": null }), &more)
    };
    json!({
        "one": of(json!({ "command": "one", "args": [], "env": { "OLD": "secret-old" } })),
        "two": of(json!({ "url": "http://two/secret" })),
        "off": of(json!({ "command": "off", "enabled": false })),
    })
}

/// The plan for codex's own, servers of the file and the call, and what the call says besides.
fn plan(inherit: Value, file: Value, add: Value, config: Value) -> Plan {
    let mut entries = BTreeMap::new();
    for (source, all) in [(Source::File, file), (Source::Call, add)] {
        for (name, entry) in all.as_object().unwrap() {
            let server = read(entry).unwrap().server;
            entries.insert(name.clone(), Entry { source, shown: Shown::of(&server), server });
        }
    }
    let mut wanted = Wanted::parse(&json!({ "inherit": inherit })).unwrap();
    wanted.absorb(json!({ "mcp_servers": config }).as_object_mut().unwrap()).unwrap();
    made(entries, wanted)
}

/// The plan for a call that only names servers.
fn called(inherit: Value, add: Value) -> Plan {
    made(BTreeMap::new(), Wanted::parse(&json!({ "inherit": inherit, "add": add })).unwrap())
}

fn made(entries: BTreeMap<String, Entry>, wanted: Wanted) -> Plan {
    let sources = Sources {
        file: "/none".into(),
        named: false,
        inherit: Inherit::All(true),
        variables: Variables::default(),
        guard: Guard::default(),
        depth: ("DEPTH", 2),
    };
    let wishes = Wishes {
        around: Arc::new(Around { sources, ..Around::default() }),
        wanted,
        own: own(),
        cwd: "/".into(),
    };
    wishes.plan(Gathered { entries, warnings: Vec::new() })
}

/// Name, status and source of each server that is told of.
fn told(plan: &Plan) -> Vec<String> {
    let of = |body: &Body| match body {
        Body::McpServer { name, status, source, .. } => Some(format!("{name} {status} {source:?}")),
        _ => None,
    };
    plan.notes.iter().filter_map(of).map(|text| text.replace("Some(", "").replace(')', "")).collect()
}

fn warned(plan: &Plan) -> String {
    let of = |body: &Body| match body {
        Body::Warning { message, .. } => Some(message.clone()),
        _ => None,
    };
    plan.notes.iter().filter_map(of).collect::<Vec<_>>().join("\n")
}

#[test]
fn without_wishes_codex_has_its_own_with_the_depth() {
    let plan = plan(json!(null), json!({}), json!({}), json!({}));
    assert_eq!(Value::Object(plan.config.clone()), json!({ "one": { "env": { "DEPTH": "2" } } }));
    assert_eq!(told(&plan), ["off off Codex", "one configured Codex", "two configured Codex"]);
    let notes = format!("{:?}", plan.notes);
    assert!(!notes.contains("secret"), "{notes}");
}

#[test]
fn only_what_codex_has_is_switched_off() {
    let off = json!({ "enabled": false });
    let none = plan(json!(false), json!({}), json!({}), json!({}));
    assert_eq!(Value::Object(none.config), json!({ "one": off, "two": off }));
    let named = plan(json!(["two", "unknown"]), json!({}), json!({}), json!({}));
    assert_eq!(Value::Object(named.config.clone()), json!({ "one": off }));
    assert!(
        warned(&named).contains("`unknown`, which codex's configuration does not have; it has off, one, two")
    );
    // Named by an empty object: on, whatever codex's configuration and `inherit` say.
    let called = called(json!(false), json!({ "off": {}, "nowhere": {} }));
    assert_eq!(
        Value::Object(called.config.clone()),
        json!({
            "one": off, "two": off, "off": { "enabled": true, "env": { "DEPTH": "2" } },
        })
    );
    assert!(warned(&called).contains("`nowhere`"));
    // Switched off by the file: a name that codex lacks is not sent at all.
    let entry = json!({ "command": "x", "enabled": false });
    let by_file = plan(json!(null), json!({ "one": entry, "new": entry }), json!({}), json!({}));
    assert_eq!(Value::Object(by_file.config.clone()), json!({ "one": off }));
    assert!(told(&by_file).contains(&"new off File".to_owned()), "{:?}", told(&by_file));
}

#[test]
fn a_server_in_the_place_of_another_has_nothing_of_it() {
    let off = json!({ "enabled": false });
    // Of another transport, or with less: under a name with a mark.
    for entry in [json!({ "url": "http://new" }), json!({ "command": "new", "env": { "NEW": "n" } })] {
        let plan = plan(json!(null), json!({ "one": entry }), json!({}), json!({}));
        assert_eq!(plan.config["one"], off);
        assert!(plan.config.contains_key("one@bridge"), "{:?}", plan.config);
        assert!(told(&plan).contains(&"one configured File".to_owned()));
    }
    // Covered wholly: under its own.
    let whole = plan(
        json!(null),
        json!({}),
        json!({ "one": { "command": "new", "env": { "OLD": "new" } } }),
        json!({}),
    );
    assert_eq!(whole.config["one"]["env"], json!({ "OLD": "new", "DEPTH": "2" }));
    assert_eq!((&whole.config["one"]["command"], &whole.config["one"]["args"]), (&json!("new"), &json!([])));
    assert!(!whole.config.contains_key("one@bridge"));
    assert_eq!(known_as("one@bridge"), "one");
    // Also where codex's own are not inherited.
    let alone = plan(json!(false), json!({}), json!({ "two": { "url": "http://new" } }), json!({}));
    assert_eq!(alone.config["two"]["url"], "http://new");
}

#[test]
fn what_covers_an_entry_leaves_nothing_of_it() {
    let written = json!({ "command": "a", "args": [], "env": { "A": "1" }, "enabled": true });
    for (own, covered) in [
        (json!({ "command": "b", "env": { "A": "2" }, "enabled": false }), true),
        (
            json!({ "command": "b", "tool_timeout_sec": null, "environment_id": "local", "env_vars": [] }),
            true,
        ),
        (json!({ "command": "b", "env": { "A": "2", "B": "3" } }), false),
        (json!({ "command": "b", "default_tools_approval_mode": "approve" }), false),
        (json!({ "command": "b", "tools": { "t": { "approval_mode": "approve" } } }), false),
        (json!({ "command": "b", "environment_id": "remote" }), false),
        (json!({ "url": "http://x" }), false),
    ] {
        assert_eq!(covers(&written, &own), covered, "{own}");
    }
}

#[test]
fn the_configuration_of_a_call_changes_parts_as_codex_has_it() {
    // A part of codex's own, a server of its own, and a part of one of the file.
    let config = json!({ "one": { "startup_timeout_sec": 3 }, "mine": { "command": "m" }, "file": { "tool_timeout_sec": 4 } });
    let plan_of = plan(json!(null), json!({ "file": { "command": "f" } }), json!({}), config);
    assert_eq!(plan_of.config["one"], json!({ "startup_timeout_sec": 3, "env": { "DEPTH": "2" } }));
    assert_eq!(plan_of.config["mine"], json!({ "command": "m", "env": { "DEPTH": "2" } }));
    assert_eq!(
        (&plan_of.config["file"]["command"], &plan_of.config["file"]["tool_timeout_sec"]),
        (&json!("f"), &json!(4))
    );
    // It is later than the file, where it says how a server is reached, and earlier than `add`.
    let config = json!({ "x": { "command": "of-config" }, "y": { "command": "of-config" } });
    let later = plan(
        json!(null),
        json!({ "x": { "url": "http://file" } }),
        json!({ "y": { "url": "http://add" } }),
        config,
    );
    assert_eq!(
        (&later.config["x"]["command"], &later.config["y"]["url"]),
        (&json!("of-config"), &json!("http://add"))
    );
    assert_eq!(later.config["y"].get("command"), None);
}

#[test]
fn this_program_is_taken_out_of_each_source() {
    let config = json!({ "mine": { "command": "npx", "args": ["codex-bridge"] }, "one": { "command": "codex-bridge" } });
    let plan = plan(json!(null), json!({}), json!({}), config);
    assert_eq!(Value::Object(plan.config.clone()), json!({ "one": { "enabled": false } }));
    let warned = warned(&plan);
    assert!(
        warned.contains(
            "`one` of codex's own configuration is switched off: its command is codex-bridge itself"
        )
    );
    assert!(warned.contains("config.mcp_servers: the MCP server `mine` is left out"), "{warned}");
}

#[test]
fn faults_lose_what_is_secret_and_what_is_noise() {
    let error = "MCP client for `h@bridge` failed to start: MCP startup failed: handshaking with MCP server failed: \
                 Send message error Transport [a::B<c::D>] error: Client error: http/request failed: error sending \
                 request for url (http://127.0.0.1:9/s/secret?q=secret), when send initialize request: Send message \
                 error Transport [a::B<c::D>] error: again (http://127.0.0.1:9/s/secret)";
    assert_eq!(
        plain_fault(error),
        "MCP client for `h` failed to start: MCP startup failed: handshaking with MCP server failed: Client error: \
         http/request failed: error sending request for url (http://127.0.0.1:9/…)"
    );
    assert_eq!(
        without_paths("see https://a.b, http://c/d and ftp://e/f"),
        "see https://a.b, http://c/… and ftp://e/f"
    );
    for (text, plain) in [
        ("(http://h/a,SECRET/mcp?x=SECRET2)", "(http://h/…)"),
        ("at http://h/a'(1)/SECRET", "at http://h/…"),
        ("'http://h/SECRET', \"https://i/SECRET\"", "'http://h/…', \"https://i/…\""),
        ("http://h/SECRET).", "http://h/…)."),
        ("http://user:SECRET@h/a", "/…"),
    ] {
        assert_eq!(without_paths(text), plain, "{text}");
    }
    let said = "codex refused: error creating thread: Fatal error: Failed to initialize session: required MCP servers \
                failed to initialize: h@bridge: No such file or directory (os error 2); i: gone";
    let error = required_failed(said).unwrap().0;
    assert_eq!(error.code, "mcp_server_failed");
    assert!(
        error.message.ends_with("failed: `h`: No such file or directory (os error 2); `i`: gone"),
        "{}",
        error.message
    );
    assert!(required_failed("something else").is_none());
    let config = json!({ "a": { "args": ["secret", "secret-longer"], "url": "abc" } });
    let secrets = Secrets::of(config.as_object().unwrap().values(), &Variables::default());
    assert_eq!(secrets.hide("secret-longer, secret, abc"), "…, …, abc");
    assert_eq!(format!("{secrets:?}"), "Secrets(2)");
}

#[test]
fn what_is_said_alone_of_a_secret_is_hidden_too() {
    let variables = [("TOKEN", "of-a-variable"), ("KEY", "of-a-header")];
    let variables: Variables =
        variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect();
    let entries = [
        json!({ "url": "http://h/path-secret", "http_headers": { "authorization": "Bearer of-a-token" } }),
        json!({ "url": "http://i", "bearer_token_env_var": "TOKEN", "env_http_headers": { "X": "KEY" } }),
        json!({ "command": "program", "args": ["--key=of-an-argument"], "enabled_tools": ["echo"] }),
    ];
    let secrets = Secrets::of(&entries, &variables);
    for text in ["of-a-token", "of-a-variable", "of-a-header", "of-an-argument", "/path-secret"] {
        assert_eq!(secrets.hide(&format!("no: {text}")), "no: …");
    }
    let shown = "`echo` of program at http://i and http://h: TOKEN, KEY";
    assert_eq!(secrets.hide(shown), shown);
    let mut body = Body::warning("bad of-a-token".to_owned());
    secrets.hide_in(&mut body);
    assert_eq!(body, Body::warning("bad …".to_owned()));
}

/// What `read` refuses and codex takes: the guard and the depth hold for it all the same.
#[test]
fn an_entry_that_only_codex_understands_is_guarded_too() {
    let of = |command: &str| {
        json!({
            "command": command, "args": ["-c", "codex-bridge"], "tool_timeout_sec": -1, "env": { "A": "b" },
        })
    };
    let config = json!({ "bad": of("sh"), "fine": of("docs"), "one": { "tool_timeout_sec": -1 } });
    let made = plan(json!(null), json!({}), json!({}), config);
    assert!(
        !made.config.contains_key("bad") && warned(&made).contains("`bad` is left out"),
        "{:?}",
        made.config
    );
    assert_eq!(made.config["fine"]["env"], json!({ "A": "b", "DEPTH": "2" }));
    assert_eq!(made.config["one"], json!({ "tool_timeout_sec": -1, "env": { "DEPTH": "2" } }));
}

/// What the call changes of a server of the file is looked at as it then is.
#[test]
fn a_changed_server_of_the_file_is_guarded() {
    let file = json!({ "filed": { "command": "sh", "args": ["-c", "docs"] } });
    let made = plan(json!(null), file, json!({}), json!({ "filed": { "args": ["-c", "codex-bridge"] } }));
    assert!(!made.config.contains_key("filed") && warned(&made).contains("`filed`"), "{:?}", made.config);
}

/// A name with the bridge's own mark would be taken for another server.
#[test]
fn a_users_name_has_no_mark() {
    let made = plan(json!(null), json!({}), json!({}), json!({ "x@bridge": { "command": "x" } }));
    assert!(!made.config.contains_key("x@bridge"), "{:?}", made.config);
    assert!(warned(&made).contains("its name ends in `@bridge`"), "{}", warned(&made));
}

/// A profile's texts, the flags', and variables; what the call said itself it may read again.
#[test]
fn what_a_caller_did_not_say_is_hidden_where_a_thread_does_not_open() {
    let object = |value: Value| value.as_object().cloned().unwrap();
    let env = [("TOKEN", "of-a-variable"), ("HOME", "/home/somebody"), ("SHORT", "word")];
    let env = env.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let params = ThreadParams {
        config: object(json!({
            "model_providers": { "zz": { "http_headers": "of-a-profile" } },
            "shell_environment_policy.set": { "A": "of-a-flag" },
            "model_verbosity": "of-the-call", "model_provider": "nobody",
        })),
        said: object(json!({ "model_verbosity": "of-the-call" })),
        around: Around { env, ..Around::default() }.into(),
        ..ThreadParams::default()
    };
    let own = Secrets::of([&json!({ "url": "http://h/path-secret" })], &Variables::default());
    let hidden = own.of_open(&params);
    for text in ["of-a-profile", "of-a-flag", "of-a-variable", "/path-secret"] {
        assert_eq!(hidden.hide(&format!("invalid type: string \"{text}\"")), "invalid type: string \"…\"");
    }
    let shown = "`of-the-call` of nobody in /home/somebody is no word";
    assert_eq!(hidden.hide(shown), shown);
    assert_eq!(own.hide("of-a-profile"), "of-a-profile", "what the turn says later is another matter");
}

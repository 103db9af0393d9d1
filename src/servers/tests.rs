//! Tables for the servers that codex is given.

mod guard;
mod wanted;

use std::path::Path;

use serde_json::{Value, json};

use super::*;

/// Variables of a test.
fn variables() -> Variables {
    let pairs = [("A", "alpha"), ("EMPTY", ""), ("TOKEN", "t0ken"), ("PATH", "/usr/bin")];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn variables_are_expanded_as_hosts_do() {
    for (text, expected) in [
        ("plain", Ok("plain")),
        ("${A}", Ok("alpha")),
        ("x${A}y${A}z", Ok("xalphayalphaz")),
        ("${env:A}", Ok("alpha")),
        ("${A:-other}", Ok("alpha")),
        ("${NOPE:-other}", Ok("other")),
        ("${NOPE:-}", Ok("")),
        ("${EMPTY:-other}", Ok("other")),
        ("${EMPTY}", Ok("")),
        ("$A ${A $ {A} }", Ok("$A ${A $ {A} }")),
        ("100$ and ${", Ok("100$ and ${")),
        ("a${NOPE}", Err("NOPE")),
        ("${input:key}", Err("input:key")),
        ("${A}${NOPE}", Err("NOPE")),
    ] {
        let expanded = variables().expand(text);
        // `${A $ {A}` is a name with a space, which no variable has.
        if text.starts_with("$A") {
            assert!(expanded.is_err(), "{text}");
            continue;
        }
        assert_eq!(expanded, expected.map(str::to_owned).map_err(|name| Missing(name.to_owned())), "{text}");
    }
}

#[test]
fn a_missing_variable_is_named_and_no_value() {
    let entry = json!({ "command": "x", "env": { "A": "secret", "B": "${NOPE}" } });
    let error = read(&entry).unwrap().server.expand(&variables()).unwrap_err().to_string();
    assert_eq!(error, "the variable NOPE is not set; set it, or write a default as in ${NOPE:-default}");
}

#[test]
fn each_spelling_means_the_same() {
    let whole = read(&json!({
        "command": "c", "args": ["a"], "env": { "E": "e" }, "cwd": "/w", "enabled": false, "required": true,
        "enabled_tools": ["t"], "disabled_tools": ["u"], "startup_timeout_sec": 2.5, "tool_timeout_sec": 30,
    }));
    let hosts = read(&json!({
        "type": "stdio", "command": "c", "args": ["a"], "env": { "E": "e" }, "cwd": "/w", "disabled": true,
        "required": true, "includeTools": ["t"], "excludeTools": ["u"], "startup_timeout_ms": 2500, "timeout": 30000,
    }));
    assert_eq!(whole.as_ref().unwrap(), hosts.as_ref().unwrap());
    assert!(whole.unwrap().remarks.is_empty());
    let one = read(&json!({ "url": "http://x", "http_headers": { "A": "b" } })).unwrap();
    for kind in ["http", "streamable-http", "streamableHttp", "streamable_http"] {
        assert_eq!(read(&json!({ "type": kind, "url": "http://x", "headers": { "A": "b" } })).unwrap(), one);
    }
    assert_eq!(read(&json!({ "httpUrl": "http://x", "headers": { "A": "b" } })).unwrap(), one);
    let sse = read(&json!({ "type": "sse", "url": "http://x" })).unwrap().server.transport;
    assert!(sse == Transport::Sse);
}

#[test]
fn what_cannot_be_used_is_named_without_its_value() {
    for (entry, message) in [
        (json!("secret"), "it is a text; a server is an object"),
        (json!([]), "it is a list; a server is an object"),
        (json!({}), "it has neither `command` nor `url`"),
        (json!({ "command": null }), "it has neither `command` nor `url`"),
        (json!({ "command": "secret", "url": "secret" }), "it has both `command` and `url`"),
        (json!({ "command": "" }), "`command` is an empty text; it takes a text that is not empty"),
        (json!({ "command": ["secret"] }), "`command` is a list; it takes a text that is not empty"),
        (json!({ "command": "c", "args": "secret" }), "`args` is a text; it takes a list of texts"),
        (json!({ "command": "c", "args": ["a", 1] }), "`args` is a list; it takes a list of texts"),
        (json!({ "command": "c", "env": ["secret"] }), "`env` is a list; it takes an object of texts"),
        (json!({ "command": "c", "env": { "P": 1 } }), "`env.P` is a number; it takes a text"),
        (
            json!({ "command": "c", "env_vars": [{ "source": "secret" }] }),
            "`env_vars` is a list; it takes a list of names of variables",
        ),
        (json!({ "command": "c", "type": "http" }), "`type` is not one that fits"),
        (json!({ "url": "u", "type": "stdio" }), "`type` is not one that fits"),
        (json!({ "url": "u", "type": "secret" }), "`type` is not one that fits"),
        (json!({ "url": "u", "headers": { "A": true } }), "`headers.A` is true or false; it takes a text"),
        (
            json!({ "url": "u", "tool_timeout_sec": -1 }),
            "`tool_timeout_sec` is a number; it takes a number that is not below zero",
        ),
        (
            json!({ "url": "u", "timeout": "secret" }),
            "`timeout` is a text; it takes a number that is not below zero",
        ),
        (json!({ "url": "u", "required": "secret" }), "`required` is a text; it takes true or false"),
    ] {
        let error = read(&entry).unwrap_err().to_string();
        assert!(error.starts_with(message) && !error.contains("secret"), "{entry}: {error}");
    }
}

#[test]
fn what_codex_takes_is_taken() {
    let entry = json!({
        "command": "c", "tool_timeout_sec": 0, "env_vars": ["A", { "name": "${B:-B}", "source": "local" }, { "name": "C" }],
    });
    let server = read(&entry).unwrap().server.expand(&variables()).unwrap();
    assert_eq!(server.tool_timeout, Some(0.0));
    let Transport::Stdio { passed, .. } = server.transport else { panic!("it has a command") };
    let of = |name: &str, source: Option<&str>| Passed { name: name.into(), source: source.map(Into::into) };
    assert_eq!(passed, [of("A", None), of("B", Some("local")), of("C", None)]);
}

#[test]
fn a_command_is_seen_in_an_entry_that_cannot_be_used() {
    for wrong in [json!({ "args": ["a", 1] }), json!({ "env": { "E": 1 } }), json!({ "cwd": 1 })] {
        let mut entry = json!({ "command": "c", "args": ["a"], "type": "nonsense", "url": "u" });
        entry.as_object_mut().unwrap().extend(wrong.as_object().unwrap().clone());
        assert!(read(&entry).is_err());
        let Some(Transport::Stdio { command, args, .. }) = command(&entry) else { panic!("{entry}") };
        assert_eq!((command.as_str(), args.as_slice()), ("c", &["a".to_owned()][..]), "{entry}");
    }
    assert!(command(&json!({ "command": 1 })).is_none() && command(&json!("c")).is_none());
}

#[test]
fn no_name_ends_in_our_mark() {
    assert_eq!(check_name("a@b"), Ok(()));
    for (name, error) in [("", BadEntry::Name), ("a b", BadEntry::Name), ("a@bridge", BadEntry::Mark)] {
        assert_eq!(check_name(name), Err(error), "{name}");
    }
    let refused =
        Wanted::parse(&json!({ "add": { "a@bridge": { "command": "c" } } })).unwrap_err().to_string();
    assert!(refused.contains("give it another name"), "{refused}");
}

#[test]
fn what_is_passed_over_is_said() {
    let entry = json!({ "comand": "x", "command": "c", "trust": true, "zzz": 1, "headers_": 1 });
    let mut remarks: Vec<_> = read(&entry).unwrap().remarks.iter().map(ToString::to_string).collect();
    remarks.sort();
    assert_eq!(
        remarks,
        [
            "`comand` is not a member of a server; did you mean `command`?",
            "`headers_` is not a member of a server; did you mean `headers`?",
            "`zzz` is not a member of a server",
            "codex has nothing like `trust`, so it does not count",
        ]
    );
}

#[test]
fn a_header_that_is_one_variable_stays_a_name() {
    let of = |headers: Value| {
        let read = read(&json!({ "url": "http://x", "headers": headers })).unwrap();
        match read.server.expand(&variables()).unwrap().transport {
            Transport::Http { headers, header_variables, bearer_variable, .. } => {
                (json!(headers), json!(header_variables), bearer_variable)
            }
            _ => panic!("it is HTTP"),
        }
    };
    let token = || Some("TOKEN".to_owned());
    assert_eq!(of(json!({ "Authorization": "Bearer ${TOKEN}" })), (json!({}), json!({}), token()));
    assert_eq!(of(json!({ "authorization": "Bearer ${env:TOKEN}" })), (json!({}), json!({}), token()));
    assert_eq!(of(json!({ "X-Key": "${TOKEN}" })), (json!({}), json!({ "X-Key": "TOKEN" }), None));
    for (name, text, value) in [
        ("Authorization", "Bearer ${TOKEN}x", "Bearer t0kenx"),
        ("Authorization", "Bearer ${TOKEN:-d}", "Bearer t0ken"),
        ("Authorization", "Basic ${TOKEN}", "Basic t0ken"),
        ("X-Key", "Bearer ${TOKEN}", "Bearer t0ken"),
        ("X-Key", "${EMPTY}", ""),
    ] {
        assert_eq!(of(json!({ name: text })), (json!({ name: value }), json!({}), None), "{text}");
    }
}

#[test]
fn only_whose_an_address_is_may_be_shown() {
    for (url, shown) in [
        ("https://h/s/secret", "https://h"),
        ("http://h:8?q=secret", "http://h:8"),
        ("https://user:secret@h/", ""),
        ("${BASE}/x", ""),
        ("https://${HOST}/x#secret", "https://${HOST}"),
        ("secret", ""),
    ] {
        assert_eq!(origin(url), shown, "{url}");
    }
    let server =
        read(&json!({ "command": "npx", "args": ["secret"], "env": { "A": "secret" } })).unwrap().server;
    assert_eq!(Shown::of(&server), Shown { transport: "stdio", target: "npx".into() });
    assert_eq!(format!("{server:?}"), "Server { transport: \"stdio\", .. }");
}

/// Where servers come from, with a file of this text.
fn sources(folder: &Path, text: &str, named: bool) -> Sources {
    let file = folder.join("mcp.json");
    std::fs::write(&file, text).unwrap();
    Sources {
        file,
        named,
        inherit: Inherit::All(true),
        variables: variables(),
        guard: Guard::default(),
        depth: ("DEPTH", 1),
    }
}

#[test]
fn the_call_wins_over_the_file_and_what_is_left_out_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let file = json!({ "mcpServres": {}, "mcpServers": {
        "both": { "command": "of-file", "env": { "A": "a" } },
        "file": { "url": "http://${A}/" },
        "bad name": { "command": "c" },
        "gone": { "command": "${NOPE}" },
        "malformed": { "args": [] },
        "old": { "type": "sse", "url": "http://x" },
        "ours": { "command": "npx", "args": ["codex-bridge"] },
        "typo": { "command": "c", "argz": [] },
    } });
    let sources = sources(folder.path(), &file.to_string(), false);
    let wanted = Wanted::parse(&json!({ "add": { "both": { "command": "of-call" } } })).unwrap();
    let all = gather(&sources, &wanted, folder.path(), true).unwrap();
    let names: Vec<_> = all.entries.iter().map(|(name, entry)| (name.as_str(), entry.source)).collect();
    assert_eq!(names, [("both", Source::Call), ("file", Source::File), ("typo", Source::File)]);
    assert_eq!(all.entries["both"].shown.target, "of-call");
    assert!(
        matches!(&all.entries["file"].server.transport, Transport::Http { url, .. } if url == "http://alpha/")
    );
    let warnings = all.warnings.join("\n").replace(folder.path().to_str().unwrap(), "FOLDER");
    for part in [
        "FOLDER/mcp.json: `mcpServres` is not a member of such a file; did you mean `mcpServers`?",
        "FOLDER/mcp.json: the MCP server `bad name` is left out: its name may have letters",
        "`gone` is left out: the variable NOPE is not set",
        "`malformed` is left out: it has neither `command` nor `url`",
        "`old` is left out: codex does not speak SSE",
        "`ours` is left out: it starts codex-bridge through npx",
        "MCP server `typo`: `argz` is not a member of a server; did you mean `args`?",
    ] {
        assert!(warnings.contains(part), "{part}: {warnings}");
    }
    assert_eq!(all.warnings.len(), 7, "{warnings}");
}

#[test]
fn a_file_that_cannot_be_used_says_why() {
    let folder = tempfile::tempdir().unwrap();
    for (text, message) in [
        ("", "is not JSON at line 1, column 0"),
        ("{\"mcpServers\": {\"a\": secret}}", "is not JSON at line 1, column"),
        ("\"secret\"", "has no servers: it is a text"),
        ("{\"mcpServers\": [\"secret\"]}", "has no servers: its servers are a list"),
        ("{\"mcpServer\": {}}", "has no servers: neither `mcpServers` nor `servers` is there"),
        (&" ".repeat((1 << 20) + 1), "it is larger than that"),
    ] {
        for (named, fresh) in [(true, true), (false, true), (true, false)] {
            let sources = sources(folder.path(), text, named);
            let message_of = match gather(&sources, &Wanted::default(), folder.path(), fresh) {
                Ok(all) => all.warnings.concat(),
                Err(error) => error.to_string(),
            };
            assert!(message_of.contains(message) && !message_of.contains("secret"), "{message_of}");
            let refused = gather(&sources, &Wanted::default(), folder.path(), fresh).is_err();
            assert_eq!(refused, named && fresh, "{message}");
        }
    }
    for text in ["{}", "\u{feff}{\"servers\": {}, \"inputs\": []}"] {
        let sources = sources(folder.path(), text, true);
        assert_eq!(gather(&sources, &Wanted::default(), folder.path(), true).unwrap(), Gathered::default());
    }
    let missing = |named| Sources { file: folder.path().join("none"), ..sources(folder.path(), "{}", named) };
    assert_eq!(
        gather(&missing(false), &Wanted::default(), folder.path(), true).unwrap(),
        Gathered::default()
    );
    assert!(matches!(
        gather(&missing(true), &Wanted::default(), folder.path(), true),
        Err(FileError::Missing { .. })
    ));
    let folder_itself = Sources { file: folder.path().to_owned(), ..sources(folder.path(), "{}", true) };
    assert!(matches!(
        gather(&folder_itself, &Wanted::default(), folder.path(), true),
        Err(FileError::Unusable { what: "no file", .. })
    ));
}

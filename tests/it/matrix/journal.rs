//! The journal cannot be used, or not any more.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::json;

use super::{Case, ask, asked, cases, next, state, whole};
use crate::common::{Host, Place, Setup, hold};
use crate::daemon::errand;

fn file(place: &Place) -> PathBuf {
    place.root.join("state").join("journal.db")
}

fn start(place: &Place) -> Host {
    Setup::fake(place).start()
}

/// A journal with one session, and nobody who has it open; the session.
fn left(place: &Place) -> serde_json::Value {
    let mut host = Setup::fake(place).alone().start();
    let thread = ask(&mut host, "say before")["structuredContent"]["threadId"].clone();
    host.close_stdin();
    host.ended();
    thread
}

/// Runs SQL on it.
fn sql(place: &Place, words: &str) {
    rusqlite::Connection::open(file(place)).unwrap().execute_batch(words).unwrap();
}

const CASES: &[Case] = &[
    Case {
        fault: "another process holds it for a while",
        ends: "completed done; next completed on",
        run: |place| {
            left(place);
            let mut host = start(place);
            let held = hold(place);
            let arguments = json!({ "name": "codex", "arguments": { "prompt": "say done", "wait": 50 } });
            let call = host.post("tools/call", arguments);
            // Others answer meanwhile.
            host.request("tools/list", json!({}));
            held.execute_batch("ROLLBACK").unwrap();
            let result = host.answer(call)["result"].clone();
            let thread = &result["structuredContent"]["threadId"];
            let seen = format!("{}; next {}", state(&result), next(&mut host, thread));
            whole(&host.events(thread));
            seen
        },
    },
    Case {
        fault: "another process holds it for longer than the call waits",
        ends: "failed codex_slow; next completed on",
        run: |place| {
            left(place);
            let mut host = start(place);
            let held = hold(place);
            let result = host.call("codex", json!({ "prompt": "say done", "wait": 1 }));
            held.execute_batch("ROLLBACK").unwrap();
            let thread = &result["structuredContent"]["threadId"];
            format!("{}; next {}", state(&result), next(&mut host, thread))
        },
    },
    Case {
        fault: "is of a newer version",
        ends: "failed journal",
        run: |place| {
            left(place);
            sql(place, "PRAGMA user_version = 900");
            let before = fs::read(file(place)).unwrap();
            let seen = asked(&mut start(place), "say done");
            assert_eq!(fs::read(file(place)).unwrap(), before, "it is left alone");
            seen
        },
    },
    Case {
        fault: "is no database",
        ends: "failed journal",
        run: |place| {
            fs::create_dir(place.root.join("state")).unwrap();
            fs::write(file(place), "no database at all ".repeat(500)).unwrap();
            asked(&mut start(place), "say done")
        },
    },
    Case {
        fault: "is empty",
        ends: "completed done",
        run: |place| {
            fs::create_dir(place.root.join("state")).unwrap();
            fs::write(file(place), "").unwrap();
            asked(&mut start(place), "say done")
        },
    },
    Case {
        fault: "is a folder",
        ends: "failed journal",
        run: |place| {
            fs::create_dir_all(file(place)).unwrap();
            asked(&mut start(place), "say done")
        },
    },
    Case {
        fault: "its folder cannot be made",
        ends: "failed journal",
        run: |place| {
            let path = place.root.join("a-file");
            fs::write(&path, "").unwrap();
            let path = path.join("journal.db");
            let setup = Setup::fake(place).env("CODEX_BRIDGE_JOURNAL_PATH", path.to_str().unwrap());
            asked(&mut setup.start(), "say done")
        },
    },
    Case {
        fault: "is read-only",
        ends: "failed journal",
        run: |place| {
            let thread = left(place);
            let only = |mode| fs::Permissions::from_mode(mode);
            fs::set_permissions(file(place), only(0o444)).unwrap();
            let mut host = Setup { program: bound(place), ..Setup::fake(place) }.start();
            let seen = asked(&mut host, "say done");
            drop(host);
            errand(place, "stop");
            fs::set_permissions(file(place), only(0o600)).unwrap();
            let events = start(place).events(&thread);
            assert!(events.iter().any(|event| event["text"] == "before"), "{events:?}");
            seen
        },
    },
    Case {
        fault: "its disk is full",
        ends: "failed journal; with room completed on",
        run: |place| {
            let thread = left(place);
            let starter = place.root.join("on-a-small-disk");
            let bridge = env!("CARGO_BIN_EXE_codex-bridge");
            program(&starter, &format!("#!/bin/sh\ntrap '' XFSZ\nulimit -f 600\nexec '{bridge}' \"$@\"\n"));
            let mut host = Setup { program: starter, ..Setup::fake(place) }.start();
            let seen = asked(&mut host, "flood 100000\nsay all of it");
            drop(host);
            errand(place, "stop");
            let mut host = start(place);
            let last = host.structured("codex-sessions", json!({}))["sessions"][0]["threadId"].clone();
            whole(&host.events(&last));
            format!("{seen}; with room {}", next(&mut host, &thread))
        },
    },
    Case {
        fault: "is deleted while it is in use",
        ends: "completed before; next completed on",
        run: |place| {
            let mut host = start(place);
            let first = ask(&mut host, "say before");
            fs::remove_file(file(place)).unwrap();
            let thread = &first["structuredContent"]["threadId"];
            format!("{}; next {}", state(&first), next(&mut host, thread))
        },
    },
    Case {
        fault: "its folder is deleted while it is in use",
        ends: "completed before; next completed on",
        run: |place| {
            let mut host = start(place);
            let first = ask(&mut host, "say before");
            fs::remove_dir_all(place.root.join("state")).unwrap();
            let thread = &first["structuredContent"]["threadId"];
            format!("{}; next {}", state(&first), next(&mut host, thread))
        },
    },
];

/// A program of the test.
fn program(path: &std::path::Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A starter of the bridge that is bound by the permissions of files, also for root.
fn bound(place: &Place) -> PathBuf {
    let (starter, bridge) = (place.root.join("bound"), env!("CARGO_BIN_EXE_codex-bridge"));
    let less = "setpriv --bounding-set=-dac_override,-dac_read_search";
    let root = format!("[ \"$(id -u)\" = 0 ] && exec {less} '{bridge}' \"$@\"");
    program(&starter, &format!("#!/bin/sh\n{root}\nexec '{bridge}' \"$@\"\n"));
    starter
}

#[test]
fn the_journal_cannot_be_used() {
    cases(CASES);
}

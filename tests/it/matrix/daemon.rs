//! The bridge in the background is not there, not any more, or not itself.

use std::fs;
use std::io::Write as _;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::thread;

use rustix::process::Signal;
use serde_json::{Value, json};

use super::{Case, ask, asked, cases, next, state, whole};
use crate::common::{Host, Place, Setup};
use crate::daemon::{daemons, errand, kill};

fn start(place: &Place) -> Host {
    Setup::fake(place).shared().start()
}

/// The one that runs.
fn one(place: &Place) -> i32 {
    let [pid] = daemons(place)[..] else { panic!("{:?}", daemons(place)) };
    pid
}

/// Where it listens.
fn socket(place: &Place) -> PathBuf {
    let all = fs::read_dir(place.root.join("state/control")).unwrap().flatten();
    let mut doors = all.map(|entry| entry.path()).filter(|path| {
        path.extension().is_some_and(|end| end == "sock") && path.to_string_lossy().contains("door-")
    });
    doors.next().unwrap()
}

/// Starts a call that does not end by itself, and waits until it is under way; its id and the session.
fn begin(host: &mut Host, prompt: &str) -> (u64, Value) {
    let begun = host.call("codex", json!({ "prompt": prompt, "wait": 0 }));
    let thread = begun["structuredContent"]["threadId"].clone();
    let arguments = json!({ "threadId": thread, "wait": 50, "until": "completed" });
    let arguments = if prompt == "stall" { json!({ "threadId": thread, "wait": 50 }) } else { arguments };
    (host.post("tools/call", json!({ "name": "codex-wait", "arguments": arguments })), thread)
}

/// The words of an answer that is an error of the protocol, or the state of one that is none.
fn answer(host: &mut Host, call: u64) -> String {
    let answer = host.answer(call);
    if let Some(error) = answer["error"]["message"].as_str() {
        assert!(error.contains("codex-sessions"), "{error}");
        return format!("error {}", answer["error"]["code"]);
    }
    state(&answer["result"])
}

/// What became of a turn that another daemon had, and that the session goes on.
fn after(host: &mut Host, thread: &Value) -> String {
    let ended = host.call("codex-wait", json!({ "threadId": thread, "wait": 50 }));
    let seen = format!("{}; next {}", state(&ended), next(host, thread));
    whole(&host.events(thread));
    seen
}

/// A host that finds at the door what the test has put there.
fn meets(place: &Place, other: impl FnOnce(PathBuf)) -> String {
    let mut first = start(place);
    let path = socket(place);
    first.close_stdin();
    first.ended();
    errand(place, "stop");
    other(path);
    let mut host = start(place);
    let seen = asked(&mut host, "say done");
    let words = host.stderr().join("\n");
    if words.contains("there is no bridge in the background") { format!("{seen}, by itself") } else { seen }
}

const CASES: &[Case] = &[
    Case {
        fault: "the folder of its socket cannot be made",
        ends: "completed done, by itself",
        run: |place| {
            fs::create_dir(place.root.join("state")).unwrap();
            fs::write(place.root.join("state/control"), "").unwrap();
            let setup = Setup::fake(place).shared().env("XDG_RUNTIME_DIR", "/nowhere/at/all");
            let mut host = setup.start();
            let seen = asked(&mut host, "say done");
            assert!(host.stderr().join("\n").contains("there is no bridge in the background for this host"));
            format!("{seen}, by itself")
        },
    },
    Case {
        fault: "its folder goes while it runs",
        ends: "completed on; completed done",
        run: |place| {
            let mut first = start(place);
            let thread = ask(&mut first, "say before")["structuredContent"]["threadId"].clone();
            fs::remove_dir_all(place.root.join("state/control")).unwrap();
            let mut second = start(place);
            format!("{}; {}", next(&mut first, &thread), asked(&mut second, "say done"))
        },
    },
    Case {
        fault: "its socket goes while it runs",
        ends: "completed on; completed done",
        run: |place| {
            let mut first = start(place);
            let thread = ask(&mut first, "say before")["structuredContent"]["threadId"].clone();
            fs::remove_file(socket(place)).unwrap();
            let mut second = start(place);
            format!("{}; {}", next(&mut first, &thread), asked(&mut second, "say done"))
        },
    },
    Case {
        fault: "it cannot begin",
        ends: "completed done, by itself",
        run: |place| {
            fs::create_dir_all(place.root.join("state/daemon.log")).unwrap();
            let mut host = start(place);
            let seen = asked(&mut host, "say done");
            assert!(host.stderr().join("\n").contains("there is no bridge in the background for this host"));
            format!("{seen}, by itself")
        },
    },
    Case {
        fault: "it is killed in a call",
        ends: "error -32000; then interrupted host_gone; next completed on",
        run: |place| {
            let mut host = start(place);
            let (call, thread) = begin(&mut host, "stall");
            kill(one(place), Signal::KILL);
            format!("{}; then {}", answer(&mut host, call), after(&mut host, &thread))
        },
    },
    Case {
        fault: "it is killed with an approval open",
        ends: "interrupted host_gone; next completed on",
        run: |place| {
            let mut host = start(place);
            let asked = ask(&mut host, "ask-command touch x\nsay done");
            let thread = asked["structuredContent"]["threadId"].clone();
            kill(one(place), Signal::KILL);
            let approve = json!({ "approvalId": asked["structuredContent"]["decisions"][0]["approvalId"], "decision": "approve" });
            // The end of the old one may take the first word with it.
            let call = host.post("tools/call", json!({ "name": "codex-approve", "arguments": approve }));
            let first = host.answer(call);
            assert!(first["error"]["code"] == -32000 || first["result"]["isError"] == true, "{first}");
            after(&mut host, &thread)
        },
    },
    Case {
        fault: "it is killed between two calls",
        ends: "completed on",
        run: |place| {
            let mut host = start(place);
            let thread = ask(&mut host, "say before")["structuredContent"]["threadId"].clone();
            let pid = one(place);
            kill(pid, Signal::KILL);
            // Its end, which the host's process sees by itself, may come after the next word.
            let call = host.post("tools/call", json!({ "name": "codex-sessions", "arguments": {} }));
            host.answer(call);
            next(&mut host, &thread)
        },
    },
    Case {
        fault: "it is told to end in a call",
        ends: "error -32000; then interrupted host_gone; next completed on",
        run: |place| {
            let mut host = start(place);
            let (call, thread) = begin(&mut host, "stall");
            kill(one(place), Signal::TERM);
            format!("{}; then {}", answer(&mut host, call), after(&mut host, &thread))
        },
    },
    Case {
        fault: "it hangs before a host comes",
        ends: "completed done, by itself",
        run: |place| {
            let first = start(place);
            let pid = one(place);
            kill(pid, Signal::STOP);
            let mut second = start(place);
            let seen = asked(&mut second, "say done");
            assert!(second.stderr().join("\n").contains("said nothing for"));
            kill(pid, Signal::CONT);
            drop(first);
            format!("{seen}, by itself")
        },
    },
    Case {
        fault: "it hangs in a call",
        ends: "error -32000; then interrupted host_gone; next completed on",
        run: |place| {
            let mut host = start(place);
            let (call, thread) = begin(&mut host, "stall");
            let pid = one(place);
            kill(pid, Signal::STOP);
            let seen = answer(&mut host, call);
            errand(place, "stop");
            format!("{seen}; then {}", after(&mut host, &thread))
        },
    },
    Case {
        fault: "its codex is killed",
        ends: "interrupted codex_lost; then interrupted codex_lost; next completed on",
        run: |place| {
            let mut host = start(place);
            let (call, thread) = begin(&mut host, "stall");
            kill(codex(one(place)), Signal::KILL);
            format!("{}; then {}", answer(&mut host, call), after(&mut host, &thread))
        },
    },
    Case {
        fault: "at its door is one that says nothing",
        ends: "completed done, by itself",
        run: |place| {
            let mut kept = None;
            meets(place, |path| kept = Some(UnixListener::bind(path).unwrap()))
        },
    },
    Case {
        fault: "at its door is one that says garbage",
        ends: "completed done, by itself",
        run: |place| {
            meets(place, |path| {
                let listener = UnixListener::bind(path).unwrap();
                thread::spawn(move || {
                    for mut stream in listener.incoming().flatten().take(9) {
                        let _ = stream.write_all(b"\xff\xfe garbage\n{]\n");
                    }
                });
            })
        },
    },
    Case {
        fault: "at its door is one that goes at once",
        ends: "completed done",
        run: |place| {
            meets(place, |path| {
                let listener = UnixListener::bind(path).unwrap();
                thread::spawn(move || listener.incoming().flatten().take(9).for_each(drop));
            })
        },
    },
    Case {
        fault: "a file is where its socket should be",
        ends: "completed done",
        run: |place| meets(place, |path| fs::write(path, "no socket").unwrap()),
    },
    Case {
        fault: "another process begins to start it, and does not",
        ends: "completed done, by itself",
        run: |place| {
            let mut held = None;
            meets(place, |path| {
                let file = fs::File::create(path.with_extension("starting")).unwrap();
                file.lock().unwrap();
                held = Some(file);
            })
        },
    },
];

/// The codex of a bridge.
fn codex(pid: i32) -> i32 {
    let [codex] = crate::common::children(pid.unsigned_abs())[..] else { panic!() };
    codex.cast_signed()
}

#[test]
fn the_bridge_in_the_background_is_broken() {
    cases(CASES);
}

//! A bridge in the background: who shares it, what outlives a host, what is left of it.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;

use serde_json::{Value, json};

use crate::common::{Host, Place, Setup};

/// What `codex-bridge daemon …` says.
pub fn errand(place: &Place, verb: &str) -> String {
    let output = Setup::fake(place).command().args(["daemon", verb]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The processes of the daemons of this place, by what they say themselves.
pub fn daemons(place: &Place) -> Vec<i32> {
    let said = errand(place, "status");
    said.lines().filter_map(|line| line.strip_prefix("process ")?.split(' ').next()?.parse().ok()).collect()
}

pub fn kill(pid: i32, signal: rustix::process::Signal) {
    rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), signal).unwrap();
}

fn thread_of(result: &Value) -> Value {
    result["threadId"].clone()
}

fn kill_host(mut host: Host) {
    host.child.kill().unwrap();
    host.child.wait().unwrap();
}

/// A host that ends its servers by their process tree does not find it.
#[cfg(target_os = "linux")]
#[test]
fn it_is_nobodys_child() {
    let place = Place::new();
    let host = Setup::fake(&place).shared().start();
    let [pid] = daemons(&place)[..] else { panic!() };
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let parent = stat.rsplit_once(") ").unwrap().1.split(' ').nth(1).unwrap().to_owned();
    assert_ne!(parent, host.child.id().to_string());
    let of_host = crate::common::children(host.child.id());
    assert_eq!(of_host, Vec::<u32>::new(), "nor is there one between, any more");
}

/// Whoever says `stop` wants the end of those with this journal, and of no others.
#[cfg(target_os = "linux")]
#[test]
fn stop_kills_one_that_hangs_and_none_of_another_journal() {
    let place = Place::new();
    let host = Setup::fake(&place).shared().start();
    let [pid] = daemons(&place)[..] else { panic!() };
    kill(pid, rustix::process::Signal::STOP);
    let stop = |journal: &str| {
        let path = place.root.join("state").join(journal);
        let mut command =
            Setup::fake(&place).env("CODEX_BRIDGE_JOURNAL_PATH", path.to_str().unwrap()).command();
        command.args(["daemon", "stop"]).output().unwrap()
    };
    let other = stop("other.db");
    assert!(String::from_utf8_lossy(&other.stderr).contains("said nothing for"), "{other:?}");
    assert!(!other.status.success());
    let own = stop("journal.db");
    let said = format!("process {pid} did not answer, and was killed; its turns end as interrupted\n");
    assert_eq!((own.status.success(), String::from_utf8_lossy(&own.stdout)), (true, said.into()));
    drop(host);
}

/// Who is in a sandbox is not let in by one that is not: each has one of its own.
#[cfg(target_os = "linux")]
#[test]
fn a_host_in_a_sandbox_has_one_of_its_own() {
    let place = Place::new();
    let confined = place.root.join("confined");
    let bridge = env!("CARGO_BIN_EXE_codex-bridge");
    std::fs::write(&confined, format!("#!/bin/sh\nexec setpriv --no-new-privs '{bridge}' \"$@\"\n")).unwrap();
    std::fs::set_permissions(&confined, std::fs::Permissions::from_mode(0o755)).unwrap();
    let within = || Setup { program: confined.clone(), ..Setup::fake(&place).shared() }.start();
    let (mut one, mut two, mut three) = (within(), Setup::fake(&place).shared().start(), within());
    for host in [&mut one, &mut two, &mut three] {
        assert_eq!(host.structured("codex", json!({ "prompt": "say hi" }))["content"], "hi");
        assert_eq!(host.stderr(), Vec::<String>::new());
    }
    let found = std::fs::read_dir(place.root.join("state/control")).unwrap().flatten();
    let doors = found.filter(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        name.starts_with("door-") && name.ends_with(".sock")
    });
    assert_eq!(doors.count(), 2);
    drop((one, three));
    // One that is not in the sandbox is not let out of it either.
    let stopped =
        Setup { program: confined, ..Setup::fake(&place) }.command().args(["daemon", "stop"]).output();
    assert!(stopped.is_ok());
}

#[test]
fn ten_hosts_at_once_share_one() {
    let place = Place::new();
    let hosts: Vec<Host> = thread::scope(|scope| {
        let starts: Vec<_> = (0..10).map(|_| scope.spawn(|| Setup::fake(&place).shared().start())).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    let said = errand(&place, "status");
    assert!(said.starts_with("process ") && said.lines().count() == 1, "{said}");
    assert!(said.contains("runs: 10 hosts, 0 sessions at work"), "{said}");
    let calls: Vec<_> = hosts
        .into_iter()
        .enumerate()
        .map(|(n, mut host)| {
            let arguments = json!({ "prompt": format!("say {n}") });
            (n, host.post("tools/call", json!({ "name": "codex", "arguments": arguments })), host)
        })
        .collect();
    for (n, call, mut host) in calls {
        let answer = host.answer(call);
        assert_eq!(answer["result"]["structuredContent"]["content"], n.to_string(), "{answer}");
        host.close_stdin();
        assert_eq!(host.ended(), 0);
    }
    assert_eq!(daemons(&place).len(), 1);
}

#[test]
fn a_turn_outlives_its_host() {
    let place = Place::new();
    let mut first = Setup::fake(&place).shared().start();
    let thread = thread_of(
        &first.structured("codex", json!({ "prompt": "ask-command touch x\nsay done", "wait": 10 })),
    );
    kill_host(first);
    let mut second = Setup::fake(&place).shared().start();
    let listed = second.structured("codex-sessions", json!({}));
    assert_eq!(
        (&listed["sessions"][0]["threadId"], &listed["sessions"][0]["status"]),
        (&thread, &json!("needs_decision"))
    );
    let open = second.structured("codex-wait", json!({ "threadId": thread, "wait": 0 }));
    let answer =
        json!({ "approvalId": open["decisions"][0]["approvalId"], "decision": "approve", "wait": 30 });
    let result = second.structured("codex-approve", answer);
    assert_eq!((&result["status"], &result["content"]), (&json!("completed"), &json!("done")));
}

#[test]
fn a_question_outlives_the_host_that_showed_it() {
    let place = Place::new();
    let mut first = Setup::fake(&place).shared().elicits().start();
    first.post(
        "tools/call",
        json!({ "name": "codex", "arguments": { "prompt": "ask-command touch x\nsay done" } }),
    );
    first.asked("elicitation/create");
    kill_host(first);
    // Another host's person is asked, once that host looks.
    let mut second = Setup::fake(&place).shared().elicits().start();
    let listed = second.structured("codex-sessions", json!({}));
    let thread = &listed["sessions"][0]["threadId"];
    let call = second
        .post("tools/call", json!({ "name": "codex-wait", "arguments": { "threadId": thread, "wait": 30 } }));
    let asked = second.asked("elicitation/create");
    second.send(&json!({ "jsonrpc": "2.0", "id": asked["id"], "result": { "action": "accept", "content": { "decision": "approve" } } }));
    let result = second.answer(call)["result"]["structuredContent"].clone();
    assert_eq!((&result["status"], &result["content"]), (&json!("completed"), &json!("done")), "{result}");
}

#[test]
fn on_disconnect_ends_the_turns_that_the_host_began_and_no_others() {
    let place = Place::new();
    let setup = || Setup::fake(&place).shared().env("CODEX_BRIDGE_DAEMON_ON_DISCONNECT", "interrupt");
    let (mut first, mut second) = (setup().start(), setup().start());
    let stall = json!({ "prompt": "stall", "wait": 0 });
    let mine = thread_of(&first.structured("codex", stall.clone()));
    let other = thread_of(&second.structured("codex", stall));
    // One who only looks on has not begun it.
    first.structured("codex-wait", json!({ "threadId": other, "wait": 0 }));
    kill_host(first);
    let ended = second.structured("codex-wait", json!({ "threadId": mine, "wait": 30 }));
    assert_eq!(ended["status"], "interrupted");
    let goes_on = second.structured("codex-wait", json!({ "threadId": other, "wait": 0 }));
    assert_eq!(goes_on["status"], "running");
}

#[test]
fn a_daemon_that_is_killed_leaves_no_call_without_an_answer() {
    let place = Place::new();
    let mut host = Setup::fake(&place).shared().start();
    let before = host.structured("codex", json!({ "prompt": "say before" }));
    let told = host.events(&thread_of(&before));
    let call = host.post("tools/call", json!({ "name": "codex", "arguments": { "prompt": "stall" } }));
    // It is at work.
    while !errand(&place, "status").contains("1 session at work") {}
    let [pid] = daemons(&place)[..] else { panic!() };
    kill(pid, rustix::process::Signal::KILL);
    let answer = host.answer(call);
    assert!(answer["error"]["message"].as_str().unwrap().contains("codex-sessions"), "{answer}");
    // The same host goes on, with another.
    let sessions = host.structured("codex-sessions", json!({}));
    assert_eq!(sessions["sessions"].as_array().unwrap().len(), 2, "{sessions}");
    assert_eq!(host.events(&thread_of(&before)), told);
    let thread = &sessions["sessions"][0]["threadId"];
    let ended = host.structured("codex-wait", json!({ "threadId": thread, "wait": 30 }));
    assert_eq!(ended["status"], "interrupted");
    assert_eq!(host.structured("codex", json!({ "prompt": "say after" }))["content"], "after");
    assert_ne!(daemons(&place), [pid]);
}

#[test]
fn stop_ends_it_and_its_turns() {
    let place = Place::new();
    assert_eq!(errand(&place, "stop"), "No bridge runs in the background.\n");
    let mut host = Setup::fake(&place).shared().start();
    let thread = thread_of(&host.structured("codex", json!({ "prompt": "stall", "wait": 0 })));
    let said = errand(&place, "stop");
    assert!(said.contains("ends: 1 host, 1 session at work"), "{said}");
    assert!(said.ends_with("its turns end as interrupted\n"), "{said}");
    assert_eq!(errand(&place, "status"), "No bridge runs in the background.\n");
    let ended = host.structured("codex-wait", json!({ "threadId": thread, "wait": 30 }));
    assert_eq!(ended["status"], "interrupted");
}

#[test]
fn it_ends_by_itself_when_it_has_nothing_to_do() {
    let place = Place::new();
    let setup = || Setup::fake(&place).shared().env("CODEX_BRIDGE_DAEMON_IDLE", "100ms");
    let mut host = setup().start();
    host.structured("codex", json!({ "prompt": "say hi" }));
    let [pid] = daemons(&place)[..] else { panic!() };
    host.close_stdin();
    host.ended();
    // Nobody is told of the end of a process that is not his child.
    while rustix::process::test_kill_process(rustix::process::Pid::from_raw(pid).unwrap()).is_ok() {
        thread::yield_now();
    }
    // The next host has another.
    assert_eq!(setup().start().structured("codex", json!({ "prompt": "say again" }))["content"], "again");
}

#[test]
fn what_reaches_codex_or_is_a_setting_decides_who_shares() {
    let place = Place::new();
    let with = |name: &str, value: &str| Setup::fake(&place).shared().env(name, value).start();
    let mut hosts = vec![with("A", "1")];
    for (name, value, daemons_then) in [
        ("VIRTUAL_ENV", "/venv", 1),
        ("LANG", "xx", 1),
        ("CODEX_BRIDGE_DEPTH", "0", 1),
        ("OPENAI_API_KEY", "another", 2),
        ("HTTPS_PROXY", "http://proxy", 3),
        ("GITHUB_TOKEN", "secret", 4),
        // It is none that serves.
        ("CODEX_BRIDGE_HTTP_LISTEN", "1234", 4),
        ("CODEX_BRIDGE_LIMITS_RUNNING", "3", 5),
        ("OPENAI_API_KEY", "another", 5),
        ("PATH", "/usr/bin:/bin:/other", 6),
    ] {
        hosts.push(with(name, value));
        assert_eq!(daemons(&place).len(), daemons_then, "{name}");
    }
    // Flags are the host's own.
    let mut host = Setup::fake(&place).shared().args(&["-m", "gpt-x"]).start();
    assert_eq!(daemons(&place).len(), 6);
    let thread = thread_of(&host.structured("codex", json!({ "prompt": "say hi" })));
    let started = &host.events(&thread)[0];
    assert_eq!(started["model"], "gpt-x", "{started}");
}

#[test]
fn without_a_place_for_it_the_host_is_served_all_the_same() {
    let place = Place::new();
    let state = place.root.join("state");
    std::fs::create_dir(&state).unwrap();
    // A file where the folder of sockets would be, and no other place.
    std::fs::write(state.join("control"), "").unwrap();
    let nowhere = place.root.join("nowhere");
    let setup = Setup::fake(&place).shared().env("TMPDIR", nowhere.to_str().unwrap());
    std::fs::write(&nowhere, "").unwrap();
    let mut host = setup.env("XDG_RUNTIME_DIR", "/nowhere/at/all").start();
    assert_eq!(host.structured("codex", json!({ "prompt": "say hi" }))["content"], "hi");
    assert!(host.stderr().join("\n").contains("there is no bridge in the background for this host"));
}

#[test]
fn one_that_hangs_is_left_alone() {
    let place = Place::new();
    let first = Setup::fake(&place).shared().start();
    let [pid] = daemons(&place)[..] else { panic!() };
    kill(pid, rustix::process::Signal::STOP);
    let mut second = Setup::fake(&place).shared().start();
    assert_eq!(second.structured("codex", json!({ "prompt": "say hi" }))["content"], "hi");
    assert!(second.stderr().join("\n").contains("said nothing for"));
    kill(pid, rustix::process::Signal::CONT);
    drop(first);
}

/// A copy of the bridge, in the place of the one that is there: as an update does it.
fn copy(place: &Place) -> PathBuf {
    let (newer, path) = (place.root.join("newer"), place.root.join("codex-bridge"));
    std::fs::copy(env!("CARGO_BIN_EXE_codex-bridge"), &newer).unwrap();
    std::fs::set_permissions(&newer, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::rename(newer, &path).unwrap();
    path
}

#[test]
fn another_program_takes_its_place_once_nothing_runs() {
    let place = Place::new();
    let program = copy(&place);
    let setup = || Setup { program: program.clone(), ..Setup::fake(&place).shared() };
    let mut old = setup().start();
    let thread = thread_of(&old.structured("codex", json!({ "prompt": "stall", "wait": 0 })));
    let [pid] = daemons(&place)[..] else { panic!() };
    copy(&place);
    // While something runs the old one serves.
    let mut new = setup().start();
    assert_eq!(daemons(&place), [pid]);
    new.structured("codex-cancel", json!({ "threadId": thread }));
    drop((new, old));
    while !errand(&place, "status").contains("0 hosts, 0 sessions at work") {}
    let mut new = setup().start();
    assert_eq!(new.structured("codex", json!({ "prompt": "say new" }))["content"], "new");
    assert_ne!(daemons(&place), [pid]);
}

/// An update while a host runs: its process finds the new program.
#[test]
fn a_program_that_was_replaced_starts_the_new_one() {
    let place = Place::new();
    let program = copy(&place);
    let mut host = Setup { program: program.clone(), ..Setup::fake(&place).shared() }.start();
    let [pid] = daemons(&place)[..] else { panic!() };
    copy(&place);
    kill(pid, rustix::process::Signal::KILL);
    // The one that is lost may take the first with it.
    let first = host.request("tools/call", json!({ "name": "codex-sessions", "arguments": {} }));
    assert!(first.get("result").is_some() || first["error"]["code"] == -32000, "{first}");
    assert_eq!(host.structured("codex", json!({ "prompt": "say new" }))["content"], "new");
}

/// Settings that change while a host runs are those of its next bridge.
#[test]
fn a_host_whose_settings_changed_has_a_bridge_with_the_new_ones() {
    let place = Place::new();
    let settings = place.root.join("config/codex-bridge/codex-bridge.toml");
    std::fs::create_dir_all(settings.parent().unwrap()).unwrap();
    std::fs::write(&settings, "[limits]\nrunning = 3\n").unwrap();
    let mut host = Setup::fake(&place).shared().start();
    std::fs::write(&settings, "[limits]\nmodels = [\"only\"]\n").unwrap();
    errand(&place, "stop");
    let refused = host.call("codex", json!({ "prompt": "say hi", "model": "other" }));
    assert!(refused.to_string().contains("limits.models"), "{refused}");
}

/// What a host says to a dialog of one bridge is none to another's.
#[test]
fn a_late_answer_decides_nothing_in_the_next_bridge() {
    let place = Place::new();
    let mut host = Setup::fake(&place).shared().elicits().start();
    let ask = |command: &str| json!({ "name": "codex", "arguments": { "prompt": format!("ask-command {command}\nsay done"), "wait": 2 } });
    let first = host.post("tools/call", ask("ls harmless"));
    let old = host.asked("elicitation/create");
    errand(&place, "stop");
    let lost = host.answer(first);
    assert!(
        lost["error"]["message"].as_str().is_some_and(|words| words.contains("codex-sessions")),
        "{lost}"
    );
    let second = host.post("tools/call", ask("rm precious"));
    let new = host.asked("elicitation/create");
    assert_ne!(old["id"], new["id"]);
    let accept = json!({ "action": "accept", "content": { "decision": "approve" } });
    host.send(&json!({ "jsonrpc": "2.0", "id": old["id"], "result": accept }));
    // The next message is dealt with after it.
    let listed = host.structured("codex-sessions", json!({}));
    assert_eq!(listed["sessions"][0]["status"], "needs_decision", "{listed}");
    host.send(&json!({ "jsonrpc": "2.0", "id": new["id"], "result": { "action": "decline" } }));
    host.answer(second);
}

#[test]
fn embedded_is_as_before() {
    let place = Place::new();
    let mut host = Setup::fake(&place).shared().args(&["--embedded"]).start();
    assert_eq!(host.structured("codex", json!({ "prompt": "say hi" }))["content"], "hi");
    assert_eq!(daemons(&place), [0; 0]);
}

/// As in `printf '<call>' | codex-bridge`.
#[test]
fn a_host_that_ends_its_input_hears_the_answer_that_is_ready() {
    let place = Place::new();
    let setup = Setup::fake(&place).shared();
    let mut child: std::process::Child =
        setup.command().stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    use std::io::Write;
    let hello = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } } });
    writeln!(child.stdin.take().unwrap(), "{hello}").unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["result"]["serverInfo"]["name"], "codex-bridge");
}

/// A host that handed on a descriptor that it does not know of would wait for the daemon's end.
#[test]
fn nothing_of_the_host_stays_open() {
    let place = Place::new();
    let setup = Setup::fake(&place).shared();
    let command = setup.command();
    let vars = command.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
    // The shell hands on its descriptor 9, the pipe that is read here.
    let script = r#"exec 9>&1; exec "$0" <&3 >/dev/null 3<&-"#;
    let output = Command::new("/bin/sh")
        .args(["-c", &format!("exec 3</dev/null; {script}"), env!("CARGO_BIN_EXE_codex-bridge")])
        .envs(vars)
        .current_dir(place.work())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(daemons(&place).len(), 1, "it runs, and the pipe has ended");
}

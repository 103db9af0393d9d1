//! Our side of a sign-in, against the scripted app-server: what a person at a terminal is told, each way in
//! which it can come to nothing, and the offer to a host that can open an address. With the real codex, and a
//! scripted account server, it is done in `real::account`.

use std::io::Read;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::common::terminal::{Said, said, terminal};
use crate::common::{Host, Place, Setup, reads_to};

/// `codex-bridge` with the fake, where nobody is signed in.
fn command(place: &Place, args: &[&str], login: &str) -> Command {
    let mut command = terminal(place, args);
    command
        .env("CODEX_BRIDGE_CODEX_BIN", env!("CARGO_BIN_EXE_fake-app-server"))
        .env("CODEX_FAKE_SIGNED_OUT", "1")
        .env("CODEX_FAKE_LOGIN", login)
        .env("CODEX_FAKE_ACCOUNT_LOG", place.root.join("account.log"))
        .env_remove("CODEX_ACCESS_TOKEN");
    command
}

fn run(mut command: Command) -> Said {
    let done = command.stdin(Stdio::null()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said { code: done.status.code().unwrap(), out: text(done.stdout), err: text(done.stderr) }
}

fn asked(place: &Place) -> Vec<String> {
    let log = std::fs::read_to_string(place.root.join("account.log")).unwrap_or_default();
    log.lines().map(str::to_owned).collect()
}

#[test]
fn a_person_signs_in_with_a_code() {
    let place = Place::new();
    let said = run(command(&place, &["login", "--device"], "ok"));
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{said:?}");
    insta::assert_snapshot!(said.out, @"
    Open this address in a browser, on any machine, and sign in:

      https://accounts.test/device

    Then type in this code (never give it to anybody):

      ABCD-EFGH

    Waiting. Ctrl-C stops it.
    Done: signed in with ChatGPT, plan plus.
    ");
    assert_eq!(asked(&place), ["account/login/start", "account/read"]);
}

#[test]
fn a_person_signs_in_with_a_browser() {
    let place = Place::new();
    let said = run(command(&place, &["login"], "ok"));
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{said:?}");
    insta::assert_snapshot!(said.out, @"
    Open this address in a browser on this machine, and sign in:

      https://accounts.test/device

    On a machine without a browser: codex-bridge login --device

    Waiting. Ctrl-C stops it.
    Done: signed in with ChatGPT, plan plus.
    ");
}

/// Each with its cause, its remedy, and the exit code of what failed.
#[test]
fn a_sign_in_that_comes_to_nothing_says_what_to_do() {
    let cases = [
        ("error device auth failed with status 400 Bad Request", "the code was refused, or is too old"),
        ("error device auth timed out after 15 minutes", "not typed in in time"),
        ("error Login server error: Login cancelled", "another sign-in took its place"),
        (
            "refuse device code login is not enabled for this Codex server. Use the browser login or verify the server URL.",
            "run `codex-bridge login` on a machine with a browser",
        ),
        ("die", "codex-bridge doctor"),
    ];
    for (login, remedy) in cases {
        let place = Place::new();
        let said = run(command(&place, &["login", "--device"], login));
        assert_eq!(said.code, 4, "{said:?}");
        let cause =
            login.split_once(": ").or(login.split_once(' ')).map_or("codex ended in the middle", |(_, c)| c);
        assert!(said.err.contains(cause) && said.err.contains(remedy), "{said:?}");
        assert!(!said.out.contains("Done"), "{said:?}");
    }
}

#[test]
fn a_codex_without_sign_ins_is_too_old() {
    let place = Place::new();
    let words = "refuse Invalid request: unknown variant `account/login/start`";
    let said = run(command(&place, &["login"], words));
    assert_eq!(said.code, 4, "{said:?}");
    assert!(said.err.contains("this codex does not have `account/login/start`"), "{said:?}");
}

#[test]
fn what_is_no_web_address_is_not_shown_to_be_opened() {
    let place = Place::new();
    let mut command = command(&place, &["login", "--device"], "wait");
    let said = run({
        command.env("CODEX_FAKE_LOGIN_ADDRESS", "file:///etc/passwd");
        command
    });
    assert_eq!((said.code, said.out.as_str()), (4, ""), "{said:?}");
    assert!(said.err.contains("no web address (`file:…`)"), "{said:?}");
}

#[test]
fn ctrl_c_gives_the_sign_in_up_at_codex() {
    let place = Place::new();
    let mut child = command(&place, &["login", "--device"], "wait")
        // As at a terminal, where the whole group hears of it; codex is in one of its own.
        .process_group(0)
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let mut out = reads_to(&mut child, "Ctrl-C");
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    let done = child.wait_with_output().unwrap();
    let words = String::from_utf8(done.stderr).unwrap();
    assert_eq!((done.status.code(), rest.as_str()), (Some(5), ""), "{words}");
    assert!(words.contains("the sign-in was stopped"), "{words}");
    assert_eq!(asked(&place), ["account/login/start", "account/login/cancel"]);
}

#[test]
fn who_is_signed_in_and_signing_out() {
    let place = Place::new();
    let nobody = run(command(&place, &["login", "status"], ""));
    assert_eq!((nobody.code, nobody.out.as_str()), (4, ""), "{nobody:?}");
    assert!(nobody.err.contains("nobody is signed in. Run `codex-bridge login`"), "{nobody:?}");
    let mut signed_in = command(&place, &["login", "status"], "");
    signed_in.env_remove("CODEX_FAKE_SIGNED_OUT");
    let signed_in = run(signed_in);
    assert_eq!((signed_in.code, signed_in.out.as_str()), (0, "signed in with an API key\n"), "{signed_in:?}");
    let mut out = command(&place, &["logout"], "");
    out.env("CODEX_ACCESS_TOKEN", "at-secret");
    let out = run(out);
    assert_eq!((out.code, out.err.as_str()), (0, ""), "{out:?}");
    assert!(out.out.contains("Signed out") && out.out.contains("$CODEX_ACCESS_TOKEN is set here"), "{out:?}");
    assert_eq!(asked(&place).last().unwrap(), "account/logout");
}

/// codex takes an empty key, and its turns fail: it is refused before codex hears of it.
#[test]
fn what_is_no_key_is_refused_before_codex_is_asked() {
    let place = Place::new();
    for flag in ["--with-api-key", "--with-access-token"] {
        for (stdin, why) in [
            ("", "came on standard input"),
            (" \n", "came on standard input"),
            ("sk-a\nsk-b\n", "more than one line"),
        ] {
            let said = said(&place, &["login", flag], stdin);
            assert_eq!((said.code, said.out.as_str()), (2, ""), "{said:?}");
            assert!(said.err.contains(why) && !said.err.contains("sk-"), "{said:?}");
        }
    }
    let both = said(&place, &["login", "--device", "--with-api-key"], "sk-a");
    assert_eq!(both.code, 2, "{both:?}");
}

#[test]
fn without_codex_there_is_no_sign_in() {
    let place = Place::new();
    for args in [&["login"][..], &["login", "--device"], &["login", "status"], &["logout"]] {
        let mut command = command(&place, args, "");
        command.env("CODEX_BRIDGE_CODEX_BIN", place.root.join("none")).env("PATH", "/usr/bin:/bin");
        let said = run(command);
        assert_eq!(said.code, 3, "{said:?}");
        assert!(said.err.contains("codex was not found"), "{said:?}");
    }
}

/// Opening a pipe that nobody writes to would wait for ever.
#[test]
fn the_bridge_never_opens_codexs_credentials() {
    let place = Place::new();
    let path = place.root.join("codex-home/auth.json");
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    for args in [&["login", "status"][..], &["login", "--device"], &["doctor"], &["logout"]] {
        let said = run(command(&place, args, "ok"));
        assert!(!said.out.is_empty() || said.code == 4, "{said:?}");
    }
    let mut host = Setup::fake(&place).start();
    assert_eq!(host.structured("codex", json!({ "prompt": "say hi" }))["content"], "hi");
}

/// A codex that would load no thread reads its account anew for the next call: another one is started.
#[test]
fn a_codex_that_wants_another_sign_in_is_started_anew() {
    let place = Place::new();
    let file = place.root.join("signed-in");
    let mut host = Setup::fake(&place).env("CODEX_FAKE_ACCOUNT_FILE", file.to_str().unwrap()).start();
    for _ in 0..2 {
        failed(&host.call("codex", json!({ "prompt": "say hi" })));
    }
    std::fs::write(&file, "").unwrap();
    assert_eq!(host.structured("codex", json!({ "prompt": "say hi" }))["content"], "hi");
}

/// A host that can open addresses, of a codex where nobody is signed in.
fn opens<'a>(place: &'a Place, login: &str) -> Setup<'a> {
    let mut setup = Setup::fake(place)
        .env("CODEX_FAKE_SIGNED_OUT", "1")
        .env("CODEX_FAKE_LOGIN", login)
        .env("CODEX_FAKE_ACCOUNT_LOG", place.root.join("account.log").to_str().unwrap());
    setup.version = "2025-11-25";
    setup.capabilities = json!({ "elicitation": { "url": {} } });
    setup
}

fn prompt() -> Value {
    json!({ "prompt": "needs-sign-in\nsay hi" })
}

/// Answers the dialog that the host is asked for; what it was.
fn answer(host: &mut Host, action: &str) -> Value {
    let question = host.asked("elicitation/create");
    host.send(&json!({ "jsonrpc": "2.0", "id": question["id"], "result": { "action": action } }));
    question["params"].clone()
}

fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().unwrap()
}

/// It failed for want of sign-in, and says what to do.
fn failed(result: &Value) {
    let structured = &result["structuredContent"];
    assert_eq!((&result["isError"], &structured["status"]), (&json!(true), &json!("failed")), "{result}");
    assert_eq!(structured["error"]["code"], "unauthorized", "{result}");
    assert_eq!(structured["error"]["retryable"], false, "{result}");
    let remedy = structured["error"]["remedy"].as_str().unwrap();
    assert!(
        remedy.contains("`codex-bridge login`") && remedy.contains("`codex-bridge login --device`"),
        "{remedy}"
    );
}

#[test]
fn a_host_that_opens_addresses_is_offered_the_sign_in() {
    let place = Place::new();
    let gate = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut host = opens(&place, &format!("until {}", gate.local_addr().unwrap())).start();
    let call = host.post("tools/call", json!({ "name": "codex", "arguments": prompt() }));
    let (held, _) = gate.accept().unwrap();
    let dialog = answer(&mut host, "accept");
    assert_eq!(
        (&dialog["mode"], &dialog["url"]),
        (&json!("url"), &json!("https://accounts.test/device")),
        "{dialog}"
    );
    assert!(dialog["message"].as_str().unwrap().contains("ABCD-EFGH"), "{dialog}");
    assert!(!dialog["elicitationId"].as_str().unwrap().is_empty(), "{dialog}");
    // The person is done.
    drop(held);
    let result = host.answer(call)["result"].clone();
    failed(&result);
    assert!(text(&result).starts_with("Somebody has signed in to codex now"), "{result}");
    let reply =
        json!({ "threadId": result["structuredContent"]["threadId"], "prompt": "needs-sign-in\nsay hi" });
    assert_eq!(host.structured("codex-reply", reply)["content"], "hi");
    // The turn that failed was not run again behind anybody's back.
    let events = host.events(&result["structuredContent"]["threadId"]);
    assert_eq!(events.iter().filter(|event| event["type"] == "turn_started").count(), 2);
}

#[test]
fn a_sign_in_that_is_done_withdraws_its_dialog() {
    let place = Place::new();
    let mut host = opens(&place, "ok").start();
    let result = host.call("codex", prompt());
    failed(&result);
    assert!(text(&result).starts_with("Somebody has signed in to codex now"), "{result}");
}

#[test]
fn a_person_who_declines_gives_the_sign_in_up() {
    for (action, words) in [("decline", "declined"), ("cancel", "closed the dialog")] {
        let place = Place::new();
        let mut host = opens(&place, "wait").start();
        let call = host.post("tools/call", json!({ "name": "codex", "arguments": prompt() }));
        answer(&mut host, action);
        let result = host.answer(call)["result"].clone();
        failed(&result);
        assert!(text(&result).contains(words), "{result}");
        // Given up at codex: the next failure begins another.
        let thread = result["structuredContent"]["threadId"].clone();
        let again = json!({ "threadId": thread, "prompt": "needs-sign-in" });
        let call = host.post("tools/call", json!({ "name": "codex-reply", "arguments": again }));
        answer(&mut host, action);
        failed(&host.answer(call)["result"]);
        let starts = ["account/login/start", "account/login/cancel", "account/login/start"];
        assert_eq!(asked(&place)[..3], starts, "{:?}", asked(&place));
    }
}

#[test]
fn a_sign_in_that_fails_is_told() {
    let place = Place::new();
    let mut host = opens(&place, "error device auth failed with status 400 Bad Request").start();
    let result = host.call("codex", prompt());
    failed(&result);
    assert!(text(&result).contains("but the sign-in failed: device auth failed with status 400"), "{result}");
}

/// It may have begun by then, or not: nobody is signed in, and the call ends.
#[test]
fn a_codex_that_dies_in_a_sign_in_ends_the_offer() {
    let place = Place::new();
    let mut host = opens(&place, "die").start();
    let result = host.call("codex", prompt());
    failed(&result);
    assert!(!text(&result).contains("Somebody has signed in"), "{result}");
}

/// Without a code, a browser on this machine must open the address: that is said.
#[test]
fn where_codes_are_not_allowed_a_browser_is_asked_for() {
    let place = Place::new();
    let mut host =
        opens(&place, "refuse-code device code login is not enabled for this Codex server.").start();
    let result = host.call("codex", prompt());
    failed(&result);
    assert_eq!(asked(&place), ["account/login/start", "account/login/start"]);
    assert!(text(&result).starts_with("Somebody has signed in"), "{result}");
}

#[test]
fn a_modern_host_is_offered_it_by_its_retry() {
    let place = Place::new();
    let gate = TcpListener::bind("127.0.0.1:0").unwrap();
    let login = format!("until {}", gate.local_addr().unwrap());
    let mut host = opens(&place, &login).modern(json!({ "elicitation": { "url": {} } }));
    let call = |host: &mut Host, more: Value| {
        let mut params = json!({ "name": "codex", "arguments": prompt() });
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        host.request("tools/call", params)["result"].clone()
    };
    let round = call(&mut host, json!({}));
    assert_eq!(round["resultType"], "input_required", "{round}");
    let request = &round["inputRequests"]["sign-in"]["params"];
    assert_eq!(request["url"], "https://accounts.test/device", "{round}");
    let (held, _) = gate.accept().unwrap();
    drop(held);
    let answer = json!({ "sign-in": { "action": "accept" } });
    let result = call(&mut host, json!({ "inputResponses": answer, "requestState": round["requestState"] }));
    failed(&result);
    assert!(
        text(&result).contains("Somebody has signed in") || text(&result).contains("is over"),
        "{result}"
    );
    let reply =
        json!({ "threadId": result["structuredContent"]["threadId"], "prompt": "needs-sign-in\nsay hi" });
    assert_eq!(host.structured("codex-reply", reply)["content"], "hi");
}

#[test]
fn nobody_is_asked_where_nobody_may_be() {
    let place = Place::new();
    let agent = opens(&place, "wait").env("CODEX_BRIDGE_APPROVALS_ROUTE", "agent");
    let rules = opens(&place, "wait").env("CODEX_BRIDGE_APPROVALS_ROUTE", "rules");
    let mut forms = opens(&place, "wait");
    forms.capabilities = json!({ "elicitation": { "form": {} } });
    for setup in [agent, rules, forms] {
        let mut host = setup.start();
        failed(&host.call("codex", prompt()));
        assert!(host.heard("elicitation/create").is_none());
    }
    assert_eq!(asked(&place), Vec::<String>::new());
}

/// How often codex was started, once the bridge has ended.
fn starts(mut host: Host) -> usize {
    host.close_stdin();
    host.ended();
    host.stderr().iter().filter(|line| line.contains("codex started")).count()
}

fn logged<'a>(place: &'a Place) -> Setup<'a> {
    let setup = Setup::fake(place).alone().env("CODEX_FAKE_SIGNED_OUT", "1");
    setup.env("CODEX_BRIDGE_LOG_LEVEL", "info")
}

#[test]
fn a_look_at_the_sessions_starts_no_codex_anew() {
    let place = Place::new();
    let mut host = logged(&place).start();
    failed(&host.call("codex", prompt()));
    host.call("codex-sessions", json!({}));
    assert_eq!(starts(host), 1);
}

/// They would end with the codex that runs them.
#[test]
fn commands_in_the_background_keep_their_codex() {
    let place = Place::new();
    let mut host = logged(&place).start();
    let result = host.call("codex", json!({ "prompt": "immortal-command\nneeds-sign-in" }));
    failed(&result);
    let reply =
        json!({ "threadId": result["structuredContent"]["threadId"], "prompt": "needs-sign-in\nsay hi" });
    let again = host.call("codex-reply", reply);
    failed(&again);
    let remedy = again["structuredContent"]["error"]["remedy"].as_str().unwrap();
    assert!(remedy.contains("while commands of sessions go on in the background"), "{remedy}");
    assert_eq!(starts(host), 1);
}

/// What goes on is not ended for another's sign-in, and the remedy says so.
#[test]
fn sessions_that_did_not_fail_keep_their_codex() {
    let place = Place::new();
    let mut host = logged(&place).start();
    host.structured("codex", json!({ "prompt": "say hi" }));
    for _ in 0..2 {
        let result = host.call("codex", prompt());
        failed(&result);
        let remedy = result["structuredContent"]["error"]["remedy"].as_str().unwrap();
        assert!(remedy.contains("while sessions are open that did not fail"), "{remedy}");
    }
    assert_eq!(starts(host), 1);
}

/// They were of the account before.
#[test]
fn another_codex_does_not_have_the_limits_of_the_one_before() {
    let place = Place::new();
    let mut host = logged(&place).start();
    let result = host.call("codex", json!({ "prompt": "limits 95\nneeds-sign-in" }));
    failed(&result);
    assert_eq!(result["structuredContent"]["limits"][0]["usedPercent"], 95, "{result}");
    let after = host.structured("codex", json!({ "prompt": "say hi" }));
    assert_eq!(after["limits"], Value::Null, "{after}");
    assert_eq!(starts(host), 2);
}

#[test]
fn an_account_server_that_is_silent_does_not_hold_a_call() {
    let place = Place::new();
    let mut setup = opens(&place, "silent");
    // Its calls may take 4 s.
    setup.name = "openai-agents";
    let mut host = setup.start();
    let begun = std::time::Instant::now();
    failed(&host.call("codex", prompt()));
    assert!(begun.elapsed().as_secs() < 30, "{:?}", begun.elapsed());
    assert_eq!(asked(&place), ["account/login/start"]);
}

#[test]
fn a_call_that_is_cancelled_gives_the_sign_in_up() {
    let place = Place::new();
    let mut host = opens(&place, "wait").start();
    let call = host.post("tools/call", json!({ "name": "codex", "arguments": prompt() }));
    answer(&mut host, "accept");
    let params = json!({ "requestId": call });
    host.send(&json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": params }));
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while asked(&place) != ["account/login/start", "account/login/cancel"] {
        assert!(std::time::Instant::now() < until, "{:?}", asked(&place));
        // The file is all that shows it: there is nothing to wait for.
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

/// The fake is what the tests above are worth.
#[test]
fn the_fakes_words_on_an_account_are_codexs() {
    let binary = Path::new(env!("CARGO_BIN_EXE_fake-app-server"));
    let mut fake = crate::app_server::AppServer::start(binary, &[("CODEX_FAKE_SIGNED_OUT", Path::new("1"))]);
    let begun = fake.request("account/login/start", json!({ "type": "chatgptDeviceCode" }))["result"].clone();
    let members: Vec<_> = begun.as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["loginId", "type", "userCode", "verificationUrl"]);
    let over = fake.hear("account/login/completed");
    assert_eq!((&over["params"]["loginId"], &over["params"]["success"]), (&begun["loginId"], &json!(true)));
}

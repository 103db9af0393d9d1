//! Signing in with the real codex, against a scripted account server. codex lets all of its endpoints be set that
//! a sign-in needs (by a variable of app-server's, which no help names, and by `chatgpt_base_url`), so
//! that all but OpenAI's own pages is the real thing here. What that server cannot be made to do (no answer for 15
//! minutes, a codex that dies in the middle) is in `it::account`, against the scripted app-server.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::codex;
use crate::common::accounts::{Accounts, WHOAMI};
use crate::common::terminal::{Said, terminal};
use crate::common::{Host, Place, Setup, reads_to};
use crate::doctor::examined;

const ISSUER: &str = "CODEX_APP_SERVER_LOGIN_ISSUER";
const TOKENS: &str = "CODEX_AUTHAPI_BASE_URL";
const REFRESH: &str = "CODEX_REFRESH_TOKEN_URL_OVERRIDE";
const ACCOUNT: &str = "requires_openai_auth = true";

/// A codex whose account server and model are scripted.
struct Scene {
    place: Place,
    accounts: Accounts,
}

impl Scene {
    /// `provider`: what the model's provider signs in with.
    fn new(provider: &str) -> Self {
        let (place, accounts) = (Place::new(), Accounts::start());
        std::fs::write(place.root.join("codex-home/config.toml"), accounts.config(provider)).unwrap();
        Self { place, accounts }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = terminal(&self.place, args);
        command
            .env("CODEX_BRIDGE_CODEX_BIN", codex())
            .env(ISSUER, self.accounts.url())
            .env(TOKENS, self.accounts.url())
            .env(REFRESH, format!("{}/oauth/token", self.accounts.url()))
            .env("CODEX_REVOKE_TOKEN_URL_OVERRIDE", format!("{}/oauth/revoke", self.accounts.url()))
            .env_remove("CODEX_ACCESS_TOKEN");
        command
    }

    fn run(&self, args: &[&str], stdin: &str) -> Said {
        let mut child = self.command(args).spawn().unwrap();
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
        let done = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Said { code: done.status.code().unwrap(), out: text(done.stdout), err: text(done.stderr) }
    }

    /// Whether codex keeps a sign-in in its folder.
    fn is_kept(&self) -> bool {
        self.place.root.join("codex-home/auth.json").exists()
    }

    fn host(&self) -> Setup<'_> {
        let url = self.accounts.url();
        let setup = Setup::with(&self.place, codex()).env(ISSUER, &url).env(TOKENS, &url);
        setup.env(REFRESH, &format!("{url}/oauth/token"))
    }
}

/// A turn that the model refuses.
fn unauthorized(host: &mut Host) -> Value {
    let result = host.call("codex", json!({ "prompt": "hello" }));
    let structured = result["structuredContent"].clone();
    assert_eq!(
        (&structured["status"], &structured["error"]["code"]),
        (&json!("failed"), &json!("unauthorized")),
        "{result}"
    );
    structured
}

fn good(result: &Value) {
    assert_eq!((&result["status"], &result["content"]), (&json!("completed"), &json!("hi")), "{result}");
}

#[test]
fn a_code_signs_a_person_in_and_out() {
    let scene = Scene::new(ACCOUNT);
    scene.accounts.script.lock().unwrap().pending = 2;
    let said = scene.run(&["login", "--device"], "");
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{said:?}");
    let address = format!("{}/codex/device", scene.accounts.url());
    assert!(said.out.contains(&address) && said.out.contains("ABCD-EFGH"), "{said:?}");
    assert!(said.out.ends_with("Done: signed in with ChatGPT, plan plus.\n"), "{said:?}");
    assert!(!said.out.contains("refresh-secret"), "{said:?}");
    let doctor = examined(&scene.host(), &[]);
    assert!(doctor.contains("ok    account: signed in with ChatGPT, plan plus\n"), "{doctor}");

    let mut host = scene.host().start();
    good(&host.structured("codex", json!({ "prompt": "hello" })));
    assert!(scene.accounts.of_turns().iter().all(|token| token.starts_with("Bearer eyJ")));
    drop(host);

    let out = scene.run(&["logout"], "");
    assert_eq!((out.code, out.err.as_str()), (0, ""), "{out:?}");
    let status = scene.run(&["login", "status"], "");
    assert_eq!((status.code, status.out.as_str()), (4, ""), "{status:?}");
    scene.accounts.wait_asked("/oauth/revoke");
}

#[test]
fn a_code_that_is_refused() {
    let scene = Scene::new(ACCOUNT);
    scene.accounts.script.lock().unwrap().code = 400;
    let said = scene.run(&["login", "--device"], "");
    assert_eq!(said.code, 4, "{said:?}");
    assert!(said.err.contains("the code was refused, or is too old"), "{said:?}");
    assert_eq!(scene.run(&["login", "status"], "").code, 4);
}

#[test]
fn an_account_server_that_is_not_there() {
    let scene = Scene::new(ACCOUNT);
    let done = scene.command(&["login", "--device"]).env(ISSUER, "http://127.0.0.1:1").output().unwrap();
    let words = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(4), "{words}");
    assert!(words.contains("failed to request device code") && words.contains("HTTPS_PROXY"), "{words}");
}

#[test]
fn ctrl_c_ends_the_wait_for_a_code() {
    let scene = Scene::new(ACCOUNT);
    scene.accounts.script.lock().unwrap().pending = usize::MAX;
    let mut child = scene.command(&["login", "--device"]).stdin(Stdio::null()).spawn().unwrap();
    let _out = reads_to(&mut child, "Ctrl-C");
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let done = child.wait_with_output().unwrap();
    assert_eq!(done.status.code(), Some(5), "{done:?}");
}

/// What a browser gets at an address.
fn get(address: &str) -> String {
    let (host, path) = address.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut page = Vec::new();
    stream.read_to_end(&mut page).unwrap();
    String::from_utf8(page).unwrap()
}

/// Says to the test that it has a network of its own.
const ALONE: &str = "CODEX_BRIDGE_TEST_ALONE";

/// codex listens at a port that nothing sets, 1455, and ends another sign-in of this machine for it. So this
/// runs in a network of its own, where Linux lets a user make one; elsewhere it may end a sign-in that a person
/// has begun, or that of another run, and there is one such test.
#[test]
fn a_browser_signs_a_person_in() {
    let unshare = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--net", "sh", "-c", &format!("ip link set lo up && {script}")]);
        command
    };
    let can = || unshare("true").output().is_ok_and(|done| done.status.success());
    if std::env::var_os(ALONE).is_some() || !can() {
        return signs_in_by_a_browser();
    }
    let mut again = unshare("exec \"$0\" \"$@\"");
    again.arg(std::env::current_exe().unwrap()).env(ALONE, "1");
    let done = again
        .args(["--exact", "real::account::a_browser_signs_a_person_in", "--nocapture"])
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success() && words.contains("1 passed"), "{words}{done:?}");
}

fn signs_in_by_a_browser() {
    let scene = Scene::new(ACCOUNT);
    let mut child = scene.command(&["login"]).stdin(Stdio::null()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("/oauth/authorize?") {
        line.clear();
        assert!(out.read_line(&mut line).unwrap() > 0, "it ended");
    }
    let member = |name: &str| {
        let (_, rest) = line.trim().split_once(&format!("{name}=")).unwrap();
        rest.split('&').next().unwrap().replace("%3A", ":").replace("%2F", "/")
    };
    // What the account server would send the browser to; codex sends it on to a page of its own.
    let back = format!("{}?code=c&state={}", member("redirect_uri"), member("&state"));
    let page = get(&back);
    let on =
        page.lines().find_map(|line| line.strip_prefix("Location: ")).unwrap_or_else(|| panic!("{page}"));
    let page = get(on.trim());
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    let done = child.wait_with_output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{rest}{done:?}");
    assert!(rest.ends_with("Done: signed in with ChatGPT, plan plus.\n"), "{rest}");
}

#[test]
fn a_key_goes_from_stdin_to_codex_and_nowhere_else() {
    let scene = Scene::new(ACCOUNT);
    let mut login = scene.command(&["login", "--with-api-key"]);
    let mut login = login.env("CODEX_BRIDGE_LOG_LEVEL", "trace").env("RUST_LOG", "trace").spawn().unwrap();
    login.stdin.take().unwrap().write_all(b"sk-good\n").unwrap();
    let done = login.wait_with_output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    assert_eq!(String::from_utf8(done.stdout).unwrap(), "Done: signed in with an API key.\n");
    let words = String::from_utf8(done.stderr).unwrap();
    assert!(!words.contains("sk-good"), "{words}");
    let mut host = scene.host().env("CODEX_BRIDGE_LOG_LEVEL", "trace").start();
    good(&host.structured("codex", json!({ "prompt": "hello" })));
    assert_eq!(scene.accounts.of_turns(), ["Bearer sk-good"]);
    host.close_stdin();
    host.ended();
    assert!(host.stderr().iter().all(|line| !line.contains("sk-good")));
}

/// The sign-in is good, whatever the configured model does with it.
#[test]
fn a_sign_in_that_the_model_does_not_use() {
    let scene = Scene::new("env_key = \"MY_KEY\"");
    let said = scene.run(&["login", "--with-api-key"], "sk-good\n");
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{said:?}");
    assert!(said.out.ends_with("The provider `here` of config.toml does not use it.\n"), "{said:?}");
}

/// codex reads what it is signed in with once, at its start; the bridge starts another one.
#[test]
fn a_sign_in_at_a_terminal_reaches_a_bridge_that_runs() {
    let scene = Scene::new(ACCOUNT);
    let mut host = scene.host().start();
    let failed = unauthorized(&mut host);
    let remedy = failed["error"]["remedy"].as_str().unwrap();
    assert!(
        remedy.contains("`codex-bridge login`") && remedy.contains("`codex-bridge login --device`"),
        "{remedy}"
    );
    assert_eq!(scene.run(&["login", "--with-api-key"], "sk-good").code, 0);
    good(&host.structured("codex-reply", json!({ "threadId": failed["threadId"], "prompt": "hello" })));
    assert_eq!(scene.accounts.of_turns().last().unwrap(), "Bearer sk-good");
    // One that works is left alone, whatever happens at the terminal.
    assert_eq!(scene.run(&["logout"], "").code, 0);
    good(&host.structured("codex", json!({ "prompt": "hello" })));
}

#[test]
fn a_key_that_is_refused_or_not_set_is_named_by_its_variable() {
    let scene = Scene::new("env_key = \"MY_KEY\"");
    for key in ["", "sk-bad"] {
        let mut setup = scene.host().env("MY_KEY", key);
        setup.version = "2025-11-25";
        setup.capabilities = json!({ "elicitation": { "url": {} } });
        let mut host = setup.start();
        let failed = unauthorized(&mut host);
        let remedy = failed["error"]["remedy"].as_str().unwrap();
        assert!(
            remedy.starts_with("set $MY_KEY to a valid key where the host starts codex-bridge"),
            "{remedy}"
        );
        // To sign in would not mend it, so it is not offered.
        assert!(host.heard("elicitation/create").is_none());
    }
}

#[test]
fn an_access_token_of_the_environment_reaches_codex() {
    let scene = Scene::new(ACCOUNT);
    scene.accounts.script.lock().unwrap().tokens = vec!["at-good"];
    let mut host = scene.host().env("CODEX_ACCESS_TOKEN", "at-good").start();
    good(&host.structured("codex", json!({ "prompt": "hello" })));
    assert_eq!(scene.accounts.of_turns(), ["Bearer at-good"]);
    let doctor = examined(&scene.host().env("CODEX_ACCESS_TOKEN", "at-good"), &[]);
    assert!(
        doctor.contains("account: signed in with ChatGPT, plan plus, by $CODEX_ACCESS_TOKEN\n"),
        "{doctor}"
    );

    // One that is no good leaves nobody signed in, also where somebody has a key.
    assert_eq!(scene.run(&["login", "--with-api-key"], "sk-good").code, 0);
    let doctor = examined(&scene.host().env("CODEX_ACCESS_TOKEN", "at-wrong"), &[]);
    assert!(doctor.contains("$CODEX_ACCESS_TOKEN is set, and codex could not sign in with it"), "{doctor}");
    assert!(!doctor.contains("at-wrong"), "{doctor}");
}

#[test]
fn an_access_token_is_kept_by_codex() {
    let scene = Scene::new(ACCOUNT);
    scene.accounts.script.lock().unwrap().tokens = vec!["at-good"];
    let bad = scene.run(&["login", "--with-access-token"], "at-wrong\n");
    assert_eq!((bad.code, bad.out.as_str()), (4, ""), "{bad:?}");
    assert!(bad.err.contains("401 Unauthorized") && !bad.err.contains("at-wrong"), "{bad:?}");
    let said = scene.run(&["login", "--with-access-token"], "at-good\n");
    assert_eq!((said.code, said.out.as_str()), (0, "Done: signed in with ChatGPT, plan plus.\n"), "{said:?}");
    let mut host = scene.host().start();
    good(&host.structured("codex", json!({ "prompt": "hello" })));
    assert_eq!(scene.accounts.of_turns(), ["Bearer at-good"]);
}

/// codex asks its account server about the token; what has not been answered is given up, and nothing is kept.
#[test]
fn ctrl_c_ends_the_wait_for_an_access_token() {
    let scene = Scene::new(ACCOUNT);
    scene.accounts.script.lock().unwrap().silent = true;
    let mut child = scene.command(&["login", "--with-access-token"]).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"at-good\n").unwrap();
    scene.accounts.wait_asked(WHOAMI);
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let done = child.wait_with_output().unwrap();
    let words = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(5), "{words}");
    assert!(words.contains("the sign-in was stopped") && !words.contains("at-good"), "{words}");
    assert!(!scene.is_kept());
}

/// Of the settings, and of the command line, which are for sessions otherwise.
#[test]
fn keys_of_codexs_configuration_count_for_a_sign_in() {
    const STORE: &str = "cli_auth_credentials_store=\"ephemeral\"";
    let ways = [("--with-api-key", "sk-good"), ("--with-access-token", "at-good")];
    for (flag, secret) in ways {
        for by_settings in [true, false] {
            let scene = Scene::new(ACCOUNT);
            scene.accounts.script.lock().unwrap().tokens = vec!["at-good"];
            let args = json!(["-c", STORE]).to_string();
            let (flags, args) =
                if by_settings { (vec![], args) } else { (vec!["-c", STORE], "[]".to_owned()) };
            let mut login = scene.command(&[flags, vec!["login", flag]].concat());
            let mut login = login.env("CODEX_BRIDGE_CODEX_ARGS", args).spawn().unwrap();
            login.stdin.take().unwrap().write_all(secret.as_bytes()).unwrap();
            let done = login.wait_with_output().unwrap();
            assert!(!scene.is_kept(), "{flag}: {done:?}");
        }
        let scene = Scene::new(ACCOUNT);
        scene.accounts.script.lock().unwrap().tokens = vec!["at-good"];
        assert_eq!(scene.run(&["login", flag], secret).code, 0);
        assert!(scene.is_kept());
    }
    let scene = Scene::new(ACCOUNT);
    let said = scene.run(&["-c", "forced_login_method=chatgpt", "login", "--with-api-key"], "sk-good");
    assert!(said.code == 4 && said.err.contains("API key login is disabled"), "{said:?}");
    for flag in [&["-p", "work"][..], &["--oss"]] {
        let said = scene.run(&[flag, &["login", "status"]].concat(), "");
        assert!(said.code == 2 && said.err.contains(&format!("does not take `{}`", flag[0])), "{said:?}");
    }
}

#[test]
fn a_person_at_the_host_signs_in_while_the_bridge_runs() {
    let scene = Scene::new(ACCOUNT);
    scene.accounts.script.lock().unwrap().pending = usize::MAX;
    let mut setup = scene.host();
    setup.version = "2025-11-25";
    setup.capabilities = json!({ "elicitation": { "url": {} } });
    let mut host = setup.start();
    let call = host.post("tools/call", json!({ "name": "codex", "arguments": { "prompt": "hello" } }));
    let question = host.asked("elicitation/create");
    assert_eq!(question["params"]["url"], format!("{}/codex/device", scene.accounts.url()), "{question}");
    assert!(question["params"]["message"].as_str().unwrap().contains("ABCD-EFGH"), "{question}");
    host.send(&json!({ "jsonrpc": "2.0", "id": question["id"], "result": { "action": "accept" } }));
    scene.accounts.script.lock().unwrap().pending = 0;
    let result = host.answer(call)["result"].clone();
    let words = result["content"][0]["text"].as_str().unwrap();
    assert!(words.starts_with("Somebody has signed in to codex now"), "{result}");
    let reply = json!({ "threadId": result["structuredContent"]["threadId"], "prompt": "hello" });
    good(&host.structured("codex-reply", reply));
    assert!(scene.accounts.of_turns().last().unwrap().starts_with("Bearer eyJ"));
}

/// The dialog's sign-in goes on between two calls; one at a terminal counts all the same.
#[test]
fn a_sign_in_that_is_held_does_not_hide_another() {
    let scene = Scene::new(ACCOUNT);
    scene.accounts.script.lock().unwrap().pending = usize::MAX;
    let mut setup = scene.host();
    setup.version = "2025-11-25";
    setup.capabilities = json!({ "elicitation": { "url": {} } });
    // Its calls may take 4 s.
    setup.name = "openai-agents";
    let mut host = setup.start();
    let call = host.post("tools/call", json!({ "name": "codex", "arguments": { "prompt": "hello" } }));
    let question = host.asked("elicitation/create");
    host.send(&json!({ "jsonrpc": "2.0", "id": question["id"], "result": { "action": "accept" } }));
    let result = host.answer(call)["result"].clone();
    let words = result["content"][0]["text"].as_str().unwrap();
    assert!(words.contains("has not finished"), "{result}");
    assert_eq!(scene.run(&["login", "--with-api-key"], "sk-good").code, 0);
    let reply = json!({ "threadId": result["structuredContent"]["threadId"], "prompt": "hello" });
    good(&host.structured("codex-reply", reply));
    assert_eq!(scene.accounts.of_turns().last().unwrap(), "Bearer sk-good");
}

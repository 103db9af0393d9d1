//! The page, in a real browser without a window: at the width of a desk and of a phone, light and dark.

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::common::http::{Client, Served, token};
use crate::common::{Place, Setup};

/// The browser that `scripts/test.sh` finds or installs.
fn chromium() -> PathBuf {
    if let Some(named) = std::env::var_os("CHROMIUM") {
        return named.into();
    }
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mac = PathBuf::from("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome");
    let mut found = std::env::split_paths(&path).flat_map(|folder| names.map(|name| folder.join(name)));
    found
        .find(|file| file.exists())
        .or_else(|| mac.exists().then_some(mac))
        .expect("there is no Chromium: run scripts/test.sh once, or name one as $CHROMIUM")
}

/// A browser, a step at a time.
struct Browser {
    child: Child,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Browser {
    fn start(served: &Served, name: &str, width: u32, scheme: &str) -> Self {
        let node = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/node");
        assert!(node.join("node_modules/playwright-core").exists(), "run scripts/test.sh once");
        let mut command = Command::new("node");
        command.arg(node.join("page.mjs")).args([format!("http://{}", served.address), token(name)]);
        command.arg(chromium()).args([width.to_string(), scheme.to_owned()]);
        if let Some(folder) = std::env::var_os("TEST_PICTURES") {
            command.arg(folder);
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let stdin = child.stdin.take().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, stdin, lines }
    }

    /// Takes a step; what was seen.
    fn step(&mut self, step: &str, given: Value) -> Value {
        let mut all = json!({ "step": step });
        all.as_object_mut().unwrap().extend(given.as_object().unwrap().clone());
        writeln!(self.stdin, "{all}").unwrap();
        let line = self.lines.next().expect("the browser goes on").unwrap();
        let seen: Value = serde_json::from_str(&line).unwrap();
        assert!(seen.get("failed").is_none(), "{step}: {seen:#}");
        seen
    }

    /// Nothing serious is wrong with what is shown.
    fn looks_good(&mut self, name: &str) {
        let seen = self.step("look", json!({ "name": name }));
        assert_eq!(seen, json!({ "accessible": [], "overflows": false, "faults": [] }), "{name}");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ask(client: &mut Client, prompt: &str) -> Value {
    client.structured("codex", json!({ "prompt": prompt, "wait": 50 }))
}

fn decided(client: &mut Client, thread: &Value) -> Value {
    let page =
        client.structured("codex-events", json!({ "threadId": thread, "types": ["permission_decision"] }));
    let one = &page["events"][0];
    json!([one["decision"], one["by"], one["way"], one["reason"]])
}

/// Done-when 3: signs in, watches a session that runs, approves one question and declines another.
fn whole(width: u32, scheme: &str) {
    let place = Place::new();
    let served = Served::start(&Setup::fake(&place), &[("owner", "sessions = \"all\""), ("alice", "")]);
    let mut alice = served.client("alice").modern(json!({}));
    let first = ask(&mut alice, "say I look at the tests first.\nask-command cargo test --workspace");
    let second = ask(&mut alice, "ask-file src/lib.rs");
    let mut browser = Browser::start(&served, "owner", width, scheme);
    browser.step("open", json!({}));
    browser.looks_good("sign-in");
    browser.step("signIn", json!({ "token": "x".repeat(40) }));
    browser.step("look", json!({ "name": "refused" }));
    let signed_in = browser.step("signIn", json!({}));
    let shown = signed_in.to_string();
    assert!(!shown.contains(&token("owner")), "the token is nowhere: {shown}");
    let cookie = &signed_in["cookies"][0];
    assert_eq!((&cookie["httpOnly"], &cookie["sameSite"]), (&json!(true), &json!("Strict")), "{cookie}");
    browser.step("inbox", json!({ "count": 2 }));
    browser.looks_good("inbox");
    assert_eq!(
        browser.step("keyboard", json!({})),
        json!({ "first": "Skip to the content", "main": "main", "then": "A" })
    );
    // What is being written stays when another question comes.
    browser.step("typeNote", json!({ "title": "cargo test", "note": "half a " }));
    let third = ask(&mut alice, "ask-command rm -rf target");
    browser.step("inbox", json!({ "count": 3 }));
    assert_eq!(browser.step("note", json!({ "title": "cargo test" }))["note"], "half a ");
    browser.step("decide", json!({ "title": "cargo test", "button": "Approve", "note": "go on" }));
    browser
        .step("decide", json!({ "title": "rm -rf target", "button": "Decline", "note": "not that folder" }));
    browser.step("inbox", json!({ "count": 1 }));
    assert_eq!(decided(&mut alice, &first["threadId"]), json!(["approve", "person", "page", "go on"]));
    assert_eq!(
        decided(&mut alice, &third["threadId"]),
        json!(["decline", "person", "page", "not that folder"])
    );
    assert_eq!(decided(&mut alice, &second["threadId"])[0], Value::Null);
    // A session, as it goes on.
    browser.step("sessions", json!({}));
    browser.looks_good("sessions");
    browser.step("session", json!({ "thread": first["threadId"] }));
    let more = "diff 400\nsay The tests pass, and this came while you looked.";
    alice.structured("codex-reply", json!({ "threadId": first["threadId"], "prompt": more, "wait": 50 }));
    browser.step("sees", json!({ "words": "this came while you looked" }));
    browser.looks_good("session");
    browser.step("inbox", json!({ "count": 1 }));
    let out = browser.step("signOut", json!({}));
    assert_eq!(out["cookies"], json!([]));
}

#[test]
fn at_a_desk() {
    whole(1280, "light");
}

#[test]
fn on_a_phone() {
    whole(375, "dark");
}

/// What comes from outside is shown as what it is: text.
#[test]
fn script_in_what_is_shown_is_text() {
    let place = Place::new();
    let served = Served::start(&Setup::fake(&place), &[("owner", "sessions = \"all\"")]);
    let mut owner = served.client("owner").modern(json!({}));
    let script = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>";
    let asked = ask(&mut owner, &format!("say {script}\nask-command echo {script}"));
    ask(&mut owner, &format!("ask-file {}.rs", "<b onmouseover=document.title='owned'>"));
    let mut browser = Browser::start(&served, "owner", 1280, "light");
    browser.step("open", json!({}));
    browser.step("signIn", json!({}));
    let inbox = browser.step("inbox", json!({ "count": 2 }));
    assert!(inbox["text"].as_str().unwrap().contains("<img src=x onerror="), "{inbox}");
    browser.looks_good("script-inbox");
    browser.step("sessions", json!({}));
    let session = browser.step("session", json!({ "thread": asked["threadId"] }));
    assert!(session["text"].as_str().unwrap().contains("<script>document.title"), "{session}");
    browser.looks_good("script-session");
}

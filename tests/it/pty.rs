//! `codex-bridge events -f` in a terminal of its own, as a multiplexer gives it one: what a person sees
//! of a session that another process runs, and how soon.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::fd::OwnedFd;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use serde_json::json;

use crate::common::terminal::terminal;
use crate::common::{PATIENCE, Place, Setup};

/// How wide the terminal is.
const COLUMNS: u16 = 72;

/// The two ends of a new terminal: the one of who shows it, and the one of the program in it.
fn pair() -> (OwnedFd, OwnedFd) {
    let shown = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&shown).unwrap();
    unlockpt(&shown).unwrap();
    let name = ptsname(&shown, Vec::new()).unwrap();
    let inside = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    let size = Winsize { ws_row: 24, ws_col: COLUMNS, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&inside, size).unwrap();
    (shown, inside.into())
}

/// What comes on a terminal, line by line, and when.
fn lines(shown: OwnedFd) -> Receiver<(Instant, String)> {
    let (send, lines) = channel();
    std::thread::spawn(move || {
        // A terminal whose last program has ended is at its end with an error.
        for line in BufReader::new(File::from(shown)).lines().map_while(Result::ok) {
            if send.send((Instant::now(), line)).is_err() {
                return;
            }
        }
    });
    lines
}

/// What is left of a line without its colours.
fn plain(line: &str) -> String {
    let mut parts = line.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').map_or("", |(_, rest)| rest))
}

#[test]
fn a_person_follows_in_a_terminal_what_another_process_does() {
    let place = Place::new();
    let mut host = Setup::fake(&place).start();
    let first = host.structured("codex", json!({ "prompt": "say first" }));
    let thread = first["threadId"].as_str().unwrap().to_owned();
    let (shown, inside) = pair();
    let mut follower = terminal(&place, &["events", "-f", &thread])
        .env("TERM", "xterm-256color")
        .env_remove("NO_COLOR")
        .stdin(inside.try_clone().unwrap())
        .stdout(inside.try_clone().unwrap())
        .stderr(inside)
        .spawn()
        .unwrap();
    let screen = lines(shown);
    let until = |word: &str| loop {
        let (at, line) = screen.recv_timeout(PATIENCE).unwrap();
        let text = plain(line.trim_end());
        assert!(text.chars().count() <= usize::from(COLUMNS), "wider than the terminal: {text:?}");
        if text.contains(word) {
            return (at, line);
        }
    };
    until("first");
    let mut lags = Vec::new();
    for n in 0..5 {
        let prompt =
            format!("say number {n}, {}", "and a text that is wider than the terminal is ".repeat(3));
        let sent = host.structured("codex-reply", json!({ "threadId": thread, "prompt": prompt }));
        let told = Instant::now();
        assert_eq!(sent["status"], "completed");
        // Once as the prompt, once as the answer.
        until(&format!("number {n},"));
        let (at, line) = until(&format!("number {n},"));
        assert!(line.contains("\u{1b}["), "a terminal gets colours: {line:?}");
        lags.push(at.saturating_duration_since(told));
    }
    println!("the lines came after {lags:?}");
    let quick = lags.iter().filter(|lag| **lag < Duration::from_millis(200)).count();
    assert!(quick >= 3, "{lags:?}");
    let pid = rustix::process::Pid::from_child(&follower);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(follower.wait().unwrap().code(), Some(0));
}

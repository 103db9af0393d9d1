//! Children that end well, late, or not at all; and what they leave in their group.

#![cfg(unix)]

use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use super::*;

const GRACE: Grace = Grace { eof: Duration::from_millis(200), term: Duration::from_millis(200) };

fn shell(script: &str) -> Spec {
    Spec { program: "sh".into(), args: vec!["-c".into(), script.into()], ..Spec::default() }
}

fn alive(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

async fn gone(pid: &str) {
    let until = Instant::now() + Duration::from_secs(2);
    while alive(pid) {
        assert!(Instant::now() < until, "{pid} is alive");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn each_step_of_an_end() {
    let cases = [
        ("cat >/dev/null; exit 7", Some(7), None),
        ("exec sleep 60", None, Some(15)),
        ("trap '' TERM; echo ready; while :; do sleep 0.05; done", None, Some(9)),
    ];
    for (script, code, signal) in cases {
        let tasks = TaskTracker::new();
        let (child, stdin, mut stdout) = Child::spawn(&shell(script), &tasks).unwrap();
        if script.starts_with("trap") {
            stdout.read_exact(&mut [0; 6]).await.unwrap();
        }
        drop(stdin);
        let end = child.end(GRACE).await;
        assert_eq!((end.code, end.signal, end.asked), (code, signal, true), "{script}");
    }
}

#[tokio::test]
async fn the_group_ends_with_its_leader_and_with_its_handle() {
    for by_drop in [false, true] {
        let tasks = TaskTracker::new();
        let script = "sleep 60 & echo $!; cat >/dev/null";
        let (child, stdin, mut stdout) = Child::spawn(&shell(script), &tasks).unwrap();
        let mut line = [0; 32];
        let read = stdout.read(&mut line).await.unwrap();
        let pid = String::from_utf8_lossy(&line[..read]).trim().to_owned();
        assert!(alive(&pid));
        if by_drop {
            drop(child);
        } else {
            drop(stdin);
            child.end(GRACE).await;
        }
        gone(&pid).await;
    }
}

#[tokio::test]
async fn last_words_are_kept_and_bounded() {
    let tasks = TaskTracker::new();
    let script = "head -c 1000000 /dev/zero | tr '\\0' x >&2; echo >&2; echo the end >&2; exit 3";
    let (child, _stdin, _stdout) = Child::spawn(&shell(script), &tasks).unwrap();
    let end = child.ended().await;
    assert_eq!(end.stderr.len(), 64 << 10);
    assert!(!end.asked);
    let words = end.to_string();
    assert!(words.starts_with("it exited with code 3; its last words: "), "{words}");
    assert!(words.ends_with("the end") && words.len() < 500, "{words}");
}

#[tokio::test]
async fn helpers_have_a_limit_and_a_deadline() {
    let out = output(&shell("echo out; echo err >&2; exit 5"), 3, Duration::from_secs(10)).await.unwrap();
    assert_eq!((out.code, out.stdout, out.stderr), (Some(5), b"out".to_vec(), b"err".to_vec()));
    let late = output(&shell("sleep 60"), 3, Duration::from_millis(50)).await.unwrap_err();
    assert_eq!(late.to_string(), "`sh` did not end within 0 s");
    let missing = Spec { program: "/no/such/program".into(), ..Spec::default() };
    let error = output(&missing, 3, Duration::from_secs(1)).await.unwrap_err();
    assert!(error.to_string().starts_with("`/no/such/program` cannot be started"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn waits_double_and_a_good_run_clears_them() {
    let mut backoff = Backoff::default();
    let waits: Vec<_> = (0..9).map(|_| backoff.failed(Instant::now()).as_millis()).collect();
    assert_eq!(waits, [250, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000]);
    backoff.started(Instant::now());
    tokio::time::advance(Duration::from_secs(61)).await;
    assert_eq!(backoff.failed(Instant::now()).as_millis(), 250);
}

//! How a child ends: by itself, asked, killed, dropped; and that its group goes with it.

use std::time::Duration;

use tokio_util::task::TaskTracker;

use super::super::{Child, Grace, PostMortem, output};
use super::{LONG, gone, runs, sh, start};

/// The first means has no time to work.
const NO_EOF: Grace = Grace { eof: Duration::ZERO, term: LONG };
const NO_TERM: Grace = Grace { eof: Duration::ZERO, term: Duration::from_millis(20) };
const PATIENT: Grace = Grace { eof: LONG, term: LONG };

#[tokio::test]
async fn the_end_of_its_input_is_enough() {
    let it = start("echo ready; cat >/dev/null; exit 3").await;
    let watch = it.child.watch();
    assert_eq!(watch.now(), None);
    drop(it.stdin);
    let end = it.child.end(PATIENT).await;
    assert_eq!((end.code, end.signal, end.asked), (Some(3), None, true));
    assert_eq!(watch.now().as_ref(), Some(&end));
    assert_eq!(watch.clone().ended().await, end);
    it.tasks.close();
    it.tasks.wait().await;
}

#[tokio::test]
async fn term_reaches_the_whole_group() {
    // The `sleep` is not the leader; `wait`, unlike a command in the foreground, lets the trap run at once.
    let it = start("trap 'exit 7' TERM; sleep 1000 >/dev/null 2>&1 & echo $!; wait").await;
    let end = it.child.end(NO_EOF).await;
    assert_eq!((end.code, end.signal, end.asked), (Some(7), None, true));
    gone(&it.first).await;
}

#[tokio::test]
async fn who_ignores_everything_is_killed() {
    let it = start("trap '' TERM; echo ready; while :; do sleep 1000; done").await;
    let end = it.child.end(NO_TERM).await;
    assert_eq!((end.code, end.signal, end.asked), (None, Some(9), true));
}

#[tokio::test]
async fn what_a_child_left_in_its_group_goes_after_it() {
    let it = start("sleep 1000 >/dev/null 2>&1 & echo $!; cat >/dev/null").await;
    assert!(runs(&it.first));
    drop(it.stdin);
    assert_eq!(it.child.end(PATIENT).await.code, Some(0));
    gone(&it.first).await;
}

#[tokio::test]
async fn a_child_that_ends_unasked_is_reported_and_its_group_ended() {
    let it = start("trap '' TERM; sleep 1000 & echo $!; echo 'out of luck' >&2; exit 5").await;
    let end = it.child.watch().ended().await;
    assert_eq!((end.code, end.signal, end.asked), (Some(5), None, false));
    assert_eq!(end.to_string(), "exited with code 5; its last words: out of luck");
    gone(&it.first).await;
    // Ending it now changes nothing.
    assert_eq!(it.child.end(PATIENT).await, end);
}

#[tokio::test]
async fn dropping_the_handle_kills_the_group() {
    let it = start("trap '' TERM; sleep 1000 & echo $!; wait; sleep 1000").await;
    let watch = it.child.watch();
    drop(it.child);
    let end = watch.ended().await;
    assert_eq!((end.signal, end.asked), (Some(9), true));
    gone(&it.first).await;
}

#[tokio::test]
async fn giving_up_on_an_end_kills_the_group() {
    let it = start("trap '' TERM; sleep 1000 & echo $!; wait; sleep 1000").await;
    let given_up = tokio::time::timeout(Duration::from_millis(20), it.child.end(NO_EOF)).await;
    assert!(given_up.is_err());
    gone(&it.first).await;
}

#[test]
fn a_runtime_that_ends_kills_the_group() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let it = runtime.block_on(start("trap '' TERM; sleep 1000 & echo $!; wait; sleep 1000"));
    drop(runtime);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(gone(&it.first));
    let unknown = PostMortem { asked: true, ..PostMortem::default() };
    assert_eq!(runtime.block_on(it.child.end(PATIENT)), unknown);
}

#[tokio::test]
async fn of_a_megabyte_of_errors_the_last_64_kib_are_kept() {
    let script = "head -c 1000000 /dev/zero | tr '\\0' x >&2; echo last >&2; exit 1";
    let tasks = TaskTracker::new();
    let (child, _stdin, _stdout) = Child::spawn(&sh(script), &tasks).unwrap();
    let end = child.watch().ended().await;
    assert_eq!((end.code, end.stderr.len()), (Some(1), 64 << 10));
    assert!(end.stderr.ends_with("xlast\n"));
    assert!(end.to_string().len() < 500);
}

#[tokio::test]
async fn who_left_the_group_does_not_hold_up_the_post_mortem() {
    let it = start("setsid sleep 1000 & echo $!; echo words >&2; sleep 0.05; exit 4").await;
    let end = it.child.watch().ended().await;
    assert_eq!((end.code, end.stderr.as_str()), (Some(4), "words\n"));
    assert!(runs(&it.first), "it still holds the pipe of standard error");
    output(&sh(&format!("kill -9 {}", it.first)), 0, LONG).await.unwrap();
    gone(&it.first).await;
}

//! Another process has the file, for longer than anybody would have thought.

use std::time::{Duration, Instant};

use super::*;

/// Longer than SQLite is ever told to wait.
const LONG: Duration = Duration::from_millis(5500);

/// Takes the file from everybody else.
fn hold(path: &std::path::Path) -> rusqlite::Connection {
    let db = rusqlite::Connection::open(path).unwrap();
    db.execute_batch("BEGIN IMMEDIATE").unwrap();
    db
}

#[tokio::test]
async fn a_held_file_delays_what_is_written_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    let journal = SqliteJournal::open(&path).unwrap();
    let mut watch = journal.watch("a".into()).await.unwrap();
    let other = hold(&path);
    let mut first = journal.append(batch(&journal, "a", 1..=3));
    let held = tokio::time::timeout(LONG, &mut first).await;
    assert!(held.is_err(), "nothing is said as long as the file is held: {held:?}");
    let more = [
        journal.append(batch(&journal, "a", 4..=5)),
        journal.append(batch(&journal, "b", 1..=1)),
        journal.put_task(task("t", 1, TaskState::Working)),
    ];
    let wrong = journal.append(batch(&journal, "a", 9..=9));
    assert!(journal.watch("b".into()).await.is_ok(), "what needs no transaction is answered");
    assert!(!watch.has_changed().unwrap());

    other.execute_batch("ROLLBACK").unwrap();
    first.await.unwrap();
    for one in more {
        one.await.unwrap();
    }
    assert!(matches!(wrong.await, Err(JournalError::SeqConflict { expected: Seq(6), .. })));
    watch.wait_for(|seq| *seq == Seq(5)).await.unwrap();
    assert_eq!(journal.read("a".into(), Seq::ZERO, 9, usize::MAX).await.unwrap().len(), 5);
}

#[tokio::test]
async fn a_held_file_does_not_keep_a_bridge_from_ending() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    let journal = SqliteJournal::open(&path).unwrap();
    let other = hold(&path);
    let waits = journal.append(batch(&journal, "a", 1..=1));
    let begun = Instant::now();
    journal.close().await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let error = waits.await.unwrap_err();
    assert!(error.to_string().contains("another process holds it"), "{error}");
    assert_eq!(journal.claim("a".into()).await, Err(JournalError::Closed));
    drop(other);
    let next = SqliteJournal::open(&path).unwrap();
    assert_eq!(next.session("a".into()).await.unwrap(), None);
}

/// What waits at the close is still written, if the file can be had in time.
#[tokio::test]
async fn what_waits_at_the_close_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    let journal = SqliteJournal::open(&path).unwrap();
    let other = hold(&path);
    let (waits, close) = (journal.append(batch(&journal, "a", 1..=1)), journal.close());
    other.execute_batch("ROLLBACK").unwrap();
    waits.await.unwrap();
    close.await.unwrap();
}

//! Both journals keep the same promises; the file keeps more: processes, versions, deaths.

use super::*;
use crate::event::{Body, Event, Timestamp};
use crate::ids::{BridgeId, Seq, ThreadId};

fn event(thread: &str, seq: u64) -> Event {
    Event {
        seq: Seq(seq),
        time: Timestamp(seq),
        thread_id: ThreadId::from(thread),
        turn_id: None,
        origin: None,
        body: Body::Warning { message: format!("{thread} {seq}") },
    }
}

fn row(thread: &str, last: u64, owner: Option<&BridgeId>, status: SessionStatus) -> SessionRecord {
    SessionRecord {
        thread_id: ThreadId::from(thread),
        cwd: "/w".into(),
        title: "t".into(),
        status,
        model: None,
        owner: owner.cloned(),
        last_seq: Seq(last),
        turn_seq: Seq::ZERO,
        turn_id: None,
        created: Timestamp(1),
        updated: Timestamp(last),
        settings: serde_json::json!({ "a": 1 }),
    }
}

fn batch(journal: &dyn Journal, thread: &str, seqs: std::ops::RangeInclusive<u64>) -> Batch {
    let last = *seqs.end();
    Batch {
        events: seqs.map(|n| event(thread, n)).collect(),
        session: row(thread, last, Some(journal.bridge()), SessionStatus::Running),
        durable: last.is_multiple_of(2),
    }
}

async fn promises(journal: &dyn Journal) {
    let t = || ThreadId::from("a");
    assert_eq!(journal.session(t()).await.unwrap(), None);
    let mut watch = journal.watch(t()).await.unwrap();
    assert_eq!(*watch.borrow_and_update(), Seq::ZERO);
    journal.append(batch(journal, "a", 1..=3)).await.unwrap();
    watch.changed().await.unwrap();
    assert_eq!(*watch.borrow(), Seq(3));
    for wrong in [3..=4, 5..=6] {
        let error = journal.append(batch(journal, "a", wrong)).await.unwrap_err();
        assert!(matches!(error, JournalError::SeqConflict { expected: Seq(4), .. }), "{error}");
    }
    journal.append(batch(journal, "a", 4..=10)).await.unwrap();
    journal.append(batch(journal, "b", 1..=1)).await.unwrap();
    let seqs = |events: Vec<Event>| events.iter().map(|e| e.seq.0).collect::<Vec<_>>();
    assert_eq!(seqs(journal.read(t(), Seq(2), 3, usize::MAX).await.unwrap()), [3, 4, 5]);
    assert_eq!(seqs(journal.read(t(), Seq(8), 100, 1).await.unwrap()), [9], "one at least");
    assert!(journal.read(t(), Seq(10), 100, 1).await.unwrap().is_empty());
    assert_eq!(journal.read(t(), Seq(0), 1, 100).await.unwrap(), [event("a", 1)]);
    let rows = journal.sessions(10).await.unwrap();
    assert_eq!(rows.iter().map(|r| r.thread_id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(rows[0].settings, serde_json::json!({ "a": 1 }));
    journal.close().await.unwrap();
    assert_eq!(journal.append(batch(journal, "a", 11..=11)).await, Err(JournalError::Closed));
}

#[tokio::test]
async fn memory_keeps_its_promises() {
    promises(&MemoryJournal::default()).await;
}

#[tokio::test]
async fn sqlite_keeps_its_promises_and_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state").join("journal.db");
    promises(&SqliteJournal::open(&path).unwrap()).await;
    let again = SqliteJournal::open(&path).unwrap();
    assert_eq!(again.read(ThreadId::from("a"), Seq::ZERO, 100, usize::MAX).await.unwrap().len(), 10);
}

#[tokio::test]
async fn a_session_has_one_owner_until_that_one_dies() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    let (one, two) = (SqliteJournal::open(&path).unwrap(), SqliteJournal::open(&path).unwrap());
    let t = || ThreadId::from("a");
    one.append(batch(&one, "a", 1..=1)).await.unwrap();
    let pid = std::process::id();
    assert_eq!(two.claim(t()).await, Err(JournalError::Owned { thread: t(), pid }));
    let error = two.append(batch(&two, "a", 2..=2)).await.unwrap_err();
    assert!(matches!(error, JournalError::Owned { .. }), "{error}");
    assert!(two.abandoned().await.unwrap().is_empty());

    let mut watch = two.watch(t()).await.unwrap();
    one.append(batch(&one, "a", 2..=5)).await.unwrap();
    watch.changed().await.unwrap();
    assert_eq!(*watch.borrow_and_update(), Seq(5), "another process's commits are seen");

    one.close().await.unwrap();
    two.claim(t()).await.unwrap();
    two.append(batch(&two, "a", 6..=6)).await.unwrap();
}

#[tokio::test]
async fn a_failing_append_does_not_fail_its_neighbours() {
    let dir = tempfile::tempdir().unwrap();
    let journal = SqliteJournal::open(&dir.path().join("journal.db")).unwrap();
    let all: Vec<_> = (0..100u64)
        .map(|n| {
            let from = if n % 10 == 7 { 5 } else { 1 };
            journal.append(batch(&journal, &format!("s{n}"), from..=from))
        })
        .collect();
    for (n, done) in all.into_iter().enumerate() {
        assert_eq!(done.await.is_ok(), n % 10 != 7, "{n}");
    }
}

#[test]
fn many_open_an_empty_folder_at_once() {
    for _ in 0..20 {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state").join("journal.db");
        let open: Vec<_> = std::thread::scope(|scope| {
            let all: Vec<_> = (0..8).map(|_| scope.spawn(|| SqliteJournal::open(&path))).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        for one in open {
            one.unwrap();
        }
    }
}

#[test]
fn a_newer_file_is_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    drop(SqliteJournal::open(&path).unwrap());
    let db = rusqlite::Connection::open(&path).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    drop(db);
    let error = SqliteJournal::open(&path).unwrap_err();
    assert!(error.to_string().contains("schema version 99, this bridge writes 1"), "{error}");
}

#[cfg(unix)]
#[test]
fn the_file_is_for_its_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state").join("journal.db");
    let _journal = SqliteJournal::open(&path).unwrap();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
}

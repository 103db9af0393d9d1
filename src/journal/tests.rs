//! Both journals keep the same promises; the file keeps more: processes, versions, deaths.

mod busy;
mod numbers;
mod retain;
mod runs;
mod secrets;
mod texts;
mod versions;

use super::*;
use crate::event::{Body, Event, Timestamp};
use crate::ids::{BridgeId, Principal, Seq, ThreadId};

fn event(thread: &str, seq: u64) -> Event {
    Event {
        seq: Seq(seq),
        time: Timestamp(seq),
        thread_id: ThreadId::from(thread),
        turn_id: None,
        origin: None,
        body: Body::warning(format!("{thread} {seq}")),
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
        principal: None,
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
    let rows = journal.sessions(None, 10).await.unwrap();
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
async fn a_file_with_memory_beside_it_keeps_its_promises() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["one.db", "two.db"] {
        let journal = SpareJournal::open(&dir.path().join(name));
        if name == "one.db" {
            promises(journal.as_ref()).await
        } else {
            more_promises(journal.as_ref()).await
        }
    }
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
async fn a_session_has_one_owner_until_that_one_leaves() {
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
    assert!(error.to_string().contains("schema version 99, this bridge writes 7"), "{error}");
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

/// A bridge that was killed: its lock is free, its name stands in the journal.
fn dead_bridge(path: &std::path::Path) -> (BridgeId, std::path::PathBuf) {
    let dead = BridgeId::fresh();
    let lock = path.with_extension("owners").join(format!("{dead}.lock"));
    std::fs::write(&lock, "").unwrap();
    let db = rusqlite::Connection::open(path).unwrap();
    db.execute("INSERT INTO owners (bridge, pid, started) VALUES (?1, 1, 1)", [dead.as_str()]).unwrap();
    (dead, lock)
}

#[tokio::test]
async fn the_sessions_of_the_dead_are_found_and_their_leavings_removed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    let one = SqliteJournal::open(&path).unwrap();
    let (dead, lock) = dead_bridge(&path);
    let mut theirs = batch(&one, "a", 1..=1);
    theirs.session.owner = Some(dead.clone());
    one.append(theirs).await.unwrap();
    assert_eq!(one.owner(dead.clone()).await.unwrap().map(|owner| owner.alive), Some(false));
    let me = one.owner(one.bridge().clone()).await.unwrap().unwrap();
    assert_eq!((me.pid, me.alive), (std::process::id(), true));

    let two = SqliteJournal::open(&path).unwrap();
    assert_eq!((two.owner(dead).await.unwrap(), lock.exists()), (None, false));
    assert_eq!(two.abandoned().await.unwrap().len(), 1, "found also without them");
    two.claim(ThreadId::from("a")).await.unwrap();
    assert!(two.abandoned().await.unwrap().is_empty());
}

#[test]
fn the_dead_are_dead_to_all_who_look_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    let (one, two) = (SqliteJournal::open(&path).unwrap(), SqliteJournal::open(&path).unwrap());
    let (dead, _) = dead_bridge(&path);
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut theirs = batch(&one, "a", 1..=1);
    theirs.session.owner = Some(dead);
    runtime().block_on(one.append(theirs)).unwrap();
    std::thread::scope(|scope| {
        for journal in [&one, &two] {
            scope.spawn(move || {
                let runtime = runtime();
                for _ in 0..2000 {
                    assert_eq!(runtime.block_on(journal.abandoned()).unwrap().len(), 1);
                }
            });
        }
    });
}

#[tokio::test]
async fn an_open_turn_at_the_close_is_abandoned_to_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    let one = SqliteJournal::open(&path).unwrap();
    one.append(batch(&one, "a", 1..=1)).await.unwrap();
    let mut idle = batch(&one, "b", 1..=1);
    idle.session.status = SessionStatus::Idle;
    one.append(idle).await.unwrap();
    one.close().await.unwrap();
    let two = SqliteJournal::open(&path).unwrap();
    let abandoned = two.abandoned().await.unwrap();
    assert_eq!(abandoned.iter().map(|row| row.thread_id.as_str()).collect::<Vec<_>>(), ["a"]);
    assert_eq!(two.session(ThreadId::from("b")).await.unwrap().unwrap().owner, None);
}

#[tokio::test]
async fn a_bridge_that_writes_without_pause_sees_what_others_commit() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    let (one, two) = (SqliteJournal::open(&path).unwrap(), SqliteJournal::open(&path).unwrap());
    let watch = one.watch(ThreadId::from("other")).await.unwrap();
    two.append(batch(&two, "other", 1..=1)).await.unwrap();
    let start = std::time::Instant::now();
    for n in 1.. {
        if watch.has_changed().unwrap() {
            break;
        }
        assert!(start.elapsed().as_secs() < 20, "not seen in {n} appends");
        one.append(batch(&one, "mine", n..=n)).await.unwrap();
    }
}

#[tokio::test]
async fn a_batch_is_of_one_session_and_ends_where_its_row_does() {
    let dir = tempfile::tempdir().unwrap();
    let sqlite = SqliteJournal::open(&dir.path().join("journal.db")).unwrap();
    let memory = MemoryJournal::default();
    for journal in [&sqlite as &dyn Journal, &memory] {
        journal.append(batch(journal, "a", 1..=2)).await.unwrap();
        let mut mixed = batch(journal, "a", 3..=4);
        mixed.events[1].thread_id = ThreadId::from("b");
        let mut empty = batch(journal, "a", 3..=9);
        empty.events.clear();
        for wrong in [mixed, empty] {
            let error = journal.append(wrong).await.unwrap_err();
            assert!(matches!(error, JournalError::BadBatch { .. }), "{error}");
        }
        journal.append(batch(journal, "a", 3..=3)).await.unwrap();
    }
}

#[tokio::test]
async fn pages_are_measured_in_bytes_and_survive_a_strange_event() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    let journal = SqliteJournal::open(&path).unwrap();
    let mut wide = batch(&journal, "a", 1..=4);
    for event in &mut wide.events {
        event.body = Body::warning("\u{1F600}".repeat(1000));
    }
    journal.append(wide).await.unwrap();
    let t = || ThreadId::from("a");
    assert_eq!(journal.read(t(), Seq::ZERO, 100, 5000).await.unwrap().len(), 1, "4 KB each");
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute("UPDATE events SET body = '{\"type\":\"newer\",\"x\":1}' WHERE seq = 2", []).unwrap();
    let page = journal.read(t(), Seq::ZERO, 100, usize::MAX).await.unwrap();
    assert_eq!(page.len(), 4);
    assert!(matches!(&page[1].body, Body::Raw { method, .. } if method == "newer"), "{:?}", page[1]);
}

#[tokio::test]
async fn a_request_leads_to_its_session() {
    use crate::event::{PermissionRequest, RequestKind, Subject};
    let dir = tempfile::tempdir().unwrap();
    let journal = SqliteJournal::open(&dir.path().join("journal.db")).unwrap();
    let id = crate::ids::ApprovalId::fresh();
    let mut asked = batch(&journal, "a", 1..=1);
    asked.events[0].body = Body::PermissionRequest(Box::new(PermissionRequest {
        approval_id: id.clone(),
        kind: RequestKind::Command,
        summary: String::new(),
        options: vec![],
        expires_at: Timestamp(0),
        item_id: None,
        subject: Subject::default(),
    }));
    journal.append(asked).await.unwrap();
    assert_eq!(journal.approval(id).await.unwrap(), Some(ThreadId::from("a")));
    assert_eq!(journal.approval(crate::ids::ApprovalId::fresh()).await.unwrap(), None);
}

fn task(id: &str, updated: u64, status: TaskState) -> TaskRecord {
    TaskRecord {
        id: id.into(),
        thread: ThreadId::from("a"),
        turn: None,
        created: Timestamp(1),
        updated: Timestamp(updated),
        status,
        result: None,
    }
}

/// Tasks, sockets and open decisions: the same of both journals.
async fn more_promises(journal: &dyn Journal) {
    let find = |id: &str| journal.task(id.into());
    assert_eq!(find("old").await.unwrap(), None);
    let old = TaskRecord {
        turn: Some("turn".into()),
        result: Some(serde_json::json!({ "content": [] })),
        ..task("old", 5, TaskState::Completed)
    };
    let mut running = batch(journal, "runs", 1..=1);
    running.session.status = SessionStatus::Running;
    journal.append(running).await.unwrap();
    let going = TaskRecord { thread: ThreadId::from("runs"), ..task("going", 5, TaskState::Working) };
    for one in [task("old", 2, TaskState::Working), old.clone(), going, task("lost", 5, TaskState::Working)] {
        journal.put_task(one).await.unwrap();
    }
    assert_eq!(find("old").await.unwrap(), Some(old.clone()));
    for late in [TaskState::Cancelled, TaskState::Working] {
        journal.put_task(task("old", 6, late)).await.unwrap();
        assert_eq!(find("old").await.unwrap(), Some(old.clone()), "what is over stays as it is");
    }
    let hour = std::time::Duration::from_hours(1);
    let ago = |hours: u64| Timestamp::now().0 - hours * 3_600_000;
    for (id, updated) in [("new", ago(0)), ("late", ago(2))] {
        journal.put_task(task(id, updated, TaskState::Failed)).await.unwrap();
    }
    let retain = async |keep| {
        for minutes in [40, 0] {
            journal.retain(Timestamp(ago(0) - minutes * 60_000), keep, u64::MAX).await.unwrap();
        }
    };
    retain(3 * hour).await;
    assert!(find("late").await.unwrap().is_some());
    retain(hour).await;
    for gone in ["old", "late", "lost"] {
        assert!(find(gone).await.unwrap().is_none(), "{gone}: over, or runs no more and nobody asked");
    }
    assert!(find("going").await.unwrap().is_some(), "what runs is kept, however long");
    assert_eq!(find("new").await.unwrap().unwrap().status, TaskState::Failed);

    let me = || journal.owner(journal.bridge().clone());
    assert_eq!(me().await.unwrap().unwrap().socket, None);
    journal.announce("/run/x.sock".into()).await.unwrap();
    assert_eq!(me().await.unwrap().unwrap().socket, Some("/run/x.sock".into()));

    assert!(journal.undecided().await.unwrap().is_empty());
    for (thread, status) in [
        ("b", SessionStatus::NeedsDecision),
        ("a", SessionStatus::NeedsDecision),
        ("c", SessionStatus::Running),
    ] {
        let mut asked = batch(journal, thread, 1..=if thread == "b" { 2 } else { 1 });
        asked.session.status = status;
        journal.append(asked).await.unwrap();
    }
    let rows = journal.undecided().await.unwrap();
    assert_eq!(rows.iter().map(|row| row.thread_id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
}

#[tokio::test]
async fn both_keep_tasks_sockets_and_open_decisions() {
    more_promises(&MemoryJournal::default()).await;
    let dir = tempfile::tempdir().unwrap();
    more_promises(&SqliteJournal::open(&dir.path().join("journal.db")).unwrap()).await;
}

#[tokio::test]
async fn who_only_reads_enters_nothing_and_hears_of_all() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    let thread = || ThreadId::from("a");
    assert!(matches!(SqliteJournal::reader(&path), Err(JournalError::Unusable { .. })));
    assert!(!path.exists(), "looking makes no file");

    let writer = SqliteJournal::open(&path).unwrap();
    let owners = || std::fs::read_dir(path.with_extension("owners")).unwrap().count();
    let reader = SqliteJournal::reader(&path).unwrap();
    assert_eq!(owners(), 1);
    assert_eq!(reader.owner(reader.bridge().clone()).await.unwrap(), None);
    let mut watch = reader.watch(thread()).await.unwrap();
    assert_eq!(*watch.borrow_and_update(), Seq::ZERO);
    for last in [2, 5] {
        let first = watch.borrow().0 + 1;
        writer.append(batch(&writer, "a", first..=last)).await.unwrap();
        watch.changed().await.unwrap();
        assert_eq!(*watch.borrow_and_update(), Seq(last));
        assert_eq!(
            reader.read(thread(), Seq(first - 1), 9, 1 << 20).await.unwrap().len() as u64,
            last + 1 - first
        );
    }
    let row = reader.session(thread()).await.unwrap().unwrap();
    assert!(reader.owner(row.owner.unwrap()).await.unwrap().unwrap().alive);

    let refused = Err(JournalError::ReadOnly { path: path.clone() });
    assert_eq!(reader.append(batch(&reader, "b", 1..=1)).await, refused);
    assert_eq!(reader.claim(thread()).await.map(|_| ()), refused);
    assert_eq!(reader.release(thread()).await, refused);
    assert_eq!(reader.announce("x".into()).await, refused);
    reader.close().await.unwrap();
    assert_eq!(reader.claim(thread()).await, Err(JournalError::Closed));
    assert_eq!(owners(), 1, "the one that writes is still there");
    writer.append(batch(&writer, "a", 6..=6)).await.unwrap();
    writer.close().await.unwrap();
    let later = SqliteJournal::reader(&path).unwrap();
    assert_eq!(later.session(thread()).await.unwrap().unwrap().last_seq, Seq(6), "with no bridge at all");
}

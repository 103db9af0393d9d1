//! What memory does once the file takes nothing more.

use super::*;
use crate::event::{Body, Timestamp};
use crate::journal::{SessionStatus, TaskState};

fn batch(journal: &dyn Journal, thread: &str, seqs: std::ops::RangeInclusive<u64>) -> Batch {
    let last = Seq(*seqs.end());
    let event = |seq| Event {
        seq: Seq(seq),
        time: Timestamp(seq),
        thread_id: ThreadId::from(thread),
        turn_id: None,
        origin: None,
        body: Body::warning(format!("{thread} {seq}")),
    };
    let session = SessionRecord {
        thread_id: ThreadId::from(thread),
        cwd: "/w".into(),
        title: String::new(),
        status: SessionStatus::NeedsDecision,
        model: None,
        owner: Some(journal.bridge().clone()),
        principal: None,
        last_seq: last,
        turn_seq: Seq::ZERO,
        turn_id: None,
        created: Timestamp(1),
        updated: Timestamp(last.0),
        settings: serde_json::Value::Null,
    };
    Batch { events: seqs.map(event).collect(), session, durable: false }
}

/// From now on the file refuses events, as a full disk does.
fn fill(path: &std::path::Path, table: &str) {
    let db = rusqlite::Connection::open(path).unwrap();
    let refuse = format!(
        "CREATE TRIGGER {table}_full BEFORE INSERT ON {table} BEGIN SELECT RAISE(FAIL, 'the disk is full'); END"
    );
    db.execute_batch(&refuse).unwrap();
}

async fn seqs(journal: &dyn Journal, thread: &str, after: u64) -> Vec<u64> {
    let mut at = Seq(after);
    let mut all = Vec::new();
    loop {
        let page = journal.read(thread.into(), at, 2, usize::MAX).await.unwrap();
        let Some(last) = page.last() else { return all };
        at = last.seq;
        all.extend(page.iter().map(|event| event.seq.0));
    }
}

#[tokio::test]
async fn a_session_goes_on_in_memory_and_reads_as_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    let journal = SpareJournal::new(SqliteJournal::open(&path).unwrap());
    let a = || ThreadId::from("a");
    journal.append(batch(&journal, "a", 1..=3)).await.unwrap();
    let (mut watch, mut all) = (journal.watch(a()).await.unwrap(), journal.watch_all().await.unwrap());
    assert_eq!(journal.trouble(&a()), None);

    fill(&path, "events");
    all.borrow_and_update();
    for more in [4..=5, 6..=6] {
        let last = *more.end();
        journal.append(batch(&journal, "a", more)).await.unwrap();
        watch.wait_for(|seq| seq.0 == last).await.unwrap();
        assert!(all.has_changed().unwrap(), "who follows all is woken");
    }
    assert_eq!(*journal.watch(a()).await.unwrap().borrow(), Seq(6), "a late follower sees the true end");
    assert!(journal.trouble(&a()).unwrap().to_string().contains("the disk is full"));
    for (after, expected) in
        [(0, vec![1, 2, 3, 4, 5, 6]), (2, vec![3, 4, 5, 6]), (3, vec![4, 5, 6]), (6, vec![])]
    {
        assert_eq!(seqs(&journal, "a", after).await, expected, "after {after}");
    }
    let wrong = journal.append(batch(&journal, "a", 9..=9)).await.unwrap_err();
    assert!(matches!(wrong, JournalError::SeqConflict { expected: Seq(7), .. }), "{wrong}");
    assert_eq!(journal.session(a()).await.unwrap().unwrap().last_seq, Seq(6));
    for rows in [journal.sessions(None, 10).await.unwrap(), journal.undecided().await.unwrap()] {
        assert_eq!(rows.iter().map(|row| row.last_seq.0).collect::<Vec<_>>(), [6], "once, and as it is now");
    }
    journal.close().await.unwrap();
    let stored = SqliteJournal::open(&path).unwrap();
    assert_eq!(seqs(&stored, "a", 0).await, [1, 2, 3], "what was in the file is there");
}

#[tokio::test]
async fn a_new_session_tries_the_file_first_and_a_refusal_stays_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    let journal = SpareJournal::new(SqliteJournal::open(&path).unwrap());
    fill(&path, "events");
    journal.append(batch(&journal, "a", 1..=1)).await.unwrap();
    rusqlite::Connection::open(&path).unwrap().execute_batch("DROP TRIGGER events_full").unwrap();
    journal.append(batch(&journal, "b", 1..=1)).await.unwrap();
    journal.append(batch(&journal, "a", 2..=2)).await.unwrap();
    assert_eq!(journal.trouble(&"b".into()), None);
    assert!(journal.trouble(&"a".into()).is_some(), "one that has changed over stays");

    let other = SqliteJournal::open(&path).unwrap();
    other.append(batch(&other, "theirs", 1..=1)).await.unwrap();
    let refused = journal.append(batch(&journal, "theirs", 2..=2)).await.unwrap_err();
    assert!(matches!(refused, JournalError::Owned { .. }), "{refused}");
    assert_eq!(seqs(&other, "b", 0).await, [1]);
    assert!(seqs(&other, "a", 0).await.is_empty());
}

/// Where a session's numbers go on is what the one of the two says that has it now.
#[tokio::test]
async fn a_claim_knows_the_last_number_of_both() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    let journal = SpareJournal::new(SqliteJournal::open(&path).unwrap());
    let last = async |thread: &str| journal.claim(thread.into()).await.map(|claimed| claimed.last);
    journal.append(batch(&journal, "a", 1..=2)).await.unwrap();
    assert_eq!(last("a").await, Ok(Seq(2)));
    fill(&path, "events");
    journal.append(batch(&journal, "a", 3..=5)).await.unwrap();
    assert_eq!(last("a").await, Ok(Seq(5)));
    let other = SqliteJournal::open(&path).unwrap();
    let refused = other.claim("a".into()).await.unwrap_err();
    assert!(matches!(refused, JournalError::Owned { .. }), "{refused}");
}

#[tokio::test]
async fn tasks_go_to_memory_too() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    let journal = SpareJournal::new(SqliteJournal::open(&path).unwrap());
    let task = |id: &str| TaskRecord {
        id: id.into(),
        thread: "a".into(),
        turn: None,
        created: Timestamp(1),
        updated: Timestamp(1),
        status: TaskState::Working,
        result: None,
    };
    journal.put_task(task("stored")).await.unwrap();
    fill(&path, "tasks");
    journal.put_task(task("here")).await.unwrap();
    for id in ["stored", "here"] {
        assert_eq!(journal.task(id.into()).await.unwrap(), Some(task(id)));
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_is_memory_that_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    std::fs::write(&path, "this is no database, and long enough to be taken for one".repeat(100)).unwrap();
    let journal = SpareJournal::open(&path);
    journal.append(batch(journal.as_ref(), "a", 1..=2)).await.unwrap();
    assert_eq!(seqs(journal.as_ref(), "a", 0).await, [1, 2]);
    let why = journal.trouble(&"a".into()).unwrap().to_string();
    assert!(why.contains("not a database") && why.contains("move the file away"), "{why}");
    assert!(std::fs::read_to_string(&path).unwrap().starts_with("this is no database"), "it is left alone");
}

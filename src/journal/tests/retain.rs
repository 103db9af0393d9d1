//! What a journal gives up, and what it never does.

use std::time::Duration;

use super::*;

const HOUR: Duration = Duration::from_hours(1);

/// A session at rest that nobody has, which changed `hours` ago.
async fn at_rest(journal: &dyn Journal, thread: &str, hours: u64, last: u64) {
    let mut one = batch(journal, thread, 1..=last);
    one.session.updated = ago(hours * 60);
    (one.session.status, one.session.owner) = (SessionStatus::Idle, None);
    journal.append(one).await.unwrap();
}

fn ago(minutes: u64) -> Timestamp {
    Timestamp(Timestamp::now().0 - minutes * 60_000)
}

/// All that one look gives up, a piece at a time; how many sessions.
async fn look(journal: &dyn Journal, now: Timestamp, bytes: u64) -> usize {
    let mut all = 0;
    loop {
        let done = journal.retain(now, HOUR, bytes).await.unwrap();
        all += done.sessions;
        if !done.more {
            return all;
        }
    }
}

async fn left(journal: &dyn Journal) -> Vec<String> {
    let mut all: Vec<String> =
        journal.sessions(None, 1000).await.unwrap().iter().map(|row| row.thread_id.to_string()).collect();
    all.sort();
    all
}

/// Old sessions go, and the oldest where there is too much; never one that is in use.
#[tokio::test]
async fn what_is_old_or_too_much_is_given_up() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    let journal = SqliteJournal::open(&path).unwrap();
    for (thread, age, status, mine) in [
        ("old", 3, SessionStatus::Idle, false),
        ("old-mine", 3, SessionStatus::Idle, true),
        ("old-open", 3, SessionStatus::Running, false),
        ("new", 0, SessionStatus::Idle, false),
    ] {
        let mut one = batch(&journal, thread, 1..=2);
        one.session.updated = ago(age * 60);
        (one.session.status, one.session.owner) = (status, mine.then(|| journal.bridge().clone()));
        journal.append(one).await.unwrap();
    }
    assert_eq!(look(&journal, ago(40), u64::MAX).await, 0, "the first look");
    assert_eq!(look(&journal, ago(0), u64::MAX).await, 1);
    assert_eq!(left(&journal).await, ["new", "old-mine", "old-open"]);
    assert!(journal.read("old".into(), Seq::ZERO, 9, 1 << 20).await.unwrap().is_empty());
    assert_eq!(look(&journal, ago(0), 0).await, 1, "too much: the oldest that may go");
    assert_eq!(left(&journal).await, ["old-mine", "old-open"]);
    assert_eq!(look(&journal, ago(0), 0).await, 0);
}

/// One start with a clock that is ahead, or several in a row.
#[tokio::test]
async fn a_clock_that_is_ahead_gives_nothing_up() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    let ahead = || Timestamp(ago(0).0 + 400 * 24 * 3_600_000);
    let looks = [ago(0), ahead(), ahead(), Timestamp(ahead().0 + 60_000), ago(0), ahead(), ago(0)];
    at_rest(&SqliteJournal::open(&path).unwrap(), "a", 0, 1).await;
    for now in looks {
        let journal = SqliteJournal::open(&path).unwrap();
        assert_eq!(look(&journal, now, u64::MAX).await, 0, "{now}");
        journal.close().await.unwrap();
    }
    let journal = SqliteJournal::open(&path).unwrap();
    assert_eq!(left(&journal).await, ["a"]);
    let later = |hours: u64| Timestamp(ago(0).0 + hours * 3_600_000);
    assert_eq!(look(&journal, later(400), u64::MAX).await, 0, "nobody looked for weeks");
    assert_eq!(look(&journal, later(401), u64::MAX).await, 1, "an hour later the time has passed");
}

/// A large session goes in pieces, between which others write; nobody sees a half of it.
#[tokio::test]
async fn a_large_session_goes_in_pieces() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    let journal = SqliteJournal::open(&path).unwrap();
    at_rest(&journal, "many", 9, 2500).await;
    let mut wide = batch(&journal, "wide", 1..=3);
    for event in &mut wide.events {
        event.body = Body::warning("x".repeat(3 << 20));
    }
    (wide.session.status, wide.session.owner, wide.session.updated) = (SessionStatus::Idle, None, ago(500));
    journal.append(wide).await.unwrap();
    assert_eq!(look(&journal, ago(40), u64::MAX).await, 0);
    let events = || {
        let db = rusqlite::Connection::open(&path).unwrap();
        db.query_row("SELECT count(*) FROM events", [], |row| row.get::<_, i64>(0)).unwrap()
    };
    let mut counts = Vec::new();
    loop {
        let done = journal.retain(ago(0), HOUR, u64::MAX).await.unwrap();
        counts.push((done.sessions, events()));
        if !done.more {
            break;
        }
    }
    let expected = [
        (1, 2503),
        (0, 1503),
        (0, 503),
        (0, 3), // many
        (1, 3),
        (0, 1),
        (0, 0), // wide
        (0, 0),
    ];
    assert_eq!(counts, expected, "a thousand, or some megabytes, at a time");
}

/// One that comes back while its events are still being removed has none of them.
#[tokio::test]
async fn a_session_that_comes_back_begins_behind_what_was_given_up() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    let journal = SqliteJournal::open(&path).unwrap();
    at_rest(&journal, "a", 9, 1200).await;
    look(&journal, ago(40), u64::MAX).await;
    assert!(journal.retain(ago(0), HOUR, u64::MAX).await.unwrap().more);
    assert!(journal.retain(ago(0), HOUR, u64::MAX).await.unwrap().more, "two hundred are left");
    assert_eq!(journal.session("a".into()).await.unwrap(), None);

    assert_eq!(journal.claim("a".into()).await.unwrap(), Claimed { last: Seq(1200), cut: false });
    let again = journal.append(batch(&journal, "a", 1..=1)).await.unwrap_err();
    assert!(matches!(again, JournalError::SeqConflict { expected: Seq(1201), .. }), "{again}");
    journal.append(batch(&journal, "a", 1201..=1202)).await.unwrap();
    let all = journal.read("a".into(), Seq::ZERO, 9000, usize::MAX).await.unwrap();
    assert_eq!(all.iter().map(|event| event.seq.0).collect::<Vec<_>>(), [1201, 1202]);
    assert_eq!(look(&journal, ago(0), u64::MAX).await, 0);
    journal.append(batch(&journal, "a", 1203..=1203)).await.unwrap();
}

#[tokio::test]
async fn so_many_are_remembered_and_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    let journal = SqliteJournal::open(&path).unwrap();
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute_batch(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
         INSERT INTO gone SELECT 'gone ' || i, 7, i, 1 FROM n",
    )
    .unwrap();
    at_rest(&journal, "a", 9, 5).await;
    assert_eq!(look(&journal, ago(0), 0).await, 1);
    let last = async |thread: &str| journal.claim(thread.into()).await.unwrap().last;
    assert_eq!((last("a").await, last("gone 2").await), (Seq(5), Seq(7)));
    assert_eq!(last("gone 1").await, Seq::ZERO, "the oldest");
}

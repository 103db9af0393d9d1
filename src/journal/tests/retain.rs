//! What a journal gives up, and what it never does.

use super::*;

/// Old sessions go, and the oldest where there is too much; never one that is in use.
#[tokio::test]
async fn what_is_old_or_too_much_is_given_up() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    let journal = SqliteJournal::open(&path).unwrap();
    let hour = std::time::Duration::from_hours(1);
    for (thread, age, status, mine) in [
        ("old", 3, SessionStatus::Idle, false),
        ("old-mine", 3, SessionStatus::Idle, true),
        ("old-open", 3, SessionStatus::Running, false),
        ("new", 0, SessionStatus::Idle, false),
    ] {
        let mut one = batch(&journal, thread, 1..=2);
        one.session.updated = Timestamp(Timestamp::now().0 - age * 3_600_000);
        (one.session.status, one.session.owner) = (status, mine.then(|| journal.bridge().clone()));
        journal.append(one).await.unwrap();
    }
    let left = || async {
        let mut all: Vec<String> =
            journal.sessions(10).await.unwrap().iter().map(|row| row.thread_id.to_string()).collect();
        all.sort();
        all
    };
    assert_eq!(journal.retain(hour, u64::MAX).await.unwrap(), 1);
    assert_eq!(left().await, ["new", "old-mine", "old-open"]);
    assert!(journal.read("old".into(), Seq::ZERO, 9, 1 << 20).await.unwrap().is_empty());
    assert_eq!(journal.retain(hour, 0).await.unwrap(), 1, "too much: the oldest that may go");
    assert_eq!(left().await, ["old-mine", "old-open"]);
    assert_eq!(journal.retain(hour, 0).await.unwrap(), 0);
}

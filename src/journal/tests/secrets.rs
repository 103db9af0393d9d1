//! What may be secret, kept apart.

use serde_json::json;

use super::*;

/// In both journals: kept, replaced, and in no row that anybody reads.
#[tokio::test]
async fn secrets_are_kept_apart() {
    let dir = tempfile::tempdir().unwrap();
    let file = SqliteJournal::open(&dir.path().join("journal.db")).unwrap();
    let memory = MemoryJournal::default();
    for journal in [&file as &dyn Journal, &memory] {
        assert_eq!(journal.secrets("a".into()).await.unwrap(), None);
        journal.keep_secrets("a".into(), json!({ "k": "first" })).await.unwrap();
        journal.keep_secrets("a".into(), json!({ "k": "hidden" })).await.unwrap();
        journal.append(batch(journal, "a", 1..=2)).await.unwrap();
        assert_eq!(journal.secrets("a".into()).await.unwrap(), Some(json!({ "k": "hidden" })));
        assert_eq!(journal.secrets("b".into()).await.unwrap(), None);
        let seen = format!("{:?} {journal:?}", journal.session("a".into()).await.unwrap());
        assert!(!seen.contains("hidden"), "{seen}");
    }
}

/// They go with their session; those that never got one go when they are old.
#[tokio::test]
async fn secrets_go_with_their_session() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    let journal = SqliteJournal::open(&path).unwrap();
    let hour = std::time::Duration::from_hours(1);
    let mut old = batch(&journal, "old", 1..=2);
    old.session.updated = Timestamp(Timestamp::now().0 - 3 * 3_600_000);
    (old.session.status, old.session.owner) = (SessionStatus::Idle, None);
    for thread in ["old", "young-without", "old-without"] {
        journal.keep_secrets(thread.into(), json!("hidden")).await.unwrap();
    }
    journal.append(old).await.unwrap();
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute("UPDATE secrets SET created = 1 WHERE thread = 'old-without'", []).unwrap();
    // The first look only takes the time.
    let now = Timestamp::now();
    for now in [Timestamp(now.0 - 40 * 60_000), now] {
        while journal.retain(now, hour, u64::MAX).await.unwrap().more {}
    }
    for (thread, left) in [("old", false), ("young-without", true), ("old-without", false)] {
        assert_eq!(journal.secrets(thread.into()).await.unwrap().is_some(), left, "{thread}");
    }
}

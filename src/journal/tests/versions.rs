//! Files that other versions made.

use super::*;

/// The tables of version 1, word for word: files that were made by it are out there.
const VERSION_1: &str = "
CREATE TABLE sessions (
    thread TEXT PRIMARY KEY, cwd TEXT NOT NULL, title TEXT NOT NULL, status TEXT NOT NULL, model TEXT,
    owner TEXT, last_seq INTEGER NOT NULL, turn_seq INTEGER NOT NULL, turn_id TEXT,
    created INTEGER NOT NULL, updated INTEGER NOT NULL, settings TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX sessions_updated ON sessions (updated);
CREATE INDEX sessions_owner ON sessions (owner) WHERE owner IS NOT NULL;
CREATE TABLE events (
    thread TEXT NOT NULL, seq INTEGER NOT NULL, time INTEGER NOT NULL, turn TEXT, origin TEXT,
    body TEXT NOT NULL, PRIMARY KEY (thread, seq)
) WITHOUT ROWID;
CREATE TABLE approvals (id TEXT PRIMARY KEY, thread TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE owners (bridge TEXT PRIMARY KEY, pid INTEGER NOT NULL, started INTEGER NOT NULL) WITHOUT ROWID;
";

/// A file of version 1, with a session in it.
fn version_1(path: &std::path::Path) {
    let db = rusqlite::Connection::open(path).unwrap();
    db.execute_batch(VERSION_1).unwrap();
    db.pragma_update(None, "user_version", 1).unwrap();
    db.execute_batch(
        "INSERT INTO sessions VALUES ('a', '/w', 't', 'idle', NULL, NULL, 1, 0, NULL, 1, 1, '{}');
         INSERT INTO events VALUES ('a', 1, 1, NULL, NULL, '{\"type\":\"warning\",\"message\":\"a 1\"}');
         INSERT INTO owners VALUES ('dead', 1, 1);",
    )
    .unwrap();
}

/// What version 2 has besides, word for word.
const VERSION_2: &str = "
ALTER TABLE owners ADD COLUMN socket TEXT;
CREATE TABLE tasks (
    id TEXT PRIMARY KEY, thread TEXT NOT NULL, turn TEXT, created INTEGER NOT NULL, updated INTEGER NOT NULL,
    status TEXT NOT NULL, result TEXT
) WITHOUT ROWID;
";

/// A file of version 2, with a session and a task in it.
fn version_2(path: &std::path::Path) {
    version_1(path);
    let db = rusqlite::Connection::open(path).unwrap();
    db.execute_batch(VERSION_2).unwrap();
    db.pragma_update(None, "user_version", 2).unwrap();
    db.execute_batch(
        "UPDATE owners SET socket = '/run/x.sock';
         INSERT INTO tasks VALUES ('kept', 'a', NULL, 1, 1, 'completed', '{}');",
    )
    .unwrap();
}

#[tokio::test]
async fn older_files_are_carried_over() {
    for make in [version_1, version_2] {
        carried_over(make).await;
    }
}

#[tokio::test]
async fn a_task_of_version_2_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    version_2(&path);
    let journal = SqliteJournal::open(&path).unwrap();
    assert_eq!(journal.task("kept".into()).await.unwrap().unwrap().status, TaskState::Completed);
    let long = std::time::Duration::from_secs(1);
    assert_eq!(journal.retain(Timestamp::now(), long, u64::MAX).await.unwrap(), GivenUp::default());
    assert!(journal.session(ThreadId::from("a")).await.unwrap().is_some(), "the first look gives nothing up");
    assert_eq!(journal.claim(ThreadId::from("a")).await.unwrap(), Claimed { last: Seq(1), cut: false });
}

async fn carried_over(make: fn(&std::path::Path)) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    make(&path);
    let opened: Vec<_> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..4).map(|_| scope.spawn(|| SqliteJournal::open(&path))).collect();
        all.into_iter().map(|one| one.join().unwrap().unwrap()).collect()
    });
    let journal = &opened[0];
    let events = journal.read(ThreadId::from("a"), Seq::ZERO, 10, usize::MAX).await.unwrap();
    assert_eq!(events, [event("a", 1)]);
    journal.append(batch(journal, "a", 2..=2)).await.unwrap();
    assert_eq!(journal.owner(BridgeId::from("dead")).await.unwrap(), None);
    let other = dir.path().join("fresh.db");
    drop(SqliteJournal::open(&other).unwrap());
    let columns = |path: &std::path::Path| {
        let db = rusqlite::Connection::open(path).unwrap();
        let sql = "SELECT m.name, c.name, c.type, c.pk FROM sqlite_master m, pragma_table_info(m.name) c ORDER BY 1, 2";
        let mut query = db.prepare(sql).unwrap();
        let rows = query.query_map([], |r| {
            Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?, r.get::<_, String>(2)?, r.get::<_, i64>(3)?))
        });
        rows.unwrap().collect::<Result<Vec<_>, _>>().unwrap()
    };
    assert_eq!(columns(&path), columns(&other), "as one that was made now");
    let names = |path: &std::path::Path| {
        let db = rusqlite::Connection::open(path).unwrap();
        let mut query = db.prepare("SELECT type, name FROM sqlite_master ORDER BY 1, 2").unwrap();
        let rows = query.query_map([], |r| Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?)));
        rows.unwrap().collect::<Result<Vec<_>, _>>().unwrap()
    };
    assert_eq!(names(&path), names(&other));
    more_promises(&SqliteJournal::open(&other).unwrap()).await;
}

#[tokio::test]
async fn who_only_reads_takes_older_files_along_and_leaves_newer_ones() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    version_1(&path);
    let reader = SqliteJournal::reader(&path).unwrap();
    let row = reader.sessions(None, 1).await.unwrap().remove(0);
    assert_eq!(reader.owner(row.owner.unwrap_or(BridgeId::fresh())).await.map(|_| ()), Ok(()));
    reader.close().await.unwrap();
    let db = rusqlite::Connection::open(&path).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    let error = SqliteJournal::reader(&path).unwrap_err();
    assert!(matches!(error, JournalError::NewerVersion { found: 99, .. }), "{error}");
}

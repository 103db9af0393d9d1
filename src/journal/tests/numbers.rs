//! No number is given twice, whatever ends a bridge.

use super::*;

/// As after a start of the machine: the owners are dead, and blocks are of another start.
fn restarted(path: &std::path::Path) {
    let db = rusqlite::Connection::open(path).unwrap();
    db.execute("UPDATE reserved SET boot = 'another'", []).unwrap();
}

/// Makes the session that of a bridge which is dead.
fn killed(path: &std::path::Path, thread: &str) {
    let db = rusqlite::Connection::open(path).unwrap();
    db.execute("UPDATE sessions SET owner = 'dead' WHERE thread = ?1", [thread]).unwrap();
}

fn claimed(last: u64, cut: bool) -> Claimed {
    Claimed { last: Seq(last), cut }
}

/// A power cut takes the last commits back: the copy of the file from before them is what is left.
#[tokio::test]
async fn after_a_power_cut_numbers_go_on_behind_all_that_were_given() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    let journal = SqliteJournal::open(&path).unwrap();
    let mut lost = Vec::new();
    for n in 1..=30 {
        journal.append(batch(&journal, "a", n * 100 - 99..=n * 100)).await.unwrap();
        let db = rusqlite::Connection::open(&path).unwrap();
        let upto: u32 = db.query_row("SELECT upto FROM reserved", [], |row| row.get(0)).unwrap();
        assert!(u64::from(upto) >= n * 100, "what is given is reserved");
        lost.push(upto);
    }
    lost.dedup();
    assert!(lost.len() <= 4, "one sync is for many: {lost:?}");
    journal.close().await.unwrap();
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute("DELETE FROM events WHERE seq > 2950", []).unwrap();
    db.execute("UPDATE sessions SET last_seq = 2950", []).unwrap();
    killed(&path, "a");
    restarted(&path);

    let next = SqliteJournal::open(&path).unwrap();
    let found = next.claim("a".into()).await.unwrap();
    assert!(found.cut && found.last.0 >= 3000, "{found:?}");
    assert_eq!(next.session("a".into()).await.unwrap().unwrap().last_seq, found.last);
    let conflict = next.append(batch(&next, "a", 2951..=2951)).await.unwrap_err();
    assert!(matches!(conflict, JournalError::SeqConflict { .. }), "{conflict}");
    let on = found.last.next().0;
    next.append(batch(&next, "a", on..=on)).await.unwrap();
    killed(&path, "a");
    assert_eq!(next.claim("a".into()).await.unwrap(), claimed(on, false), "passed over once");
}

#[tokio::test]
async fn a_bridge_that_was_only_killed_leaves_no_gap() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    let journal = SqliteJournal::open(&path).unwrap();
    journal.append(batch(&journal, "a", 1..=3)).await.unwrap();
    killed(&path, "a");
    let next = SqliteJournal::open(&path).unwrap();
    // Where starts of the machine have no name, nobody can tell.
    let cut = !cfg!(target_os = "linux");
    assert_eq!(next.claim("a".into()).await.unwrap().cut, cut);
}

/// What is at rest is on the disk, and needs no block.
#[tokio::test]
async fn a_session_that_was_given_back_is_not_cut() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    let journal = SqliteJournal::open(&path).unwrap();
    let idle = |thread: &str| {
        let mut one = batch(&journal, thread, 1..=3);
        one.session.status = SessionStatus::Idle;
        one
    };
    for thread in ["ended", "released", "left", "open"] {
        journal.append(idle(thread)).await.unwrap();
    }
    let mut end = batch(&journal, "ended", 4..=4);
    (end.session.owner, end.session.status) = (None, SessionStatus::Idle);
    journal.append(end).await.unwrap();
    journal.release("released".into()).await.unwrap();
    journal.append(batch(&journal, "open", 4..=5)).await.unwrap();
    journal.close().await.unwrap();
    restarted(&path);
    let next = SqliteJournal::open(&path).unwrap();
    for (thread, last) in [("ended", 4), ("released", 3), ("left", 3)] {
        assert_eq!(next.claim(thread.into()).await.unwrap(), claimed(last, false), "{thread}");
    }
    assert!(next.claim("open".into()).await.unwrap().cut, "its turn was under way");
}

#[tokio::test]
async fn what_was_given_up_counts_with_its_block() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    let journal = SqliteJournal::open(&path).unwrap();
    let mut idle = batch(&journal, "a", 1..=3);
    idle.session.status = SessionStatus::Idle;
    journal.append(idle).await.unwrap();
    killed(&path, "a");
    restarted(&path);
    let keep = std::time::Duration::from_hours(1);
    while journal.retain(Timestamp::now(), keep, 0).await.unwrap().more {}
    assert!(journal.claim("a".into()).await.unwrap().last > Seq(3));
}

#[tokio::test]
async fn memory_knows_where_a_session_goes_on() {
    let memory = MemoryJournal::default();
    assert_eq!(memory.claim("a".into()).await.unwrap(), claimed(0, false));
    memory.append(batch(&memory, "a", 1..=3)).await.unwrap();
    assert_eq!(memory.claim("a".into()).await.unwrap(), claimed(3, false));
}

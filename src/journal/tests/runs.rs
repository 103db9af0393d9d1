//! Runs that have a name.

use super::*;

fn run(journal: &dyn Journal, key: &str, created: u64) -> RunRecord {
    RunRecord {
        key: key.into(),
        digest: "d".into(),
        claim: format!("claim of {key}"),
        bridge: journal.bridge().clone(),
        thread: None,
        after: Seq::ZERO,
        created: Timestamp(created),
    }
}

/// In all journals: a look finds a run by its name or its session, and takes no name.
#[tokio::test]
async fn a_look_at_a_run_takes_no_name() {
    let dir = tempfile::tempdir().unwrap();
    let file = SqliteJournal::open(&dir.path().join("journal.db")).unwrap();
    let spare = SpareJournal::open(&dir.path().join("spare.db"));
    let memory = MemoryJournal::default();
    for journal in [&file as &dyn Journal, &memory, spare.as_ref()] {
        assert_eq!(journal.run("k1".into()).await.unwrap(), None);
        for (n, key) in [(1, "k1"), (3, "k3"), (2, "k2"), (4, "free")] {
            let mine = run(journal, key, n);
            assert_eq!(journal.claim_run(mine.clone()).await.unwrap(), None, "nobody has it: {key}");
            assert_eq!(journal.run(key.into()).await.unwrap(), Some(mine));
            let place = (key != "free").then(|| (ThreadId::from("a"), Seq(n)));
            journal.place_run(format!("claim of {key}"), place).await.unwrap();
        }
        assert_eq!(journal.run("free".into()).await.unwrap(), None);
        let placed = journal.run("k2".into()).await.unwrap().unwrap();
        assert_eq!((placed.thread, placed.after), (Some(ThreadId::from("a")), Seq(2)));
        let latest = journal.runs("a".into(), 2).await.unwrap();
        assert_eq!(latest.iter().map(|run| run.key.as_str()).collect::<Vec<_>>(), ["k3", "k2"]);
        assert_eq!(journal.runs("b".into(), 2).await.unwrap(), []);
    }
}

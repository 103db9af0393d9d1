//! Runs that have a name.

use super::*;

fn run(journal: &dyn Journal, key: &str, created: u64) -> RunRecord {
    RunRecord {
        key: key.into(),
        principal: None,
        digest: "d".into(),
        claim: format!("claim of {key}"),
        bridge: journal.bridge().clone(),
        thread: None,
        after: Seq::ZERO,
        created: Timestamp(created),
    }
}

/// In all journals: a look finds a run by its session, with its name or all of them, and takes no name.
#[tokio::test]
async fn a_look_at_a_run_takes_no_name() {
    let dir = tempfile::tempdir().unwrap();
    let file = SqliteJournal::open(&dir.path().join("journal.db")).unwrap();
    let spare = SpareJournal::open(&dir.path().join("spare.db"));
    let memory = MemoryJournal::default();
    let a = || ThreadId::from("a");
    for journal in [&file as &dyn Journal, &memory, spare.as_ref()] {
        assert_eq!(journal.run(a(), "k1".into()).await.unwrap(), None);
        for (n, key) in [(1, "k1"), (3, "k3"), (2, "k2"), (4, "free")] {
            let mine = run(journal, key, n);
            assert_eq!(journal.claim_run(mine.clone()).await.unwrap(), None, "nobody has it: {key}");
            assert_eq!(journal.run(a(), key.into()).await.unwrap(), None, "it is in no session yet");
            let other = RunRecord { digest: "other".into(), ..mine.clone() };
            assert_eq!(journal.claim_run(other).await.unwrap(), Some(mine), "somebody has it: {key}");
            let place = (key != "free").then(|| (a(), Seq(n)));
            journal.place_run(format!("claim of {key}"), place).await.unwrap();
        }
        assert_eq!(journal.run(a(), "free".into()).await.unwrap(), None);
        let placed = journal.run(a(), "k2".into()).await.unwrap().unwrap();
        assert_eq!((placed.thread, placed.after), (Some(a()), Seq(2)));
        assert_eq!(journal.run("b".into(), "k2".into()).await.unwrap(), None);
        let latest = journal.runs("a".into(), 2).await.unwrap();
        assert_eq!(latest.iter().map(|run| run.key.as_str()).collect::<Vec<_>>(), ["k3", "k2"]);
        assert_eq!(journal.runs("b".into(), 2).await.unwrap(), []);
    }
}

/// In all journals: each who shares a bridge has names of his own.
#[tokio::test]
async fn a_name_is_its_principals() {
    let dir = tempfile::tempdir().unwrap();
    let file = SqliteJournal::open(&dir.path().join("journal.db")).unwrap();
    let spare = SpareJournal::open(&dir.path().join("spare.db"));
    let memory = MemoryJournal::default();
    for journal in [&file as &dyn Journal, &memory, spare.as_ref()] {
        let of = |who: Option<&str>, claim: &str| RunRecord {
            principal: who.map(Principal::from),
            claim: claim.into(),
            ..run(journal, "k", 1)
        };
        for (who, claim) in [(None, "1"), (Some("alice"), "2"), (Some("bob"), "3")] {
            assert_eq!(journal.claim_run(of(who, claim)).await.unwrap(), None, "{who:?}");
            let again = journal.claim_run(of(who, "again")).await.unwrap().unwrap();
            assert_eq!((again.claim.as_str(), again.principal), (claim, who.map(Principal::from)));
        }
    }
}

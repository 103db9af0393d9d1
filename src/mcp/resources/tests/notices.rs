//! What a host is told of, and what is read for it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::super::listed::Listed;
use super::super::notices::{News, Watcher};
use super::journal::Watched;
use super::*;
use crate::journal::{Batch, Journal, SessionRecord, SessionStatus};
use crate::limits::Limits;
use crate::mcp::reach::Reach;

/// A host that sees one folder alone.
fn in_folder(root: &str) -> Reach {
    Reach { limits: Arc::new(Limits { roots: vec![root.into()], ..Limits::default() }), own: None }
}

fn row(thread: &str, created: u64, updated: u64) -> SessionRecord {
    SessionRecord {
        thread_id: thread.into(),
        cwd: "/w".into(),
        title: String::new(),
        status: SessionStatus::Idle,
        model: None,
        owner: None,
        principal: None,
        last_seq: Seq(1),
        turn_seq: Seq::ZERO,
        turn_id: None,
        created: Timestamp(created),
        updated: Timestamp(updated),
        settings: json!({}),
    }
}

#[test]
fn only_a_new_session_is_news() {
    let mut listed = Listed::of(&[row("a", 5, 9), row("b", 7, 8)]);
    assert!(!listed.see(&[row("a", 5, 9), row("b", 7, 8)]));
    assert!(!listed.see(&[row("old", 3, 10), row("a", 5, 9)]), "an old one goes on, another is out of view");
    assert!(listed.see(&[row("c", 7, 11)]), "made at the same time as the newest");
    assert!(!listed.see(&[row("c", 7, 11), row("b", 7, 12)]));
    assert!(listed.see(&[row("d", 8, 13), row("old", 3, 10)]));
    assert!(!listed.see(&[row("d", 8, 14)]));
    assert!(Listed::of(&[]).see(&[row("a", 1, 1)]));
}

async fn append(journal: &dyn Journal, from: u64, turn: u64, bodies: Vec<Body>) {
    let last = from + bodies.len() as u64 - 1;
    let event = |(seq, body)| Event {
        seq: Seq(seq),
        time: Timestamp(seq),
        thread_id: "a".into(),
        turn_id: None,
        origin: None,
        body,
    };
    let session = SessionRecord { last_seq: Seq(last), turn_seq: Seq(turn), ..row("a", 1, last) };
    let events = (from..).zip(bodies).map(event).collect();
    journal.append(Batch { events, session, durable: false }).await.unwrap();
}

fn wants(address: &str) -> Wants {
    Wants { addresses: [(address.to_owned(), None)].into(), list: true }
}

/// What woke us is used up by then: nobody else would make us look again.
#[tokio::test]
async fn a_look_that_fails_is_taken_again() {
    let journal = Watched::default();
    let (mut watcher, wants) = (Watcher::new(Timestamp(100)), wants("codex://sessions/a"));
    watcher.look(&journal, &Reach::default(), wants.clone()).await;
    append(&journal, 1, 1, vec![Body::TurnStarted { output_schema: None, key: None }]).await;
    let (updated, again) = (vec!["codex://sessions/a".to_owned()], true);
    journal.no_session.store(true, Ordering::Relaxed);
    journal.no_list.store(true, Ordering::Relaxed);
    assert_eq!(
        watcher.look(&journal, &Reach::default(), wants.clone()).await,
        News { again, ..News::default() }
    );
    journal.no_session.store(false, Ordering::Relaxed);
    let news = watcher.look(&journal, &Reach::default(), wants.clone()).await;
    assert_eq!(news, News { updated, again, ..News::default() }, "the list is still to be looked at");
    journal.no_list.store(false, Ordering::Relaxed);
    journal.no_session.store(true, Ordering::Relaxed);
    assert_eq!(
        watcher.look(&journal, &Reach::default(), wants.clone()).await,
        News { list: true, again, ..News::default() }
    );
    journal.no_session.store(false, Ordering::Relaxed);
    assert_eq!(watcher.look(&journal, &Reach::default(), wants).await, News::default());
}

#[tokio::test]
async fn a_diff_is_looked_for_in_the_latest_turn() {
    let journal = Watched::default();
    let diff = || Body::Diff { diff: "x".into() };
    append(&journal, 1, 1, vec![Body::TurnStarted { output_schema: None, key: None }, diff(), diff()]).await;
    append(&journal, 4, 4, vec![Body::TurnStarted { output_schema: None, key: None }, diff()]).await;
    let (mut watcher, wants) = (Watcher::new(Timestamp(100)), wants("codex://sessions/a/diff"));
    let told = News { updated: vec!["codex://sessions/a/diff".into()], ..News::default() };
    assert_eq!(watcher.look(&journal, &Reach::default(), wants.clone()).await, told);
    assert_eq!(seen_now(&journal, &Reach::default(), "codex://sessions/a/diff").await.as_deref(), Some("5"));
    append(&journal, 6, 4, vec![Body::warning("")]).await;
    assert_eq!(watcher.look(&journal, &Reach::default(), wants.clone()).await, News::default());
    append(&journal, 7, 4, vec![diff()]).await;
    assert_eq!(watcher.look(&journal, &Reach::default(), wants.clone()).await, told);
    append(&journal, 8, 8, vec![Body::TurnStarted { output_schema: None, key: None }]).await;
    assert_eq!(watcher.look(&journal, &Reach::default(), wants).await, told, "a turn begins with none");
    let read = journal.read_after.lock().unwrap();
    assert!(read.iter().all(|after| *after >= Seq(4)), "what is before the turn is not read: {read:?}");
}

#[tokio::test]
async fn what_lies_outside_of_the_roots_is_no_news() {
    let journal = Watched::default();
    let outside = in_folder("/elsewhere");
    let addresses = ["codex://sessions", "codex://sessions/a", "codex://sessions/a/diff", "codex://mcp"];
    let wants = Wants { addresses: addresses.map(|address| (address.to_owned(), None)).into(), list: true };
    let mut watcher = Watcher::new(Timestamp(0));
    watcher.look(&journal, &outside, wants.clone()).await;
    append(&journal, 1, 1, vec![Body::TurnStarted { output_schema: None, key: None }]).await;
    assert_eq!(watcher.look(&journal, &outside, wants.clone()).await, News::default());
    let inside = in_folder("/w");
    let news = watcher.look(&journal, &inside, wants).await;
    assert!(news.list && news.updated.len() == 4, "{news:?}");
}

//! Long texts lie beside their events, and nobody who reads can tell.

use super::*;
use crate::event::{FileChange, ItemStatus, ToolKind, ToolResult};

/// Longer than what stays in a row.
fn long(begin: &str) -> String {
    format!("{begin}{}", "ä😀\n\u{0}\"".repeat(20_000))
}

fn result() -> Body {
    let change = |path: &str, diff: Option<String>| FileChange {
        path: path.into(),
        kind: "update".into(),
        moved_to: None,
        diff,
    };
    Body::ToolResult(ToolResult {
        item_id: "i".into(),
        tool: ToolKind::Command,
        status: ItemStatus::Completed,
        exit_code: Some(0),
        output: Some(long("output")),
        changes: vec![
            change("a", Some(long("a"))),
            change("b", None),
            change("c", Some("short".into())),
            change("d", Some(long("d"))),
        ],
        result: None,
        review: None,
        error: None,
        duration_ms: None,
    })
}

fn batch_of(journal: &dyn Journal, bodies: Vec<Body>) -> Batch {
    let last = bodies.len() as u64;
    let events = (1..).zip(bodies).map(|(seq, body)| Event { body, ..event("a", seq) });
    let session = row("a", last, Some(journal.bridge()), SessionStatus::Idle);
    Batch { events: events.collect(), session, durable: false }
}

fn bodies() -> Vec<Body> {
    let text = |text: String| Body::AssistantMessage { item_id: "m".into(), text };
    let diff = |text: &str| Body::Diff { diff: text.into() };
    vec![diff("first"), text("short".into()), diff(&long("second")), result(), text(long("message"))]
}

async fn read_back(journal: &dyn Journal) {
    let t = || ThreadId::from("a");
    let batch = batch_of(journal, bodies());
    let events = batch.events.clone();
    journal.append(batch).await.unwrap();
    assert_eq!(journal.read(t(), Seq(0), 100, usize::MAX).await.unwrap(), events);
    // The bytes of a page count them too.
    for (after, next) in [(0, 2), (2, 3), (3, 4), (4, 5)] {
        let page = journal.read(t(), Seq(after), 100, 100_000).await.unwrap();
        assert_eq!(page.last().unwrap().seq, Seq(next), "after {after}");
    }
    let last = async |after, kind| journal.last(t(), Seq(after), kind).await.unwrap();
    assert_eq!(last(0, "diff").await.as_ref(), Some(&events[2]));
    assert_eq!(last(2, "diff").await.as_ref(), Some(&events[2]));
    assert_eq!(last(3, "diff").await, None);
    assert_eq!(last(0, "assistant").await, None, "no part of a name");
    assert_eq!(last(0, "assistant_message").await.as_ref(), Some(&events[4]));
}

#[tokio::test]
async fn both_give_back_what_they_were_given() {
    read_back(&MemoryJournal::default()).await;
    let dir = tempfile::tempdir().unwrap();
    read_back(&SqliteJournal::open(&dir.path().join("journal.db")).unwrap()).await;
}

#[tokio::test]
async fn they_go_with_their_session_and_with_an_append_that_fails() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.db");
    let journal = SqliteJournal::open(&path).unwrap();
    let count = |table: &str| {
        let db = rusqlite::Connection::open(&path).unwrap();
        db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0)).unwrap()
    };
    journal.append(batch_of(&journal, bodies())).await.unwrap();
    assert_eq!((count("events"), count("texts")), (5, 5));
    let error = journal.append(batch_of(&journal, bodies())).await.unwrap_err();
    assert!(matches!(error, JournalError::SeqConflict { .. }), "{error}");
    assert_eq!((count("events"), count("texts")), (5, 5));
    journal.close().await.unwrap();
    let journal = SqliteJournal::open(&path).unwrap();
    while journal.retain(Timestamp::now(), std::time::Duration::ZERO, 0).await.unwrap().more {}
    assert_eq!((count("events"), count("texts")), (0, 0));
}

//! When a turn that only tries again is ended, and what it then ended with.

use std::time::Duration;

use super::Stall;
use crate::event::{Body, ErrorInfo, Timestamp, TurnStatus};
use crate::ids::TurnId;

const PATIENCE: Duration = Duration::from_secs(300);

fn error(retryable: bool) -> Body {
    let (message, remedy) = ("no network".to_owned(), Some("it tries again by itself".to_owned()));
    Body::Error(ErrorInfo { code: "other".into(), message, remedy, retryable })
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::default().after(Duration::from_secs(seconds))
}

#[test]
fn only_tries_without_anything_else_count() {
    let turn = TurnId::from("a");
    let other = || Body::AssistantMessage { item_id: "i".into(), text: "x".into() };
    // What is said at which second; by which of it the turn is ended.
    for (said, ends) in [
        (vec![(0, error(true)), (299, error(true)), (300, error(true)), (301, error(true))], Some(2)),
        (vec![(0, error(true)), (200, other()), (400, error(true)), (700, error(true))], Some(3)),
        (
            vec![(0, error(true)), (200, Body::warning("of the machine".to_owned())), (400, error(true))],
            Some(2),
        ),
        // The try that is under way came through.
        (vec![(0, error(true)), (900, other())], None),
        (vec![(0, error(false)), (400, error(false))], None),
    ] {
        let mut stall = Stall::new(PATIENCE);
        let ended: Vec<_> = said.iter().map(|(second, body)| stall.hears(&turn, body, at(*second))).collect();
        let expected: Vec<_> = (0..said.len()).map(|n| Some(n) == ends).collect();
        assert_eq!(ended, expected, "{said:?}");
    }
}

#[test]
fn it_ends_as_failed_with_codexs_last_reason() {
    let turn = TurnId::from("a");
    let ended = |ours: &TurnId, status| {
        let mut stall = Stall::new(PATIENCE);
        stall.hears(&turn, &error(true), at(0));
        assert!(stall.hears(&turn, &error(true), at(300)));
        stall.explain(ours, status, None)
    };
    let (status, error) = ended(&turn, TurnStatus::Interrupted);
    let error = error.unwrap();
    assert_eq!((status, error.code.as_str(), error.retryable), (TurnStatus::Failed, "codex_stalled", true));
    assert_eq!(error.message, "codex did nothing but try again for 5m, and the turn was ended: no network");
    assert!(error.remedy.unwrap().contains("codex-reply"), "not that it goes on by itself");
    // It came through in that moment; another turn.
    assert_eq!(ended(&turn, TurnStatus::Completed), (TurnStatus::Completed, None));
    assert_eq!(ended(&TurnId::from("b"), TurnStatus::Interrupted), (TurnStatus::Interrupted, None));
}

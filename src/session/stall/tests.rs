//! When a turn that only tries again is ended, and what it then ended with.

use std::time::Duration;

use super::Stall;
use crate::event::{Body, ErrorInfo, Timestamp, TurnStatus};
use crate::ids::TurnId;

const PATIENCE: Duration = Duration::from_secs(300);

fn error(retryable: bool) -> Body {
    let message = "no network".to_owned();
    Body::Error(ErrorInfo { code: "other".into(), message, remedy: None, retryable })
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::default().after(Duration::from_secs(seconds))
}

#[test]
fn only_tries_without_anything_else_count() {
    let turn = TurnId::from("a");
    let other = || Body::AssistantMessage { item_id: "i".into(), text: "x".into() };
    // What is said at which second; when the turn is ended.
    for (said, ends) in [
        (vec![(0, error(true))], Some(300)),
        (vec![(0, error(true)), (200, error(true))], Some(300)),
        (vec![(0, error(true)), (200, other())], None),
        (vec![(0, error(true)), (200, other()), (250, error(true))], Some(550)),
        (vec![(0, error(true)), (200, Body::warning("of the machine".to_owned()))], Some(300)),
        (vec![(0, error(false))], None),
        (vec![], None),
    ] {
        let mut stall = Stall::new(PATIENCE);
        said.iter().for_each(|(second, body)| stall.hears(body, at(*second)));
        assert_eq!(stall.due(), ends.map(at), "{said:?}");
        let Some(ends) = ends else { continue };
        assert_eq!(stall.ends(Some(&turn), at(ends - 1)), None);
        assert_eq!(stall.ends(None, at(ends)), None, "none runs");
        assert_eq!(stall.ends(Some(&turn), at(ends)), Some(turn.clone()));
        assert_eq!((stall.ends(Some(&turn), at(ends + 1)), stall.due()), (None, None), "once");
    }
}

#[test]
fn it_ends_as_failed_with_codexs_last_reason() {
    let turn = TurnId::from("a");
    let ended = |ours: &TurnId, status| {
        let mut stall = Stall::new(PATIENCE);
        stall.hears(&error(true), at(0));
        stall.ends(Some(&turn), at(300));
        stall.explain(ours, status, None)
    };
    let (status, error) = ended(&turn, TurnStatus::Interrupted);
    let error = error.unwrap();
    assert_eq!((status, error.code.as_str(), error.retryable), (TurnStatus::Failed, "codex_stalled", true));
    assert_eq!(error.message, "codex did nothing but try again for 5m, and the turn was ended: no network");
    // It came through in that moment; another turn.
    assert_eq!(ended(&turn, TurnStatus::Completed), (TurnStatus::Completed, None));
    assert_eq!(ended(&TurnId::from("b"), TurnStatus::Interrupted), (TurnStatus::Interrupted, None));
}

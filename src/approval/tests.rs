//! The desk: whatever happens in whatever order, each request ends once.

mod rules;
mod words;

use proptest::prelude::*;

use super::{DecideError, Desk, Verdict};
use crate::event::{DecidedBy, Decision, PermissionRequest, RequestKind, Subject, Timestamp};
use crate::ids::ApprovalId;

fn request(n: u8) -> PermissionRequest {
    PermissionRequest {
        approval_id: ApprovalId::from(format!("apr_{n}")),
        kind: RequestKind::Command,
        summary: "run `true`".into(),
        options: vec![Decision::Approve, Decision::Decline, Decision::Cancel],
        expires_at: Timestamp(1000 + u64::from(n)),
        item_id: None,
        subject: Subject::default(),
    }
}

fn verdict(decision: Decision) -> Verdict {
    Verdict::own(decision, DecidedBy::Agent, "because")
}

#[test]
fn a_late_answer_hears_who_decided() {
    let mut desk = Desk::default();
    desk.open(request(1));
    let id = ApprovalId::from("apr_1");
    assert!(desk.decide(&id, verdict(Decision::Approve)).is_ok());
    let error = desk.decide(&id, verdict(Decision::Decline)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "request `apr_1` is already decided: approve by the agent (because); nothing more to do for it"
    );
    let unknown = desk.decide(&ApprovalId::from("apr_9"), verdict(Decision::Approve)).unwrap_err();
    assert!(matches!(unknown, DecideError::Unknown(_)));
}

#[test]
fn only_what_is_offered_is_taken() {
    let mut desk = Desk::default();
    desk.open(request(1));
    let error = desk.decide(&ApprovalId::from("apr_1"), verdict(Decision::ApproveAlways)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "request `apr_1` does not take `approve-always`; it takes `approve`, `decline`, `cancel`"
    );
    assert!(!desk.is_empty(), "a refused answer leaves the request open");
}

proptest! {
    #[test]
    fn each_request_ends_exactly_once(steps in proptest::collection::vec((0u8..4, 0u8..8, 0u64..20), 0..80)) {
        let mut desk = Desk::default();
        let mut opened = std::collections::BTreeSet::new();
        let mut ended = std::collections::BTreeMap::<ApprovalId, u32>::new();
        for (step, n, late) in steps {
            let id = ApprovalId::from(format!("apr_{n}"));
            match step {
                0 => if opened.insert(id) { desk.open(request(n)); },
                1 => if let Ok(d) = desk.decide(&id, verdict(Decision::Approve)) {
                    *ended.entry(d.record.approval_id).or_default() += 1;
                },
                2 => if let Some(d) = desk.withdraw(&id, verdict(Decision::Decline)) {
                    *ended.entry(d.record.approval_id).or_default() += 1;
                },
                _ => for id in desk.expired(Timestamp(995 + late)) {
                    if let Some(d) = desk.withdraw(&id, verdict(Decision::Decline)) {
                        *ended.entry(d.record.approval_id).or_default() += 1;
                    }
                },
            }
        }
        for id in desk.waiting() {
            if let Some(d) = desk.withdraw(&id, verdict(Decision::Decline)) {
                *ended.entry(d.record.approval_id).or_default() += 1;
            }
        }
        prop_assert_eq!(ended.len(), opened.len());
        prop_assert!(ended.values().all(|n| *n == 1));
    }
}

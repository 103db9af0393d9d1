//! The desk: whatever happens in whatever order, each request ends once.

mod rules;
mod words;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{DecideError, Desk, Policy, Route, Verdict};
use crate::event::{
    Answers, Choice, DecidedBy, Decision, PermissionRequest, Question, RequestKind, Subject, Timestamp,
};
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

fn about(kind: RequestKind, options: &[Decision], subject: Subject) -> PermissionRequest {
    let mut all = vec![Decision::Approve];
    all.extend(options);
    all.extend([Decision::Decline, Decision::Cancel]);
    PermissionRequest { kind, options: all, subject, ..request(1) }
}

/// What is made of answers: what codex gets, or the words of the refusal.
fn answered(
    request: &PermissionRequest,
    decision: Decision,
    answers: Option<Value>,
) -> Result<Value, String> {
    let mut desk = Desk::default();
    desk.open(request.clone());
    let verdict = Verdict { answers: answers.map(Answers), ..verdict(decision) };
    let decided = desk.decide(&request.approval_id, verdict).map_err(|error| error.to_string());
    assert_eq!(desk.is_empty(), decided.is_ok(), "a refused answer leaves the request open");
    Ok(decided?.answers.map(|answers| answers.0).unwrap_or_default())
}

fn permissions() -> PermissionRequest {
    let entry =
        |path: &str, access: &str| json!({ "path": { "type": "path", "path": path }, "access": access });
    let entries = [entry("/a", "write"), entry("/b", "write"), entry("/a/secret", "deny")];
    let asked = json!({
        "network": { "enabled": true },
        "fileSystem": { "entries": entries, "globScanMaxDepth": 3, "read": null },
    });
    let subject = Subject { permissions: Some(asked), ..Subject::default() };
    about(RequestKind::Permissions, &[Decision::ApproveForSession], subject)
}

#[test]
fn a_grant_is_a_part_of_what_was_asked_for() {
    let request = permissions();
    let asked = request.subject.permissions.clone().unwrap();
    let entries = asked["fileSystem"]["entries"].as_array().unwrap().clone();
    let files = |entries: &[Value], depth: u64| json!({ "fileSystem": { "entries": entries, "globScanMaxDepth": depth } });
    let granted = [
        asked.clone(),
        json!({}),
        json!({ "network": { "enabled": true } }),
        json!({ "network": { "enabled": false }, "fileSystem": null }),
        files(&[entries[1].clone(), entries[2].clone()], 3),
    ];
    for part in granted {
        assert_eq!(answered(&request, Decision::Approve, Some(part.clone())), Ok(part));
    }
    assert_eq!(answered(&request, Decision::ApproveForSession, None), Ok(asked));
    let other = json!({ "path": { "type": "path", "path": "/c" }, "access": "write" });
    let more = [
        files(&[other, entries[2].clone()], 3),
        files(&[entries[0].clone()], 3),
        files(&entries, 4),
        json!({ "fileSystem": { "entries": entries } }),
        json!({ "fileSystem": { "write": ["/"] } }),
        json!({ "processes": true }),
        json!("all"),
        json!(true),
        json!(null),
    ];
    for wider in more {
        let refused = answered(&request, Decision::Approve, Some(wider.clone())).unwrap_err();
        assert!(refused.contains("a part of what was asked for"), "{wider}: {refused}");
    }
    assert!(answered(&request, Decision::Decline, Some(json!({}))).unwrap_err().contains("takes none"));
}

#[test]
fn answers_fit_their_form() {
    let schema = json!({
        "type": "object", "required": ["c"],
        "properties": { "c": { "type": "string", "maxLength": 4 }, "n": { "type": "integer" } },
    });
    let subject = Subject { schema: Some(schema), ..Subject::default() };
    let form = about(RequestKind::McpForm, &[Decision::Answer], subject);
    assert_eq!(answered(&form, Decision::Answer, Some(json!({ "c": "blue" }))), Ok(json!({ "c": "blue" })));
    let cases = [
        (None, "\"c\" is a required property"),
        (Some(json!({ "c": "too long" })), "longer than 4"),
        (Some(json!({ "c": "x", "n": "y" })), "`/n`"),
        (Some(json!("blue")), "must be an object"),
        (Some(json!({ "c": "x".repeat(70_000) })), "longer than 65536 bytes"),
    ];
    for (answers, words) in cases {
        let refused = answered(&form, Decision::Approve, answers.clone()).unwrap_err();
        assert!(refused.contains(words), "{answers:?}: {refused}");
        assert!(refused.len() < 1000, "{} bytes", refused.len());
    }
    assert_eq!(answered(&form, Decision::Decline, None), Ok(Value::Null));
    let command = answered(&request(1), Decision::Approve, Some(json!({})));
    assert!(command.unwrap_err().contains("takes none"));
}

/// A form of a server that no check would come to an end with goes to its server unchecked.
#[test]
fn a_form_that_cannot_be_checked_takes_any_answers() {
    let ring = json!({ "anyOf": [{ "required": ["c"] }, { "$ref": "#" }] });
    for schema in [ring, json!({ "type": 5 })] {
        let subject = Subject { schema: Some(schema), ..Subject::default() };
        let form = about(RequestKind::McpForm, &[Decision::Answer], subject);
        assert_eq!(answered(&form, Decision::Answer, Some(json!({ "n": 1 }))), Ok(json!({ "n": 1 })));
        assert!(answered(&form, Decision::Answer, Some(json!("blue"))).is_err());
    }
}

fn questions() -> PermissionRequest {
    let option = |label: &str| Choice { label: label.into(), description: String::new() };
    let question = |id: &str, other, secret| Question {
        id: id.into(),
        header: "H".into(),
        question: "?".into(),
        options: if secret { vec![] } else { vec![option("A"), option("B")] },
        other,
        secret,
    };
    let questions =
        vec![question("closed", false, false), question("open", true, false), question("key", false, true)];
    about(RequestKind::UserInput, &[Decision::Answer], Subject { questions, ..Subject::default() })
}

#[test]
fn questions_take_their_own_answers() {
    let given = json!({ "closed": "A", "open": ["B", "else"], "key": "s3cret" });
    let wanted = json!({ "closed": ["A"], "open": ["B", "else"], "key": ["s3cret"] });
    assert_eq!(answered(&questions(), Decision::Answer, Some(given)), Ok(wanted));
    let cases = [
        (json!({ "open": "x", "key": "y" }), "`closed` is missing"),
        (json!({ "closed": "C", "open": "x", "key": "y" }), "`closed` takes `A`, `B`"),
        (json!({ "closed": "A", "open": 1, "key": "y" }), "`open` must be a text"),
        (json!({ "closed": "A", "open": "x", "key": "y", "z": "?" }), "there is no question `z`"),
        (json!([]), "must be an object"),
    ];
    for (answers, words) in cases {
        let refused = answered(&questions(), Decision::Answer, Some(answers.clone())).unwrap_err();
        assert!(refused.contains(words), "{answers}: {refused}");
    }
}

#[test]
fn a_secret_is_in_no_record_and_in_no_word() {
    let mut desk = Desk::default();
    desk.open(questions());
    let answers = Some(Answers(json!({ "closed": "A", "open": "x", "key": "s3cret" })));
    let verdict = Verdict { answers, ..verdict(Decision::Answer) };
    assert!(!format!("{verdict:?}").contains("s3cret"));
    let decided = desk.decide(&ApprovalId::from("apr_1"), verdict).unwrap();
    assert_eq!(decided.record.answers, Some(json!({ "closed": ["A"], "open": ["x"], "key": "[secret]" })));
    assert!(!format!("{decided:?}").contains("s3cret"), "{decided:?}");
    let wrong = answered(&questions(), Decision::Answer, Some(json!({ "key": ["s3cret"], "closed": 7 })));
    assert!(!wrong.unwrap_err().contains("s3cret"));
}

#[test]
fn who_decides_after_a_closed_dialog_is_recorded_so() {
    let mut desk = Desk::default();
    desk.open(request(1));
    desk.open(request(2));
    desk.dismiss(&ApprovalId::from("apr_1"));
    let end =
        |desk: &mut Desk, id: &str| desk.decide(&ApprovalId::from(id), verdict(Decision::Approve)).unwrap();
    assert!(end(&mut desk, "apr_1").record.after_dismissal);
    assert!(!end(&mut desk, "apr_2").record.after_dismissal);
}

/// Who may decide what, by route.
#[test]
fn an_agent_decides_what_the_settings_let_it() {
    let of = |route| Policy { route, ..Policy::default() };
    let agent = |decision| Verdict::of(decision, DecidedBy::Agent, "codex-approve");
    let cases = [
        (Route::Auto, Decision::Approve, None),
        (Route::Auto, Decision::ApproveAlways, Some("`approvals.agent`")),
        (Route::Agent, Decision::Answer, None),
        (Route::Human, Decision::Approve, Some("`approvals.route` is `human`")),
        (Route::Human, Decision::Decline, Some("`codex-bridge approve`")),
        (Route::Rules, Decision::Approve, Some("only rules decide")),
    ];
    for (route, decision, refusal) in cases {
        let allowed = of(route).allows(&agent(decision)).map_err(|error| error.to_string());
        match refusal {
            None => assert_eq!(allowed, Ok(()), "{route:?} {decision:?}"),
            Some(words) => assert!(allowed.unwrap_err().contains(words), "{route:?} {decision:?}"),
        }
        let person = Verdict::of(decision, DecidedBy::Person, "terminal");
        assert_eq!(of(route).allows(&person), Ok(()), "a person decides whatever the route is");
    }
}

/// A value of a few names and depths.
fn value() -> impl Strategy<Value = Value> {
    let leaf =
        prop_oneof![Just(json!(null)), any::<bool>().prop_map(Value::from), (0u8..3).prop_map(Value::from)];
    leaf.prop_recursive(3, 24, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::btree_map("[a-c]", inner, 0..3).prop_map(|map| json!(map)),
        ]
    })
}

/// All that a value allows, as paths to what is neither false nor null. A list is a set.
fn allowed(value: &Value, at: &str, out: &mut std::collections::BTreeSet<String>) {
    match value {
        Value::Null | Value::Bool(false) => {}
        Value::Object(members) => {
            members.iter().for_each(|(name, v)| allowed(v, &format!("{at}/{name}"), out))
        }
        Value::Array(values) => out.extend(values.iter().map(|v| format!("{at}/[{v}]"))),
        leaf => drop(out.insert(format!("{at}={leaf}"))),
    }
}

proptest! {
    #[test]
    fn no_grant_allows_more_than_was_asked_for(asked in value(), granted in value()) {
        let subject = Subject { permissions: Some(asked.clone()), ..Subject::default() };
        let request = about(RequestKind::Permissions, &[], subject);
        if answered(&request, Decision::Approve, Some(granted.clone())).is_ok() {
            let (mut more, mut most) = Default::default();
            allowed(&granted, "", &mut more);
            allowed(&asked, "", &mut most);
            prop_assert!(more.is_subset(&most), "{} of {}", granted, asked);
        }
        let whole = answered(&request, Decision::Approve, Some(asked.clone())).is_ok();
        prop_assert_eq!(whole, asked.is_object());
    }

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

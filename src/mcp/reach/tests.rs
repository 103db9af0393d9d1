//! A caller who sees his own sessions alone does not see those of others, nor those that are nobody's.

use serde_json::Value;

use super::*;
use crate::event::Timestamp;
use crate::ids::Seq;
use crate::journal::SessionStatus;

fn row(principal: Option<&str>, cwd: &str) -> SessionRecord {
    SessionRecord {
        thread_id: "t".into(),
        cwd: cwd.into(),
        title: String::new(),
        status: SessionStatus::Idle,
        model: None,
        owner: None,
        principal: principal.map(Principal::from),
        last_seq: Seq::ZERO,
        turn_seq: Seq::ZERO,
        turn_id: None,
        created: Timestamp(0),
        updated: Timestamp(0),
        settings: Value::Null,
    }
}

#[test]
fn a_session_is_shown_to_whom_it_may() {
    let reach = |own: Option<&str>, roots: &[&str]| Reach {
        limits: Arc::new(Limits { roots: roots.iter().map(Into::into).collect(), ..Limits::default() }),
        own: own.map(Principal::from),
    };
    // Who looks, the folders that he may see, whose the session is, its folder, whether it is shown.
    let table = [
        (None, &[][..], None, "/a", true),
        (None, &[], Some("alice"), "/a", true),
        (None, &[], Some("alice"), "", true),
        (Some("alice"), &[], Some("alice"), "/a", true),
        (Some("alice"), &[], Some("alice"), "", true),
        (Some("alice"), &[], Some("bob"), "/a", false),
        (Some("alice"), &[], Some("Alice"), "/a", false),
        (Some("alice"), &[], None, "/a", false),
        (None, &["/a"], None, "/a/b", true),
        (None, &["/a"], None, "/ab", false),
        (None, &["/a"], None, "", false),
        (Some("alice"), &["/a"], Some("alice"), "/a", true),
        (Some("alice"), &["/a"], Some("alice"), "/b", false),
        (Some("alice"), &["/a"], Some("bob"), "/a", false),
    ];
    for (own, roots, whose, cwd, shown) in table {
        let seen = reach(own, roots).shows(&row(whose, cwd));
        assert_eq!(seen, shown, "{own:?} {roots:?} looks at one of {whose:?} in `{cwd}`");
    }
}

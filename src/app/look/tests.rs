//! The table of sessions, and their short ids.

use std::path::Path;

use super::sessions::{Shown, shortest};
use super::table::table;
use crate::event::Timestamp;
use crate::ids::ThreadId;

fn shown(id: &str, cwd: &str, title: &str, updated: u64) -> Shown {
    Shown {
        thread_id: ThreadId::from(id),
        status: "idle",
        cwd: cwd.into(),
        model: None,
        title: title.into(),
        created: Timestamp(0),
        updated: Timestamp(updated),
        turn_id: None,
        short: 8,
        decisions: Vec::new(),
    }
}

#[test]
fn short_ids_name_one_session_each() {
    let ids = [
        "01a21298-fa3f-77ba",
        "01a21298-fa5f-706e",
        "02b",
        "0a_bcdefghijk",
        "字字字字字字字字字",
        "字字字字字字字字一",
    ];
    let short = shortest(ids.to_vec());
    assert_eq!(ids.map(|id| short[id]), [12, 12, 8, 8, 9, 9]);
    assert!(shortest(Vec::new()).is_empty());
}

#[test]
fn the_table_fits_and_says_what_it_leaves_out() {
    let long = "/a/very/long/path/to/some/project/that/is/deep/inside";
    let all = [
        shown(
            "01a21298-1",
            "/home/ann",
            "a title\u{1b}[2J 字字字字字字字字字字字字字字字字字字字字字字字字字字字字字字",
            0,
        ),
        shown("02b34567-1", "/home/ann/site", "short", 86_400_000),
        shown("03c", long, "", 86_399_000 + 1000 - 61_000),
        shown("04d", "/home/anna", "x", 86_400_000 - 7_300_000),
    ];
    let seen = table(&all, 2, Some(Path::new("/home/ann")), 90, Timestamp(86_400_000));
    insta::assert_snapshot!(anstream::adapter::strip_str(&seen).to_string());
    assert_eq!(table(&[], 0, None, 80, Timestamp(0)), "there is no session yet\n");
}

//! What is put together, and when it must come.

use proptest::prelude::*;

use super::*;

fn output(item: &str, text: &str) -> Body {
    Body::ToolOutput { item_id: item.into(), text: text.into() }
}

fn texts(pieces: &[Piece]) -> Vec<(String, String)> {
    let one = |(_, body): &Piece| match body {
        Body::ToolOutput { item_id, text } => (item_id.clone(), text.clone()),
        other => panic!("{other:?}"),
    };
    pieces.iter().map(one).collect()
}

#[test]
fn two_that_take_turns_are_two_events() {
    let mut held = Deltas::default();
    for n in 0..100 {
        for item in ["a", "b"] {
            assert!(held.push(None, output(item, &format!("{n} ")), Timestamp(1)).is_empty());
        }
    }
    let out = texts(&held.take());
    assert_eq!(out.iter().map(|(item, _)| item.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert!(out.iter().all(|(_, text)| text.ends_with("99 ") && text.starts_with("0 1 2 ")), "{out:?}");
}

#[test]
fn a_full_text_takes_the_others_along() {
    let mut held = Deltas::default();
    assert!(held.push(None, output("a", "first"), Timestamp(1)).is_empty());
    let out = held.push(None, output("b", &"x".repeat(FULL)), Timestamp(1));
    assert_eq!(texts(&out).iter().map(|(item, _)| item.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(held.due(), None);
}

#[test]
fn a_clock_that_is_set_back_holds_nothing() {
    let mut held = Deltas::default();
    held.push(None, output("a", "x"), Timestamp(10_000));
    for (now, due) in [(10_000, false), (10_049, false), (10_050, true), (10_001, false), (9_000, true)] {
        assert_eq!(held.is_due(Timestamp(now)), due, "at {now}");
    }
}

proptest! {
    #[test]
    fn nothing_is_lost_and_the_order_of_an_item_stays(pieces in prop::collection::vec((0..20u8, "[a-z]{1,2000}"), 0..200)) {
        let (mut held, mut out) = (Deltas::default(), Vec::new());
        for (item, text) in &pieces {
            out.extend(held.push(None, output(&item.to_string(), text), Timestamp(1)));
            prop_assert!(held.held.len() < ITEMS);
        }
        out.extend(held.take());
        for item in 0..20u8 {
            let of = |all: &[(String, String)]| -> String {
                all.iter().filter(|(name, _)| *name == item.to_string()).map(|(_, text)| text.as_str()).collect()
            };
            let given: Vec<_> = pieces.iter().map(|(name, text)| (name.to_string(), text.clone())).collect();
            prop_assert_eq!(of(&texts(&out)), of(&given));
        }
    }
}

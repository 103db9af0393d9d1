//! Any text at any length: whole where it fits, otherwise its begin and how long it was.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

#[test]
fn what_fits_stays_as_it_is() {
    let value = json!({ "a long name of a member": ["x\n\u{1}\"ä😀", 7, null, { "b": "" }] });
    assert_eq!(json(&value, LEAST).unwrap(), value.to_string());
}

#[test]
fn names_stay_whole() {
    let name = "n".repeat(1000);
    let value = json!({ name.clone(): "t".repeat(1000) });
    let cut: Value = serde_json::from_str(&json(&value, LEAST).unwrap()).unwrap();
    assert!(cut[&name].as_str().unwrap().contains("[cut: 1000 bytes in all"), "{cut}");
}

#[test]
fn the_longest_mark_is_short_enough() {
    assert!(mark(usize::MAX).len() <= MARK, "{}", mark(usize::MAX).len());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_text_is_cut_between_characters(text in "[a\n\u{1}\"ä😀]{0,300}", each in LEAST..1200_usize) {
        let whole = serde_json::to_string(&text).unwrap();
        let cut = json(&text, each).unwrap();
        if whole.len() - 2 <= each {
            prop_assert_eq!(cut, whole);
        } else {
            prop_assert!(cut.len() - 2 <= each, "{} for {}", cut.len(), each);
            let cut: String = serde_json::from_str(&cut).unwrap();
            let begin = cut.strip_suffix(mark(text.len()).as_str()).unwrap();
            prop_assert!(text.starts_with(begin) && begin.len() < text.len());
            // A character takes six bytes at most.
            prop_assert!(serde_json::to_string(begin).unwrap().len() - 2 + MARK + 6 > each, "as much as fits");
        }
    }

    /// One behind the other, windows are the whole; and each begins where a character does.
    #[test]
    fn windows_are_the_whole(text in "[a\n\u{1}\"ä😀]{0,200}", most in 4..50_usize, jump in 0..400_usize) {
        let whole = serde_json::to_string(&text).unwrap();
        let mut read = String::new();
        while read.len() < whole.len() {
            let (at, part) = window(&text, read.len(), most);
            prop_assert_eq!(at, read.len());
            prop_assert!(!part.is_empty() && part.len() <= most);
            read.push_str(&part);
        }
        prop_assert_eq!(&read, &whole);
        prop_assert_eq!(window(&text, whole.len(), most), (whole.len(), String::new()));
        let within = whole.floor_char_boundary(jump.min(whole.len()));
        let (at, part) = window(&text, jump.min(whole.len()), most);
        prop_assert_eq!(at, within);
        prop_assert!(whole[at..].starts_with(&part));
    }
}

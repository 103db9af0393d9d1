//! The same text as a parser reads, or none where it finds a fault.

use proptest::prelude::*;

use super::text;

/// By a parser.
fn parsed(literal: &str) -> Option<String> {
    serde_json::from_str(literal).ok()
}

fn read(literal: &str) -> Option<String> {
    text(serde_json::from_str(literal).ok()?)
}

#[test]
fn escapes_of_each_kind() {
    for literal in [
        r#""""#,
        r#""plain ä€😀""#,
        r#""\"\\\/\b\f\n\r\t""#,
        r#""\u0041\u00e4\u20ac\ud83d\ude00\u0000""#,
        r#""\ud83d\ude00\ud83d\ude00""#,
        r#""\\u0041""#,
        // Halves of a pair, and what is no string.
        r#""\ud83d""#,
        r#""\ud83dx""#,
        r#""\ud83d\n""#,
        r#""\ud83d\u0041""#,
        r#""\ude00""#,
        "7",
        "null",
        "[]",
    ] {
        assert_eq!(read(literal), parsed(literal), "{literal}");
    }
    assert_eq!(read(r#""\ud83d\ude00""#).unwrap(), "😀");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn as_a_parser_reads_it(inner in r#"([a-zä😀]|\\["\\/bfnrt]|\\u[0-9a-f]{4}|\\ud83d\\ude00){0,40}"#) {
        let literal = format!("\"{inner}\"");
        prop_assert_eq!(read(&literal), parsed(&literal));
    }
}

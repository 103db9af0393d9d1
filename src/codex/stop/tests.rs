//! What codex says when it cannot interrupt.

use super::*;

#[test]
fn the_turn_that_runs_in_the_place_of_another() {
    for (message, expected) in [
        ("codex refused: expected active turn id 0199-a but found 0199-b", Some("0199-b")),
        ("expected active turn id `0199-a` but found `0199-b`", Some("0199-b")),
        ("expected active turn id 0199-a but found ", None),
        ("no active turn to interrupt", None),
    ] {
        assert_eq!(other_turn(message), expected, "{message}");
    }
}

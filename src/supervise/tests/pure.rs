//! What needs no process: the waits between starts, and the words of a post-mortem.

use std::time::Duration;

use super::super::{Backoff, PostMortem};

#[test]
fn waits_double_to_half_a_minute_and_start_over_after_a_good_run() {
    let mut backoff = Backoff::default();
    let waits: Vec<u128> = (0..10).map(|_| backoff.failed(Duration::from_secs(59)).as_millis()).collect();
    assert_eq!(waits, [250, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
    assert_eq!(backoff.failures(), 10);
    assert_eq!(backoff.failed(Duration::from_secs(60)), Duration::from_millis(250));
    assert_eq!(backoff.failures(), 1);
    assert_eq!(Backoff::delay(0), Duration::ZERO);
    assert_eq!(Backoff::delay(u32::MAX), Duration::from_secs(30));
}

#[test]
fn a_post_mortem_is_one_short_line() {
    let ended = |code, signal, stderr: &str, asked| {
        PostMortem { code, signal, stderr: stderr.to_owned(), asked }.to_string()
    };
    assert_eq!(ended(Some(0), None, "", true), "exited with code 0, as asked");
    assert_eq!(ended(None, Some(9), "\n \n", false), "was ended by signal 9");
    assert_eq!(ended(None, None, "", true), "ended in an unknown way, as asked");
    assert_eq!(
        ended(Some(1), None, "one\n\u{1b}[31mtwo\tx\u{1b}[0m\r\n\nthree\u{7}\n", false),
        "exited with code 1; its last words: two x / three"
    );
    let traced =
        "Error: config.toml:1:1: no such key\n\nStack backtrace:\n   0: <unknown>\n   1: <unknown>\n";
    assert_eq!(
        ended(Some(1), None, traced, false),
        "exited with code 1; its last words: Error: config.toml:1:1: no such key"
    );
    let long = ended(Some(1), None, &"ä".repeat(1000), false);
    assert_eq!(long.chars().filter(|char| *char == 'ä').count(), 400);
}

//! What codex tells, as it was seen to tell it, and what is counted of it.

use proptest::prelude::*;

use super::*;

fn tokens(n: u64) -> Tokens {
    Tokens { input: 9 * n, cached: n, output: 2 * n, reasoning: n }
}

fn used(total: u64, last: u64, context: u64) -> Used {
    let (total, last) = (tokens(total), tokens(last));
    Used { turn: None, total, last, context, window: Some(1000) }
}

/// The turn's and the thread's tokens, and the context.
fn counted(body: Option<Body>) -> Option<(Tokens, Tokens, Option<u64>)> {
    match body? {
        Body::Usage { turn, thread, context_used, .. } => Some((turn, thread, context_used)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_request_counts_once() {
    let mut usage = Usage::default();
    let steps = [
        // Two requests, the second of them told twice.
        (used(1, 1, 110), Whose::Latest, Some((1, 1, 110))),
        (used(2, 1, 110), Whose::Latest, Some((2, 2, 110))),
        (used(2, 1, 110), Whose::Latest, Some((2, 2, 110))),
        // A compaction: its request, then how long the thread is now, with no new tokens.
        (used(3, 1, 110), Whose::Latest, Some((3, 3, 110))),
        (used(3, 0, 40), Whose::Latest, Some((3, 3, 40))),
        // Turns of the CLI in between are not of this one.
        (used(7, 1, 200), Whose::Other, None),
        (used(8, 1, 210), Whose::Latest, Some((4, 8, 210))),
    ];
    for (at, (told, whose, expected)) in steps.into_iter().enumerate() {
        let expected = expected.map(|(turn, all, left)| (tokens(turn), tokens(all), Some(left)));
        assert_eq!(counted(usage.take(&told, whose)), expected, "step {at}");
    }
    usage.begin();
    let next = counted(usage.take(&used(9, 1, 220), Whose::Latest));
    assert_eq!(next, Some((tokens(1), tokens(9), Some(220))), "each turn begins at nothing");
}

#[test]
fn a_thread_that_is_taken_up_tells_its_last_turn_again() {
    let mut usage = Usage::default();
    assert_eq!(usage.take(&used(5, 1, 110), Whose::Other), None, "that turn has been counted");
    usage.begin();
    let next = counted(usage.take(&used(6, 1, 110), Whose::Latest));
    assert_eq!(next, Some((tokens(1), tokens(6), Some(110))));

    // A codex that tells no total at the start.
    let mut usage = Usage::default();
    let next = counted(usage.take(&used(6, 1, 110), Whose::Latest));
    assert_eq!(next, Some((tokens(1), tokens(6), Some(110))));
}

#[test]
fn it_is_known_whose_usage_is_told() {
    let (a, b) = (TurnId::from("a"), TurnId::from("b"));
    for (of, latest, running, whose) in [
        (Some(&a), Some(&a), true, Whose::Latest),
        // Late, after the turn's end.
        (Some(&a), Some(&a), false, Whose::Latest),
        // A turn inside the one that runs.
        (Some(&b), Some(&a), true, Whose::Latest),
        (Some(&b), Some(&a), false, Whose::Other),
        (Some(&b), None, false, Whose::Other),
        (None, None, false, Whose::Other),
    ] {
        assert_eq!(Usage::whose(of, latest, running), whose, "{of:?} {latest:?} {running}");
    }
}

fn limit(used_percent: u32, resets_at: u64) -> RateLimit {
    let resets_at = Some(Timestamp(resets_at));
    RateLimit { name: None, used_percent, window_minutes: Some(300), resets_at }
}

#[test]
fn a_limit_is_told_when_it_changes_and_explains_a_failure() {
    let mut usage = Usage::default();
    assert_eq!(usage.limited(vec![limit(3, 0)], true), None, "nothing has been used yet");
    let Some(Body::Usage { limits, .. }) = usage.take(&used(1, 1, 110), Whose::Latest) else { panic!() };
    assert_eq!(limits, [limit(3, 0)]);
    assert_eq!(usage.limited(vec![limit(3, 0)], true), None, "as before");
    assert!(usage.limited(vec![limit(4, 0)], true).is_some());
    assert_eq!(usage.limited(vec![limit(100, 1000), limit(100, 2000), limit(9, 3000)], false), None);

    let fault = |code: &str| {
        let (code, message) = (code.to_owned(), String::new());
        ErrorInfo { code, message, remedy: Some("wait".into()), retryable: false }
    };
    let explained = usage.explain(fault("usage_limit_exceeded")).remedy.unwrap();
    assert!(explained.contains("1970-01-01T00:00:02.000Z"), "{explained}");
    assert_eq!(usage.explain(fault("other")), fault("other"));
    let unknown = Usage::default().explain(fault("usage_limit_exceeded"));
    assert_eq!(unknown, fault("usage_limit_exceeded"), "codex said nothing of its limits");
}

proptest! {
    /// Whatever is repeated, compacted or used by others: the turns add up to what codex counted for them.
    #[test]
    fn the_turns_add_up(steps in proptest::collection::vec((0u64..50, 0u8..5), 0..60)) {
        let mut usage = Usage::default();
        let (mut total, mut ours, mut turns, mut turn) = (10u64, 0u64, 0u64, 0u64);
        usage.take(&used(total, 3, 1), Whose::Other);
        for (n, what) in steps {
            match what {
                0 => { turns += turn; turn = 0; usage.begin(); }
                // A repeat, or what a compaction tells.
                1 => { usage.take(&used(total, 0, n), Whose::Latest); }
                // Another program's.
                2 => { total += n; usage.take(&used(total, n, n), Whose::Other); }
                _ => {
                    (total, ours) = (total + n, ours + n);
                    let told = counted(usage.take(&used(total, n, n), Whose::Latest));
                    let (of_turn, of_thread, _) = told.unwrap();
                    turn = of_turn.cached;
                    prop_assert_eq!(of_turn, tokens(turn));
                    prop_assert_eq!(of_thread, tokens(total));
                }
            }
        }
        prop_assert_eq!(turns + turn, ours);
    }
}

//! Clocks that are right, that stood still, that jump.

use proptest::prelude::*;

use super::*;

const HOUR: u64 = 3_600_000;
const YEAR: u64 = 365 * 24 * HOUR;

/// The times to go by after looks at these hours.
fn trusted(hours: &[u64]) -> Vec<u64> {
    let mut clock: Option<Clock> = None;
    let each = hours.iter().map(|hour| {
        let now = Timestamp(hour * HOUR);
        let next = clock.map_or(Clock::begin(now), |clock| clock.look(now));
        clock = Some(next);
        next.trusted.0 / HOUR
    });
    each.collect()
}

#[test]
fn age_goes_by_a_time_that_the_clock_has_gone_on_from() {
    assert_eq!(trusted(&[10, 11, 12]), [0, 10, 11], "one that is right, a look behind");
    assert_eq!(trusted(&[10, 500, 501]), [0, 10, 500], "nobody looked for weeks");
    let ahead = 10 + YEAR / HOUR;
    assert_eq!(trusted(&[10, 11, ahead, 12, 13]), [0, 10, 11, 11, 12], "ahead for one look");
    assert_eq!(trusted(&[ahead, 10, ahead, 11]), [0, 0, 10, 10], "ahead at each other look");
    assert_eq!(trusted(&[10, 11, 3, 4]), [0, 10, 3, 3], "behind");
}

#[test]
fn looks_in_a_row_are_one() {
    let ahead = Timestamp(YEAR);
    let mut clock = Clock::begin(Timestamp(10));
    for more in 0..100 {
        clock = clock.look(ahead.after(Duration::from_secs(more)));
    }
    assert_eq!(clock.trusted, Timestamp(10));
}

proptest! {
    /// Whatever a clock did: the time to go by is one that was seen before, and not above the present one.
    #[test]
    fn no_time_is_made_up(times in proptest::collection::vec(0..YEAR, 1..20)) {
        let mut clock = Clock::begin(Timestamp(times[0]));
        for (at, now) in times.iter().enumerate() {
            clock = clock.look(Timestamp(*now));
            prop_assert!(clock.trusted <= Timestamp(*now));
            prop_assert!(clock.trusted.0 == 0 || times[..=at].contains(&clock.trusted.0));
        }
    }
}

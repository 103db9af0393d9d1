//! Turns are divided by shares, long ones and short ones, and nobody is passed over for ever.

use proptest::prelude::*;

use super::*;

fn share(weight: u16) -> Share {
    Share { weight: NonZeroU16::new(weight).unwrap(), most: None }
}

fn who(name: &str) -> Who {
    Some(Principal::from(name))
}

/// Who is let in, where all always have more that waits, `slots` run at once, and a turn of each takes so many rounds.
fn served(slots: usize, all: &[(Who, Share, usize)], rounds: usize) -> BTreeMap<Who, usize> {
    let (mut ledger, mut inside, mut counts) = (Ledger::default(), Vec::new(), BTreeMap::new());
    for round in 0..rounds {
        inside.retain(|(who, until): &(Who, usize)| {
            let stays = *until > round;
            if !stays {
                ledger.leave(who);
            }
            stays
        });
        while inside.len() < slots {
            let open = all.iter().filter(|(who, share, _)| ledger.may(who, *share));
            let Some(next) = ledger.next(open.map(|(who, share, _)| (who, *share))).cloned() else { break };
            let (_, share, long) = all.iter().find(|(who, ..)| *who == next).unwrap();
            ledger.admit(&next, *share);
            inside.push((next.clone(), round + long));
            *counts.entry(next).or_default() += 1;
        }
    }
    counts
}

#[test]
fn equal_shares_come_in_equally_often() {
    let all: Vec<_> = ["a", "b", "c", "d", "e"].map(|name| (who(name), share(1), 1)).into();
    for slots in [1, 2, 3, 4, 7] {
        let counts = served(slots, &all, 200);
        let (least, most) = (counts.values().min().unwrap(), counts.values().max().unwrap());
        assert!(most - least <= 1, "{slots}: {counts:?}");
    }
}

#[test]
fn a_share_of_three_runs_three_times_as_many() {
    let all = [(who("a"), share(3), 1), (who("b"), share(1), 1)];
    for slots in [1, 4, 8] {
        let counts = served(slots, &all, 400);
        let (a, b) = (counts[&who("a")], counts[&who("b")]);
        assert!((2.8..=3.2).contains(&(a as f64 / b as f64)), "{slots}: {counts:?}");
    }
}

#[test]
fn whose_turns_are_long_has_no_more_of_what_runs_at_once() {
    let all = [(who("long"), share(1), 10), (who("short"), share(1), 1)];
    // Half of the slots each: ten short ones in the time of a long one.
    let counts = served(4, &all, 400);
    let ratio = counts[&who("short")] as f64 / counts[&who("long")] as f64;
    assert!((9.0..=11.0).contains(&ratio), "{counts:?}");
}

#[test]
fn whoever_comes_back_has_saved_nothing_up() {
    let (a, b) = (who("a"), who("b"));
    let mut ledger = Ledger::default();
    for _ in 0..100 {
        ledger.admit(&a, share(1));
        ledger.leave(&a);
    }
    let mut order = String::new();
    for _ in 0..6 {
        let next = ledger.next([(&a, share(1)), (&b, share(1))].into_iter()).unwrap().clone();
        ledger.admit(&next, share(1));
        ledger.leave(&next);
        order.push_str(next.as_ref().unwrap().as_str());
    }
    assert_eq!(order.matches('a').count(), 3, "{order}");
}

#[test]
fn no_more_than_the_most() {
    let capped = Share { most: Some(2), ..share(1) };
    let counts = served(8, &[(who("a"), capped, 1_000)], 10);
    assert_eq!(counts[&who("a")], 2);
}

#[test]
fn the_place_of_each_is_the_order_in_which_they_come_in() {
    let (a, b, c) = (who("a"), who("b"), None);
    let mut ledger = Ledger::default();
    ledger.admit(&a, share(1));
    let waiting = [(&a, share(1), 3), (&b, share(1), 2), (&c, share(1), 1)];
    assert_eq!(places(&ledger, &waiting), [vec![2, 4, 5], vec![0, 3], vec![1]]);
}

proptest! {
    #[test]
    fn every_place_is_given_once(
        running in proptest::collection::vec((0usize..4, 1u16..5), 0..20),
        counts in proptest::collection::vec((1u16..5, 0usize..12), 1..5),
    ) {
        let names: Vec<Who> = (0..counts.len()).map(|n| who(&n.to_string())).collect();
        let mut ledger = Ledger::default();
        for (n, weight) in running {
            if let Some(name) = names.get(n) {
                ledger.admit(name, share(weight));
            }
        }
        let waiting: Vec<_> =
            names.iter().zip(&counts).map(|(name, (weight, count))| (name, share(*weight), *count)).collect();
        let given = places(&ledger, &waiting);
        for (mine, (_, count)) in given.iter().zip(&counts) {
            prop_assert_eq!(mine.len(), *count);
            prop_assert!(mine.is_sorted());
        }
        let mut all: Vec<_> = given.into_iter().flatten().collect();
        all.sort_unstable();
        prop_assert!(all.iter().copied().eq(0..all.len()));
    }
}

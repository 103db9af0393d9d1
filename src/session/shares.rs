//! Whose turn comes in next, where several share a bridge. Pure: who runs what is told, and asked.
//!
//! First comes whoever runs least for the share that he has; among equals whoever was let in less so far, by his
//! share; then whoever came first. So long turns and short ones are both divided fairly, and nobody waits for ever.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU16;
use std::sync::Arc;

use crate::ids::Principal;

/// Whose turns they are; nobody's in particular where one host alone has the bridge.
pub(super) type Who = Option<Principal>;

/// What one of those who share may have of the turns that run at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// How much against the others: one with 2 runs twice as many as one with 1 while both have turns that wait.
    pub weight: NonZeroU16,
    /// How many at most, also while nobody else wants any.
    pub most: Option<usize>,
}

impl Default for Share {
    fn default() -> Self {
        Self { weight: NonZeroU16::MIN, most: None }
    }
}

type Of = dyn Fn(Option<&Principal>) -> Share + Send + Sync;

/// Who has which share; asked anew each time, since it may change while turns run.
#[derive(Clone)]
pub struct Shares(pub Arc<Of>);

impl Default for Shares {
    fn default() -> Self {
        Self(Arc::new(|_| Share::default()))
    }
}

impl fmt::Debug for Shares {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shares(…)")
    }
}

/// One turn of somebody with a weight of 1, in the measure of [`Account::spent`].
const TURN: u64 = 1 << 20;

#[derive(Clone, Copy, Debug, Default)]
struct Account {
    running: u64,
    /// What was let in so far, each by its share.
    spent: u64,
}

/// Who runs how much, and was let in how often.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    /// Of all who were ever let in: they are the names of a file.
    accounts: BTreeMap<Who, Account>,
    /// What the one had spent who was let in last: whoever comes back saves nothing up while he was away.
    level: u64,
}

impl Ledger {
    /// Whether somebody may run one more.
    pub fn may(&self, who: &Who, share: Share) -> bool {
        share.most.is_none_or(|most| self.account(who).running < most as u64)
    }

    /// Who of these is the next; of equals the first.
    pub fn next<'a>(&self, waiting: impl Iterator<Item = (&'a Who, Share)>) -> Option<&'a Who> {
        let mut best: Option<(&Who, Account, u64)> = None;
        for (who, share) in waiting {
            let (mine, weight) = (self.account(who), u64::from(share.weight.get()));
            let before = best.as_ref().is_none_or(|(_, best, other)| {
                // running / weight, with no fraction.
                let (mine_now, best_now) = (mine.running * other, best.running * weight);
                mine_now < best_now || (mine_now == best_now && mine.spent < best.spent)
            });
            if before {
                best = Some((who, mine, weight));
            }
        }
        best.map(|(who, ..)| who)
    }

    /// One of his turns comes in.
    pub fn admit(&mut self, who: &Who, share: Share) {
        let mut account = self.account(who);
        self.level = account.spent;
        account.running += 1;
        account.spent += TURN / u64::from(share.weight.get());
        self.accounts.insert(who.clone(), account);
    }

    /// One of his turns is over.
    pub fn leave(&mut self, who: &Who) {
        if let Some(account) = self.accounts.get_mut(who) {
            account.running = account.running.saturating_sub(1);
        }
    }

    fn account(&self, who: &Who) -> Account {
        let known = self.accounts.get(who).copied().unwrap_or_default();
        Account { spent: known.spent.max(self.level), ..known }
    }
}

/// How many come in before each of those that wait, if nobody else comes. `waiting`: how many turns of each, all of whom
/// were there before those behind them. In the order of `waiting`, and of the turns of each.
pub(super) fn places(ledger: &Ledger, waiting: &[(&Who, Share, usize)]) -> Vec<Vec<usize>> {
    let mut ledger = ledger.clone();
    let mut places: Vec<Vec<usize>> = waiting.iter().map(|_| Vec::new()).collect();
    let all = waiting.iter().map(|(.., count)| count).sum();
    for place in 0..all {
        let open = waiting.iter().zip(&places).filter(|((.., count), given)| given.len() < *count);
        let Some(who) = ledger.next(open.map(|((who, share, _), _)| (*who, *share))).cloned() else { break };
        let Some(at) = waiting.iter().position(|(one, ..)| **one == who) else { break };
        ledger.admit(&who, waiting[at].1);
        places[at].push(place);
    }
    places
}

#[cfg(test)]
mod tests;

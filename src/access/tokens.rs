//! The tokens that are good, by their digests.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use super::Grant;
use crate::ids::Principal;

/// What stands for a token here.
pub(super) type Print = [u8; 32];

/// The digest of a token.
pub(super) fn print(token: &str) -> Print {
    Sha256::digest(token).into()
}

/// All who may come in.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Tokens {
    known: Vec<(Print, Arc<Grant>)>,
}

impl Tokens {
    pub(super) fn new(known: Vec<(Print, Arc<Grant>)>) -> Self {
        Self { known }
    }

    /// What a token gives; nothing where it is none of these. How long it takes says nothing of which it is, or how much
    /// of one is right.
    #[must_use]
    pub fn find(&self, token: &str) -> Option<&Arc<Grant>> {
        let wanted = print(token);
        let (mut found, mut at) = (Choice::from(0), 0u32);
        for (place, (known, _)) in (0u32..).zip(&self.known) {
            let same = known.ct_eq(&wanted);
            at.conditional_assign(&place, same);
            found |= same;
        }
        let (_, grant) = self.known.get(usize::try_from(at).ok()?)?;
        bool::from(found).then_some(grant)
    }

    /// By what it is known whether somebody's token is the same still.
    #[must_use]
    pub fn print(&self, name: &Principal) -> Option<[u8; 32]> {
        self.known.iter().find(|(_, grant)| grant.name == *name).map(|(print, _)| *print)
    }

    /// What all of them give.
    pub fn grants(&self) -> impl Iterator<Item = &Arc<Grant>> {
        self.known.iter().map(|(_, grant)| grant)
    }
}

// A digest is no secret of a good token, but nobody needs it.
impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.grants().map(|grant| &grant.name)).finish()
    }
}

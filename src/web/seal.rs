//! What a browser keeps of a sign-in: the name and a time, sealed with a key of this process. No token is in it, and
//! nothing needs to be kept here.

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::access::Tokens;
use crate::ids::Principal;

/// The key. Whoever is signed in is not any more once the bridge is started again.
#[derive(Clone)]
pub struct Seal([u8; 32]);

impl Seal {
    /// A new one.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn fresh() -> Result<Self, getrandom::Error> {
        let mut key = [0; 32];
        getrandom::fill(&mut key)?;
        Ok(Self(key))
    }

    /// What stands for somebody until then (in seconds since 1970), as long as his token stays what it is.
    pub(super) fn close(&self, tokens: &Tokens, name: &Principal, until: u64) -> Option<String> {
        let mac = HEXLOWER.encode(&self.mac(tokens, name, until)?.finalize().into_bytes());
        Some(format!("{until}.{name}.{mac}"))
    }

    /// For whom a text stands.
    pub(super) fn open(&self, tokens: &Tokens, text: &str, now: u64) -> Option<Principal> {
        let (until, rest) = text.split_once('.')?;
        let (name, mac) = rest.rsplit_once('.')?;
        let (until, name) = (until.parse().ok()?, Principal::from(name));
        let mac = HEXLOWER.decode(mac.as_bytes()).ok()?;
        // In constant time.
        self.mac(tokens, &name, until)?.verify_slice(&mac).ok()?;
        (now < until).then_some(name)
    }

    fn mac(&self, tokens: &Tokens, name: &Principal, until: u64) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        mac.update(&tokens.print(name)?);
        mac.update(&until.to_be_bytes());
        mac.update(name.as_str().as_bytes());
        Some(mac)
    }
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal(…)")
    }
}

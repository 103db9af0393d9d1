//! What a call may ask codex for, and whether what codex made of it stays within that. Pure.
//!
//! A request above a limit is refused with the limit named, never narrowed in silence. Where the limits
//! come from, and what a request is, is absent here.

mod check;
mod error;
mod keys;
mod sandbox;
#[cfg(test)]
mod tests;

pub use check::{AddLimit, ConfigLimit, Limits, Wanted};
pub use error::LimitError;
pub use keys::SAFE;
pub use sandbox::Sandbox;

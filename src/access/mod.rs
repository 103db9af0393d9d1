//! Who may come in over the network, and what each may do: the file of tokens, and the check of one. Pure, but for the
//! file.
//!
//! A token is compared by its digest and in constant time; none of them is in an error, a log or a `Debug`. What a
//! request is, is absent here.

mod file;
mod grant;
#[cfg(test)]
mod tests;
mod tokens;

pub use file::{AccessError, read, read_or_make};
pub use grant::{Grant, Right, Rights};
pub use tokens::Tokens;

//! Rules of the settings: what a request must be for one to match, and what it decides.

/// One rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {}

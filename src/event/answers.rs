//! What a person or an agent fills in. No record and no log has it as it is.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What is answered to a form or to questions, or granted of permissions. Never shown, since there may
/// be a secret in it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Answers(pub Value);

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answers(…)")
    }
}

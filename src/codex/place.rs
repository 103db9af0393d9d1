//! Which session and turn a message of codex names, whatever else is in it.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::ids::{ThreadId, TurnId};

/// Read by itself: neither a member of another type nor one that is nested too deep for a parser hides whose it is.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Place<'a> {
    #[serde(borrow, default)]
    thread_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    turn_id: Option<&'a RawValue>,
}

impl<'a> Place<'a> {
    /// That of the parameters of a message; nowhere, where they are no object.
    pub fn of(params: &'a str) -> Self {
        serde_json::from_str(params).unwrap_or_default()
    }

    pub fn thread(&self) -> Option<ThreadId> {
        text(self.thread_id).map(ThreadId::from)
    }

    pub fn turn(&self) -> Option<TurnId> {
        text(self.turn_id).map(TurnId::from)
    }
}

fn text(raw: Option<&RawValue>) -> Option<String> {
    serde_json::from_str(raw?.get()).ok()
}

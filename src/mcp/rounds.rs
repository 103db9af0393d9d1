//! Rounds of a call that a modern host repeats with the answers of its person (MCP 2026-07-28, multi
//! round-trip requests). What a round needs to go on comes back from the host in `requestState`, which
//! anybody could have made up: it is sealed, bound to its call, expires, and is taken once.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use rmcp::model::{
    InputRequests, InputRequiredResult, JsonObject, RequestStateCodec, RequestStateError, SealOptions,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use thiserror::Error;

/// How many states may be out at a time. The oldest is given up for one more: its retry is refused, and
/// its decisions stay open for every other way. No host has as many calls open.
const OUT: usize = 1024;

/// Why a state is refused. Nothing is decided and nothing started then.
#[derive(Debug, Error)]
pub enum RoundError {
    /// It was not made here, not for this call, or its time is over.
    #[error(
        "`requestState` is refused: {0}; it belongs to one call with the same arguments, and to this process"
    )]
    State(#[from] RequestStateError),
    /// It came before, or too many came after it.
    #[error("`requestState` is refused: it has been used; each is good for one retry")]
    Used,
}

/// The call that a state belongs to: retried by another one, it is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding(Vec<u8>);

impl Binding {
    /// Of a method (`tools/call`) on a name, with its arguments, by a principal.
    #[must_use]
    pub fn of(principal: &str, method: &str, name: &str, arguments: Option<&JsonObject>) -> Self {
        let arguments = arguments.cloned().map(Value::Object).unwrap_or_default();
        Self(json!([principal, method, name, sorted(&arguments)]).to_string().into_bytes())
    }
}

/// The value with its members in order, whichever order the host kept them in.
pub(super) fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut names: Vec<_> = members.keys().collect();
            names.sort();
            names.into_iter().map(|name| json!([name, sorted(&members[name])])).collect()
        }
        Value::Array(values) => values.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

#[derive(Serialize, Deserialize)]
struct Sealed<T> {
    once: u128,
    state: T,
}

/// The rounds of all calls of a process.
#[derive(Debug)]
pub struct Rounds {
    codec: RequestStateCodec,
    /// States that are out and have not come back. A lock and no task: nothing waits while it is held.
    out: Mutex<VecDeque<u128>>,
}

impl Default for Rounds {
    /// With a key of its own: a state is of no use in another process, which could not go on with it.
    fn default() -> Self {
        let key = [(); 4].map(|()| uuid::Uuid::new_v4().into_bytes()).concat();
        Self { codec: RequestStateCodec::new_unchecked(key), out: Mutex::default() }
    }
}

impl Rounds {
    /// The result that ends a round: what is asked, and what the retry must bring back within `ttl`.
    ///
    /// # Errors
    /// When the state cannot be written as JSON.
    pub fn ask<T: Serialize>(
        &self,
        call: &Binding,
        requests: InputRequests,
        state: T,
        ttl: Duration,
    ) -> Result<InputRequiredResult, RoundError> {
        let once = uuid::Uuid::new_v4().as_u128();
        let options = SealOptions::new().associated_data(&call.0).ttl(ttl);
        let sealed = self.codec.seal_json_with(&Sealed { once, state }, &options)?;
        let mut out = self.out();
        if out.len() == OUT {
            out.pop_front();
        }
        out.push_back(once);
        Ok(InputRequiredResult::new(Some(requests), Some(sealed)))
    }

    /// What a retry of this call brought back.
    ///
    /// # Errors
    /// When it is not what this process gave out for this call, or has come before.
    pub fn take<T: DeserializeOwned>(&self, call: &Binding, sealed: &str) -> Result<T, RoundError> {
        let Sealed { once, state } = self.codec.open_json_with(sealed, &call.0)?;
        let mut out = self.out();
        let at = out.iter().position(|held| *held == once).ok_or(RoundError::Used)?;
        out.remove(at);
        Ok(state)
    }

    fn out(&self) -> std::sync::MutexGuard<'_, VecDeque<u128>> {
        // Whoever panicked in it left a whole queue behind.
        self.out.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

//! Whether a thread may be used as codex has opened it. What decides is the caller's.

use std::fmt;
use std::sync::Arc;

use super::connection::fault;
use crate::event::SessionInfo;
use crate::session::AgentError;

type Check = dyn Fn(&SessionInfo) -> Result<(), String> + Send + Sync;

/// Says why a thread with these settings may start no turn, where it may not.
#[derive(Clone)]
pub struct Accept(pub Arc<Check>);

impl Accept {
    /// Lets a thread pass, or refuses it: then no turn of it is started.
    pub(super) fn check(&self, info: &SessionInfo) -> Result<(), AgentError> {
        (self.0)(info).map_err(|why| {
            let mut refused = fault("limit", format!("no turn is started: {why}"), None);
            refused.0.retryable = false;
            refused
        })
    }
}

impl Default for Accept {
    fn default() -> Self {
        Self(Arc::new(|_| Ok(())))
    }
}

impl fmt::Debug for Accept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Accept(…)")
    }
}

//! Signing somebody in while the bridge runs: plain data, and the way to ask for it. It concerns no session:
//! codex has one account for all of them.

use tokio::sync::{oneshot, watch};

use super::agent::AgentCommand;
use super::registry::{OpenError, Sessions};
use crate::ids::ThreadId;

/// A sign-in that waits for a person. Once nobody holds it any more, it is given up.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// What the person is to open, on any machine.
    pub address: String,
    /// What is to be typed in there; without one, a browser on this machine must open the address.
    pub code: Option<String>,
    /// How it ended: why not, where nobody is signed in by it.
    pub ended: watch::Receiver<Option<Result<(), String>>>,
}

impl SignIn {
    /// Waits until it is over.
    ///
    /// # Errors
    /// Why nobody is signed in by it, in words.
    pub async fn over(&mut self) -> Result<(), String> {
        match self.ended.wait_for(Option::is_some).await {
            Ok(ended) => ended.clone().unwrap_or(Ok(())),
            Err(_) => Err("the bridge is ending".to_owned()),
        }
    }
}

impl Sessions {
    /// Begins to sign somebody in at codex, or joins in where that is under way. `thread`: whose turn failed for
    /// want of it.
    ///
    /// # Errors
    /// When codex cannot begin it, it would not mend that turn, or the bridge is ending.
    pub async fn sign_in(&self, thread: &ThreadId) -> Result<SignIn, OpenError> {
        let (reply, answer) = oneshot::channel();
        self.maker
            .agent
            .send(AgentCommand::SignIn { thread: thread.clone(), reply })
            .await
            .map_err(|_| OpenError::Closed)?;
        Ok(answer.await.map_err(|_| OpenError::Closed)??)
    }
}

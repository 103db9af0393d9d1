//! On systems without Unix sockets: nothing listens, nothing is sent.

use std::path::Path;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Answer, ControlError, Incoming, ListenError, Places, Request};
use crate::ids::BridgeId;

/// A socket; there is none here.
#[derive(Debug)]
pub enum Socket {}

impl Socket {
    /// Nothing.
    ///
    /// # Errors
    /// None; the signature is that of the other systems.
    pub fn bind(_: &Places, _: &BridgeId) -> Result<Option<Self>, ListenError> {
        Ok(None)
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        match *self {}
    }

    /// Serves nobody.
    pub async fn serve(self, _: mpsc::Sender<Incoming>, _: CancellationToken) {
        match self {}
    }
}

/// Says that it cannot be done.
///
/// # Errors
/// Always.
pub async fn send(_: &Path, _: &Request, _: Duration) -> Result<Answer, ControlError> {
    Err(ControlError::Unsupported)
}

//! How one connection ends, as tokens that fire one after the other.

use std::convert::Infallible;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::{CancellationToken, DropGuard};

/// How long a handler may still take after the end of input, so that the answer to the last request
/// of `printf … | codex-bridge` is given.
const GRACE: Duration = Duration::from_millis(40);

/// And how long, after that, what it answered may take to be written.
const FLUSH: Duration = Duration::from_millis(10);

/// The tokens of one connection. When this is dropped all have fired: no handler outlives it.
pub(super) struct Ends {
    /// The end has begun: no more input, output that fails, or a shutdown.
    pub begun: CancellationToken,
    /// Handlers that are not done are given up.
    pub late: CancellationToken,
    /// Writes fail.
    pub cut: CancellationToken,
    /// rmcp stops. With a shutdown at once; otherwise it sees the end of input by itself, and this is
    /// for output that failed while input goes on.
    pub stop: CancellationToken,
    _all: [DropGuard; 3],
}

impl Ends {
    pub fn new(shutdown: &CancellationToken) -> Self {
        // Not children of each other: a child fires with its parent, these fire in turn.
        let (begun, stop) = (shutdown.child_token(), shutdown.child_token());
        let (late, cut) = (CancellationToken::new(), CancellationToken::new());
        // In this order: what handlers say when they are given up by a drop reaches nobody.
        let _all = [cut.clone(), late.clone(), stop.clone()].map(CancellationToken::drop_guard);
        Self { begun, late, cut, stop, _all }
    }

    /// The clock of the end; to be polled beside the service.
    pub async fn run(&self) -> Infallible {
        self.begun.cancelled().await;
        sleep(GRACE).await;
        self.late.cancel();
        sleep(FLUSH).await;
        self.cut.cancel();
        self.stop.cancel();
        std::future::pending().await
    }
}

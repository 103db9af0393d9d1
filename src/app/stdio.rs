//! `codex-bridge`: MCP on stdio, embedded.

use anyhow::Context;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::servers::too_deep;
use super::{Bridge, policy, shutdown_on_signal, start_logging};
use crate::config::Loaded;
use crate::mcp::{BrokenServer, ServeError, serve};
use crate::session::Shares;

/// Serves one host on stdin and stdout until it, or a signal, ends it; then ends codex.
///
/// # Errors
/// When the rules of the settings cannot be used, the log cannot be opened, or the connection breaks.
pub async fn run_stdio(loaded: Loaded, drop_in: bool) -> anyhow::Result<()> {
    let policy = policy(&loaded)?;
    start_logging(&loaded.settings.log)?;
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    let (shutdown, tasks) = (CancellationToken::new(), TaskTracker::new());
    shutdown_on_signal(shutdown.clone(), &tasks).context("signal handlers")?;
    let (input, output) = (tokio::io::stdin(), tokio::io::stdout());
    if let Some(message) = too_deep(&loaded) {
        tracing::error!("{message}");
        let broken = BrokenServer::new("too_deep", message);
        let served = Box::pin(serve(broken, input, output, shutdown.clone())).await;
        return over(served, &shutdown, &tasks).await;
    }
    let served = match Bridge::start(&loaded, policy, drop_in, Shares::default()) {
        Ok(bridge) => {
            let served = Box::pin(serve(bridge.server(), input, output, shutdown.clone())).await;
            bridge.end().await;
            served
        }
        Err(error) => {
            tracing::error!(%error, "nothing can be done; each call of the host says so");
            let broken = BrokenServer::new("journal", error.to_string());
            Box::pin(serve(broken, input, output, shutdown.clone())).await
        }
    };
    over(served, &shutdown, &tasks).await
}

/// Ends what else there is, and says how the connection ended.
async fn over(
    served: Result<(), ServeError>,
    shutdown: &CancellationToken,
    tasks: &TaskTracker,
) -> anyhow::Result<()> {
    shutdown.cancel();
    tasks.close();
    tasks.wait().await;
    served.context("the connection to the host")
}

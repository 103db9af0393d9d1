//! Signals that end the bridge, installed before anything is served.

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Cancels `shutdown` at SIGINT, SIGTERM or SIGHUP (Ctrl-C elsewhere).
///
/// # Errors
/// When a handler cannot be installed.
#[cfg(unix)]
pub fn shutdown_on_signal(shutdown: CancellationToken, tasks: &TaskTracker) -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    tasks.spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
            () = shutdown.cancelled() => {}
        }
        shutdown.cancel();
    });
    Ok(())
}

/// Cancels `shutdown` at Ctrl-C.
///
/// # Errors
/// Never here; the signature is that of the other systems.
#[cfg(not(unix))]
pub fn shutdown_on_signal(shutdown: CancellationToken, tasks: &TaskTracker) -> std::io::Result<()> {
    tasks.spawn(async move {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            () = shutdown.cancelled() => {}
        }
        shutdown.cancel();
    });
    Ok(())
}

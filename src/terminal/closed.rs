//! The end of stdout, seen also while there is nothing to write: `… | head -1` shall not hang until
//! the next event comes.

/// Resolves when nobody reads stdout any more; never where that cannot be known, as of a file.
#[cfg(unix)]
pub async fn closed() {
    use std::os::fd::AsFd;
    use tokio::{io::Interest, net::unix::pipe::Sender};

    // Of its own, and only waited for: nothing is written through it, so it need not be non-blocking.
    let stdout = std::io::stdout().as_fd().try_clone_to_owned();
    if let Ok(stdout) = stdout.and_then(Sender::from_owned_fd_unchecked)
        && stdout.ready(Interest::ERROR).await.is_ok_and(|ready| ready.is_error())
    {
        return;
    }
    std::future::pending().await
}

/// Not known here before the next line is written.
#[cfg(not(unix))]
pub async fn closed() {
    std::future::pending().await
}

//! The last words of a child: always read, so that it never waits for us, and only the end is kept.

use std::collections::VecDeque;

use tokio::io::{AsyncRead, AsyncReadExt};

/// How much is kept.
pub(super) const KEPT: usize = 64 << 10;

/// Reads to the end; returns the last [`KEPT`] bytes as text.
pub(super) async fn tail<R: AsyncRead + Unpin>(mut from: R) -> String {
    let mut kept = VecDeque::with_capacity(4096);
    let mut buffer = [0; 4096];
    // An unreadable stream has no more words than an ended one.
    while let Ok(n @ 1..) = from.read(&mut buffer).await {
        kept.extend(&buffer[..n]);
        let over = kept.len().saturating_sub(KEPT);
        kept.drain(..over);
    }
    String::from_utf8_lossy(kept.make_contiguous()).into_owned()
}

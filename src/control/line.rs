//! One line, no longer than it may be.

use std::io;

use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};

/// The longest request, in bytes: answers may have 64 KiB, and JSON quotes them.
pub(super) const REQUEST: usize = 128 * 1024;

/// The longest answer: what a request can bring back, and the words around it.
pub(super) const ANSWER: usize = 2 * REQUEST;

/// Reads one value from a line that ends with a newline.
pub(super) async fn read<T: DeserializeOwned>(from: impl AsyncRead + Unpin, most: usize) -> io::Result<T> {
    read_from(&mut BufReader::new(from), most).await
}

/// The same; what comes behind the line stays in the buffer.
pub(super) async fn read_from<T: DeserializeOwned>(
    from: &mut (impl AsyncBufRead + Unpin),
    most: usize,
) -> io::Result<T> {
    let bad = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
    let mut line = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX);
    from.take(limit).read_until(b'\n', &mut line).await?;
    match line.last() {
        Some(b'\n') => {
            serde_json::from_slice(&line).map_err(|error| bad(format!("it is not understood: {error}")))
        }
        _ if line.len() >= most => Err(bad(format!("it is longer than {most} bytes"))),
        _ => Err(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "the connection ended before the end of the line",
        )),
    }
}

//! Lines as frames. A line that is too long or no text is a frame too, so that the stream goes
//! on: tokio-util's own line codec ends silently after either.

use std::io;

use bytes::{Buf, Bytes, BytesMut};
use tokio_util::codec::Decoder;

/// One line, or what was wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A line without its end; never empty, always UTF-8.
    Line(Bytes),
    /// A line above the limit, skipped; how long it was.
    TooLong {
        /// In bytes.
        bytes: u64,
    },
    /// A line that is no UTF-8, skipped.
    NotUtf8,
    /// The stream ended in the middle of a line.
    Cut,
}

/// Splits bytes into frames with bounded memory.
#[derive(Debug)]
pub struct FrameDecoder {
    limit: usize,
    /// Where the search for a line end goes on.
    searched: usize,
    /// How much of an over-long line is gone already.
    skipped: Option<u64>,
}

impl FrameDecoder {
    /// Lines of at most `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { limit, searched: 0, skipped: None }
    }

    fn line(&mut self, mut line: BytesMut) -> Option<Frame> {
        if line.last() == Some(&b'\r') {
            line.truncate(line.len() - 1);
        }
        if let Some(skipped) = self.skipped.take() {
            return Some(Frame::TooLong { bytes: skipped + line.len() as u64 });
        }
        if line.len() > self.limit {
            return Some(Frame::TooLong { bytes: line.len() as u64 });
        }
        if line.is_empty() {
            return None;
        }
        Some(if std::str::from_utf8(&line).is_ok() { Frame::Line(line.freeze()) } else { Frame::NotUtf8 })
    }
}

impl Decoder for FrameDecoder {
    type Item = Frame;
    type Error = io::Error;

    fn decode(&mut self, source: &mut BytesMut) -> io::Result<Option<Frame>> {
        loop {
            let from = self.searched.min(source.len());
            match source[from..].iter().position(|b| *b == b'\n') {
                Some(at) => {
                    let line = source.split_to(from + at);
                    source.advance(1);
                    self.searched = 0;
                    if let Some(frame) = self.line(line) {
                        return Ok(Some(frame));
                    }
                }
                None if source.len() > self.limit + 1 => {
                    let skipped = self.skipped.unwrap_or(0) + source.len() as u64;
                    self.skipped = Some(skipped);
                    self.searched = 0;
                    source.clear();
                    return Ok(None);
                }
                None => {
                    if self.skipped.is_some() {
                        self.skipped = self.skipped.map(|s| s + source.len() as u64);
                        source.clear();
                    }
                    self.searched = source.len();
                    return Ok(None);
                }
            }
        }
    }

    fn decode_eof(&mut self, source: &mut BytesMut) -> io::Result<Option<Frame>> {
        if let Some(frame) = self.decode(source)? {
            return Ok(Some(frame));
        }
        let cut = !source.is_empty() || self.skipped.take().is_some();
        source.clear();
        Ok(cut.then_some(Frame::Cut))
    }
}

//! Lines out of bytes, for lines that may be too long, not UTF-8 or cut off.
//!
//! The usual line codecs stop for good at such a line; here it becomes a [`Frame`] and the next line
//! follows. Blank lines say nothing and are left out.

use std::io;

use bytes::{Bytes, BytesMut};
use memchr::memchr;
use tokio_util::codec::Decoder;

use super::shorten::{Shorten, Shortener};
use crate::event::block;
use crate::scan::{Message, Scanner};

/// Room made before each read: what a pipe holds, so that a burst costs few reads.
const ROOM: usize = 64 << 10;

/// The memory of a line above this is not kept for the next.
const LONG: usize = 2 * ROOM;

/// One line, or what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A line without its end. UTF-8.
    Line(Bytes),
    /// A line above the limit, skipped to its end.
    TooLong {
        /// Its length without the line feed.
        bytes: u64,
        /// What it was about, as far as that can be said.
        about: Message,
    },
    /// A line that is not UTF-8.
    NotUtf8 {
        /// Its length without its end.
        bytes: usize,
    },
    /// The input ended in the middle of a line.
    Cut {
        /// How much of it had come.
        bytes: usize,
    },
}

/// The decoder of [`Frame`]s. It fails only where reading fails.
#[derive(Debug)]
pub struct Frames {
    max_line: usize,
    shortener: Shortener,
    /// How much of the buffer is known to hold no line feed: each byte is looked at once.
    scanned: usize,
    /// Inside a line above the limit: how much of it was thrown away, and what that was about.
    skipping: Option<(u64, Scanner)>,
}

impl Frames {
    /// A decoder that takes lines of at most `max_line` bytes, the line feed not counted.
    #[must_use]
    pub fn new(max_line: usize) -> Self {
        Self { max_line, shortener: Shortener::new(Shorten::NOTHING), scanned: 0, skipping: None }
    }

    /// The same, with long texts cut. A line is measured after that.
    #[must_use]
    pub fn shortening(self, what: Shorten) -> Self {
        Self { shortener: Shortener::new(what), ..self }
    }

    fn whole_line(&mut self, mut line: BytesMut) -> Option<Frame> {
        let bytes = line.len();
        if self.skipping.is_some() || bytes > self.max_line {
            self.skip(&line);
            return self.skipped();
        }
        if line.last() == Some(&b'\r') {
            line.truncate(bytes - 1);
        }
        if line.trim_ascii().is_empty() {
            return None;
        }
        if std::str::from_utf8(&line).is_err() {
            return Some(Frame::NotUtf8 { bytes: line.len() });
        }
        Some(Frame::Line(line.freeze()))
    }

    fn skip(&mut self, piece: &[u8]) {
        let (bytes, scanner) = self.skipping.get_or_insert_with(Default::default);
        *bytes += piece.len() as u64;
        scanner.feed(piece);
    }

    fn skipped(&mut self) -> Option<Frame> {
        let (bytes, mut scanner) = self.skipping.take()?;
        Some(Frame::TooLong { bytes, about: scanner.end() })
    }

    /// The buffer holds no line feed. Above the limit its bytes are let go, with their memory.
    fn no_line_yet(&mut self, src: &mut BytesMut) {
        if self.skipping.is_none() && self.shortener.concerns(src.len()) {
            self.shortener.look(src, src.len());
        }
        if self.skipping.is_some() || src.len() > self.max_line {
            self.skip(src);
            if src.capacity() > LONG {
                *src = BytesMut::new();
            }
            src.clear();
        }
        self.scanned = src.len();
        src.reserve(block(src.len() + ROOM) - src.len());
    }
}

impl Decoder for Frames {
    type Item = Frame;
    type Error = io::Error;

    fn decode(&mut self, src: &mut BytesMut) -> io::Result<Option<Frame>> {
        loop {
            let Some(found) = memchr(b'\n', src.get(self.scanned..).unwrap_or_default()) else {
                self.no_line_yet(src);
                return Ok(None);
            };
            let mut end = self.scanned + found;
            if self.skipping.is_none() && self.shortener.concerns(end) {
                end = self.shortener.look(src, end);
            }
            self.shortener.reset();
            self.scanned = 0;
            let mut line = src.split_to(end + 1);
            line.truncate(end);
            if end > LONG {
                // What follows a long line must not hold its memory, nor be read into it.
                *src = BytesMut::from(&src[..]);
            }
            if let Some(frame) = self.whole_line(line) {
                return Ok(Some(frame));
            }
        }
    }

    fn decode_eof(&mut self, src: &mut BytesMut) -> io::Result<Option<Frame>> {
        if let Some(frame) = self.decode(src)? {
            return Ok(Some(frame));
        }
        let rest = std::mem::take(src);
        self.scanned = 0;
        self.shortener.reset();
        if let Some(frame) = self.skipped() {
            return Ok(Some(frame));
        }
        let blank = rest.trim_ascii().is_empty();
        Ok((!blank).then_some(Frame::Cut { bytes: rest.len() }))
    }
}

//! What codex writes, as lines: whatever the pieces that the bytes come in, the frames are those of the bytes. Nothing is
//! lost, nothing ends the decoder, memory stays bounded, and of a text that was cut the rest is its own.
//!
//! The first byte of an input says how long a line may be and whether texts are cut, the second in what pieces the rest
//! comes.

#![no_main]

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use codex_bridge::rpc::{Cut, Frame, Frames, Shorten};
use codex_bridge::scan::{Message, Scanner};
use libfuzzer_sys::{Corpus, fuzz_target};
use serde_json::Value;
use serde_json::value::RawValue;
use tokio_util::codec::Decoder;

const fn cut(member: &'static str, begin: &'static str, keep: usize) -> Cut {
    Cut { member, begin, keep }
}

/// The members of the product, and far less to keep.
const CUTS: Shorten = Shorten(&[cut("aggregatedOutput", "", 64), cut("url", "data:", 32)]);

/// The most of what is kept of a text, with a block of its end and the longest character.
const KEPT: usize = 64 + 64 / 8 + 12;

/// This letter stands for a long run of another, so that a small input has a long line.
const LONG: (u8, usize) = (b'X', 5000);

/// No input becomes longer.
const MOST: usize = 1 << 20;

/// What a read may take besides.
const ROOM: usize = 64 << 10;

/// What stands around the length of a text, where it was cut.
const NOTE: &str = "\n[cut: ";
const NOTE_END: &str = " bytes in all; codex's own record of the thread has them]\n";

struct Setup {
    max: usize,
    cuts: bool,
    sizes: u8,
}

fuzz_target!(|data: &[u8]| -> Corpus {
    let [how, sizes, stream @ ..] = data else { return Corpus::Reject };
    let max = [24, 200, 4096, 300 << 10][usize::from(how & 3)];
    let setup = Setup { max, cuts: how & 4 != 0, sizes: *sizes };
    let stream = long(stream);
    let whole = setup.frames(&[&stream]);
    // Byte by byte takes long where there are many.
    let each: Vec<&[u8]> = stream.chunks(if stream.len() > 8192 { 4093 } else { 1 }).collect();
    for pieces in [each, setup.pieces(&stream)] {
        let frames = setup.frames(&pieces);
        if setup.cuts {
            alike(&whole, &frames, &setup);
        } else {
            assert_eq!(whole, frames);
        }
    }
    if !setup.cuts {
        assert_eq!(whole, expected(setup.max, &stream));
    }
    kept(&whole, &stream, &setup);
    Corpus::Keep
});

fn long(stream: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(stream.len());
    for byte in stream {
        match *byte {
            byte if byte == LONG.0 && out.len() < MOST => out.resize(out.len() + LONG.1, b'x'),
            byte => out.push(byte),
        }
    }
    out
}

impl Setup {
    fn pieces<'a>(&self, mut stream: &'a [u8]) -> Vec<&'a [u8]> {
        let (mut pieces, mut state) = (Vec::new(), u32::from(self.sizes) + 1);
        // Long pieces for a long stream, so that an input does not take seconds.
        let most = 1 + u32::from(self.sizes) + u32::try_from(stream.len() / 256).unwrap_or(0);
        while !stream.is_empty() {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let size = ((state >> 8) % most + 1) as usize;
            let (piece, rest) = stream.split_at(size.min(stream.len()));
            pieces.push(piece);
            stream = rest;
        }
        pieces
    }

    fn frames(&self, pieces: &[&[u8]]) -> Vec<Frame> {
        let mut decoder = Frames::new(self.max);
        if self.cuts {
            decoder = decoder.shortening(CUTS);
        }
        let (mut buffer, mut frames) = (BytesMut::new(), Vec::new());
        for piece in pieces {
            buffer.extend_from_slice(piece);
            while let Some(frame) = decoder.decode(&mut buffer).expect("it fails only where reading does") {
                frames.push(frame);
            }
            assert!(buffer.len() <= self.max, "{} bytes are held of a line", buffer.len());
            let bound = 2 * (self.max + ROOM + piece.len()) + (33 << 20) * usize::from(self.max > ROOM);
            assert!(buffer.capacity() <= bound, "{} bytes are held", buffer.capacity());
        }
        while let Some(frame) = decoder.decode_eof(&mut buffer).expect("nor here") {
            frames.push(frame);
        }
        assert!(buffer.is_empty(), "something is left behind the end");
        frames
    }
}

/// A line is measured as it comes, and its texts are cut as they come. So in other pieces a line near the limit may be on
/// the other side of it, but no line is another, and none is missing.
fn alike(one: &[Frame], other: &[Frame], setup: &Setup) {
    assert_eq!(one.len(), other.len(), "{one:?}\n{other:?}");
    for pair in one.iter().zip(other) {
        match pair {
            (Frame::TooLong { about, .. }, Frame::TooLong { about: same, .. }) => assert_eq!(about, same),
            (Frame::TooLong { .. }, Frame::Line(line)) | (Frame::Line(line), Frame::TooLong { .. }) => {
                assert!(line.len() + KEPT >= setup.max, "{line:?} is far from the limit");
            }
            // What is not UTF-8, or ends early, is measured.
            (Frame::TooLong { .. }, _) | (_, Frame::TooLong { .. }) => {}
            (one, other) => assert_eq!(one, other),
        }
    }
}

/// The frames, worked out the simple way.
fn expected(max: usize, stream: &[u8]) -> Vec<Frame> {
    let mut lines: Vec<&[u8]> = stream.split(|byte| *byte == b'\n').collect();
    let rest = lines.pop().unwrap_or_default();
    let mut frames: Vec<Frame> = lines.into_iter().filter_map(|line| one(max, line)).collect();
    if rest.len() > max {
        frames.extend(one(max, rest));
    } else if !rest.trim_ascii().is_empty() {
        frames.push(Frame::Cut { bytes: rest.len() });
    }
    frames
}

fn one(max: usize, line: &[u8]) -> Option<Frame> {
    if line.len() > max {
        let mut scanner = Scanner::default();
        scanner.feed(line);
        let about = scanner.end();
        is_about(line, &about);
        return Some(Frame::TooLong { bytes: line.len() as u64, about });
    }
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.trim_ascii().is_empty() {
        return None;
    }
    Some(match std::str::from_utf8(line) {
        Ok(_) => Frame::Line(Bytes::copy_from_slice(line)),
        Err(_) => Frame::NotUtf8 { bytes: line.len() },
    })
}

/// What a parser finds in a line, where it is an object of JSON.
fn is_about(line: &[u8], about: &Message) {
    let Ok(members) = serde_json::from_slice::<BTreeMap<String, &RawValue>>(line) else { return };
    let raw = |name: &str| members.get(name).map(|raw| raw.get());
    let id = raw("id").filter(|id| *id != "null" && !id.starts_with(['{', '[']) && id.len() <= 256);
    assert_eq!(about.id.as_deref(), id.map(str::as_bytes));
    let method = raw("method").filter(|method| method.len() <= 64 + 2);
    assert_eq!(about.method, method.and_then(|method| serde_json::from_str(method).ok()));
}

/// Where each line was taken: what is left of it says the same as the line, but for what was cut.
fn kept(frames: &[Frame], stream: &[u8], setup: &Setup) {
    let says = |line: &&[u8]| !line.trim_ascii().is_empty() || line.len() > setup.max;
    let lines: Vec<&[u8]> = stream.split(|byte| *byte == b'\n').filter(says).collect();
    assert_eq!(frames.len(), lines.len(), "each line that says something is one frame");
    for (frame, line) in frames.iter().zip(lines) {
        match frame {
            Frame::Line(kept) => {
                assert!(kept.len() <= setup.max);
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                if let Ok(was) = serde_json::from_slice::<Value>(line) {
                    let is: Value = serde_json::from_slice(kept).expect("a line of JSON stays one");
                    same(&was, &is, None);
                } else if !setup.cuts {
                    assert_eq!(kept, line);
                }
            }
            Frame::NotUtf8 { .. } => {
                assert!(std::str::from_utf8(line).is_err(), "a cut is between characters")
            }
            // With so little to keep, a note may be longer than what it stands for.
            Frame::TooLong { .. } => {
                assert!(line.len() + if setup.cuts { line.len() } else { 0 } > setup.max)
            }
            Frame::Cut { .. } => assert!(stream.ends_with(line)),
        }
    }
}

fn same(was: &Value, is: &Value, member: Option<&str>) {
    match (was, is) {
        (Value::Object(was), Value::Object(is)) => {
            assert_eq!(was.len(), is.len());
            was.iter().for_each(|(name, value)| same(value, &is[name], Some(name)));
        }
        (Value::Array(was), Value::Array(is)) => {
            assert_eq!(was.len(), is.len());
            was.iter().zip(is).for_each(|(was, is)| same(was, is, None));
        }
        (Value::String(was), Value::String(is)) if was != is => {
            let what = CUTS.0.iter().find(|cut| Some(cut.member) == member).expect("only its texts are cut");
            assert!(was.starts_with(what.begin));
            // The text may hold what looks like a note.
            let note = format!("{NOTE}{}{NOTE_END}", was.len());
            let mut cuts = is.match_indices(&note).map(|(at, _)| (&is[..at], &is[at + note.len()..]));
            let fits = |(begin, end): (&str, &str)| was.starts_with(begin) && was.ends_with(end);
            assert!(cuts.any(fits), "{is}\nis not a part of\n{was}");
            assert!(was.contains(NOTE) || Cut::length_of(is) == Some(was.len()));
        }
        (was, is) => assert_eq!(was, is),
    }
}

//! The decoder: any chunking of any lines gives the same frames, and memory stays bounded.

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use tokio_util::codec::Decoder;

use super::super::{Frame, Frames};
use crate::scan::Message;

const MAX: usize = 24;

fn too_long(bytes: u64) -> Frame {
    Frame::TooLong { bytes, about: Message::default() }
}

/// Feeds the bytes in these pieces, to the end.
fn frames<'a>(max: usize, chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<Frame> {
    let mut decoder = Frames::new(max);
    let mut buffer = BytesMut::new();
    let mut frames = Vec::new();
    for chunk in chunks {
        buffer.extend_from_slice(chunk);
        while let Some(frame) = decoder.decode(&mut buffer).unwrap() {
            frames.push(frame);
        }
    }
    while let Some(frame) = decoder.decode_eof(&mut buffer).unwrap() {
        frames.push(frame);
    }
    frames
}

/// What each line should become, worked out the simple way.
fn expected(max: usize, input: &[u8]) -> Vec<Frame> {
    let mut lines: Vec<&[u8]> = input.split(|byte| *byte == b'\n').collect();
    let rest = lines.pop().unwrap_or_default();
    let mut frames: Vec<Frame> = lines.into_iter().filter_map(|line| whole(max, line)).collect();
    if rest.len() > max {
        frames.push(too_long(rest.len() as u64));
    } else if !rest.trim_ascii().is_empty() {
        frames.push(Frame::Cut { bytes: rest.len() });
    }
    frames
}

fn whole(max: usize, line: &[u8]) -> Option<Frame> {
    if line.len() > max {
        return Some(too_long(line.len() as u64));
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

/// Bytes in which lines, long lines, blanks and broken UTF-8 are common.
fn input() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => Just(b"\n".to_vec()),
        1 => Just(b"\r\n".to_vec()),
        2 => Just(" ".as_bytes().to_vec()),
        3 => "[a-z{}\":ä€😀]{0,10}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..6),
        1 => (MAX - 2..3 * MAX).prop_map(|length| vec![b'x'; length]),
    ];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_chunking_gives_the_same_frames(input in input(), sizes in prop::collection::vec(1_usize..40, 1..40)) {
        let mut chunks = Vec::new();
        let mut rest = input.as_slice();
        for size in sizes.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (chunk, later) = rest.split_at((*size).min(rest.len()));
            chunks.push(chunk);
            rest = later;
        }
        let expected = expected(MAX, &input);
        prop_assert_eq!(&frames(MAX, chunks), &expected);
        prop_assert_eq!(&frames(MAX, [input.as_slice()]), &expected);
        prop_assert_eq!(&frames(MAX, input.chunks(1)), &expected);
    }
}

#[test]
fn the_limit_is_exact() {
    assert_eq!(frames(3, [b"abc\n".as_slice()]), [Frame::Line(Bytes::from_static(b"abc"))]);
    assert_eq!(frames(3, [b"abcd\n".as_slice()]), [too_long(4)]);
    assert_eq!(
        frames(3, [b"abc".as_slice(), b"d\nx\n"]),
        [too_long(4), Frame::Line(Bytes::from_static(b"x"))]
    );
}

#[test]
fn skipping_a_long_line_keeps_nothing_of_it() {
    let mut decoder = Frames::new(1 << 20);
    let mut buffer = BytesMut::new();
    let chunk = vec![b'x'; 64 << 10];
    for n in 1..=1600 {
        buffer.extend_from_slice(&chunk);
        assert_eq!(decoder.decode(&mut buffer).unwrap(), None);
        // Up to the limit it may yet be a line.
        assert_eq!(buffer.len(), if n <= 16 { n * chunk.len() } else { 0 });
        assert!(n <= 16 || buffer.capacity() <= 128 << 10, "{} bytes are held", buffer.capacity());
    }
    buffer.extend_from_slice(b"\nnext\n");
    let bytes = 1600 * (64 << 10);
    assert_eq!(decoder.decode(&mut buffer).unwrap(), Some(too_long(bytes)));
    assert_eq!(decoder.decode(&mut buffer).unwrap(), Some(Frame::Line(Bytes::from_static(b"next"))));
}

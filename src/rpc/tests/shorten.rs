//! Long texts in lines that come in any pieces: cut where they should be, and nothing else is.

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio_util::codec::Decoder;

use super::super::{Cut, Frame, Frames, Shorten};

const KEEP: usize = 64;
const fn cut(member: &'static str, begin: &'static str, keep: usize) -> Cut {
    Cut { member, begin, keep }
}

const WHAT: Shorten = Shorten(&[cut("out", "", KEEP), cut("also", "", KEEP), cut("url", "data:", KEEP / 2)]);
const NOTE: &str = " bytes in all; codex's own record of the thread has them]\n";

/// The lines of these bytes, which come in pieces of these sizes.
fn lines(input: &[u8], sizes: &[usize]) -> Vec<Bytes> {
    let mut decoder = Frames::new(1 << 20).shortening(WHAT);
    let (mut buffer, mut lines, mut rest) = (BytesMut::new(), Vec::new(), input);
    for size in sizes.iter().cycle() {
        let (piece, later) = rest.split_at((*size).min(rest.len()));
        buffer.extend_from_slice(piece);
        while let Some(frame) = decoder.decode(&mut buffer).unwrap() {
            let Frame::Line(line) = frame else { panic!("{frame:?}") };
            lines.push(line);
        }
        if later.is_empty() {
            return lines;
        }
        rest = later;
    }
    lines
}

fn value(line: &str) -> Value {
    let got = lines(format!("{line}\n").as_bytes(), &[7]);
    serde_json::from_slice(&got[0]).unwrap()
}

/// A text as JSON: some characters as they are, some by their short escape, some by their code.
fn literal(text: &str, how: &[u8]) -> String {
    let mut out = String::from("\"");
    for (c, how) in text.chars().zip(how.iter().cycle()) {
        let plain = serde_json::to_string(&c).unwrap();
        if *how == 0 {
            let mut units = [0; 2];
            out.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            out.push_str(&plain[1..plain.len() - 1]);
        }
    }
    out + "\""
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-zä€😀\n\"\\\\]{0,200}", "[😀]{0,60}", "[a]{60,80}", "[\n]{20,60}"]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1024, ..ProptestConfig::default() })]

    #[test]
    fn any_text_in_any_pieces(
        (text, other) in (text(), text()),
        how in prop::collection::vec(0_u8..3, 1..20),
        sizes in prop::collection::vec(1_usize..50, 1..20),
    ) {
        let raw = literal(&text, &how);
        let line = format!(r#"{{"other": {}, "n": [1, {{"out" : {raw}}}], "out":"#, literal(&other, &how));
        let line = format!("{line}[{raw}]}}\r\n{{\"next\":true}}\n");
        let got = lines(line.as_bytes(), &sizes);
        prop_assert_eq!(&got, &lines(line.as_bytes(), &[line.len()]), "whatever the pieces");
        prop_assert_eq!(&got[1][..], b"{\"next\":true}");
        let got: Value = serde_json::from_slice(&got[0]).unwrap();
        prop_assert_eq!(&got["other"], &json!(other));
        prop_assert_eq!(&got["out"], &json!([text]), "no text of the member itself");
        let kept = got["n"][1]["out"].as_str().unwrap();
        let length = raw.len() - 2;
        if length <= KEEP + KEEP / 16 {
            prop_assert_eq!(kept, &text);
        } else if let Some((begin, end)) = kept.split_once(&format!("\n[cut: {}{NOTE}", text.len())) {
            prop_assert!(text.starts_with(begin) && text.ends_with(end));
            prop_assert!(begin.len() + end.len() < text.len());
            // An escaped pair takes 12 bytes.
            let least = KEEP - 2 * 12;
            let kept = literal(begin, &[0]).len() + literal(end, &[0]).len();
            prop_assert!(kept >= least, "{} of {length}", kept);
        } else {
            prop_assert_eq!(kept, &text);
            prop_assert!(length <= KEEP + 3 * 12, "{} bytes are not cut", length);
        }
    }
}

#[test]
fn only_texts_of_the_members_are_cut() {
    let long = "x".repeat(1000);
    let whole = json!({ "a": long, "out": { "b": long }, "c": [long], "d": ["out", long] });
    assert_eq!(value(&whole.to_string()), whole);
    let got = value(&json!({ "out": long, "also": long, "out2": long }).to_string());
    for member in ["out", "also"] {
        let text = got[member].as_str().unwrap();
        assert!(text.contains("[cut: 1000 bytes in all") && text.len() < 200, "{text}");
    }
    assert_eq!(got["out2"], long);
}

#[test]
fn an_address_is_cut_where_it_is_its_own_data() {
    let (data, page) = ("data:image/png;base64,".to_owned() + &"A".repeat(1000), "https://x.org/".repeat(90));
    for text in [&data, &page, &"data".to_owned(), &"\u{1}".repeat(300)] {
        let line = format!("{}\n", json!({ "url": text, "other": data }));
        for size in [1, 7, 50, line.len()] {
            let got: Value = serde_json::from_slice(&lines(line.as_bytes(), &[size])[0]).unwrap();
            assert_eq!(got["other"], json!(data));
            let kept = got["url"].as_str().unwrap();
            if text.starts_with("data:") {
                assert!(kept.starts_with("data:image/png;") && kept.len() < 150, "{kept}");
                assert_eq!(Cut::length_of(kept), Some(text.len()));
            } else {
                assert_eq!((kept, Cut::length_of(kept)), (text.as_str(), None));
            }
        }
    }
}

/// Twenty megabytes of one text never take more than what is kept of it.
#[test]
fn a_long_text_takes_little_memory() {
    const PIECES: usize = 300;
    const OUT: &[Cut] = &[cut("out", "", 2 << 20)];
    let keep = OUT[0].keep;
    let mut decoder = Frames::new(4 << 20).shortening(Shorten(OUT));
    let mut buffer = BytesMut::from(&b"{\"out\":\""[..]);
    let piece = r"a line\n".repeat(8 << 10);
    for _ in 0..PIECES {
        buffer.extend_from_slice(piece.as_bytes());
        assert_eq!(decoder.decode(&mut buffer).unwrap(), None);
        assert!(buffer.len() <= keep + keep / 8 + piece.len(), "{} bytes are held", buffer.len());
    }
    buffer.extend_from_slice(b"\"}\n{}\n");
    let Some(Frame::Line(line)) = decoder.decode(&mut buffer).unwrap() else { panic!("no line") };
    let value: Value = serde_json::from_slice(&line).unwrap();
    let note = format!("\n[cut: {}{NOTE}", PIECES * 7 * (8 << 10));
    let (begin, end) = value["out"].as_str().unwrap().split_once(&note).unwrap();
    assert!(begin.starts_with("a line\na") && end.ends_with("a line\n"));
    assert!(buffer.capacity() < 256 << 10, "{} bytes are held", buffer.capacity());
    assert_eq!(decoder.decode(&mut buffer).unwrap(), Some(Frame::Line(Bytes::from_static(b"{}"))));
}

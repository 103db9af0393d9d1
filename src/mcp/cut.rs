//! JSON whose long texts are cut while they are written: what is not shown is not copied first.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter, Serializer};

/// The least that a text may be cut to: with less there would be little but the mark.
pub(super) const LEAST: usize = 2 * MARK;

/// The longest mark of a cut.
const MARK: usize = 48;

/// A value as JSON of at most `most` bytes; an error where it is longer, as soon as that is known.
pub(super) fn whole(value: &impl Serialize, most: usize) -> serde_json::Result<String> {
    let mut out = Bounded { json: Vec::new(), most };
    serde_json::to_writer(&mut out, value)?;
    text(out.json)
}

/// A value as JSON, each text in it in at most `each` bytes; names of members stay whole.
pub(super) fn json(value: &impl Serialize, each: usize) -> serde_json::Result<String> {
    let mut out = Vec::new();
    let cutting = Cutting { each, is_name: false, text: Text::default() };
    value.serialize(&mut Serializer::with_formatter(&mut out, cutting))?;
    text(out)
}

fn text(json: Vec<u8>) -> serde_json::Result<String> {
    String::from_utf8(json).map_err(|error| serde_json::Error::io(io::Error::other(error)))
}

struct Bounded {
    json: Vec<u8>,
    most: usize,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.json.len() + bytes.len() > self.most {
            return Err(io::Error::other("longer than the bound"));
        }
        self.json.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How many bytes a value has as JSON.
pub(super) fn length(value: &impl Serialize) -> usize {
    let mut count = Count(0);
    // Nothing fails that is only counted.
    let _ = serde_json::to_writer(&mut count, value);
    count.0
}

struct Count(usize);

impl Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The part of a value's JSON that begins at `from`, or at the begin of the character that this is in: at most
/// `most` bytes, whole characters. Nothing else of it is made. Besides, where it really begins.
pub(super) fn window(value: &impl Serialize, from: usize, most: usize) -> (usize, String) {
    // A character has four bytes at most: so many before tell where one begins.
    let begin = from.saturating_sub(3);
    let mut part = Window { skip: begin, room: (from - begin).saturating_add(most), bytes: Vec::new() };
    // The only fault of it is that there is enough.
    let _ = serde_json::to_writer(&mut part, value);
    let starts = |at: &usize| part.bytes.get(*at).is_none_or(|byte| byte & 0xC0 != 0x80);
    let at = (0..=(from - begin).min(part.bytes.len())).rev().find(starts).unwrap_or(0);
    let rest = part.bytes.get(at..).unwrap_or_default();
    let rest = rest.get(..most).unwrap_or(rest);
    let text = match std::str::from_utf8(rest) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&rest[..error.valid_up_to()]).unwrap_or_default(),
    };
    (begin + at, text.to_owned())
}

struct Window {
    skip: usize,
    room: usize,
    bytes: Vec<u8>,
}

impl Write for Window {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let skipped = self.skip.min(bytes.len());
        self.skip -= skipped;
        let wanted = &bytes[skipped..];
        let free = self.room - self.bytes.len();
        if free == 0 {
            return Err(io::Error::other("enough"));
        }
        self.bytes.extend_from_slice(&wanted[..free.min(wanted.len())]);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What stands where a text was cut; where the rest is says who shows it.
fn mark(bytes: usize) -> String {
    format!("… [cut: {bytes} bytes in all]")
}

struct Cutting {
    each: usize,
    is_name: bool,
    text: Text,
}

/// The text that is being written.
#[derive(Default)]
struct Text {
    /// How long it is so far, as text and as JSON.
    bytes: usize,
    written: usize,
    /// What stands in the place of the mark, should there be more than fits.
    held: Vec<u8>,
}

impl Cutting {
    /// Takes a piece of the text, which can be divided at `boundary`.
    fn piece<W: ?Sized + Write>(
        &mut self,
        to: &mut W,
        json: &[u8],
        bytes: usize,
        boundary: impl Fn(usize) -> usize,
    ) -> io::Result<()> {
        if self.is_name {
            return to.write_all(json);
        }
        let text = &mut self.text;
        let free = self.each.saturating_sub(MARK + text.written);
        text.written = text.written.saturating_add(json.len());
        text.bytes += bytes;
        let now = if text.held.is_empty() { boundary(free.min(json.len())) } else { 0 };
        let (now, later) = json.split_at(now);
        to.write_all(now)?;
        if text.written <= self.each {
            text.held.extend_from_slice(later);
        } else if text.held.is_empty() {
            // From here on nothing is written: the mark is.
            text.held.push(b' ');
        }
        Ok(())
    }
}

impl Formatter for Cutting {
    fn begin_object_key<W: ?Sized + Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        self.is_name = true;
        CompactFormatter.begin_object_key(to, first)
    }

    fn end_object_key<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.is_name = false;
        Ok(())
    }

    fn begin_string<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        self.text = Text::default();
        to.write_all(b"\"")
    }

    fn end_string<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        let text = std::mem::take(&mut self.text);
        if text.written <= self.each {
            to.write_all(&text.held)?;
        } else {
            to.write_all(mark(text.bytes).as_bytes())?;
        }
        to.write_all(b"\"")
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, to: &mut W, fragment: &str) -> io::Result<()> {
        self.piece(to, fragment.as_bytes(), fragment.len(), |at| fragment.floor_char_boundary(at))
    }

    fn write_char_escape<W: ?Sized + Write>(&mut self, to: &mut W, escape: CharEscape) -> io::Result<()> {
        let mut json = Vec::new();
        CompactFormatter.write_char_escape(&mut json, escape)?;
        let whole = json.len();
        self.piece(to, &json, 1, |at| if at < whole { 0 } else { whole })
    }
}

#[cfg(test)]
mod tests;

//! Text that fits: on one line, cut to a width, or wrapped into one. All of it is made visible.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::event::visible;

/// Stands where a text breaks off.
const CUT: char = '…';

/// How wide a text is at a terminal, in columns.
#[must_use]
pub fn width(text: &str) -> usize {
    text.width()
}

/// A text on one line of this width: its lines joined, and cut where it is longer.
#[must_use]
pub fn one_line(text: &str, room: usize) -> String {
    let text = text.trim();
    // A column has a character or two: what lies far behind the cut need not be looked at.
    let end = text.char_indices().nth(room.saturating_mul(4)).map_or(text.len(), |(at, _)| at);
    let seen = visible(&text[..end].replace("\r\n", "\n"));
    let seen = seen.replace('\t', " ").replace('\n', " ⏎ ");
    if end == text.len() && width(&seen) <= room {
        return seen;
    }
    let (mut out, mut used) = (String::new(), 0);
    for c in seen.chars() {
        used += columns(c);
        if used + 1 > room {
            break;
        }
        out.push(c);
    }
    out.truncate(out.trim_end().len());
    out.push(CUT);
    out
}

/// A text as lines of at most this width, broken between words where that can be.
pub(super) fn wrapped(text: &str, room: usize) -> Vec<String> {
    let text = visible(&text.trim_end().replace("\r\n", "\n")).replace('\t', "    ");
    let mut out: Vec<String> = Vec::new();
    for line in text.lines().map(str::trim_end) {
        let (mut now, mut used) = (String::new(), 0);
        for word in line.split_inclusive(' ') {
            if used + width(word.trim_end()) > room && !now.trim().is_empty() {
                out.push(std::mem::take(&mut now));
                used = 0;
            }
            for c in word.chars() {
                if used + columns(c) > room {
                    out.push(std::mem::take(&mut now));
                    used = 0;
                    if c == ' ' {
                        continue;
                    }
                }
                now.push(c);
                used += columns(c);
            }
        }
        out.push(now);
    }
    out.iter().map(|line| line.trim_end().to_owned()).collect()
}

fn columns(c: char) -> usize {
    c.width().unwrap_or(0)
}

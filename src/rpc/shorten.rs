//! Long texts, cut while their line still comes: so a line of any length takes little memory.
//!
//! Of a text that is the value of a named member its begin and its end stay, and between them a note of
//! how long it was. It is cut between characters, whatever pieces the line comes in.

use std::collections::VecDeque;

use bytes::BytesMut;
use memchr::memchr2;

/// Which texts are cut. Other strings of a line stay whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shorten(pub &'static [Cut]);

/// A kind of text that is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The member that it is the value of, at whatever depth.
    pub member: &'static str,
    /// How it begins; one that begins in another way stays whole. No longer than half of `keep`, and of
    /// characters that JSON does not escape.
    pub begin: &'static str,
    /// How much of it is kept, in bytes of JSON: half of it is its begin, and half its end. One that is longer
    /// by no more than a sixteenth stays whole.
    pub keep: usize,
}

impl Shorten {
    /// Nothing is cut.
    pub const NOTHING: Self = Self(&[]);

    fn of(self, member: &[u8]) -> Option<&'static Cut> {
        self.0.iter().find(|cut| cut.member.as_bytes() == member)
    }
}

impl Cut {
    /// How long a text was that was cut, in bytes, where this is one.
    #[must_use]
    pub fn length_of(text: &str) -> Option<usize> {
        let (_, note) = text.rsplit_once(NOTE.0)?;
        note.split_once(NOTE.1)?.0.parse().ok()
    }

    /// The end is kept in blocks, and given up by blocks.
    fn block(self) -> usize {
        (self.keep / 16).max(1)
    }
}

/// What stands at a cut, around the length of the text.
const NOTE: (&str, &str) = ("\n[cut: ", " bytes in all; codex's own record of the thread has them]\n");

/// Looks through one line as it comes.
#[derive(Debug)]
pub(super) struct Shortener {
    what: Shorten,
    /// How much of the line was looked at.
    at: usize,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Between strings, behind this.
    Outside(Last),
    /// In a string that stays, which begins here.
    Passing(usize),
    /// In a text that may be cut.
    Cutting(Text),
}

#[derive(Clone, Copy, Debug)]
enum Last {
    Other,
    /// A string: a member's name, if a colon follows.
    String(usize, usize),
    /// The colon of a member, and what is to be cut of its text.
    Colon(Option<&'static Cut>),
}

impl Shortener {
    pub fn new(what: Shorten) -> Self {
        Self { what, at: 0, state: State::Outside(Last::Other) }
    }

    /// Whether so much of a line can hold a text to cut.
    pub fn concerns(&self, bytes: usize) -> bool {
        self.what.0.iter().any(|cut| bytes > cut.keep)
    }

    /// Another line begins.
    pub fn reset(&mut self) {
        *self = Self::new(self.what);
    }

    /// Looks at what has come of the line, which is at the begin of `src` up to `end`; returns its end
    /// after the cuts.
    pub fn look(&mut self, src: &mut BytesMut, mut end: usize) -> usize {
        while self.at < end {
            match &mut self.state {
                State::Outside(last) => {
                    let byte = src[self.at];
                    self.at += 1;
                    match (byte, *last) {
                        (b'"', Last::Colon(Some(cut))) => {
                            self.state = State::Cutting(Text::new(*cut, self.at));
                        }
                        (b'"', _) => self.state = State::Passing(self.at),
                        (b':', Last::String(from, to)) => *last = Last::Colon(self.what.of(&src[from..to])),
                        (b' ' | b'\t' | b'\r', _) => {}
                        _ => *last = Last::Other,
                    }
                }
                State::Passing(from) => match memchr2(b'"', b'\\', &src[self.at..end]) {
                    None => self.at = end,
                    Some(run) if src[self.at + run] == b'"' => {
                        self.state = State::Outside(Last::String(*from, self.at + run));
                        self.at += run + 1;
                    }
                    Some(run) if self.at + run + 1 < end => self.at += run + 2,
                    // The second half of an escape has not come.
                    Some(run) => {
                        self.at += run;
                        break;
                    }
                },
                State::Cutting(text) => {
                    let run = memchr2(b'"', b'\\', &src[self.at..end]);
                    let stop = run.map_or(end, |run| self.at + run);
                    text.run(src, self.at, stop);
                    self.at = stop;
                    if run.is_none() {
                        break;
                    }
                    if src[stop] == b'"' {
                        let (gone, come) = text.end(src);
                        self.at = stop + 1 + come - gone;
                        end = end + come - gone;
                        self.state = State::Outside(Last::Other);
                    } else if let Some(taken) = text.escape(&src[..end], stop) {
                        self.at += taken;
                    } else {
                        break;
                    }
                }
            }
        }
        if let State::Cutting(text) = &mut self.state {
            let gone = text.close_gap(src);
            self.at -= gone;
            end -= gone;
        }
        end
    }
}

/// A text on its way. The positions are where its parts begin in the line as it is now.
#[derive(Debug)]
struct Text {
    what: Cut,
    start: usize,
    /// It begins in another way than what is cut.
    whole: bool,
    /// Where the begin that stays ends, once that much has come.
    begin: Option<usize>,
    /// The blocks behind it that stay so far. Between `begin` and the first is what is given up.
    blocks: VecDeque<usize>,
    cut: bool,
    /// How long it is so far, as text.
    bytes: u64,
    /// The next character is the second half of a pair of escapes.
    paired: bool,
}

impl Text {
    fn new(what: Cut, start: usize) -> Self {
        Self {
            what,
            start,
            whole: false,
            begin: None,
            blocks: VecDeque::new(),
            cut: false,
            bytes: 0,
            paired: false,
        }
    }

    /// Takes in characters that are no escapes.
    fn run(&mut self, src: &[u8], from: usize, to: usize) {
        if from == to {
            return;
        }
        self.bytes += (to - from) as u64;
        let mut first = from + usize::from(self.paired);
        self.paired = false;
        while let Some(place) = self.next(first, to).find(|at| !is_inside_character(src[*at])) {
            self.split(src, place);
            first = place + 1;
        }
    }

    /// Takes in the escape at `at`; how long it is, if all of it is there.
    fn escape(&mut self, src: &[u8], at: usize) -> Option<usize> {
        let taken = if *src.get(at + 1)? == b'u' { 6 } else { 2 };
        let escape = src.get(at..at + taken)?;
        if !self.paired && self.next(at, at + 1).next().is_some() {
            self.split(src, at);
        }
        // What is not hexadecimal makes the line none of JSON, whatever is counted here.
        let code = std::str::from_utf8(&escape[2..]).ok().and_then(|hex| u32::from_str_radix(hex, 16).ok());
        self.paired = matches!(code, Some(0xd800..=0xdbff));
        self.bytes += match code {
            Some(0xd800..=0xdbff) => 4,
            Some(0xdc00..=0xdfff) => 0,
            Some(0x800..) => 3,
            Some(0x80..) => 2,
            _ => 1,
        };
        Some(taken)
    }

    /// Where in `from..to` the next part may begin.
    fn next(&self, from: usize, to: usize) -> std::ops::Range<usize> {
        if self.whole {
            return to..to;
        }
        let what = self.what;
        let due = match self.blocks.back() {
            Some(block) => block + what.block(),
            None => self.start + what.keep / 2,
        };
        due.max(from)..to
    }

    /// A part begins here. As soon as enough of the end is there without it, the oldest block is given up.
    fn split(&mut self, src: &[u8], at: usize) {
        let what = self.what;
        if self.begin.is_none() && !src[self.start..at].starts_with(what.begin.as_bytes()) {
            self.whole = true;
            return;
        }
        self.begin.get_or_insert(at);
        self.blocks.push_back(at);
        while self.blocks.get(1).is_some_and(|second| at - second >= what.keep / 2) {
            self.blocks.pop_front();
            self.cut = true;
        }
    }

    /// Takes what is given up out of the line; how much that was.
    fn close_gap(&mut self, src: &mut BytesMut) -> usize {
        let (Some(begin), Some(first)) = (self.begin, self.blocks.front().copied()) else { return 0 };
        let gone = first - begin;
        if gone > 0 {
            src.copy_within(first.., begin);
            src.truncate(src.len() - gone);
            self.blocks.iter_mut().for_each(|block| *block -= gone);
        }
        gone
    }

    /// All of it is there: how much was taken out and put in at its cut.
    fn end(&mut self, src: &mut BytesMut) -> (usize, usize) {
        let gone = self.close_gap(src);
        let Some(begin) = self.begin.filter(|_| self.cut) else { return (gone, 0) };
        let note = format!("{}{}{}", NOTE.0, self.bytes, NOTE.1).replace('\n', r"\n");
        let (behind, length) = (begin + note.len(), src.len());
        src.resize(length + note.len(), b' ');
        src.copy_within(begin..length, behind);
        src[begin..behind].copy_from_slice(note.as_bytes());
        (gone, note.len())
    }
}

fn is_inside_character(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}

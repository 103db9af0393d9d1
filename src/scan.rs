//! What a line of JSON-RPC is about, found while the line passes by: its `id` and its `method`, and nothing else
//! of it is held. So a line of any length can be answered without being kept. Pure.
//!
//! It judges no JSON: of a line that is none, it finds what stands where the two would.

use memchr::memchr2;

/// The longest `id` that is known, in bytes of JSON. A longer one counts as none.
const ID: usize = 256;

/// The longest `method` that is known, in bytes of JSON without its quotes. A longer one counts as none.
const METHOD: usize = 64;

/// The longest name of a member that is looked at: `method`, with each letter as an escape.
const NAME: usize = 6 * 6;

/// What a line is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// The member `id` at the top level, as it was written: a number, a text with its quotes, or another word
    /// of JSON. `None` where there is none, or where it is `null`, a list, an object, or too long.
    pub id: Option<Vec<u8>>,
    /// The member `method` at the top level, where it is a text.
    pub method: Option<String>,
}

/// Finds a [`Message`] in a line that comes in pieces.
#[derive(Debug, Default)]
pub struct Scanner {
    /// How many objects and lists are open.
    depth: usize,
    /// Whether the outermost is an object, and has not ended.
    object: bool,
    /// Whether there has been one.
    begun: bool,
    text: Text,
    at: At,
    /// The name or the value that is under way, with its quotes, as far as it is not too long.
    caught: Vec<u8>,
    found: Message,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Text {
    #[default]
    Outside,
    Inside,
    /// Inside, behind a backslash.
    Escape,
}

/// What comes next in the outermost object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    #[default]
    Name,
    Colon,
    Id,
    Method,
    Other,
}

impl At {
    /// How much of it is kept: what it may have, its quotes, and a byte that tells that there was more.
    fn most(self) -> usize {
        match self {
            Self::Name | Self::Colon => NAME + 3,
            Self::Id => ID + 1,
            Self::Method => METHOD + 3,
            Self::Other => 0,
        }
    }
}

impl Scanner {
    /// Takes in the next piece of the line, of whatever size.
    pub fn feed(&mut self, piece: &[u8]) {
        let mut at = 0;
        while let Some(&byte) = piece.get(at) {
            match self.text {
                Text::Inside => {
                    let rest = piece.get(at..).unwrap_or_default();
                    let run = memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
                    self.catch(rest.get(..run).unwrap_or_default());
                    at += run;
                    match rest.get(run) {
                        Some(b'"') => self.end_of_text(),
                        Some(backslash) => {
                            self.catch(&[*backslash]);
                            self.text = Text::Escape;
                        }
                        None => return,
                    }
                }
                Text::Escape => {
                    self.catch(&[byte]);
                    self.text = Text::Inside;
                }
                Text::Outside => self.outside(byte),
            }
            at += 1;
        }
    }

    /// The line is over: what it was about. The scanner is ready for the next.
    pub fn end(&mut self) -> Message {
        std::mem::take(self).found
    }

    fn outside(&mut self, byte: u8) {
        let top = self.object && self.depth == 1;
        match byte {
            b'"' => {
                self.text = Text::Inside;
                self.catch(b"\"");
            }
            b'{' | b'[' => {
                if self.depth == 0 {
                    self.object = byte == b'{' && !self.begun;
                    self.begun = true;
                } else if top {
                    // Neither of the two is such a thing.
                    self.caught.clear();
                    self.value();
                    self.at = At::Other;
                }
                self.depth += 1;
            }
            b'}' | b']' => {
                if top {
                    self.value();
                    self.object = false;
                }
                self.depth = self.depth.saturating_sub(1);
            }
            b':' if top && self.at == At::Colon => self.name(),
            b',' if top => {
                self.value();
                self.at = At::Name;
            }
            b' ' | b'\t' | b'\r' | b'\n' => {}
            other if self.at == At::Id => self.catch(&[other]),
            _ => {}
        }
    }

    fn end_of_text(&mut self) {
        self.catch(b"\"");
        self.text = Text::Outside;
        if self.object && self.depth == 1 && self.at == At::Name {
            self.at = At::Colon;
        }
    }

    fn catch(&mut self, bytes: &[u8]) {
        if self.object && self.depth == 1 {
            let room = self.at.most().saturating_sub(self.caught.len());
            self.caught.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        }
    }

    /// A name is over: which member begins.
    fn name(&mut self) {
        let name: Option<String> = serde_json::from_slice(&self.caught).ok();
        self.at = match name.as_deref() {
            Some("id") => At::Id,
            Some("method") => At::Method,
            _ => At::Other,
        };
        self.caught.clear();
    }

    /// A value is over. Of a member that stands twice, the second counts.
    fn value(&mut self) {
        let caught = std::mem::take(&mut self.caught);
        match self.at {
            At::Id => {
                let is_one = !caught.is_empty() && caught != b"null" && caught.len() <= ID;
                self.found.id = is_one.then_some(caught);
            }
            At::Method => {
                let fits = caught.len() <= METHOD + 2;
                self.found.method = serde_json::from_slice(&caught).ok().filter(|_| fits);
            }
            At::Name | At::Colon | At::Other => {}
        }
    }
}

#[cfg(test)]
mod tests;

//! What the messages are that pass by: `id` and `method` of each line, with nothing held but these. Pure.
//!
//! A whole JSON reader would need the whole line, and a line may have 64 MiB.

/// The longest id that is known again, in bytes as it stands on the wire.
const ID: usize = 256;

/// The longest method that is known, with its quotes.
const METHOD: usize = 64;

/// What a line was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Message {
    /// As it stands on the wire: `1`, `"a"`. Two ids are the same where these bytes are.
    pub id: Option<Vec<u8>>,
    /// Without its quotes.
    pub method: Option<String>,
}

/// Which member's value is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Member {
    Id,
    Method,
    Other,
}

/// Where in a line the scanner is.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    depth: u32,
    in_string: bool,
    escaped: bool,
    /// Whether what comes in the object of the message is a name.
    name_next: bool,
    /// The name that is being read, or the member's value.
    taken: Vec<u8>,
    reading: Option<Member>,
    /// Whether `taken` is a name.
    naming: bool,
    too_long: bool,
    message: Message,
}

impl Scanner {
    /// Reads on; `bytes` has no newline.
    pub fn feed(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.byte(*byte));
    }

    /// The line is over: what it was.
    pub fn end(&mut self) -> Message {
        // One that is no object ends nowhere else.
        self.value_ends();
        std::mem::take(self).message
    }

    fn byte(&mut self, byte: u8) {
        if self.in_string {
            self.take(byte);
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => {
                    self.in_string = false;
                    if self.naming {
                        self.name_ends();
                    }
                }
                _ => {}
            }
            return;
        }
        match byte {
            b'"' => {
                self.in_string = true;
                if self.depth == 1 && self.name_next {
                    (self.naming, self.name_next) = (true, false);
                    self.taken.clear();
                    self.too_long = false;
                }
                self.take(byte);
            }
            b'{' | b'[' => {
                self.depth = self.depth.saturating_add(1);
                if self.depth == 1 {
                    self.name_next = byte == b'{';
                } else if self.reading != Some(Member::Other) {
                    // An id or a method that is neither text nor number names nothing.
                    self.reading = None;
                }
            }
            b'}' | b']' => {
                if self.depth == 1 {
                    self.value_ends();
                }
                self.depth = self.depth.saturating_sub(1);
            }
            b',' if self.depth == 1 => {
                self.value_ends();
                self.name_next = true;
            }
            b':' | b' ' | b'\t' | b'\r' => {}
            _ => self.take(byte),
        }
    }

    fn take(&mut self, byte: u8) {
        let most = match self.reading {
            _ if self.naming => METHOD,
            Some(Member::Id) if self.depth == 1 => ID,
            Some(Member::Method) if self.depth == 1 => METHOD,
            _ => return,
        };
        if self.taken.len() < most {
            self.taken.push(byte);
        } else {
            self.too_long = true;
        }
    }

    fn name_ends(&mut self) {
        self.naming = false;
        self.reading = Some(match self.taken.as_slice() {
            b"\"id\"" => Member::Id,
            b"\"method\"" => Member::Method,
            _ => Member::Other,
        });
        self.taken.clear();
        self.too_long = false;
    }

    fn value_ends(&mut self) {
        let (taken, too_long) = (std::mem::take(&mut self.taken), std::mem::take(&mut self.too_long));
        match self.reading.take() {
            Some(Member::Id) if !too_long && !taken.is_empty() && taken != b"null" => {
                self.message.id = Some(taken);
            }
            Some(Member::Method) if !too_long => {
                let text = std::str::from_utf8(&taken).ok().and_then(|text| text.strip_prefix('"'));
                self.message.method = text.and_then(|text| text.strip_suffix('"')).map(str::to_owned);
            }
            _ => {}
        }
    }
}

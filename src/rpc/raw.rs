//! JSON as it came: a piece of its line, not a copy of it.

use std::fmt;

use bytes::Bytes;
use serde_json::value::RawValue;

/// JSON text of the other side that nobody has looked into. It shares the memory of its line, and holds it.
#[derive(Clone, PartialEq, Eq)]
pub struct Raw(Bytes);

impl Raw {
    /// Where there is nothing.
    pub(super) fn null() -> Self {
        Self(Bytes::from_static(b"null"))
    }

    /// A value that was found in this line.
    pub(super) fn part_of(line: &Bytes, value: &RawValue) -> Self {
        Self(line.slice_ref(value.get().as_bytes()))
    }

    /// The text: one JSON value.
    #[must_use]
    pub fn get(&self) -> &str {
        // It was JSON when its line was read, and JSON is UTF-8.
        std::str::from_utf8(&self.0).unwrap_or("null")
    }
}

impl fmt::Display for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.get())
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Raw").field(&self.get()).finish()
    }
}

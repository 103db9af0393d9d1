//! Standard output as a person has it: its width, its colours, its end.

use std::io::{self, IsTerminal, Write};
use std::ops::ControlFlow;

use anstyle::Style;
use chrono::{Local, TimeZone};

use super::line;
use crate::event::{Event, Timestamp};

/// Where stdout is no terminal, a text is cut only so that a megabyte makes no line.
const NO_TERMINAL: usize = 1000;

/// Below this a line would have no room beside its time and its label.
const NARROWEST: usize = 40;

/// Standard output.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    width: usize,
}

impl Screen {
    /// Of this process, as wide as it is now.
    #[must_use]
    pub fn of_process() -> Self {
        let stdout = io::stdout();
        let size = if stdout.is_terminal() { terminal_size::terminal_size_of(stdout) } else { None };
        Self::of_width(size.map_or(NO_TERMINAL, |(width, _)| usize::from(width.0)))
    }

    pub(super) fn of_width(width: usize) -> Self {
        Self { width: width.max(NARROWEST) }
    }

    /// Its columns.
    #[must_use]
    pub fn width(self) -> usize {
        self.width
    }

    /// An event as it is shown: a line, of some events more, each with its end.
    #[must_use]
    pub fn event(self, event: &Event) -> String {
        line::event(event, self.width)
    }

    /// Words of our own in the same columns.
    #[must_use]
    pub fn remark(self, style: Style, label: &str, text: &str) -> String {
        line::remark(style, label, text, self.width)
    }

    /// Writes all of it, its colours only where they are wanted. `Break`: nobody reads any more.
    ///
    /// # Errors
    /// When it cannot be written for another reason, as on a full disk.
    pub fn print(text: &str) -> io::Result<ControlFlow<()>> {
        let mut out = anstream::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Ok(()) => Ok(ControlFlow::Continue(())),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ControlFlow::Break(())),
            Err(error) => Err(error),
        }
    }
}

/// The time of day where this process runs.
pub(super) fn clock(time: Timestamp) -> String {
    let local = i64::try_from(time.0).ok().and_then(|time| Local.timestamp_millis_opt(time).single());
    local.map_or_else(|| "--:--:--".to_owned(), |local| local.format("%H:%M:%S").to_string())
}

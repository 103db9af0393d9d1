//! What is left to say about a child that has ended.

use std::fmt;
use std::process::ExitStatus;

/// How many lines of its standard error are quoted.
const LINES: usize = 2;
/// And how many characters of them, the last ones.
const CHARS: usize = 400;

/// How a child ended. With neither a code nor a signal it is not known, or it did not end at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PostMortem {
    /// Its exit code, where it ended by itself.
    pub code: Option<i32>,
    /// The signal that ended it (never on Windows).
    pub signal: Option<i32>,
    /// The last 64 KiB of its standard error; what is not UTF-8 is replaced.
    pub stderr: String,
    /// Whether we had asked it to end, or killed it.
    pub asked: bool,
}

impl PostMortem {
    pub(super) fn new(status: Option<ExitStatus>, stderr: String, asked: bool) -> Self {
        Self { code: status.and_then(|status| status.code()), signal: status.and_then(signal), stderr, asked }
    }

    /// The last lines of its standard error, short and without control characters.
    #[must_use]
    pub fn last_words(&self) -> String {
        // Where in its code it was says nothing to whoever reads this.
        let traced = self.stderr.to_ascii_lowercase().rfind("stack backtrace:");
        let words = traced.and_then(|at| self.stderr.get(..at)).unwrap_or(&self.stderr);
        let lines: Vec<String> =
            words.lines().rev().map(plain).filter(|line| !line.is_empty()).take(LINES).collect();
        let words = lines.into_iter().rev().collect::<Vec<_>>().join(" / ");
        let skip = words.chars().count().saturating_sub(CHARS);
        words.chars().skip(skip).collect()
    }
}

impl fmt::Display for PostMortem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code, self.signal) {
            (Some(code), _) => write!(f, "exited with code {code}")?,
            (None, Some(signal)) => write!(f, "was ended by signal {signal}")?,
            (None, None) => f.write_str("ended in an unknown way")?,
        }
        if self.asked {
            f.write_str(", as asked")?;
        }
        match self.last_words() {
            words if words.is_empty() => Ok(()),
            words => write!(f, "; its last words: {words}"),
        }
    }
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(windows)]
fn signal(_: ExitStatus) -> Option<i32> {
    None
}

/// A line without colours (`ESC [ … letter`) and other control characters, which would spoil a message.
fn plain(line: &str) -> String {
    let mut text = String::new();
    let mut chars = line.chars().peekable();
    while let Some(char) = chars.next() {
        if char == '\u{1b}' && chars.next_if_eq(&'[').is_some() {
            for char in chars.by_ref() {
                if char.is_ascii_alphabetic() {
                    break;
                }
            }
        } else if !char.is_control() {
            text.push(char);
        } else if char == '\t' {
            text.push(' ');
        }
    }
    text.trim().to_owned()
}

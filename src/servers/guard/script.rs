//! Wrapper scripts: whether the text of one names this program.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::{Guard, NAME};

/// As much of a script as is read; a wrapper is short.
const MOST: u64 = 64 << 10;

impl Guard {
    /// Whether a file is a script whose text names this program, in words. Comments do not count.
    pub(super) fn script(&self, file: &Path) -> Option<String> {
        let text = text(file)?;
        let own = self.program.as_deref().and_then(Path::to_str);
        let names = |line: &str| has_word(line, NAME) || own.is_some_and(|own| has_word(line, own));
        let is_comment =
            |line: &str| ["#", "//", "*", "/*", "REM ", "rem "].iter().any(|mark| line.starts_with(mark));
        let mut lines = text.lines().map(str::trim).filter(|line| !is_comment(line));
        // No more of the path: a variable may have given it.
        let name = file.file_name()?.to_string_lossy();
        lines.any(names).then(|| format!("the script {name} names {NAME}"))
    }
}

/// The beginning of a file that is text.
fn text(file: &Path) -> Option<String> {
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    File::open(file).ok()?.take(MOST).read_to_end(&mut bytes).ok()?;
    // A program in machine code may name anything.
    (!bytes.contains(&0)).then(|| String::from_utf8_lossy(&bytes).into_owned())
}

/// Whether a text has a word, as a whole name: `codex-bridge-docs` and `my-codex-bridge` are others.
fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
        let before = text[..at].chars().next_back().is_some_and(part);
        let mut after = text[at + word.len()..].chars();
        let next = after.next();
        // `codex-bridge.dev` is an address, `codex-bridge.exe` is not.
        let dotted = next == Some('.')
            && !after.as_str().to_lowercase().starts_with("exe")
            && after.next().is_some_and(char::is_alphanumeric);
        !before && !next.is_some_and(part) && !dotted
    })
}

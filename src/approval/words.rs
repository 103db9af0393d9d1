//! A shell line as words, where it is one simple command; any other line has none. Pure.
//!
//! A rule that approves goes by these words, so they must be what runs, in bash, dash and zsh alike.
//! Therefore what may stand outside of quotes is listed, and not what may not: an operator, an
//! expansion, a redirection or a comment is none of the list, nor is whatever a shell will think of.
//! No library says that: `shlex` splits `git status && rm x` into five words.

use std::str::Chars;

use thiserror::Error;

/// Why a line is not one simple command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NotSimple {
    /// There is no word, or the first is empty.
    #[error("there is no command in it")]
    Empty,
    /// A character outside of quotes that is, or may be, more than itself.
    #[error("it has `{0}` outside of quotes")]
    Bare(char),
    /// The same in double quotes.
    #[error("it has `{0}` in double quotes")]
    Quoted(char),
    /// A line break, a tab, or another control character, wherever.
    #[error("it has a line break or another control character")]
    Control,
    /// A quote has no end.
    #[error("a quote in it is not closed")]
    OpenQuote,
    /// Its first word is an assignment, as in `PATH=. git status`.
    #[error("it sets a variable first")]
    Assignment,
    /// Its first word belongs to the shell's grammar, as `time` does.
    #[error("it begins with a word of the shell's own grammar")]
    Keyword,
}

/// Reserved words of bash and zsh that the plain characters can spell.
const KEYWORDS: &[&str] = &[
    "case",
    "coproc",
    "do",
    "done",
    "elif",
    "else",
    "end",
    "esac",
    "fi",
    "for",
    "foreach",
    "function",
    "if",
    "in",
    "nocorrect",
    "repeat",
    "select",
    "then",
    "time",
    "until",
    "while",
];

/// The words of a line that is one simple command and nothing else.
///
/// # Errors
/// When it is more than that, or could be.
pub fn simple_command(line: &str) -> Result<Vec<String>, NotSimple> {
    if line.chars().any(char::is_control) {
        return Err(NotSimple::Control);
    }
    let (mut words, mut word) = (Vec::new(), None::<String>);
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match letter {
            ' ' => words.extend(word.take()),
            '\'' | '"' => quoted(letter, &mut letters, word.get_or_insert_default())?,
            // `=name` is the path of a program in zsh.
            '=' if word.is_none() => return Err(NotSimple::Bare('=')),
            _ if is_plain(letter) => word.get_or_insert_default().push(letter),
            _ => return Err(NotSimple::Bare(letter)),
        }
    }
    words.extend(word);
    check(&words)?;
    Ok(words)
}

/// Whether words can be those of one simple command, each quoted as it needs.
///
/// # Errors
/// When they cannot.
pub(super) fn check(words: &[String]) -> Result<(), NotSimple> {
    if words.iter().any(|word| word.chars().any(char::is_control)) {
        return Err(NotSimple::Control);
    }
    match words.first().map(String::as_str) {
        None | Some("") => Err(NotSimple::Empty),
        Some(first) if first.contains('=') => Err(NotSimple::Assignment),
        Some(first) if KEYWORDS.contains(&first) => Err(NotSimple::Keyword),
        Some(_) => Ok(()),
    }
}

/// Only ASCII: what counts as a blank beyond that depends on the locale.
fn is_plain(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "_-./:,+@%=".contains(letter)
}

/// Takes what is between quotes into the word.
fn quoted(quote: char, letters: &mut Chars<'_>, word: &mut String) -> Result<(), NotSimple> {
    for letter in letters {
        match letter {
            _ if letter == quote => return Ok(()),
            '$' | '`' | '\\' | '!' if quote == '"' => return Err(NotSimple::Quoted(letter)),
            _ => word.push(letter),
        }
    }
    Err(NotSimple::OpenQuote)
}

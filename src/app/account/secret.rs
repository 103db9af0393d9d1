//! A key or a token from standard input: never from the command line, which every process can read.

use std::io::{self, IsTerminal, Read};

use super::error::AccountError;
use crate::codex::account::Secret;

/// No key is as long; what is longer is a file that was given by mistake.
const LONGEST: u64 = 64 << 10;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// In words.
    pub what: &'static str,
    /// A variable that may have it.
    pub variable: &'static str,
    /// The flag that asks for it.
    pub flag: &'static str,
}

/// Reads it; at a terminal it is asked for, and not shown.
pub(super) fn read(wanted: Wanted) -> Result<Secret, AccountError> {
    if io::stdin().is_terminal() {
        let typed = rpassword::prompt_password(format!("The {} (not shown): ", wanted.what));
        return checked(&typed.map_err(AccountError::Input)?, wanted);
    }
    let mut text = Vec::new();
    io::stdin().lock().take(LONGEST + 1).read_to_end(&mut text).map_err(AccountError::Input)?;
    let Wanted { what, .. } = wanted;
    if text.len() as u64 > LONGEST {
        return Err(AccountError::BadSecret { what, why: "more than 64 KiB" });
    }
    match String::from_utf8(text) {
        Ok(text) => checked(&text, wanted),
        Err(_) => Err(AccountError::BadSecret { what, why: "bytes that are no text" }),
    }
}

/// codex takes whatever it is given, nothing too, and finds out in the first turn.
fn checked(text: &str, wanted: Wanted) -> Result<Secret, AccountError> {
    let Wanted { what, variable, flag } = wanted;
    match text.trim() {
        "" => Err(AccountError::NoSecret { what, variable, flag }),
        text if text.contains(|c: char| c.is_whitespace() || c.is_control()) => {
            Err(AccountError::BadSecret { what, why: "spaces or more than one line" })
        }
        text => Ok(Secret(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    //! What can be a key.

    use super::*;

    #[test]
    fn a_key_is_one_word() {
        let wanted = Wanted { what: "API key", variable: "OPENAI_API_KEY", flag: "--with-api-key" };
        assert_eq!(checked("  sk-1\r\n", wanted).unwrap().0, "sk-1");
        for bad in ["", "\n", "sk-1 sk-2", "sk-1\nsk-2\n", "sk\u{7}1"] {
            let error = checked(bad, wanted).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{bad:?}");
            assert!(!error.to_string().contains("sk-1"), "{error}");
        }
    }
}

//! The terminal: what is said there, and how it is asked. Also the one way to stdout of these verbs.

use std::io::{self, BufRead, IsTerminal, Write};

/// Somebody who can be asked, one line after the other. `None` is the end of what they have to say.
pub(super) trait Terminal {
    /// Says something.
    fn say(&mut self, text: &str);
    /// Asks for a line.
    fn line(&mut self, prompt: &str) -> io::Result<Option<String>>;
    /// Asks for a line that is not shown.
    fn secret(&mut self, prompt: &str) -> io::Result<Option<String>>;
}

/// The terminal of this process.
pub(super) struct Console;

impl Console {
    /// Only where a person sees what is said, and can answer.
    pub fn of_process() -> Option<Self> {
        (io::stdin().is_terminal() && io::stdout().is_terminal()).then_some(Self)
    }
}

impl Terminal for Console {
    fn say(&mut self, text: &str) {
        say(text);
    }

    fn line(&mut self, prompt: &str) -> io::Result<Option<String>> {
        let mut out = anstream::stdout().lock();
        write!(out, "{prompt} ")?;
        out.flush()?;
        let mut line = String::new();
        let read = io::stdin().lock().read_line(&mut line)?;
        Ok((read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned()))
    }

    fn secret(&mut self, prompt: &str) -> io::Result<Option<String>> {
        match rpassword::prompt_password(format!("{prompt} (not shown) ")) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Says something on stdout.
pub(super) fn say(text: &str) {
    let mut out = anstream::stdout().lock();
    // A closed pipe ends the words, not what was done.
    let _ = writeln!(out, "{text}");
}

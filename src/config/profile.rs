//! A profile of codex: a file of its home. codex's app-server takes no `-p` and refuses the key `profile`, so
//! the file is read here and handed over as configuration.

use std::io::Read;
use std::path::Path;

use serde_json::{Map, Value};

use super::{ConfigError, overrides};

const PROFILE_END: &str = ".config.toml";

/// How many bytes one may have: more than anybody writes.
const MOST: u64 = 1 << 20;

/// The keys of a profile. `asked`: by what, for the error.
///
/// # Errors
/// When the name is none, the file is not there, or is no TOML.
pub fn read(asked: &'static str, name: &str, codex_home: &Path) -> Result<Map<String, Value>, ConfigError> {
    if name.is_empty() || name.starts_with('.') || name.contains(['/', '\\', ':']) {
        return Err(ConfigError::BadProfileName {
            asked,
            name: name.to_owned(),
            home: codex_home.to_owned(),
        });
    }
    let path = codex_home.join(format!("{name}{PROFILE_END}"));
    let text = match text(&path) {
        Ok(Ok(text)) => text,
        Ok(Err(cause)) => return Err(ConfigError::NoProfile { asked, name: name.to_owned(), path, cause }),
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => {
            return Err(ConfigError::ProfileMissing {
                asked,
                name: name.to_owned(),
                path,
                there: profiles(codex_home),
            });
        }
        Err(source) => return Err(ConfigError::Unreadable { path, source }),
    };
    match text.parse() {
        Ok(table) => Ok(overrides::table_to_json(table)),
        Err(error) => {
            let (line, column) = place(&text, &error);
            let cause = error.message().to_owned();
            Err(ConfigError::BrokenProfile { asked, name: name.to_owned(), path, line, column, cause })
        }
    }
}

/// What a file says, or what is wrong with it as a profile: a pipe would be read for ever.
fn text(path: &Path) -> std::io::Result<Result<String, String>> {
    let about = std::fs::metadata(path)?;
    if !about.is_file() {
        return Ok(Err("is no regular file".to_owned()));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(MOST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST {
        return Ok(Err(format!("has more than {MOST} bytes")));
    }
    Ok(String::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned()))
}

/// Line and column of an error, from 1 on.
fn place(text: &str, error: &toml::de::Error) -> (usize, usize) {
    let at = error.span().map_or(0, |span| span.start);
    let before = text.get(..at).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

fn profiles(codex_home: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(codex_home).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| Some(entry.file_name().to_str()?.strip_suffix(PROFILE_END)?.to_owned()))
        .collect();
    names.sort();
    names
}

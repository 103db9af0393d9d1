//! A profile of codex: a file of its home. codex's app-server takes no `-p` and refuses the key `profile`, so
//! the file is read here and handed over as configuration.

use std::path::Path;

use serde_json::{Map, Value};

use super::{ConfigError, overrides};

const PROFILE_END: &str = ".config.toml";

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
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
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
        Err(source) => Err(ConfigError::BadFile { path, source: Box::new(source) }),
    }
}

fn profiles(codex_home: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(codex_home).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| Some(entry.file_name().to_str()?.strip_suffix(PROFILE_END)?.to_owned()))
        .collect();
    names.sort();
    names
}

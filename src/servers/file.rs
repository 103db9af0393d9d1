//! The file of servers in the format of hosts: `{"mcpServers": {NAME: …}}`, or `servers` as VS Code has it.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::nearest::nearest;
use super::read::kind;

/// The file is read at each start of a session, so it is small.
const MOST: u64 = 1 << 20;

/// What stands at the top of the file. Some hosts keep other things there, such as VS Code its `inputs`.
const TOP: [&str; 4] = ["mcpServers", "servers", "inputs", "$schema"];

/// Why there are no servers from the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// It is not there.
    #[error("{}: there is no such file; make one, or take the setting that names it out", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be read.
    #[error("{} cannot be read: {source}. Mend its permissions, or name another file.", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is something else, or too large.
    #[error("{} cannot be used: it is {what}; a file of MCP servers is JSON of 1 MiB at most", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// It is not JSON.
    #[error("{} is not JSON at line {line}, column {column}; mend it there", path.display())]
    NotJson {
        /// The file.
        path: PathBuf,
        /// Where.
        line: usize,
        /// Where in the line.
        column: usize,
    },
    /// It is JSON of another shape.
    #[error("{} has no servers: {what}; it takes {{\"mcpServers\": {{NAME: {{\"command\": …}}}}}}", path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
}

/// The entries of a file, and what a person should mend.
#[derive(Debug, Default)]
pub(super) struct Listed {
    pub entries: Map<String, Value>,
    pub warnings: Vec<String>,
}

/// Reads the file.
pub(super) fn read_file(path: &Path) -> Result<Listed, FileError> {
    let owned = || path.to_owned();
    let text = match text(path) {
        Ok(Ok(text)) => text,
        Ok(Err(what)) => return Err(FileError::Unusable { path: owned(), what }),
        Err(source) if source.kind() == ErrorKind::NotFound => {
            return Err(FileError::Missing { path: owned() });
        }
        Err(source) => return Err(FileError::Unreadable { path: owned(), source }),
    };
    // An editor on Windows begins a file with a mark.
    let value: Value = serde_json::from_str(text.trim_start_matches('\u{feff}'))
        .map_err(|error| FileError::NotJson { path: owned(), line: error.line(), column: error.column() })?;
    listed(path, value)
}

fn text(path: &Path) -> std::io::Result<Result<String, &'static str>> {
    // A pipe would be waited for.
    if !std::fs::metadata(path)?.is_file() {
        return Ok(Err("no file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST {
        return Ok(Err("larger than that"));
    }
    Ok(String::from_utf8(bytes).map_err(|_| "not UTF-8"))
}

fn listed(path: &Path, value: Value) -> Result<Listed, FileError> {
    let shape = |what: String| FileError::Shape { path: path.to_owned(), what };
    let Value::Object(mut top) = value else { return Err(shape(format!("it is {}", kind(&value)))) };
    let (hosts, code) = (top.remove("mcpServers"), top.remove("servers"));
    let warnings = top.keys().filter(|key| !TOP.contains(&key.as_str())).map(|key| {
        let near = nearest(key, TOP[..2].iter().copied()).map(|name| format!("; did you mean `{name}`?"));
        let key: String = key.chars().take(64).collect();
        format!("{}: `{key}` is not a member of such a file{}", path.display(), near.unwrap_or_default())
    });
    let warnings = warnings.collect();
    match hosts.or(code) {
        Some(Value::Object(entries)) => Ok(Listed { entries, warnings }),
        Some(other) => Err(shape(format!("its servers are {}", kind(&other)))),
        None if top.is_empty() => Ok(Listed { entries: Map::new(), warnings }),
        None => Err(shape("neither `mcpServers` nor `servers` is there".to_owned())),
    }
}

//! Brings together what codex gets beside its own: the file, then what the call adds. Looks at files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::entry::{Server, Transport};
use super::file::{FileError, read_file};
use super::guard::{Guard, Invocation};
use super::read::{check_name, read};
use super::shown::Shown;
use super::variables::Variables;
use super::wanted::{Inherit, Wanted, is_empty};

/// Where servers come from, the same for all sessions that a host opens.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The file in the format of hosts.
    pub file: PathBuf,
    /// Whether a person named it: then it must be there.
    pub named: bool,
    /// Which of codex's own servers a session has whose call says nothing.
    pub inherit: Inherit,
    /// What `${VAR}` stands for: the environment that codex has too.
    pub variables: Variables,
    /// Knows this program.
    pub guard: Guard,
    /// The variable that says how many bridges lie above what codex starts, and how many do.
    pub depth: (&'static str, u32),
}

/// Who brought a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// codex's own configuration.
    Codex,
    /// The file of hosts.
    File,
    /// The call.
    Call,
}

impl Source {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Codex => "codex",
            Self::File => "file",
            Self::Call => "call",
        }
    }
}

/// A server as codex gets it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Who brought it.
    pub source: Source,
    /// The server, with the values of its variables.
    pub server: Server,
    /// What may be shown of it.
    pub shown: Shown,
}

/// All of them, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gathered {
    /// The later source has won each name.
    pub entries: BTreeMap<String, Entry>,
    /// What was left out, and why.
    pub warnings: Vec<String>,
}

/// Brings together what a session in `cwd` gets. `fresh`: it begins now, so that a call can still be refused.
///
/// # Errors
/// Where a session begins and the file that a person named cannot be used.
pub fn gather(sources: &Sources, wanted: &Wanted, cwd: &Path, fresh: bool) -> Result<Gathered, FileError> {
    let mut all = Gathered::default();
    match read_file(&sources.file) {
        Ok(listed) => {
            all.warnings.extend(listed.warnings);
            let place = format!("{}: ", sources.file.display());
            all.take(&listed.entries, Source::File, &place, sources, cwd);
        }
        Err(FileError::Missing { .. }) if !sources.named => {}
        Err(error) if sources.named && fresh => return Err(error),
        Err(error) => {
            all.warnings.push(format!("the session goes on without the servers of a file: {error}"))
        }
    }
    let add = wanted.add().iter().filter(|(_, entry)| !is_empty(entry));
    let add = add.map(|(name, entry)| (name.clone(), entry.clone())).collect();
    all.take(&add, Source::Call, "mcp.add: ", sources, cwd);
    Ok(all)
}

impl Gathered {
    fn take(
        &mut self,
        entries: &Map<String, Value>,
        source: Source,
        place: &str,
        sources: &Sources,
        cwd: &Path,
    ) {
        for (name, value) in entries {
            match self.entry(name, value, source, place, sources, cwd) {
                Ok(entry) => {
                    self.entries.insert(name.clone(), entry);
                }
                Err(why) => {
                    let name: String = name.chars().take(80).collect();
                    self.warnings.push(format!("{place}the MCP server `{name}` is left out: {why}"));
                }
            }
        }
    }

    fn entry(
        &mut self,
        name: &str,
        value: &Value,
        source: Source,
        place: &str,
        sources: &Sources,
        cwd: &Path,
    ) -> Result<Entry, String> {
        check_name(name).map_err(|error| error.to_string())?;
        let read = read(value).map_err(|error| error.to_string())?;
        self.warnings
            .extend(read.remarks.iter().map(|remark| format!("{place}MCP server `{name}`: {remark}")));
        if read.server.transport == Transport::Sse {
            return Err("codex does not speak SSE, the transport that MCP had before Streamable HTTP; \
                        ask whoever runs it for an address with type http"
                .to_owned());
        }
        let shown = Shown::of(&read.server);
        let server = read.server.expand(&sources.variables).map_err(|missing| missing.to_string())?;
        if let Some(call) = Invocation::of(&server.transport, cwd)
            && let Some(why) = sources.guard.finds(&call)
        {
            return Err(why);
        }
        Ok(Entry { source, server, shown })
    }
}

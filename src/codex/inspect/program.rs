//! Short runs of codex: its version, its schema, its sandbox.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use super::schema::{self, Missing};
use crate::codex::Launch;
use crate::supervise::{Output, Spec, output};

/// Above this no answer of these is worth reading.
const ANSWER: usize = 64 << 10;

/// A codex that was found, and how long each of its runs may take.
#[derive(Clone, Debug)]
pub struct Program {
    binary: PathBuf,
    env: Vec<(OsString, Option<OsString>)>,
    deadline: Duration,
}

impl Program {
    /// The binary, run as the bridge would run it.
    #[must_use]
    pub fn new(binary: PathBuf, launch: &Launch, deadline: Duration) -> Self {
        Self { binary, env: launch.env.clone(), deadline }
    }

    /// Its version: `0.169.0`.
    ///
    /// # Errors
    /// What happened instead.
    pub async fn version(&self) -> Result<String, String> {
        let done = self.run(&["--version".into()]).await?;
        let words = done.stdout.split_whitespace().last().unwrap_or_default();
        match version_parts(words) {
            Some(_) => Ok(words.to_owned()),
            None => Err(format!("`codex --version` says {:?}", first_line(&done.stdout))),
        }
    }

    /// The names that we use and it does not have, by its own schema, written below `folder`.
    ///
    /// # Errors
    /// What happened instead.
    pub async fn missing(&self, folder: &Path) -> Result<Vec<Missing>, String> {
        let args = ["app-server", "generate-json-schema", "--experimental", "--out"].map(OsString::from);
        let args: Vec<_> = args.into_iter().chain([folder.as_os_str().to_owned()]).collect();
        succeeded(&self.run(&args).await?)?;
        let read = |name: &str| -> Result<Value, String> {
            let path = folder.join(format!("{name}.json"));
            let text = std::fs::read(&path).map_err(|error| format!("it wrote no {name}.json: {error}"))?;
            serde_json::from_slice(&text).map_err(|error| format!("its {name}.json is not JSON: {error}"))
        };
        let mut missing = Vec::new();
        for (name, ours) in schema::USED {
            missing.extend(schema::missing(name, &read(name)?, ours));
        }
        Ok(missing)
    }

    /// Runs a command that does nothing in its sandbox.
    ///
    /// # Errors
    /// What it said, where the command did not run.
    pub async fn sandboxed(&self) -> Result<(), String> {
        // Not `codex sandbox linux true`: since 0.153 at the latest that runs a program called `linux`.
        let nothing: &[&str] = if cfg!(windows) { &["cmd", "/c", "exit 0"] } else { &["true"] };
        let args: Vec<OsString> = ["sandbox", "--"].iter().chain(nothing).map(OsString::from).collect();
        succeeded(&self.run(&args).await?)
    }

    async fn run(&self, args: &[OsString]) -> Result<Output, String> {
        let spec =
            Spec { program: self.binary.clone(), args: args.to_vec(), env: self.env.clone(), cwd: None };
        output(&spec, ANSWER, self.deadline).await.map_err(|error| error.to_string())
    }
}

fn succeeded(done: &Output) -> Result<(), String> {
    let how = match done.code {
        Some(0) => return Ok(()),
        Some(code) => format!("it ended with code {code}"),
        None => "a signal ended it".to_owned(),
    };
    match first_line(&done.stderr) {
        "" => Err(how),
        words => Err(format!("{how}: {words}")),
    }
}

/// What a program says first is its cause; what follows is where in its code.
fn first_line(text: &str) -> &str {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    // Of a panic the first line says only where.
    let mut lines = lines.filter(|line| !line.starts_with("thread '"));
    lines.next().unwrap_or_default()
}

/// The three numbers of a version, which order it; `None` where it is none. What follows them
/// (`-alpha.1`) does not count.
#[must_use]
pub fn version_parts(version: &str) -> Option<[u64; 3]> {
    let numbers = version.split(['-', '+']).next()?;
    let parts: Vec<u64> = numbers.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
    parts.try_into().ok()
}

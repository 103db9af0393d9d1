//! Knows this program behind the command of a server, so that codex is never handed the bridge that runs it.
//!
//! What can be seen from the words of a command and from the text of a script is seen; a container, a
//! program that starts another, or a copy under another name is not: for these there is the depth in the
//! environment.

mod launch;
mod script;
mod words;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::entry::Transport;

/// What this program is called, also where somebody has another build of it.
pub(super) const NAME: &str = "codex-bridge";

/// Commands inside commands that are followed.
const DEEPEST: usize = 6;

/// Knows this program.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    /// Its file, with no link in the path.
    program: Option<PathBuf>,
    /// Which file that is, whatever its name.
    file: Option<FileId>,
    /// The value of `PATH`.
    path: Option<OsString>,
    /// The variable that says how deep bridges lie.
    depth: Option<&'static str>,
}

/// A command as codex would start it.
#[derive(Clone, Debug)]
pub struct Invocation<'a> {
    /// The program.
    pub command: &'a str,
    /// Its arguments.
    pub args: &'a [String],
    /// Its `PATH`, where the entry has one.
    pub path: Option<&'a str>,
    /// Where relative paths start.
    pub cwd: PathBuf,
}

impl<'a> Invocation<'a> {
    /// The command of a server, in a session's folder; `None` where it has none.
    #[must_use]
    pub fn of(transport: &'a Transport, session: &Path) -> Option<Self> {
        let Transport::Stdio { command, args, env, cwd, .. } = transport else { return None };
        let cwd = cwd.as_ref().map_or_else(|| session.to_owned(), |cwd| session.join(cwd));
        Some(Self { command, args, path: variable(env, "PATH"), cwd })
    }
}

fn variable<'a>(env: &'a BTreeMap<String, String>, wanted: &str) -> Option<&'a str> {
    let same = |name: &str| if cfg!(windows) { name.eq_ignore_ascii_case(wanted) } else { name == wanted };
    env.iter().find(|(name, _)| same(name)).map(|(_, value)| value.as_str())
}

#[cfg(unix)]
type FileId = (u64, u64);
#[cfg(not(unix))]
type FileId = ();

#[cfg(unix)]
fn file_id(path: &Path) -> Option<FileId> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).ok().map(|about| (about.dev(), about.ino()))
}

#[cfg(not(unix))]
fn file_id(_: &Path) -> Option<FileId> {
    None
}

/// Where a command is looked for.
#[derive(Clone, Debug)]
struct Place {
    path: Option<OsString>,
    cwd: PathBuf,
}

impl Guard {
    /// Of the program in `program`, on a machine whose `PATH` is `path`.
    #[must_use]
    pub fn new(program: Option<&Path>, path: Option<&OsStr>) -> Self {
        Self {
            program: program.map(|program| program.canonicalize().unwrap_or_else(|_| program.to_owned())),
            file: program.and_then(file_id),
            path: path.map(OsStr::to_owned),
            depth: None,
        }
    }

    /// Knows the variable that says how deep bridges lie, too: no command may take it away.
    #[must_use]
    pub fn keeping(self, depth: &'static str) -> Self {
        Self { depth: Some(depth), ..self }
    }

    /// Whether a command starts this program, in words: why.
    #[must_use]
    pub fn finds(&self, call: &Invocation<'_>) -> Option<String> {
        let path = call.path.map(OsString::from).or_else(|| self.path.clone());
        let place = Place { path, cwd: call.cwd.clone() };
        let mut words = vec![call.command.to_owned()];
        words.extend(call.args.iter().cloned());
        let how = self.words(&words, &place, DEEPEST)?;
        Some(format!("{how}; codex would call the bridge that runs it, without end"))
    }

    /// Whether words that are a command start this program.
    fn words(&self, words: &[String], place: &Place, deepest: usize) -> Option<String> {
        let (command, args) = words.split_first()?;
        let deeper = deepest.checked_sub(1)?;
        if self.is_named(command) {
            return Some(format!("its command is {NAME} itself"));
        }
        if let Some(file) = find(command, place) {
            if self.is_file(&file) {
                return Some(format!("its command is {NAME} itself, under another name"));
            }
            if let Some(how) = self.script(&file) {
                return Some(how);
            }
        }
        self.launched(words::base(command), args, place, deeper)
    }

    /// Whether the last part of a path is our name.
    fn is_named(&self, command: &str) -> bool {
        let base = words::base(command);
        base == NAME || self.own_name().is_some_and(|own| own == base)
    }

    fn own_name(&self) -> Option<&str> {
        Some(words::base(self.program.as_deref()?.to_str()?))
    }

    /// Whether a file is this program: by its path with no link in it, or as the same file under two names.
    fn is_file(&self, file: &Path) -> bool {
        let same_path = self.program.is_some() && file.canonicalize().ok() == self.program;
        same_path || (self.file.is_some() && file_id(file) == self.file)
    }
}

/// The file that a command starts: a path as it is, a name by way of `PATH`.
fn find(command: &str, place: &Place) -> Option<PathBuf> {
    if command.contains('/') || (cfg!(windows) && command.contains('\\')) {
        let file = place.cwd.join(command);
        return file.is_file().then_some(file);
    }
    let folders = std::env::split_paths(place.path.as_ref()?);
    let names = if cfg!(windows) {
        vec![format!("{command}.exe"), format!("{command}.cmd"), command.to_owned()]
    } else {
        vec![command.to_owned()]
    };
    folders
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)).collect::<Vec<_>>())
        .map(|file| place.cwd.join(file))
        .find(|file| file.is_file())
}

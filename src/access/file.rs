//! The file of tokens: read, checked as a whole, and made where there is none.

use std::collections::BTreeSet;
use std::io::{ErrorKind, Write as _};
use std::num::{NonZeroU16, NonZeroU32};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use serde::Deserialize;
use thiserror::Error;

use super::tokens::{Print, Tokens, print};
use super::{Grant, Right, Rights};
use crate::ids::Principal;
use crate::limits::Sandbox;

/// A token that is shorter could be guessed.
const SHORTEST: usize = 32;

/// How long a name may be, and of what it is made: it stands in logs, lists and metrics.
const LONGEST_NAME: usize = 64;

/// The random bytes of a token that is made here.
const RANDOM: usize = 32;

/// A file that is larger is none of tokens.
const LARGEST: u64 = 1 << 20;

/// Why tokens cannot be used.
#[derive(Debug, Error)]
pub enum AccessError {
    /// There is a file, and it cannot be read or made.
    #[error("{}: {source}. Mend its permissions, or name another file as http.tokens.", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Others than its owner may read it.
    #[error("{} may be read by others than its owner (mode {mode:04o}), and holds secrets. Say: chmod 600 {}", path.display(), path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It is no file of tokens.
    #[error("{} cannot be used; mend it.\n{why}", path.display())]
    Bad {
        /// The file.
        path: PathBuf,
        /// Where, and why.
        why: String,
    },
    /// The system has no random numbers.
    #[error("no token can be made: the system gives no random numbers ({0})")]
    Random(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    token: Vec<Entry>,
}

/// One token, as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    token: Option<String>,
    sha256: Option<String>,
    #[serde(default = "all_rights")]
    rights: Vec<String>,
    #[serde(default)]
    sessions: Sessions,
    #[serde(default)]
    roots: Vec<PathBuf>,
    sandbox: Option<String>,
    #[serde(default = "one")]
    share: NonZeroU16,
    running: Option<NonZeroU16>,
    requests: Option<NonZeroU32>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Sessions {
    #[default]
    Own,
    All,
}

fn all_rights() -> Vec<String> {
    Right::ALL.map(|right| right.name().to_owned()).into()
}

fn one() -> NonZeroU16 {
    NonZeroU16::MIN
}

/// Reads the tokens of a file.
///
/// # Errors
/// When it is not there, others may read it, or a line of it does not fit.
pub fn read(path: &Path) -> Result<Tokens, AccessError> {
    let io = |source| AccessError::Io { path: path.to_owned(), source };
    let meta = std::fs::metadata(path).map_err(io)?;
    private(path, &meta)?;
    if meta.len() > LARGEST {
        return Err(AccessError::Bad { path: path.to_owned(), why: format!("it has {} bytes", meta.len()) });
    }
    let text = std::fs::read_to_string(path).map_err(io)?;
    parse(&text).map_err(|why| AccessError::Bad { path: path.to_owned(), why })
}

/// The same; where there is no such file, one with a token that may do everything is made first, for this user alone.
/// Says whether that was so.
///
/// # Errors
/// As [`read`], or when the file cannot be made.
pub fn read_or_make(path: &Path) -> Result<(Tokens, bool), AccessError> {
    let io = |source| AccessError::Io { path: path.to_owned(), source };
    let made = match make(path) {
        Ok(mut file) => {
            file.write_all(template(&fresh()?).as_bytes()).map_err(io)?;
            true
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => false,
        Err(error) => return Err(io(error)),
    };
    Ok((read(path)?, made))
}

#[cfg(unix)]
fn make(path: &Path) -> std::io::Result<std::fs::File> {
    use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
    if let Some(folder) = path.parent().filter(|folder| !folder.exists()) {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn make(path: &Path) -> std::io::Result<std::fs::File> {
    path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
    std::fs::OpenOptions::new().write(true).create_new(true).open(path)
}

#[cfg(unix)]
fn private(path: &Path, meta: &std::fs::Metadata) -> Result<(), AccessError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = meta.permissions().mode() & 0o7777;
    if mode & 0o077 == 0 { Ok(()) } else { Err(AccessError::Open { path: path.to_owned(), mode }) }
}

#[cfg(not(unix))]
fn private(_: &Path, _: &std::fs::Metadata) -> Result<(), AccessError> {
    Ok(())
}

/// A new token.
fn fresh() -> Result<String, AccessError> {
    let mut bytes = [0; RANDOM];
    getrandom::fill(&mut bytes).map_err(|error| AccessError::Random(error.to_string()))?;
    Ok(format!("cbt_{}", HEXLOWER.encode(&bytes)))
}

fn template(token: &str) -> String {
    format!(
        "# Who may use `codex-bridge serve`, and what each may do. A change counts within two seconds.\n\
         # Each entry: name, and token (32 characters at least) or sha256 (its digest in hex); and what is not so:\n\
         #   rights = [\"run\", \"decide\", \"read\"]   what he may do\n\
         #   sessions = \"own\"                    or \"all\": whose sessions he sees and decides\n\
         #   roots = []                          folders that his sessions must lie in, absolute\n\
         #   sandbox = \"workspace-write\"         the widest that he may ask for\n\
         #   share = 1                           his part of the turns that run at once\n\
         #   running = 4                         how many of his run at once at most\n\
         #   requests = 1200                     how many requests a minute\n\
         \n\
         [[token]]\n\
         name = \"owner\"\n\
         token = \"{token}\"\n\
         sessions = \"all\"\n"
    )
}

/// The tokens that a text names. The errors name entries by their names and never a token.
pub(super) fn parse(text: &str) -> Result<Tokens, String> {
    // The message of the parser would show the line, and a line may hold a token.
    let file: File = toml::from_str(text).map_err(|error| {
        let line =
            error.span().map_or(0, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        format!("line {line}: {}", without_values(error.message()))
    })?;
    let (mut names, mut prints, mut known) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    for entry in file.token {
        let name = entry.name.clone();
        let (print, grant) = grant(entry).map_err(|why| format!("the token of {name:?}: {why}"))?;
        if !names.insert(name.clone()) {
            return Err(format!("two tokens have the name {name:?}: give each its own"));
        }
        if !prints.insert(print) {
            return Err(format!("the token of {name:?} is another's too: give each its own"));
        }
        known.push((print, Arc::new(grant)));
    }
    if known.is_empty() {
        return Err(
            "it has no [[token]]: nobody could come in. Add one, or remove the file: a new one is made"
                .to_owned(),
        );
    }
    Ok(Tokens::new(known))
}

/// What the parser says, with no value in it: that may be a token.
fn without_values(message: &str) -> String {
    let parts = message.split('"').enumerate();
    let shown = parts.map(|(n, part)| if n % 2 == 0 { part } else { "…" });
    // Names of keys stand in other quotes; one that is long is a token in the wrong place.
    let parts = shown.collect::<String>();
    let words = parts.split(' ').map(|word| if word.len() > SHORTEST { "…" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

fn grant(entry: Entry) -> Result<(Print, Grant), String> {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "-_.@".contains(letter);
    if entry.name.is_empty() || entry.name.len() > LONGEST_NAME || !entry.name.chars().all(fits) {
        return Err(format!("a name has 1 to {LONGEST_NAME} of a-z, A-Z, 0-9, and -_.@"));
    }
    let print = match (&entry.token, &entry.sha256) {
        (Some(token), None) => {
            // What cannot stand in a header could never come in.
            if token.len() < SHORTEST || !token.chars().all(|letter| letter.is_ascii_graphic()) {
                return Err(format!(
                    "`token` needs {SHORTEST} letters, digits and signs at least, with no space"
                ));
            }
            print(token)
        }
        (None, Some(digest)) => digest_of(digest).ok_or("`sha256` is a digest in hex, of 64 digits")?,
        _ => return Err("give one of `token` and `sha256`".to_owned()),
    };
    let right = |name: &String| Right::ALL.into_iter().find(|right| right.name() == name);
    let rights = entry.rights.iter().map(|name| {
        right(name).ok_or_else(|| {
            format!("`rights` has {name:?}; there are {}", Right::ALL.map(Right::name).join(", "))
        })
    });
    let rights = rights.collect::<Result<Vec<_>, _>>()?;
    if let Some(relative) = entry.roots.iter().find(|root| !root.is_absolute()) {
        return Err(format!("`roots` has {:?}, which is not absolute", relative.display().to_string()));
    }
    let sandbox = entry.sandbox.map(|name| {
        Sandbox::of(&name).ok_or_else(|| {
            format!("`sandbox` is {name:?}; there are read-only, workspace-write, danger-full-access")
        })
    });
    Ok((
        print,
        Grant {
            name: Principal::from(entry.name),
            rights: Rights::of(&rights),
            sees_all: entry.sessions == Sessions::All,
            roots: entry.roots,
            sandbox: sandbox.transpose()?,
            share: entry.share,
            running: entry.running.map(|most| usize::from(most.get())),
            requests: entry.requests,
        },
    ))
}

fn digest_of(text: &str) -> Option<Print> {
    HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()?.try_into().ok()
}

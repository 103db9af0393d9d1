//! Finds the native codex binary.
//!
//! What npm puts on `PATH` is a launcher in Node: killed, it leaves the native process alive. So a
//! launcher is followed to the binary that it would start. A wrapper that somebody wrote is used as it
//! is. Absent: any look at the environment, and any start of codex.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

mod launcher;

#[cfg(test)]
mod tests;

/// Where to look.
#[derive(Clone, Debug, Default)]
pub struct Lookup {
    /// The binary that somebody named.
    pub setting: Option<PathBuf>,
    /// Where that name came from, for the message: `$CODEX_BRIDGE_CODEX_BIN`.
    pub setting_origin: String,
    /// The value of `PATH`.
    pub path_var: Option<OsString>,
    /// A folder with a `node_modules` of ours, looked at last; `None` where only a codex of the user counts.
    pub cache: Option<PathBuf>,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// What to start.
    pub binary: PathBuf,
    /// The launcher that was followed to it.
    pub via: Option<PathBuf>,
    /// The binary that somebody named and that could not be used: worth a warning.
    pub passed_over: Option<PathBuf>,
}

/// Why there is no codex to start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocateError {
    /// It is nowhere.
    #[error(
        "codex was not found: looked at {looked_at}. Install it with npm i -g @openai/codex, or set codex.bin."
    )]
    NotFound {
        /// The places, in order.
        looked_at: String,
    },
    /// npm's launcher is there, and the platform's package is not.
    #[error(
        "the native codex for {platform} was not found beside npm's launcher {}: optional packages may have been \
         left out. Install it again with npm i -g @openai/codex, or set codex.bin to the native binary.",
        launcher.display()
    )]
    NoNative {
        /// The launcher.
        launcher: PathBuf,
        /// The platform whose package is missing, as npm names it.
        platform: String,
    },
}

/// Finds codex: the named one, else the first on `PATH`, else the one in the cache.
///
/// # Errors
/// Where there is none, or only a launcher with nothing to launch.
pub fn locate(lookup: &Lookup) -> Result<Located, LocateError> {
    let named = lookup.setting.iter().cloned();
    let mut candidates = named.chain(on_path(lookup)).chain(in_cache(lookup));
    match candidates.find(|path| is_program(path)) {
        Some(found) => {
            let passed_over = lookup.setting.clone().filter(|setting| *setting != found);
            follow(found, passed_over)
        }
        None => Err(LocateError::NotFound { looked_at: looked_at(lookup) }),
    }
}

fn follow(found: PathBuf, passed_over: Option<PathBuf>) -> Result<Located, LocateError> {
    let Some(package) = launcher::package_of(&found) else {
        return Ok(Located { binary: found, via: None, passed_over });
    };
    match launcher::native_of(&package) {
        Some(binary) => Ok(Located { binary, via: Some(found), passed_over }),
        None => Err(LocateError::NoNative { launcher: found, platform: launcher::platform() }),
    }
}

fn on_path(lookup: &Lookup) -> impl Iterator<Item = PathBuf> {
    // Without a shell, what Windows starts by a bare name ends in `.exe`; npm writes a `.cmd`.
    let names: &[&str] = if cfg!(windows) { &["codex.exe", "codex.cmd"] } else { &["codex"] };
    let folders = lookup.path_var.iter().flat_map(std::env::split_paths);
    // A relative entry would find another program in each working folder.
    folders
        .filter(|folder| folder.is_absolute())
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)))
}

fn in_cache(lookup: &Lookup) -> Option<PathBuf> {
    lookup.cache.as_ref().map(|cache| cache.join("node_modules/@openai/codex/bin/codex.js"))
}

fn looked_at(lookup: &Lookup) -> String {
    let mut places = String::new();
    if let Some(setting) = &lookup.setting {
        let _ = write!(places, "{} ({}), then ", setting.display(), lookup.setting_origin);
    }
    places.push_str("PATH");
    if let Some(cache) = &lookup.cache {
        let _ = write!(places, ", then {}", cache.display());
    }
    places
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;

    std::fs::metadata(path).is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

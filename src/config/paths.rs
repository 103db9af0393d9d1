//! The folders of the bridge and of codex, worked out from a snapshot of the environment.
//!
//! The rules are the platform's: XDG on Unix (macOS too, as command-line tools do), `%APPDATA%` and
//! `%LOCALAPPDATA%` on Windows. `etcetera`'s own strategies are absent: they read the process.

use std::path::{Path, PathBuf};

use super::{ConfigError, Env};

/// The name of our folder in each of the platform's.
const FOLDER: &str = "codex-bridge";

/// The folders, whether they exist or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// Where `codex-bridge.toml` lies.
    pub config: PathBuf,
    /// Where the journal lies.
    pub state: PathBuf,
    /// What lives no longer than this login of the user, where the system has a place for that.
    pub runtime: Option<PathBuf>,
    /// Everybody's temporary files: what is ours there needs a folder of its own.
    pub temp: PathBuf,
    /// What can be made again.
    pub cache: PathBuf,
    /// codex's own folder: threads, accounts, configuration.
    pub codex_home: PathBuf,
}

impl Paths {
    /// All of them; codex's home is `$CODEX_HOME`, else `.codex` in the user's.
    ///
    /// # Errors
    /// Where a folder must be made out from the user's home, and that is not known.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let [config, state, cache] = if cfg!(windows) {
            [
                ("APPDATA", "AppData/Roaming"),
                ("LOCALAPPDATA", "AppData/Local"),
                ("LOCALAPPDATA", "AppData/Local"),
            ]
        } else {
            [("XDG_CONFIG_HOME", ".config"), ("XDG_STATE_HOME", ".local/state"), ("XDG_CACHE_HOME", ".cache")]
        };
        let cache_name = if cfg!(windows) { "codex-bridge/cache" } else { FOLDER };
        Ok(Self {
            config: folder(env, config.0, config.1)?.join(FOLDER),
            state: folder(env, state.0, state.1)?.join(FOLDER),
            runtime: absolute_variable(env, "XDG_RUNTIME_DIR").map(|folder| folder.join(FOLDER)),
            temp: absolute_variable(env, "TMPDIR").unwrap_or_else(|| PathBuf::from("/tmp")),
            cache: folder(env, cache.0, cache.1)?.join(cache_name),
            codex_home: match env.path("CODEX_HOME") {
                Some(home) => home,
                None => in_home(env, "CODEX_HOME", ".codex")?,
            },
        })
    }
}

fn folder(env: &Env, variable: &'static str, otherwise: &str) -> Result<PathBuf, ConfigError> {
    match absolute_variable(env, variable) {
        Some(path) => Ok(path),
        None => in_home(env, variable, otherwise),
    }
}

/// XDG: "all paths must be absolute; a relative one must be ignored".
fn absolute_variable(env: &Env, variable: &str) -> Option<PathBuf> {
    env.path(variable).filter(|path| path.is_absolute())
}

fn in_home(env: &Env, variable: &'static str, below: &str) -> Result<PathBuf, ConfigError> {
    env.home().map(|home| home.join(below)).ok_or(ConfigError::NoHome { variable })
}

/// A path of a setting, absolute: `~` is the home, and a relative one starts at `base`.
pub(super) fn absolute(path: &Path, base: &Path, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(below), Some(home)) => home.join(below),
        _ => base.join(path),
    }
}

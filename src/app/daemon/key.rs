//! Which hosts share a daemon, and which program one is.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::variables::{Whose, named, whose};
use crate::app::bridge::lookup;
use crate::codex::locate::locate;
use crate::config::{HttpSettings, Loaded, Settings};
use crate::control::door::gave_up_privileges;

/// How much of the digest names a door, in bytes: 64 bits, all of one user.
const NAME: usize = 8;

/// The most bytes of variables that a host brings to its commands: each start of a thread is sent them.
const BROUGHT: usize = 256 * 1024;

/// What a daemon is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    /// The name of its door.
    pub name: String,
    /// Variables that codex's configuration names.
    named: BTreeSet<String>,
}

impl Key {
    /// Of a host with these settings.
    ///
    /// # Errors
    /// Where a setting has no form in text: a path that is not UTF-8.
    pub fn of(loaded: &Loaded) -> Result<Self, serde_json::Error> {
        let named = named(&loaded.paths.codex_home, &loaded.defaults.config, &loaded.mcp_file.0);
        let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let mut digest = Sha256::new();
        let mut add = |part: &[u8]| {
            digest.update(part.len().to_le_bytes());
            digest.update(part);
        };
        // One in a sandbox and one outside do not let each other in.
        let confined = gave_up_privileges();
        // It does not listen on the network: what is said of that is none of its own.
        let settings = Settings { http: HttpSettings::default(), ..loaded.settings.clone() };
        let settings = json!({ "settings": settings, "depth": loaded.depth, "confined": confined });
        add(&serde_json::to_vec(&settings)?);
        let places = [
            real(&loaded.paths.codex_home),
            loaded.journal(),
            codex(loaded).unwrap_or_default(),
            real(&exe().unwrap_or_default()),
        ];
        places.iter().for_each(|place| add(place.as_os_str().as_bytes()));
        for (name, value) in loaded.env.iter().filter(|(name, _)| is(name, &named, &[Whose::All])) {
            add(name.as_bytes());
            add(value.as_bytes());
        }
        let digest = digest.finalize();
        let name = HEXLOWER.encode(&digest[..NAME]);
        Ok(Self { name, named })
    }

    /// The environment of a daemon that a host starts: nothing that is the host's alone.
    pub fn environment(&self, loaded: &Loaded) -> Vec<(OsString, OsString)> {
        let its = [Whose::All, Whose::Any, Whose::Setting];
        let all = loaded.env.iter().filter(|(name, _)| is(name, &self.named, &its));
        let depth = loaded.env.iter().filter(|(name, _)| *name == crate::config::DEPTH);
        all.chain(depth).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// What the commands of a host's sessions have that codex's own process does not.
    pub fn brought(&self, host: &Loaded, daemon: &Loaded) -> BTreeMap<String, String> {
        let mut left = BROUGHT;
        let mut brought = BTreeMap::new();
        for (name, value) in
            host.env.iter().filter(|(name, _)| is(name, &self.named, &[Whose::Host, Whose::Any]))
        {
            let (Some(name), Some(text)) = (name.to_str(), value.to_str()) else { continue };
            let known = daemon.env.iter().any(|(known, its)| known == name && its == value);
            let bytes = name.len() + text.len();
            if known {
                continue;
            }
            if bytes > left {
                tracing::warn!(
                    name,
                    "a host has more variables than its commands are given: this one is left out"
                );
                continue;
            }
            left -= bytes;
            brought.insert(name.to_owned(), text.to_owned());
        }
        brought
    }
}

fn is(name: &OsStr, named: &BTreeSet<String>, whom: &[Whose]) -> bool {
    name.to_str().is_some_and(|name| whom.contains(&whose(name, named)))
}

/// The codex that would be started.
fn codex(loaded: &Loaded) -> Option<PathBuf> {
    locate(&lookup(loaded)).ok().map(|found| found.binary)
}

/// This program; or, where an update has put another in its place, that one.
pub(super) fn exe() -> std::io::Result<PathBuf> {
    let path = std::env::current_exe()?;
    let name = path.to_string_lossy();
    // As Linux names a file that is no longer there.
    Ok(name.strip_suffix(" (deleted)").map_or_else(|| path.clone(), PathBuf::from))
}

/// Which bridge and which codex lie there now: others, once one of them was replaced.
pub(super) fn program(loaded: &Loaded) -> String {
    let each = [exe().ok(), codex(loaded)].map(|path| path.as_deref().map(file).unwrap_or_default());
    format!("{} {}", env!("CARGO_PKG_VERSION"), each.join(" "))
}

/// A file as it is now.
fn file(path: &Path) -> String {
    let about = std::fs::metadata(path).ok();
    about
        .map(|about| format!("{}:{}:{}.{}", about.ino(), about.len(), about.mtime(), about.mtime_nsec()))
        .unwrap_or_default()
}

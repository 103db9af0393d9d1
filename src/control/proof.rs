//! Proof that a peer is no command in codex's sandbox: those run as the same user, and with network
//! access they reach the socket too.
//!
//! The bridge names a file beside its journal, and the peer makes it: the sandbox keeps its commands from
//! writing there. On Linux a peer that gave up new privileges is refused besides, as the sandbox makes all
//! of its commands do. A command that runs outside of the sandbox can decide: it can do anything as the
//! user.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The folder of proofs, beside the journal.
pub(super) const PROOFS: &str = "proofs";

/// What ends the name of a proof.
const SUFFIX: &str = ".proof";

/// What the bridge says first: the file that the peer is to make.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Challenge {
    pub proof: PathBuf,
}

impl Challenge {
    /// A new one, in a folder that only this user can enter.
    pub fn new(folder: &Path) -> Self {
        Self { proof: folder.join(format!("{}{SUFFIX}", uuid::Uuid::new_v4().simple())) }
    }

    /// Does what it asks, at the peer's end.
    ///
    /// # Errors
    /// When the file cannot be made, or what is named is not one of ours: no bridge may have files made
    /// anywhere.
    pub fn meet(&self) -> io::Result<()> {
        let name = self.proof.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let random = name.strip_suffix(SUFFIX).unwrap_or_default();
        let ours = self.proof.parent().is_some_and(|folder| folder.ends_with(PROOFS));
        if !ours || random.len() != 32 || !random.chars().all(|c| c.is_ascii_hexdigit()) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the bridge asks for a proof that is none",
            ));
        }
        OpenOptions::new().write(true).create_new(true).open(&self.proof).map(|_| ())
    }

    /// Whether it was met; the file is gone then.
    pub fn is_met(&self, user: u32) -> bool {
        let met = fs::symlink_metadata(&self.proof).is_ok_and(|file| file.is_file() && file.uid() == user);
        let _ = fs::remove_file(&self.proof);
        met
    }
}

/// Whether a process gave up new privileges, and this one did not.
pub(super) fn is_confined(pid: Option<i32>) -> bool {
    pid.is_some_and(|pid| gave_up(&pid.to_string())) && !gave_up_privileges()
}

/// Whether this process gave up new privileges, as all do in a sandbox: it is not let in by one that did not.
#[must_use]
pub fn gave_up_privileges() -> bool {
    gave_up("self")
}

/// Other systems than Linux have no such file, and no such mark.
fn gave_up(who: &str) -> bool {
    let status = fs::read_to_string(format!("/proc/{who}/status")).unwrap_or_default();
    let field = status.lines().find_map(|line| line.strip_prefix("NoNewPrivs:"));
    field.is_some_and(|value| value.trim() == "1")
}

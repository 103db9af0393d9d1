//! Where a socket lies: in a folder that only this user can enter.

use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::Places;
use crate::ids::BridgeId;

/// A path of this many bytes or more is not used: some systems take 104, with the zero at its end.
pub(super) const TOO_LONG: usize = 100;

/// How much of a bridge's id names its socket: its end, which is random. The begin is the time.
const NAME: usize = 16;

/// The paths that a bridge's socket may have, the best first.
pub(super) fn candidates(places: &Places, bridge: &BridgeId, user: u32) -> Vec<PathBuf> {
    let digits: String = bridge.as_str().chars().filter(char::is_ascii_alphanumeric).collect();
    named(places, &format!("{}.sock", &digits[digits.len().saturating_sub(NAME)..]), user)
}

/// The paths that a socket of this name may have, the best first. The last lies where a command in codex's sandbox can
/// write too.
pub(super) fn named(places: &Places, name: &str, user: u32) -> Vec<PathBuf> {
    let temp = places.temp.join(format!("codex-bridge-{user}")).join(name);
    let temp = Some(temp).filter(|path| fits(path));
    private(places, name).into_iter().chain(temp).collect()
}

/// Those where only this user's own programs can write.
pub(super) fn private(places: &Places, name: &str) -> Vec<PathBuf> {
    let beside = places.journal.parent().map(|folder| folder.join("control"));
    // The system makes it at login; where it is not there, none of our making would be looked after.
    let runtime = places.runtime.iter().filter(|folder| folder.parent().is_some_and(Path::is_dir)).cloned();
    beside.into_iter().chain(runtime).map(|folder| folder.join(name)).filter(|path| fits(path)).collect()
}

fn fits(path: &Path) -> bool {
    path.as_os_str().len() < TOO_LONG && path.to_str().is_some()
}

/// Makes the folder, or makes sure that it is this user's and nobody else's.
pub(super) fn make_private(folder: &Path, user: u32) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        made => made?,
    }
    // Not through a link: who may write to the folder above could point it anywhere.
    let found = fs::symlink_metadata(folder)?;
    if !found.is_dir() || found.uid() != user {
        return Err(io::Error::new(ErrorKind::PermissionDenied, "its folder is not one of this user"));
    }
    if found.mode() & 0o077 != 0 {
        fs::set_permissions(folder, Permissions::from_mode(0o700))?;
    }
    Ok(())
}

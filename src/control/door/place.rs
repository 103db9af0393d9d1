//! Where a door lies: named by what it is for, so that all who want the same find it, and nobody else. Never among
//! everybody's temporary files: a command in codex's sandbox may write there, and could be the door.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::control::folder::{TOO_LONG, make_private, private};
use crate::control::{ListenError, Places};

/// What the names of doors begin and end with.
const BEGIN: &str = "door-";
const END: &str = ".sock";

/// The place of one door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    socket: PathBuf,
}

impl Place {
    /// The door that has this name (letters and digits); its folder is made where it is not there.
    ///
    /// # Errors
    /// When there is no folder for it.
    pub fn of(places: &Places, name: &str) -> Result<Self, ListenError> {
        let user = rustix::process::geteuid().as_raw();
        let mut last = ListenError::NoPlace { most: TOO_LONG };
        for socket in private(places, &format!("{BEGIN}{name}{END}")) {
            // The state folder may not be there yet.
            let folder = socket.parent().unwrap_or(&socket);
            let mut private = DirBuilder::new();
            let above =
                folder.parent().map_or(Ok(()), |above| private.recursive(true).mode(0o700).create(above));
            match above.and_then(|()| make_private(folder, user)) {
                Ok(()) => return Ok(Self { socket }),
                Err(error) => last = ListenError::io(&socket, &error),
            }
        }
        Err(last)
    }

    /// All doors of this user that lie where this one does.
    #[must_use]
    pub fn all(places: &Places) -> Vec<Self> {
        let folders = private(places, END);
        let entries =
            folders.iter().filter_map(|path| path.parent()).filter_map(|folder| fs::read_dir(folder).ok());
        let sockets = entries.flatten().flatten().map(|entry| entry.path()).filter(|path| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            name.starts_with(BEGIN) && name.ends_with(END)
        });
        let mut all: Vec<_> = sockets.map(|socket| Self { socket }).collect();
        all.sort_by(|one, other| one.socket.cmp(&other.socket));
        all.dedup();
        all
    }

    /// The socket.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// To be locked by who starts a bridge here, so that ten who want one start one.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn starting(&self) -> io::Result<File> {
        self.to_lock("starting")
    }

    /// To be locked by the bridge itself, as long as it takes visitors.
    pub(super) fn taken(&self) -> io::Result<File> {
        self.to_lock("taken")
    }

    /// What is in such a file does not matter.
    fn to_lock(&self, extension: &str) -> io::Result<File> {
        let path = self.socket.with_extension(extension);
        OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)
    }

    /// Whether only this user can have put something here.
    pub(super) fn is_private(&self) -> bool {
        let user = rustix::process::geteuid().as_raw();
        let folder = self.socket.parent().and_then(|folder| fs::symlink_metadata(folder).ok());
        folder.is_some_and(|folder| folder.is_dir() && folder.uid() == user && folder.mode() & 0o077 == 0)
    }
}

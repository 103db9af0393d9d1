//! Who is alive: each bridge holds an OS lock on a file of its own for as long as it runs. A free
//! lock means a dead bridge, whatever it died of.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, params};

use super::super::error::JournalError;
use super::super::record::Owner;
use super::rows::{number, signed};
use crate::event::Timestamp;
use crate::ids::BridgeId;

/// The lock files of all bridges of a journal.
#[derive(Debug)]
pub(super) struct Owners {
    folder: PathBuf,
}

impl Owners {
    /// Of the journal in this file.
    pub fn of(journal: &Path) -> Self {
        Self { folder: journal.with_extension("owners") }
    }

    /// Takes the lock of this bridge; it is held as long as the file is kept.
    pub fn enter(&self, bridge: &BridgeId) -> Result<File, JournalError> {
        let path = self.lock_file(bridge);
        let fail = |error: std::io::Error| JournalError::io(&path, &error);
        fs::create_dir_all(&self.folder).map_err(fail)?;
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(fail)?;
        file.try_lock().map_err(|error| fail(error.into()))?;
        Ok(file)
    }

    /// Whether a bridge runs. Where that cannot be known it is taken to run.
    pub fn alive(&self, bridge: &BridgeId) -> bool {
        match OpenOptions::new().write(true).open(self.lock_file(bridge)) {
            // Shared: two who look at once must not take each other for the owner.
            Ok(file) => file.try_lock_shared().is_err(),
            Err(error) => error.kind() != std::io::ErrorKind::NotFound,
        }
    }

    /// Removes what a bridge that ended has left.
    pub fn forget(&self, db: &Connection, bridge: &BridgeId) -> rusqlite::Result<()> {
        let sql = "DELETE FROM owners WHERE bridge = ?1 RETURNING socket";
        let socket = db.query_row(sql, [bridge.as_str()], |row| row.get::<_, Option<String>>(0));
        if let Some(socket) = socket.optional()?.flatten() {
            remove_socket(Path::new(&socket));
        }
        let _ = fs::remove_file(self.lock_file(bridge));
        Ok(())
    }

    /// Removes what dead bridges have left. In one transaction with [`Self::enter`], so that a bridge
    /// between making its file and locking it is not taken for dead.
    pub fn sweep(&self, db: &Connection) -> rusqlite::Result<()> {
        let mut query = db.prepare("SELECT bridge FROM owners")?;
        let known = query.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
        let files = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let files = files.filter_map(|file| Some(file.path().file_stem()?.to_str()?.to_owned()));
        for bridge in known.into_iter().chain(files).map(BridgeId::from) {
            if !self.alive(&bridge) {
                self.forget(db, &bridge)?;
            }
        }
        Ok(())
    }

    /// A bridge, if the journal knows it.
    pub fn find(&self, db: &Connection, bridge: &BridgeId) -> rusqlite::Result<Option<Owner>> {
        let sql = "SELECT pid, started, socket FROM owners WHERE bridge = ?1";
        db.query_row(sql, [bridge.as_str()], |row| {
            Ok(Owner {
                bridge: bridge.clone(),
                pid: row.get(0)?,
                started: Timestamp(number(row, 1)?),
                socket: row.get::<_, Option<String>>(2)?.map(PathBuf::from),
                alive: self.alive(bridge),
            })
        })
        .optional()
    }

    /// All bridges that the journal knows, the first to start first.
    pub fn all(&self, db: &Connection) -> rusqlite::Result<Vec<Owner>> {
        let mut query = db.prepare("SELECT bridge FROM owners ORDER BY started")?;
        let known = query.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
        let found = known.into_iter().map(|bridge| self.find(db, &BridgeId::from(bridge)));
        found.filter_map(Result::transpose).collect()
    }

    /// Records this bridge.
    pub fn record(&self, db: &Connection, bridge: &BridgeId) -> rusqlite::Result<()> {
        let row = params![bridge.as_str(), std::process::id(), signed(Timestamp::now().0)];
        db.execute("INSERT INTO owners (bridge, pid, started) VALUES (?1, ?2, ?3)", row)?;
        Ok(())
    }

    /// Records where this bridge listens.
    pub fn announce(&self, db: &Connection, bridge: &BridgeId, socket: &str) -> rusqlite::Result<()> {
        db.execute("UPDATE owners SET socket = ?2 WHERE bridge = ?1", [bridge.as_str(), socket])?;
        Ok(())
    }

    fn lock_file(&self, bridge: &BridgeId) -> PathBuf {
        self.folder.join(format!("{bridge}.lock"))
    }
}

/// Removes the socket of a bridge that was killed, and no file of another kind that stands there now.
#[cfg(unix)]
fn remove_socket(path: &Path) {
    use std::os::unix::fs::FileTypeExt;
    if fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket()) {
        let _ = fs::remove_file(path);
    }
}

#[cfg(not(unix))]
fn remove_socket(_: &Path) {}

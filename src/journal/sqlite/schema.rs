//! The file: its folder, its version, its tables. A newer file is never written.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::super::error::JournalError;

/// The version of the tables below.
pub(super) const VERSION: i64 = 1;

/// How long to wait for another process's transaction.
const BUSY: Duration = Duration::from_secs(5);

/// Events are their own index: one session's lie together, in order.
const TABLES: &str = "
CREATE TABLE sessions (
    thread TEXT PRIMARY KEY, cwd TEXT NOT NULL, title TEXT NOT NULL, status TEXT NOT NULL, model TEXT,
    owner TEXT, last_seq INTEGER NOT NULL, turn_seq INTEGER NOT NULL, turn_id TEXT,
    created INTEGER NOT NULL, updated INTEGER NOT NULL, settings TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX sessions_updated ON sessions (updated);
CREATE INDEX sessions_owner ON sessions (owner) WHERE owner IS NOT NULL;
CREATE TABLE events (
    thread TEXT NOT NULL, seq INTEGER NOT NULL, time INTEGER NOT NULL, turn TEXT, origin TEXT,
    body TEXT NOT NULL, PRIMARY KEY (thread, seq)
) WITHOUT ROWID;
CREATE TABLE approvals (id TEXT PRIMARY KEY, thread TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE owners (bridge TEXT PRIMARY KEY, pid INTEGER NOT NULL, started INTEGER NOT NULL) WITHOUT ROWID;
";

/// Opens the file to write, made where there is none. `Err(NewerVersion)` leaves it untouched.
pub(super) fn open_writer(path: &Path) -> Result<Connection, JournalError> {
    let fail = |error: rusqlite::Error| JournalError::sqlite(path, &error);
    make_private(path).map_err(|error| JournalError::io(path, &error))?;
    let mut db = Connection::open(path).map_err(fail)?;
    db.busy_timeout(BUSY).map_err(fail)?;
    check(&db, path)?;
    wal(&db).map_err(fail)?;
    db.pragma_update(None, "synchronous", "NORMAL").map_err(fail)?;
    let create = db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fail)?;
    // Again, now that nobody else can change it.
    check(&create, path)?;
    if version(&create).map_err(fail)? == 0 {
        create.execute_batch(TABLES).map_err(fail)?;
        create.pragma_update(None, "user_version", VERSION).map_err(fail)?;
    }
    create.commit().map_err(fail)?;
    Ok(db)
}

/// Opens the file to read.
pub(super) fn open_reader(path: &Path) -> Result<Connection, JournalError> {
    let fail = |error: rusqlite::Error| JournalError::sqlite(path, &error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags).map_err(fail)?;
    db.busy_timeout(BUSY).map_err(fail)?;
    // Not opened read-only: a reader of a WAL must be able to make its shared-memory file.
    db.pragma_update(None, "query_only", true).map_err(fail)?;
    Ok(db)
}

/// Changing to WAL needs the file for itself, and SQLite's busy handler does not wait for that.
fn wal(db: &Connection) -> rusqlite::Result<()> {
    let mut last = Ok(());
    for _ in 0..200 {
        last = db.pragma_update(None, "journal_mode", "WAL");
        match &last {
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => {
                std::thread::sleep(Duration::from_millis(10));
            }
            _ => break,
        }
    }
    last
}

fn check(db: &Connection, path: &Path) -> Result<(), JournalError> {
    let found = version(db).map_err(|error| JournalError::sqlite(path, &error))?;
    if found > VERSION {
        return Err(JournalError::NewerVersion { path: path.to_owned(), found, ours: VERSION });
    }
    Ok(())
}

fn version(db: &Connection) -> rusqlite::Result<i64> {
    db.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// The folder for this user alone, and the file too: prompts and outputs are in it.
#[cfg(unix)]
fn make_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
    if let Some(folder) = path.parent().filter(|folder| !folder.exists()) {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path).map(|_| ())
}

#[cfg(not(unix))]
fn make_private(path: &Path) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}

//! The file: its folder, its version, its tables. A newer file is never written.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::super::error::JournalError;

/// The version of the tables: how many of the steps below a file has behind it.
pub(super) const VERSION: i64 = STEPS.len() as i64;

/// How long an opening, or a reader, waits for another process's transaction.
const BUSY: Duration = Duration::from_secs(5);

/// What a connection keeps of the file in memory, in KiB: events are written once and read in order. The 20 pages that SQLite
/// takes as one block: each of more would lie between what is given back.
const CACHE: i64 = 80;

/// How a file comes from each version to the next; a new one takes all steps. A step is never changed
/// once it is out: the files that took it stay as they are.
const STEPS: [&str; 7] = [TABLES, SOCKETS_AND_TASKS, TEXTS, NUMBERS_AND_TIME, SECRETS, RUNS, PRINCIPALS];

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

/// Where a bridge listens, and the tasks of MCP. A task's result is read by its id alone, and what is
/// over is found by reading all: there are as many as runs in seven days.
const SOCKETS_AND_TASKS: &str = "
ALTER TABLE owners ADD COLUMN socket TEXT;
CREATE TABLE tasks (
    id TEXT PRIMARY KEY, thread TEXT NOT NULL, turn TEXT, created INTEGER NOT NULL, updated INTEGER NOT NULL,
    status TEXT NOT NULL, result TEXT
) WITHOUT ROWID;
";

/// Long texts beside their events, and in an event's row how many bytes of it lie there. Not by their key
/// as the events are: SQLite reads the whole of such a row to compare its key.
const TEXTS: &str = "
ALTER TABLE events ADD COLUMN apart INTEGER;
CREATE TABLE texts (thread TEXT NOT NULL, seq INTEGER NOT NULL, member TEXT NOT NULL, text BLOB NOT NULL);
CREATE UNIQUE INDEX texts_of ON texts (thread, seq, member);
";

/// What keeps a number from being given twice, and the clock from giving up what is not old. The index is
/// for those that look every few seconds which turns are open.
const NUMBERS_AND_TIME: &str = "
CREATE TABLE reserved (thread TEXT PRIMARY KEY, upto INTEGER NOT NULL, boot TEXT) WITHOUT ROWID;
CREATE TABLE gone (
    thread TEXT PRIMARY KEY, last_seq INTEGER NOT NULL, time INTEGER NOT NULL, emptied INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX gone_time ON gone (time);
CREATE INDEX gone_full ON gone (thread) WHERE emptied = 0;
CREATE TABLE clock (id INTEGER PRIMARY KEY CHECK (id = 1), seen INTEGER NOT NULL, trusted INTEGER NOT NULL);
CREATE INDEX sessions_open ON sessions (status) WHERE status <> 'idle';
";

/// What sessions were given that may be secret: nothing else in the file may be.
const SECRETS: &str = "
CREATE TABLE secrets (thread TEXT PRIMARY KEY, kept TEXT NOT NULL, created INTEGER NOT NULL) WITHOUT ROWID;
";

/// Runs that their callers named.
const RUNS: &str = "
CREATE TABLE runs (
    key TEXT PRIMARY KEY, digest TEXT NOT NULL, claim TEXT NOT NULL, bridge TEXT NOT NULL, thread TEXT,
    after INTEGER NOT NULL, created INTEGER NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX runs_claim ON runs (claim);
";

/// Whose sessions and names of runs they are: `''` for those of no one in particular.
const PRINCIPALS: &str = "
ALTER TABLE sessions ADD COLUMN principal TEXT;
CREATE INDEX sessions_of ON sessions (principal, updated) WHERE principal IS NOT NULL;
CREATE TABLE runs_of (
    principal TEXT NOT NULL, key TEXT NOT NULL, digest TEXT NOT NULL, claim TEXT NOT NULL, bridge TEXT NOT NULL,
    thread TEXT, after INTEGER NOT NULL, created INTEGER NOT NULL, PRIMARY KEY (principal, key)
) WITHOUT ROWID;
INSERT INTO runs_of SELECT '', key, digest, claim, bridge, thread, after, created FROM runs;
DROP TABLE runs;
ALTER TABLE runs_of RENAME TO runs;
CREATE UNIQUE INDEX runs_claim ON runs (claim);
CREATE INDEX runs_thread ON runs (thread, key);
";

/// Opens the file to write, made where there is none. `Err(NewerVersion)` leaves it untouched.
pub(super) fn open_writer(path: &Path) -> Result<Connection, JournalError> {
    let fail = |error: rusqlite::Error| JournalError::sqlite(path, &error);
    make_private(path).map_err(|error| JournalError::io(path, &error))?;
    let mut db = Connection::open(path).map_err(fail)?;
    db.busy_timeout(BUSY).map_err(fail)?;
    check(&db, path)?;
    wal(&db).map_err(fail)?;
    db.pragma_update(None, "cache_size", -CACHE).map_err(fail)?;
    db.pragma_update(None, "synchronous", "NORMAL").map_err(fail)?;
    let change = db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fail)?;
    // Again, now that nobody else can change it.
    check(&change, path)?;
    let found = version(&change).map_err(fail)?;
    for step in STEPS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        change.execute_batch(step).map_err(fail)?;
    }
    if found < VERSION {
        change.pragma_update(None, "user_version", VERSION).map_err(fail)?;
    }
    change.commit().map_err(fail)?;
    Ok(db)
}

/// Whether an older bridge made the file, or one is just making it. A newer one is an error.
pub(super) fn is_older(path: &Path) -> Result<bool, JournalError> {
    let db = open_reader(path)?;
    check(&db, path)?;
    Ok(version(&db).map_err(|error| JournalError::sqlite(path, &error))? < VERSION)
}

/// Opens the file to read.
pub(super) fn open_reader(path: &Path) -> Result<Connection, JournalError> {
    let fail = |error: rusqlite::Error| JournalError::sqlite(path, &error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags).map_err(fail)?;
    db.busy_timeout(BUSY).map_err(fail)?;
    db.pragma_update(None, "cache_size", -CACHE).map_err(fail)?;
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

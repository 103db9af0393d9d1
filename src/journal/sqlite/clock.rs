//! What time it was, by looks that lie apart. One look at a clock that is wrong must not give up all
//! that is kept; so age goes by a time that the clock has since gone on from.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};

use super::rows::{number, signed};
use crate::event::Timestamp;

/// How far apart two looks are at least. Less than the hour between two of one bridge.
const APART: Duration = Duration::from_mins(30);

/// The times of two looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clock {
    /// The time of the latest look that counted.
    seen: Timestamp,
    /// The time of the one before it.
    trusted: Timestamp,
}

impl Clock {
    /// After the first look, which knows nothing.
    fn begin(now: Timestamp) -> Self {
        Self { seen: now, trusted: Timestamp(0) }
    }

    /// After another look.
    fn look(self, now: Timestamp) -> Self {
        if now < self.seen {
            // It was ahead then, or is behind now: either way it begins anew, with the lesser time.
            Self { seen: now, trusted: self.trusted.min(now) }
        } else if now.since(self.seen) >= APART {
            Self { seen: now, trusted: self.seen }
        } else {
            self
        }
    }
}

/// Notes the time; the one to go by.
pub(super) fn look(db: &Connection, now: Timestamp) -> rusqlite::Result<Timestamp> {
    let sql = "SELECT seen, trusted FROM clock";
    let before = db.query_row(sql, [], |row| {
        Ok(Clock { seen: Timestamp(number(row, 0)?), trusted: Timestamp(number(row, 1)?) })
    });
    let before = before.optional()?;
    let after = before.map_or(Clock::begin(now), |clock| clock.look(now));
    if before != Some(after) {
        let sql = "INSERT OR REPLACE INTO clock (id, seen, trusted) VALUES (1, ?1, ?2)";
        db.execute(sql, params![signed(after.seen.0), signed(after.trusted.0)])?;
    }
    Ok(after.trusted)
}

#[cfg(test)]
mod tests;

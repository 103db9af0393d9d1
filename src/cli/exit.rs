//! Exit codes: 0 (also for a decision to decline), 2 usage or settings, 3 codex missing, 4 the turn (or the sign-in)
//! failed, 5 interrupted, 70 a fault of ours.
//! `doctor` has its own, of what it found: 0 nothing failed, 2 settings, 3 codex missing or too old, 1 anything else.

use crate::access::AccessError;
use crate::app::{AccountError, ErrandError, LookError, PolicyError};
use crate::config::ConfigError;
use crate::demo::DemoError;
use crate::web::PlaceError;

/// The code for an error that reached the command line.
#[must_use]
pub fn code(error: &anyhow::Error) -> u8 {
    if error.is::<ConfigError>()
        || error.is::<PolicyError>()
        || error.is::<PlaceError>()
        || error.is::<AccessError>()
    {
        return 2;
    }
    if error.downcast_ref::<ErrandError>().is_some_and(ErrandError::is_usage) {
        return 2;
    }
    if error.downcast_ref::<LookError>().is_some_and(LookError::is_usage) {
        return 2;
    }
    if let Some(error) = error.downcast_ref::<AccountError>() {
        return error.exit_code();
    }
    match error.downcast_ref::<DemoError>() {
        Some(DemoError::NoCodex(_)) => 3,
        Some(DemoError::Turn(_)) => 4,
        _ => 70,
    }
}

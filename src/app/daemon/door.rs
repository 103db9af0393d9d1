//! Where the door of a daemon lies.

use super::key::Key;
use crate::app::bridge::places;
use crate::config::Loaded;
use crate::control::ListenError;
use crate::control::door::Place;

/// The door of those who share this key.
pub(super) fn place(loaded: &Loaded, key: &Key) -> Result<Place, ListenError> {
    Place::of(&places(loaded), &key.name)
}

/// The doors of all daemons with this journal.
pub(super) fn places_of_all(loaded: &Loaded) -> Vec<Place> {
    Place::all(&places(loaded))
}

//! Addresses, and the look of a transcript.

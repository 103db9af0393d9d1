//! Translation of codex's words.

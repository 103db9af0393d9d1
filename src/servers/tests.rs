//! Tables for the servers that codex is given.

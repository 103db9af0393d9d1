//! A scripted stand-in for `codex app-server`.
fn main() {}

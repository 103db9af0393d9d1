//! The bridge over the network, by the fake app-server.

mod attacks;
mod calls;
mod changes;
mod crowd;
mod ends;
mod inspector;
mod tokens;

/// Tokens that all may do everything, of two people and of one who sees all.
const PEOPLE: [(&str, &str); 3] = [("alice", ""), ("bob", ""), ("owner", "sessions = \"all\"")];

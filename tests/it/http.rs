//! The bridge over the network, by the fake app-server.

mod attacks;
mod calls;
mod changes;
mod crowd;
mod ends;
mod inspector;
mod tokens;

/// Tokens that all may do everything, of two people and of one who sees all. A test that waits for something asks often.
const PEOPLE: [(&str, &str); 3] = [
    ("alice", "requests = 100000"),
    ("bob", "requests = 100000"),
    ("owner", "requests = 100000\nsessions = \"all\""),
];

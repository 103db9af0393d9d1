//! The real binary as its hosts see it: against the scripted app-server here, and below `real`
//! against the real codex with the scripted model.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test is a host: it starts the bridge as hosts do, and fails loudly"
)]

/// As the product's own, for what is measured in this process.
#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[cfg(unix)]
mod account;
mod app_server;
mod bad_input;
mod busy;
#[path = "../common/mod.rs"]
mod common;
mod conformance;
#[cfg(unix)]
mod control;
#[cfg(unix)]
mod daemon;
mod decisions;
#[cfg(unix)]
mod doctor;
mod drop_in;
mod event_schema;
mod fake;
mod faults;
mod http;
#[cfg(unix)]
mod journal;
#[cfg(target_os = "linux")]
mod kills;
mod limits;
mod matrix;
mod memory;
mod owners;
#[cfg(unix)]
mod page;
#[cfg(target_os = "linux")]
mod pressure;
#[cfg(unix)]
mod pty;
mod queued;
#[cfg(unix)]
mod races;
#[path = "../real/mod.rs"]
mod real;
mod resources;
mod roots;
mod rules;
mod shutdown;
#[cfg(target_os = "linux")]
mod soak;
mod streams;
mod tasks;
mod terminal;
mod tools;
mod usage;

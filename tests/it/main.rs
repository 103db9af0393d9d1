//! The real binary against the scripted app-server: every tool, bad input, faults, shutdown.

#[path = "../common/mod.rs"]
mod common;

mod bad_input;
mod faults;
mod owners;
mod shutdown;
mod tools;

//! The codex bridge as a library: what the binary `codex-bridge` is made of.
//!
//! `ARCHITECTURE.md` has the map, who may import whom, and the invariants.

pub mod access;
pub mod app;
pub mod approval;
pub mod cli;
pub mod codex;
pub mod config;
pub mod control;
pub mod demo;
pub mod event;
pub mod ids;
pub mod journal;
pub mod limits;
pub mod mcp;
pub mod metrics;
#[cfg(unix)]
pub mod pump;
pub mod rpc;
pub mod scan;
pub mod schemas;
pub mod servers;
pub mod session;
pub mod supervise;
pub mod terminal;
pub mod web;

//! JSON Schemas that others bring, of an agent or of codex's MCP servers: whether one can be used without
//! harm, and what a value lacks. Pure.

mod check;
mod graph;
mod weigh;

#[cfg(test)]
mod tests;

pub use check::{Schema, TooMuch, Unusable};

//! MCP: **the only place that knows rmcp**. Tools, their arguments and results, dialogs, and the
//! connection. codex is absent here: a tool reads the journal and talks to sessions.

pub mod args;
mod begin;
mod broken;
mod call;
mod cancel;
mod cut;
mod decision;
pub mod dialog;
mod doing;
mod elsewhere;
mod events;
mod faults;
mod follow;
mod given;
pub mod guard;
pub mod hosts;
mod images;
mod keys;
mod legacy_events;
mod models;
mod output;
mod params;
mod progress;
mod reach;
mod reply;
pub mod resources;
pub mod result;
mod review;
pub mod rounds;
mod runs;
pub mod schema;
mod server;
mod sessions;
mod sign_in;
pub mod tasks;
mod tools;
mod work;

pub use broken::BrokenServer;
pub use given::Profiles;
pub use guard::{ServeError, serve};
pub use server::{Mine, Server, ServerOptions};

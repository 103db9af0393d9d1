//! The arguments of a tool call: checked, and turned into typed values.
//!
//! By hand, not by serde: a refused call is read by an agent, which mends it only where the sentence
//! names the parameter, the value and the remedy. Numbers in text are taken, since agents send them.
//! The names are those of [`super::schema`]; a test compares the two.

mod bad;
mod calls;
mod fields;
mod reply;
mod review;
mod sessions;

#[cfg(test)]
mod tests;

pub use bad::BadArguments;
pub use calls::{
    ApprovalPolicy, ApproveArgs, Args, CancelArgs, CodexArgs, Detail, EventsArgs, Sandbox, WaitArgs, parse,
};
pub use fields::{MAX_LIMIT, MAX_LISTED, MAX_TEXT, MAX_WAIT};
pub use reply::{Branch, ReplyArgs};
pub use review::ReviewArgs;
pub use sessions::{SessionsArgs, Which};

//! Children as process groups: start, watch, end, and what is left to say about them.
//!
//! A child is a group (on Windows a job object), a grace and a post-mortem. One task owns the process;
//! [`Child`] is the handle, and dropping it kills the whole group. Whatever way a child ends, its group is
//! killed once more after its leader is gone: what it left behind must not live on.
//!
//! Out of reach of a group: what has made a session of its own (`setsid`). codex gives each command one; what is
//! left of these when codex itself was killed, [`end_remains`] finds by a mark. What has left its command by one
//! more session stays out of reach, here and everywhere.
//! Absent here: what is started, and when it is started again; `codex` decides that with [`Backoff`].

mod backoff;
mod child;
mod group;
mod marked;
mod output;
mod pipe;
mod post_mortem;
mod remains;
mod spec;

pub use backoff::Backoff;
pub use child::{Child, Grace, Watch};
pub use marked::{Marked, marked};
pub use output::{Output, output};
pub use post_mortem::PostMortem;
pub use remains::end_remains;
pub use spec::{SpawnError, Spec};

// The scripts of the tests are for `sh`, and `/proc` shows what became of them.
#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
